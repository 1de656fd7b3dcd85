package gateway

import (
	"errors"
	"log/slog"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

// handle does what one frame asks for.
func (s *session) handle(data []byte) {
	f, err := frame.DecodePhone(data)
	if errors.Is(err, frame.ErrMalformed) {
		s.reply(errorFrame("", err))
		s.close(closeMalformed)
		return
	}
	s.slow(f)
	switch f := f.(type) {
	case *frame.Reports:
		s.box.Report(reports[f.Type], refs(f.Messages)...)
	case *frame.UserMessage:
		s.answer(f.Ref, s.g.engine.PostMessage(s.g.ctx, s.phone, f.AgentID, f.MessageID, userMessage(f)))
	case *frame.UserEvent:
		s.answer(f.Ref, s.g.engine.PostEvent(s.g.ctx, s.phone, f.AgentID, f.EventID, rbm.UserEventType(f.EventType)))
	case *frame.Announce:
		s.answer(f.Ref, s.g.phones.Announce(s.g.ctx, s.phone, features(f.Features), f.Carrier))
	case *frame.Hello:
		s.close(closeSecond)
	default: // err says what is wrong
		s.answer("", err)
	}
}

// slow delays the reading of a phone that sends too many frames.
func (s *session) slow(f frame.Frame) {
	cost := commitCost
	if _, ok := f.(*frame.Reports); ok {
		cost = 1 // many are committed together
	}
	s.wait(cost)
}

// wait delays the reading of a phone that sends too fast. What it sends meanwhile
// waits in the network.
func (s *session) wait(cost int) {
	if wait := s.pace.take(cost, s.g.now()); wait > 0 {
		s.g.stats.Slowed.Add(1)
		time.Sleep(wait) // at most commitCost/unitsPerSecond
	}
}

// answer tells the phone how the frame that it sent under ref has ended.
func (s *session) answer(ref string, err error) {
	if err == nil {
		s.reply(&frame.OK{Header: frame.Header{Type: frame.TypeOK}, Ref: ref})
		return
	}
	s.g.stats.Errors.Add(1)
	s.log(slog.LevelInfo, "frame refused", "ref", ref, "err", err)
	s.reply(errorFrame(ref, err))
}

// errorFrame is err as the phone may see it.
func errorFrame(ref string, err error) *frame.Error {
	if e, ok := errors.AsType[*frame.Error](err); ok {
		return e // has its ref
	}
	e := rbm.AsError(err)
	if errors.Is(err, frame.ErrMalformed) {
		e = rbm.Errorf(rbm.CodeInvalidArgument, "%v", err)
	}
	return &frame.Error{
		Header: frame.Header{Type: frame.TypeError}, Ref: ref,
		Code: e.Code.HTTPStatus(), Status: e.Code.String(), Message: e.Message,
	}
}

var reports = map[frame.Type]engine.ReportKind{
	frame.TypeAck: engine.Acked, frame.TypeRead: engine.Read, frame.TypeWithdrawn: engine.Withdrawn,
}

func refs(messages []frame.MessageRef) []engine.Ref {
	list := make([]engine.Ref, len(messages))
	for i, m := range messages {
		list[i] = engine.Ref{Agent: m.AgentID, ID: m.MessageID}
	}
	return list
}

func features(names []string) []rbm.Feature {
	list := make([]rbm.Feature, len(names))
	for i, n := range names {
		list[i] = rbm.Feature(n)
	}
	return list
}

// userMessage is the content of f; the frame has been checked.
func userMessage(f *frame.UserMessage) *rbm.UserMessage {
	m := new(rbm.UserMessage)
	switch {
	case f.Text != nil:
		m.Text = *f.Text
	case f.SuggestionResponse != nil:
		r := f.SuggestionResponse
		m.SuggestionResponse = &rbm.SuggestionResponse{PostbackData: r.PostbackData, Text: r.Text, Type: rbm.SuggestionType(r.Type)}
	case f.Location != nil:
		m.Location = &rbm.LatLng{Latitude: *f.Location.Latitude, Longitude: *f.Location.Longitude}
	case f.UserFile != nil:
		m.UserFile = &rbm.UserFile{Payload: fileInfo(f.UserFile.Payload), Thumbnail: fileInfo(f.UserFile.Thumbnail)}
	}
	return m
}

func fileInfo(i *frame.FileInfo) *rbm.FileInfo {
	if i == nil {
		return nil
	}
	return &rbm.FileInfo{MimeType: i.MimeType, FileSizeBytes: int32(i.FileSizeBytes), FileURI: i.FileURI, FileName: i.FileName}
}
