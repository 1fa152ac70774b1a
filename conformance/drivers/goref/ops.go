package goref

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// called makes a call and collects its replies.
func called(h *held, args map[string]string) driver.Answer {
	arguments, err := hex.DecodeString(args["args"])
	if err != nil {
		return driver.Brokenf("args: %v", err)
	}
	ctx, cancel := context.WithCancel(h.ctx)
	if text := args["deadline_ms"]; text != "" && text != "0" {
		ms, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return driver.Brokenf("deadline_ms: %v", err)
		}
		ctx, cancel = context.WithTimeout(h.ctx, time.Duration(ms)*time.Millisecond)
	}
	defer cancel()
	after := -1
	if text := args["cancel_after"]; text != "" {
		if after, err = strconv.Atoi(text); err != nil {
			return driver.Brokenf("cancel_after: %v", err)
		}
	}
	if h.l.Err() != nil {
		return ended(h.l.Err())
	}
	a := driver.Answer{Kind: driver.KindDone, Replies: []string{}}
	s, err := call.Open(ctx, h.l, args["method"], arguments, true)
	if err != nil {
		return failed(a, err)
	}
	for {
		if len(a.Replies) == after {
			s.Cancel()
		}
		reply, err := s.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return a
		case err != nil:
			return failed(a, err)
		}
		a.Replies = append(a.Replies, hex.EncodeToString(reply))
	}
}

// failed says why a call failed.
func failed(a driver.Answer, err error) driver.Answer {
	a.Kind, a.Processed = driver.KindFailed, call.Processed(err)
	a.By, a.Code = byOf(err)
	if a.By == "error" && a.Processed == "" {
		a.Processed = "maybe"
	}
	if errors.Is(err, link.ErrDraining) { // nothing was sent
		a.Processed = "no"
	}
	return a
}

// byOf says who ended a call or a stream, and with which code.
func byOf(err error) (by, code string) {
	if e, ok := errors.AsType[*call.Error](err); ok {
		return "error", e.Code.String()
	}
	if e, ok := errors.AsType[*codec.Error](err); ok { // what the caller has found in an answer (CALL-016)
		return "self", e.Code.String()
	}
	e, ok := errors.AsType[*link.Error](err)
	switch {
	case errors.Is(err, link.ErrDraining):
		return "self", codec.CodeDraining.String()
	case errors.Is(err, context.DeadlineExceeded):
		return "self", codec.CodeDeadline.String()
	case !ok:
		return "self", codec.CodeCancelled.String()
	case e.Scope == codec.ScopeLink:
		return "link", ended(e).Code
	case e.Remote:
		return "peer", e.Code.String()
	}
	return "self", e.Code.String()
}

// over says that a stream has ended.
func over(err error) driver.Answer {
	by, code := byOf(err)
	return driver.Answer{Kind: driver.KindOver, By: by, Code: code}
}

// opened opens a stream. This peer asks for no other version than READY states, and refuses by itself what READY does not state at all.
func opened(h *held, args map[string]string) driver.Answer {
	asked := args["ver"]
	if asked == "" {
		asked = "1"
	}
	if ver, ok := h.l.Agreed().Protos[args["proto"]]; ok && strconv.Itoa(int(ver)) != asked {
		return driver.Unsupported()
	}
	s, err := h.l.OpenWith(h.ctx, args["proto"], nil, nil, nil)
	if err != nil {
		if h.l.Err() != nil {
			return ended(h.l.Err())
		}
		if !errors.Is(err, link.ErrDraining) {
			return over(err)
		}
		by, code := byOf(err)
		return driver.Answer{Kind: driver.KindEnded, By: by, Code: code}
	}
	h.mu.Lock()
	h.streams[args["stream"]] = s
	h.mu.Unlock()
	return driver.OK()
}

func (h *held) stream(args map[string]string) *link.Stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.streams[args["stream"]]
}

// sent sends a message, FIN, or both.
func sent(h *held, args map[string]string) driver.Answer {
	s := h.stream(args)
	if s == nil {
		return driver.Brokenf("no stream %q", args["stream"])
	}
	text, some := args["hex"]
	message, err := hex.DecodeString(text)
	switch fin := args["fin"] == "true"; {
	case err != nil:
		return driver.Brokenf("hex: %v", err)
	case some && fin:
		err = s.SendLast(message)
	case some:
		err = s.Send(message)
	default:
		err = s.CloseSend()
	}
	if err != nil {
		return over(err)
	}
	return driver.OK()
}

// received gives what comes next.
func received(h *held, args map[string]string) driver.Answer {
	s := h.stream(args)
	if s == nil {
		return driver.Brokenf("no stream %q", args["stream"])
	}
	message, err := s.Recv()
	switch {
	case err == nil:
		return driver.Answer{Kind: driver.KindMessage, Hex: hex.EncodeToString(message)}
	case errors.Is(err, io.EOF) && s.Err() == nil:
		return driver.Answer{Kind: driver.KindFIN}
	}
	return over(err)
}

// cancelled resets a stream.
func cancelled(h *held, args map[string]string) driver.Answer {
	s := h.stream(args)
	name := args["code"]
	if name == "" {
		name = codec.CodeCancelled.String()
	}
	code, ok := codeOf(name)
	switch {
	case s == nil:
		return driver.Brokenf("no stream %q", args["stream"])
	case !ok:
		return driver.Unsupported()
	}
	s.Reset(code, "")
	return driver.OK()
}

// drain ends a link in good order, which goes on when this has been answered.
func (d *Driver) drain(h *held, args map[string]string) driver.Answer {
	drainFor := 10 * time.Second // how long streams may go on
	if text, ok := args["deadline_ms"]; ok {
		ms, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return driver.Unsupported()
		}
		drainFor = time.Duration(ms) * time.Millisecond
	}
	d.work.Go(func() { // ends with the link
		ctx, cancel := context.WithTimeout(context.Background(), drainFor)
		defer cancel()
		_ = h.l.Drain(ctx, codec.CodeNoError) // the link says how it went
	})
	return driver.OK()
}

// closed ends a link with CLOSE.
func closed(h *held, _ map[string]string) driver.Answer {
	_ = h.l.Close(codec.CodeNoError, "") // gives no error
	return ended(h.l.Err())
}

// waited waits for the end of a link.
func waited(h *held, _ map[string]string) driver.Answer {
	<-h.l.Done()
	return ended(h.l.Err())
}
