package security

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/test/process"
)

// attack is one request of hostile.txt.
type attack struct {
	name      string
	cut, crlf bool
	unspoken  int // a 5xx that says that HTTP is spoken which the server does not speak
	text      string
}

func attacks(t testing.TB) []attack {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "hostile.txt"))
	must(t, err)
	var all []attack
	for _, part := range strings.Split("\n"+string(b), "\n=== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		a := attack{name: name}
		for strings.HasPrefix(text, "@") || strings.HasPrefix(text, "#") {
			line, rest, _ := strings.Cut(text, "\n")
			a.cut, a.crlf = a.cut || line == "@cut", a.crlf || line == "@crlf"
			if status, ok := strings.CutPrefix(line, "@unspoken "); ok {
				a.unspoken, _ = strconv.Atoi(status)
			}
			text = rest
		}
		a.text = text
		all = append(all, a)
	}
	return all
}

var macro = regexp.MustCompile(`«[^»]*»`)

// expand is what a macro of hostile.txt stands for.
func expand(m string) string {
	m = strings.TrimSuffix(strings.TrimPrefix(m, "«"), "»")
	if h, ok := strings.CutPrefix(m, `\x`); ok {
		b, err := hex.DecodeString(h)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	if g, ok := strings.CutPrefix(m, "GZIP "); ok {
		count, what, _ := strings.Cut(g, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			panic(err)
		}
		return zipped(n, what)
	}
	count, what, _ := strings.Cut(m, "*")
	n, err := strconv.Atoi(count)
	if err != nil {
		panic(err)
	}
	if h, ok := strings.CutPrefix(what, `\x`); ok {
		b, err := hex.DecodeString(h)
		if err != nil {
			panic(err)
		}
		what = string(b)
	}
	return strings.Repeat(strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\\`, `\`).Replace(what), n)
}

var bombs sync.Map // by count and text: some take a second to make

func zipped(n int, what string) string {
	key := fmt.Sprint(n, what)
	if b, ok := bombs.Load(key); ok {
		return b.(string)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	block := []byte(strings.Repeat(what, 1<<16))
	for left := n; left > 0; left -= len(block) {
		_, _ = w.Write(block[:min(left, len(block))])
	}
	_ = w.Close()
	bombs.Store(key, b.String())
	return b.String()
}

// bytes is the request as it goes out.
func (a attack) bytes(vars *strings.Replacer) []byte {
	text := strings.ReplaceAll(vars.Replace(a.text), "${ID}", client.NewMessageID())
	head, body, hasBody := strings.Cut(text, "\n\n")
	if !strings.HasSuffix(body, "\n\n") {
		body = strings.TrimSuffix(body, "\n")
	}
	if a.crlf {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	body = macro.ReplaceAllStringFunc(body, expand)
	head = strings.ReplaceAll(head, "${LENGTH}", strconv.Itoa(len(body)))
	head = macro.ReplaceAllStringFunc(strings.ReplaceAll(head, "\n", "\r\n"), expand)
	if hasBody {
		head += "\r\n\r\n"
	}
	return []byte(head + body)
}

// attackWait bounds an answer: the server gives up a request that does not end
// after a minute.
const attackWait = 75 * time.Second

// answers are the statuses of all answers to a request; none: the connection was
// closed.
func answers(address string, a attack, request []byte) (statuses []int, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(attackWait))
	go func() { // the server may answer, and close, before it has read all
		_, _ = c.Write(request)
		if a.cut {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	in := bufio.NewReader(c)
	for {
		resp, err := http.ReadResponse(in, nil)
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			return statuses, fmt.Errorf("no end after %v", attackWait)
		}
		if err != nil {
			return statuses, nil
		}
		statuses = append(statuses, resp.StatusCode)
		if resp.StatusCode == http.StatusSwitchingProtocols {
			_, _ = io.Copy(io.Discard, in)
			return statuses, nil
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		if resp.StatusCode >= 200 && !a.cut {
			return statuses, nil
		}
	}
}

// memory is a line of the status of a process, in MiB.
func memory(t testing.TB, pid int, name string) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name+":" {
			kib, err := strconv.Atoi(f[1])
			must(t, err)
			return kib / 1024
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

// maxGrowth is how much the process may grow at any time, in MiB.
const maxGrowth = 64

func TestHostileRequests(t *testing.T) {
	d := process.StartDemo(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	vars := hostileVars(ctx, t, d)
	all := attacks(t)
	if len(all) < 200 {
		t.Fatalf("only %d requests", len(all))
	}
	send := func(i int) {
		_, err := d.Client().CreateAgentMessage(ctx, d.Ready.Phones[0].PhoneNumber, client.NewMessageID(),
			&rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: fmt.Sprint("harmless ", i)}})
		must(t, err)
	}
	// A server that is in use has garbage, and has collected some.
	for i, begin := 0, collections(ctx, t, d); collections(ctx, t, d) < begin+2; {
		for range 200 {
			i++
			send(i)
		}
	}
	before := memory(t, d.PID(), "VmHWM")
	address := strings.TrimPrefix(d.Ready.APIURL, "http://")
	work, wg, high := make(chan attack), sync.WaitGroup{}, atomic.Int64{}
	for range 8 {
		wg.Go(func() {
			for a := range work {
				statuses, err := answers(address, a, a.bytes(vars))
				if err != nil {
					t.Errorf("%s: %v", a.name, err)
				}
				for _, status := range statuses {
					if status >= 500 && status != a.unspoken {
						t.Errorf("%s: %d", a.name, status)
					}
				}
				if now := int64(memory(t, d.PID(), "VmHWM")); now > high.Swap(now) {
					t.Logf("%d MiB with %s, or what came with it", now, a.name)
				}
			}
		})
	}
	for _, a := range all {
		work <- a
	}
	close(work)
	wg.Wait()
	send(-1)
	resp, err := http.Get(d.Ready.APIURL + "/readyz")
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("afterwards: %s", resp.Status)
	}
	after := memory(t, d.PID(), "VmHWM")
	t.Logf("%d requests; the process grew from %d to %d MiB at most", len(all), before, after)
	if after-before > maxGrowth {
		t.Error("that is too much")
	}
}

// collections is how often the process has collected its garbage.
func collections(ctx context.Context, t testing.TB, d *process.Demo) int {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", d.Ready.APIURL+"/metrics", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+d.Ready.AdminToken)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	m := regexp.MustCompile(`(?m)^go_gc_duration_seconds_count (\d+)$`).FindSubmatch(b)
	if m == nil {
		t.Fatal("there is no go_gc_duration_seconds_count")
	}
	n, err := strconv.Atoi(string(m[1]))
	must(t, err)
	return n
}

// hostileVars are the variables of hostile.txt.
func hostileVars(ctx context.Context, t testing.TB, d *process.Demo) *strings.Replacer {
	t.Helper()
	token, err := d.Client().AccessToken(ctx)
	must(t, err)
	partnerKey, err := d.Admin().CreatePartnerKey(ctx)
	must(t, err)
	partnerFile := filepath.Join(t.TempDir(), "partner.json")
	must(t, os.WriteFile(partnerFile, partnerKey, 0o600))
	partner := exchange(t, d.Ready.APIURL, partnerFile, auth.ScopeMessaging+" "+auth.ScopeManagement)
	ready := d.Ready
	device := ready.Phones[0].DeviceToken
	ask := func(path, contentType string, header map[string]string, body string) *http.Response {
		req, err := http.NewRequestWithContext(ctx, "POST", ready.APIURL+path, strings.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", contentType)
		for k, v := range header {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		return resp
	}
	resp := ask("/upload/v1/files?uploadType=resumable&agentId="+ready.Agents[0].AgentID, "application/json",
		map[string]string{"Authorization": "Bearer " + token, "X-Upload-Content-Type": "image/png"}, "{}")
	resp.Body.Close()
	upload := resp.Header.Get("X-GUploader-UploadID")
	resp = ask("/device/v1/files?fileName=a.txt", "text/plain", map[string]string{"Authorization": "Bearer " + device, "X-Phone-Number": ready.Phones[0].PhoneNumber},
		strings.Repeat("a file ", 1000))
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	file := regexp.MustCompile(`/media/v1/[\w-]{24}`).FindString(string(b))
	if upload == "" || file == "" {
		t.Fatalf("no upload %q or file %q", upload, file)
	}
	return strings.NewReplacer("${HOST}", strings.TrimPrefix(ready.APIURL, "http://"), "${AGENT}", ready.Agents[0].AgentID, "${PHONE}", ready.Phones[0].PhoneNumber,
		"${TOKEN}", token, "${PARTNER}", partner, "${ADMIN}", ready.AdminToken, "${DEVICE}", device, "${FILE}", file, "${UPLOAD}", upload)
}
