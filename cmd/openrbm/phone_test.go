package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// terminal runs `openrbm phone` and talks to it.
type terminal struct {
	t     *testing.T
	in    io.WriteCloser
	lines chan string
	end   func() error // stops it and says how it ended
}

func runPhone(t *testing.T, cmd PhoneCmd) *terminal {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	term := &terminal{t: t, in: inW, lines: make(chan string, 1000)}
	var running sync.WaitGroup
	var ended error
	running.Go(func() {
		ended = cmd.run(ctx, inR, outW)
		outW.Close()
	})
	running.Go(func() {
		for s := bufio.NewScanner(outR); s.Scan(); {
			term.lines <- s.Text()
		}
		close(term.lines)
	})
	term.end = func() error {
		cancel()
		inW.Close()
		running.Wait()
		return ended
	}
	t.Cleanup(func() { term.end() })
	return term
}

func (m *terminal) say(line string) {
	m.t.Helper()
	if _, err := fmt.Fprintln(m.in, line); err != nil {
		m.t.Fatal(err)
	}
}

// until reads lines until one contains all of words, and returns all it read.
func (m *terminal) until(words ...string) string {
	m.t.Helper()
	var read strings.Builder
	timeout := time.After(20 * time.Second)
	for {
		select {
		case line, open := <-m.lines:
			read.WriteString(line + "\n")
			found := open
			for _, w := range words {
				found = found && strings.Contains(line, w)
			}
			if found {
				return read.String()
			}
			if !open {
				m.t.Fatalf("ended without %q:\n%s", words, read.String())
			}
		case <-timeout:
			m.t.Fatalf("no %q in:\n%s", words, read.String())
		}
	}
}

func readyFile(t *testing.T, s *servertest.Server) string {
	name := filepath.Join(t.TempDir(), "ready.json")
	save(t, name, s.Ready)
	return name
}

func sendMessage(t *testing.T, s *servertest.Server, m *rbm.AgentMessage) (id string) {
	t.Helper()
	id = client.NewMessageID()
	if _, err := s.Client().CreateAgentMessage(t.Context(), s.Number(), id, m); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPhoneSpeaksJSON(t *testing.T) {
	s := servertest.New(t)
	p := runPhone(t, PhoneCmd{ReadyFile: readyFile(t, s), JSON: true, NoAck: true, State: filepath.Join(t.TempDir(), "state")})
	p.until(`{"type":"online","phoneNumber":"` + s.Number() + `"}`)
	id := sendMessage(t, s, withoutMedia(everyKind()))
	line := lastLine(p.until(`{"type":"agentMessage"`))
	var got struct {
		AgentID, MessageID string
		Message            map[string]any
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatal(err)
	}
	if got.AgentID != s.Agent() || got.MessageID != id || got.Message["name"] != "phones/"+s.Number()+"/agentMessages/"+id {
		t.Errorf("got %s", line)
	}

	agent := `"agentId":"` + s.Agent() + `"`
	rows := []struct{ say, want, and string }{
		{`{"type":"ack","messageId":"` + id + `"}`, `"command":"ack"`, id},
		{`{"type":"read","messageId":"` + id + `"}`, `"command":"read"`, id},
		{`{"type":"tap","messageId":"` + id + `","suggestion":"richCard.carouselCard.cardContents[0].suggestions[1]"}`, `"command":"tap"`, `"effect":"opens the dialler with +351210000000"`},
		{`{"type":"tap","messageId":"` + id + `","suggestion":"suggestions[2]"}`, `"command":"tap"`, `"messageId":"Mx`},
		{`{"type":"text",` + agent + `,"text":"Hi"}`, `"command":"text"`, `"messageId":"Mx`},
		{`{"type":"text","agentId":"` + s.Agent() + `@rbm.goog","text":"Hi"}`, `"command":"text"`, `"messageId":"Mx`},
		{`{"type":"typing",` + agent + `}`, `"command":"typing"`, `"eventId":"Mx`},
		{`{"type":"location",` + agent + `,"latitude":1.5,"longitude":-2}`, `"command":"location"`, `"messageId":"Mx`},
		{`{"type":"file",` + agent + `,"fileUri":"https://example.com/a.gif","mimeType":"image/gif","fileName":"a.gif","fileSizeBytes":7}`, `"command":"file"`, `"messageId":"Mx`},
		{`{"type":"file",` + agent + `,"path":"phone_test.go","mimeType":"text/plain"}`, `"command":"file"`, `"messageId":"Mx`},
		{`{"type":"unsubscribe",` + agent + `}`, `"command":"unsubscribe"`, `"eventId":"Mx`},
		{`{"type":"subscribe",` + agent + `}`, `"command":"subscribe"`, `"eventId":"Mx`},
		{`{"type":"announce","features":["ACTION_DIAL"],"carrier":"Demo"}`, `"command":"announce"`, ""},
		{`{"type":"disconnect"}`, `"command":"disconnect"`, ""},
		{`{"type":"connect"}`, `"command":"connect"`, ""},
	}
	for _, row := range rows {
		p.say(row.say)
		if line := lastLine(p.until(row.want)); !strings.Contains(line, `"type":"sent"`) || !strings.Contains(line, row.and) {
			t.Errorf("%s: got %s", row.say, line)
		}
	}
	wrong := []struct{ say, status string }{
		{`{"type":"text","agentId":"nobody","text":"Hi"}`, "NOT_FOUND"},
		{`{"type":"text",` + agent + `}`, "INVALID_ARGUMENT"},
		{`{"type":"tap","messageId":"none","suggestion":"suggestions[0]"}`, "NOT_FOUND"},
		{`{"type":"tap","messageId":"` + id + `","suggestion":"suggestions[9]"}`, "NOT_FOUND"},
		{`{"type":"dance"}`, "INVALID_ARGUMENT"},
		{`{"type":"text","colour":"red"}`, "INVALID_ARGUMENT"},
		{`text`, "INVALID_ARGUMENT"},
	}
	for _, row := range wrong {
		p.say(row.say)
		if line := lastLine(p.until(`"type":"error"`)); !strings.Contains(line, `"status":"`+row.status+`"`) {
			t.Errorf("%s: got %s", row.say, line)
		}
	}

	// The end of the input does not end the phone; the end of the program is no error.
	p.in.Close()
	other := sendMessage(t, s, &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "still there?"}})
	p.until(`"type":"agentMessage"`, other)
	if err := s.Client().DeleteAgentMessage(t.Context(), s.Number(), other); err != nil {
		t.Fatal(err)
	}
	p.until(`{"type":"revoked","agentId":"` + s.Agent() + `","messageId":"` + other + `"}`)
	if err := p.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// withoutMedia drops the files of m's cards, which no server has.
