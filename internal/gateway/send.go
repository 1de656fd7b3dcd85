package gateway

import (
	"log/slog"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/frame"
)

// buffers hold one frame while it is written.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxKept is the largest buffer that is kept for the next frame.
const maxKept = 64 << 10

// Send writes effects to the phone, as few packets as they fit in. It is the
// engine's; see engine.Link. When it fails the connection is over.
func (s *session) Send(effects []engine.Effect) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.conn.cork()
	err := s.writeEffects(effects)
	if flushed := s.conn.uncork(); err == nil {
		err = flushed
	}
	if err != nil {
		s.conn.Close() // the reader ends the session
	}
	return err
}

func (s *session) writeEffects(effects []engine.Effect) error {
	var confirmed []frame.MessageRef
	debug := s.g.log.Enabled(s.g.ctx, slog.LevelDebug)
	for i, e := range effects {
		if debug {
			s.log(slog.LevelDebug, kinds[e.Kind], "agent", e.Ref.Agent, "messageId", e.Ref.ID)
		}
		ref := frame.MessageRef{AgentID: e.Ref.Agent, MessageID: e.Ref.ID}
		if e.Kind == engine.Confirm { // as many as stand together, in one frame
			confirmed = append(confirmed, ref)
			more := i+1 < len(effects) && effects[i+1].Kind == engine.Confirm
			if more && len(confirmed) < frame.MaxRefs {
				continue
			}
		}
		err := s.writeFrame(func(b []byte) []byte {
			switch e.Kind {
			case engine.DeliverMessage:
				return frame.AppendAgentMessage(b, ref, e.Payload, e.Media)
			case engine.DeliverEvent:
				return frame.AppendAgentEvent(b, ref, e.Payload)
			case engine.Revoke:
				return frame.AppendRevoke(b, ref, e.Final)
			}
			return frame.AppendConfirm(b, confirmed)
		})
		if err != nil {
			return err
		}
		confirmed = confirmed[:0]
	}
	return nil
}

// kinds are the effects' names in the log.
var kinds = map[engine.EffectKind]string{
	engine.DeliverMessage: "send agentMessage", engine.DeliverEvent: "send agentEvent",
	engine.Revoke: "send revoke", engine.Confirm: "send confirm",
}

// reply writes a frame that answers one of the phone's. If that fails the reader
// will see it.
func (s *session) reply(f frame.Frame) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.write(f) != nil {
		s.conn.Close()
	}
}

// write writes a small frame. The caller holds writing.
func (s *session) write(f frame.Frame) error {
	data, err := frame.Encode(f)
	if err != nil {
		return err
	}
	return s.writeFrame(func(b []byte) []byte { return append(b, data...) })
}

// writeFrame writes the frame that appendTo appends. The caller holds writing.
func (s *session) writeFrame(appendTo func([]byte) []byte) error {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxKept {
			buffers.Put(buf)
		}
	}()
	*buf = appendTo((*buf)[:0])
	s.g.stats.Sent.Add(1)
	s.ws.SetWriteDeadline(time.Now().Add(s.g.opts.WriteTimeout))
	return s.ws.WriteMessage(websocket.TextMessage, *buf)
}
