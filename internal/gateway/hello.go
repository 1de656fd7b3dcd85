package gateway

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/rbm"
)

// greet takes the hello and brings the phone online. When it is false the phone
// has been told why not, if it still listens.
func (s *session) greet() bool {
	s.conn.SetReadDeadline(time.Now().Add(s.g.opts.HelloTimeout))
	var data []byte
	var err error
	for data == nil && err == nil {
		data, err = s.next()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.close(closeSilent) // it may be the server's or the network's fault, when all phones connect at once
		return false
	}
	if err != nil {
		s.close(closeNoHello)
		return false
	}
	hello, err := parseHello(data)
	if err == nil {
		err = s.admit(hello)
	}
	if err != nil {
		s.refuse(hello, err)
		return false
	}
	s.conn.SetReadDeadline(time.Time{})
	return s.welcome(hello)
}

func parseHello(data []byte) (*frame.Hello, error) {
	f, err := frame.DecodePhone(data)
	if err != nil {
		return nil, err
	}
	hello, ok := f.(*frame.Hello)
	if !ok {
		return nil, rbm.Errorf(rbm.CodeUnauthenticated, "The first frame must be hello.")
	}
	if !rbm.ValidPhone(hello.PhoneNumber) {
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The phoneNumber must be in E.164 form, such as +12223334444.")
	}
	if hello.Window == 0 {
		hello.Window = frame.DefaultWindow
	}
	return hello, nil
}

// admit checks who the phone is and records what it says of itself.
func (s *session) admit(hello *frame.Hello) error {
	ctx, cancel := context.WithTimeout(s.g.ctx, s.g.opts.HelloTimeout)
	defer cancel()
	logins := s.g.opts.Logins
	if err := logins.Blocked(front.PhoneDoor, s.from, hello.PhoneNumber); err != nil {
		return err
	}
	if err := s.g.phones.Authenticate(ctx, hello.PhoneNumber, hello.Token); err != nil {
		if rbm.CodeOf(err) == rbm.CodeUnauthenticated {
			logins.Failed(front.PhoneDoor, s.from, hello.PhoneNumber)
		}
		return err
	}
	if err := s.g.phones.Announce(ctx, hello.PhoneNumber, features(hello.Features), hello.Carrier); err != nil {
		return err
	}
	return s.g.phones.Seen(ctx, hello.PhoneNumber)
}

// welcome attaches the phone to the engine. Writing is held meanwhile: the engine
// may send at once, and the phone hears the welcome first.
func (s *session) welcome(hello *frame.Hello) bool {
	s.phone, s.seen = hello.PhoneNumber, s.g.now()
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.g.join(s, hello.Window) {
		s.close(closeGoingAway)
		return false
	}
	s.g.stats.Connected.Add(1)
	s.log(slog.LevelInfo, "phone online", "client", hello.Client, "window", hello.Window,
		"features", hello.Features, "carrier", hello.Carrier)
	err := s.write(&frame.Welcome{
		Header: frame.Header{Type: frame.TypeWelcome}, Protocol: frame.Protocol, PhoneNumber: s.phone,
		PingSeconds: s.g.opts.PingInterval.Seconds(), Window: hello.Window,
	})
	if err != nil {
		s.conn.Close() // the reader will see it
	}
	return true
}

// refuse answers a hello with an error, and the close code that says whether it
// makes sense to send it again.
func (s *session) refuse(hello *frame.Hello, err error) {
	e, why, number := errorFrame("", err), closeHello, ""
	if e.Temporary() {
		why = closeGoingAway
	}
	if hello != nil {
		number = hello.PhoneNumber
	}
	s.g.log.Info("hello refused", "phone", number, "remote", s.conn.RemoteAddr(), "err", err)
	s.reply(e)
	s.close(why)
}