func withoutMedia(m *rbm.AgentMessage) *rbm.AgentMessage {
	cards := m.ContentMessage.RichCard.CarouselCard.CardContents
	for i := range cards {
		cards[i].Media = nil
	}
	return m
}

func lastLine(lines string) string {
	all := strings.Split(strings.TrimSpace(lines), "\n")
	return all[len(all)-1]
}

func TestPhoneChats(t *testing.T) {
	s := servertest.New(t)
	p := runPhone(t, PhoneCmd{ReadyFile: readyFile(t, s)})
	p.until("is online")
	p.say("Hello?")
	p.until("! no agent has written yet")
	sendMessage(t, s, withoutMedia(everyKind()))
	if drawn := p.until("[7] Nearby"); !strings.Contains(drawn, "│ [6] Gallery · link") {
		t.Errorf("got:\n%s", drawn)
	}
	for _, row := range [][2]string{
		{"1", `- tapped "Book"`},
		{"2", "- the phone opens the dialler with +351210000000"},
		{"8", "- pick one with /location LAT LONG"},
		{"10", "! the last message has no suggestion 10, but 9 in all"},
		{"/location 38.7 -9.1", "- sent to " + s.Agent()},
		{"/location here", "! write /location LAT LONG"},
		{"A text", "- sent to " + s.Agent()},
		{"/text 7", "- sent to " + s.Agent()},
		{"/read", "knows that you have read it"},
		{"/typing", "- sent to " + s.Agent()},
		{"/file https://example.com/a.png", "- sent to " + s.Agent()},
		{"/file phone_test.go", "- sent to " + s.Agent()},
		{"/file nothing.png", "! open nothing.png"},
		{"/unsubscribe", "- sent to " + s.Agent()},
		{"/dance", "! there is no /dance"},
		{"/agent nobody", ""},
		{"Who?", "! NOT_FOUND"},
		{"/agent " + s.Agent() + "@rbm.goog", ""},
		{"/help", "/quit"},
		{"/offline", "- offline"},
		{"/online", "is online"},
	} {
		p.say(row[0])
		if row[1] != "" {
			p.until(row[1])
		}
	}
	if _, err := s.Client().CreateAgentEvent(t.Context(), s.Number(), client.NewMessageID(), &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping}); err != nil {
		t.Fatal(err)
	}
	p.until("is typing")
	p.say("/quit")
	for range p.lines { // it ends by itself
	}
	if err := p.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestPhoneIsNotWelcome(t *testing.T) {
	s := servertest.New(t)
	var out bytes.Buffer
	cmd := PhoneCmd{ReadyFile: readyFile(t, s), Token: "wrong"}
	if err := cmd.run(t.Context(), strings.NewReader(""), &out); rbm.CodeOf(err) != rbm.CodeUnauthenticated {
		t.Errorf("ended with %v", err)
	}
	cmd = PhoneCmd{URL: s.Ready.DeviceURL}
	if err := cmd.run(t.Context(), strings.NewReader(""), &out); err == nil || !strings.Contains(err.Error(), "--ready-file") {
		t.Errorf("without a number: %v", err)
	}
	cmd = PhoneCmd{ReadyFile: readyFile(t, s), State: t.TempDir()}
	if err := cmd.run(t.Context(), strings.NewReader(""), &out); err == nil {
		t.Error("a directory is taken as the state")
	}
}
