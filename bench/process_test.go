package bench

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/test/process"
)

// load is the real binary, with what its load needs.
type load struct {
	*process.Demo
	address, token string
	phones         int // that it has: queuedPhone of 0 to phones-1
}

func startLoad(b *testing.B, dir string, phones int) *load {
	l := &load{Demo: process.StartDemo(b, dir), phones: phones}
	l.address = strings.TrimPrefix(l.Ready.APIURL, "http://")
	var err error
	l.token, err = l.Client().AccessToken(b.Context())
	must(b, err)
	return l
}

// newLoad starts a server on a new directory, with phones that are away.
func newLoad(b *testing.B, phones int) *load {
	l := startLoad(b, b.TempDir(), phones)
	admin := l.Admin()
	abreast(b, phones, func(i int, _ *rand.Rand) error {
		_, err := admin.CreatePhone(b.Context(), client.Phone{PhoneNumber: queuedPhone(i), RCSEnabled: true, Features: phone.DefaultFeatures()})
		return err
	})
	return l
}

// send is the path of a send with a new id.
func (l *load) send(number string) string {
	return "/v1/phones/" + number + "/agentMessages?messageId=" + client.NewMessageID() + "&agentId=" + l.Ready.Agents[0].AgentID
}

// restart starts a server that has ended, and returns the time to its first accept.
func (l *load) restart(b *testing.B) float64 {
	begin := time.Now()
	l.Start()
	r, err := dial(l.address)
	must(b, err)
	defer r.Close()
	must(b, r.post(l.send(queuedPhone(0)), l.token, text))
	return time.Since(begin).Seconds()
}

// memory is a line of /proc/PID/status in MiB: VmRSS now, VmHWM at its peak.
func (l *load) memory(b *testing.B, name string) float64 {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(l.PID()), "status"))
	must(b, err)
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.Atoi(strings.Fields(v)[0])
			must(b, err)
			return float64(kib) / 1024
		}
	}
	b.Fatalf("/proc has no %s", name)
	return 0
}
