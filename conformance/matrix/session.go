package matrix

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"

	"handfast/conformance/driver"
)

// session is a driver that has links to one acceptor over one transport.
type session struct {
	ctx   context.Context // of one scene; a session lives no longer
	p     *driver.Process
	addr  string
	tls   map[string]string // arguments of dial for TLS, nil in clear
	links int
}

// surprise is an answer that is not what the scene is about. Everything else that a scene returns is an error of the driver.
type surprise struct{ expected, actual string }

// Error gives both.
func (s *surprise) Error() string { return fmt.Sprintf("expected %s; got %s", s.expected, s.actual) }

func surprised(expected, format string, args ...any) error {
	return &surprise{expected, fmt.Sprintf(format, args...)}
}

// do asks the driver. Unsupported is a surprise, because scenes ask only for what every dialer has or this one claims.
func (s *session) do(op string, args map[string]string, kinds ...string) (driver.Answer, error) {
	a, err := s.p.Do(s.ctx, driver.Request{Op: op, Args: args}, kinds...)
	if err == nil && a.Kind == driver.KindUnsupported {
		err = surprised("an answer to "+op, "unsupported")
	}
	return a, err
}

// dial opens a link, with further arguments of dial.
func (s *session) dial(more map[string]string) (link string, a driver.Answer, err error) {
	s.links++
	link = "matrix-" + strconv.Itoa(s.links)
	args := map[string]string{"link": link, "addr": s.addr, "token": "x.suite.token." + token()}
	maps.Copy(args, s.tls)
	maps.Copy(args, more)
	a, err = s.do(driver.OpDial, args, driver.KindOpen, driver.KindEnded)
	return link, a, err
}

// token makes 16 hexadecimal digits.
func token() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// open dials and wants the link to open.
func (s *session) open(more map[string]string) (string, error) {
	link, a, err := s.dial(more)
	if err == nil && a.Kind != driver.KindOpen {
		err = surprised("a link that opens", "%s", describe(a))
	}
	return link, err
}

// call calls a method.
func (s *session) call(link, method string, args []byte, more map[string]string) (driver.Answer, error) {
	all := map[string]string{"link": link, "method": method, "args": hex.EncodeToString(args)}
	maps.Copy(all, more)
	return s.do(driver.OpCall, all, driver.KindDone, driver.KindFailed, driver.KindEnded)
}

// replies calls a method that has to succeed and gives what it replied.
func (s *session) replies(link, method string, args []byte) ([][]byte, error) {
	a, err := s.call(link, method, args, nil)
	if err != nil {
		return nil, err
	}
	if a.Kind != driver.KindDone {
		return nil, surprised("a call of "+method+" that succeeds", "%s", describe(a))
	}
	all := make([][]byte, len(a.Replies))
	for i, r := range a.Replies {
		if all[i], err = hex.DecodeString(r); err != nil {
			return nil, surprised("replies in hexadecimal", "reply %d: %v", i, err)
		}
	}
	return all, nil
}

// echo calls echo with bytes and wants them back.
func (s *session) echo(link string, b []byte) error {
	replies, err := s.replies(link, "echo", b)
	if err != nil {
		return err
	}
	if len(replies) != 1 || !bytes.Equal(replies[0], b) {
		return surprised(fmt.Sprintf("one reply with the same %d bytes", len(b)), "%s", sizes(replies))
	}
	return nil
}

// fails calls a method that has to fail, by whom and with which code.
func (s *session) fails(link, method string, args []byte, more map[string]string, by, code string) (driver.Answer, error) {
	a, err := s.call(link, method, args, more)
	if err == nil && (a.Kind != driver.KindFailed || a.By != by || a.Code != code) {
		err = surprised(fmt.Sprintf("a call of %s that fails by %s with %s", method, by, code), "%s", describe(a))
	}
	return a, err
}

// close ends a link in good order.
func (s *session) close(link string) error {
	a, err := s.do(driver.OpClose, map[string]string{"link": link}, driver.KindEnded)
	return orderly(a, err)
}

// orderly wants a link to have been ended by this side, without an error.
func orderly(a driver.Answer, err error) error {
	if err == nil && (a.By != "self" || a.Code != "NO_ERROR") {
		err = surprised("a link that this side has ended with NO_ERROR", "%s", describe(a))
	}
	return err
}

// describe gives an answer in a few words.
func describe(a driver.Answer) string {
	text := a.Kind
	if a.By != "" {
		text += " by " + a.By
	}
	if a.Code != "" {
		text += " with " + a.Code
	}
	if a.Processed != "" {
		text += ", processed " + a.Processed
	}
	if a.Replies != nil {
		text += fmt.Sprintf(", %d replies", len(a.Replies))
	}
	return text
}

// sizes describes replies.
func sizes(replies [][]byte) string {
	if len(replies) != 1 {
		return fmt.Sprintf("%d replies", len(replies))
	}
	return fmt.Sprintf("one reply of %d bytes", len(replies[0]))
}
