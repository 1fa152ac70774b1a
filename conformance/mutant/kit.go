package mutant

import (
	"bytes"
	"context"
	"math"
	"time"

	"handfast/codec"
)

// method is the work of one call. Its error is *failed, or says that nobody listens any more; nil is success.
type method func(ctx context.Context, s *stream, args []byte) error

// methods are those of the test kit (PROF-001), and two of spec/access.md.
func (l *link) methods() map[string]method {
	return map[string]method{"echo": echo, "stream": streamed, "sleep": sleep, "fail": fail, "discard": discard, "object.get": objectGet, "status": status}
}

// failed is the error of a method that ends in ERROR.
type failed struct{ codec.CallError }

// Error gives the code.
func (f *failed) Error() string { return f.Code.String() }

// unknownMethod takes the place of the method (CALL-003).
func unknownMethod(ctx context.Context, s *stream, _ []byte) error {
	l := s.l
	switch {
	case l.has("keeps-silent-on-unknown-methods"):
		return nil
	case l.has("resets-unknown-methods"):
		return &fault{req: "CALL-003", code: codec.CodeProtocol, stream: s.id}
	case l.has("takes-unknown-methods-for-failed"):
		return &failed{codec.CallError{Code: codec.CodeCallFailed, Processed: codec.ProcessedNo}}
	case l.has("unsure-about-unknown-methods"):
		return &failed{codec.CallError{Code: codec.CodeCallUnknownMethod, Processed: codec.ProcessedMaybe}}
	case l.has("waits-with-unknown-methods"):
		_, _ = s.receive(ctx) // FIN, because no ARGs are kept
	}
	return &failed{codec.CallError{Code: codec.CodeCallUnknownMethod, Processed: codec.ProcessedNo}}
}

func (s *stream) badArgument(text string) error {
	if s.l.has("resets-on-bad-arguments") {
		return &fault{req: "KIT-006", code: codec.CodeProtocol, stream: s.id}
	}
	return &failed{codec.CallError{Code: codec.CodeCallBadArgument, Processed: codec.ProcessedNo, Text: text}}
}

// echo answers with its arguments, one by one.
func echo(ctx context.Context, s *stream, args []byte) error {
	for more := true; more; args, more = s.receive(ctx) {
		if s.l.has("echoes-one-byte-less") {
			args = args[:max(len(args), 1)-1]
		}
		if err := s.reply(ctx, args); err != nil {
			return err
		}
		if s.l.has("echoes-the-request-alone") {
			break
		}
	}
	return ctx.Err()
}

// streamed answers with n replies of size bytes.
func streamed(ctx context.Context, s *stream, args []byte) error {
	m, ok := argMap(args)
	n, okN := m.uint("n", math.MaxInt64)
	size, okSize := m.uint("size", int64(s.l.other.Limits.MaxMessage-1)) // the kind of the REPLY takes one byte
	if (!ok || !okN || !okSize) && !s.l.has("takes-bad-arguments-of-stream") {
		return s.badArgument("stream wants n and size")
	}
	switch {
	case s.l.has("streams-one-less"):
		n = max(n, 1) - 1
	case s.l.has("streams-one-byte-more"):
		size++
	}
	for k := range n {
		fill := byte(k)
		if s.l.has("streams-the-same") {
			fill = 0
		}
		if err := s.reply(ctx, bytes.Repeat([]byte{fill}, int(size))); err != nil {
			return err
		}
	}
	return nil
}

// sleep answers after some time.
func sleep(ctx context.Context, s *stream, args []byte) error {
	m, ok := argMap(args)
	ms, okMS := m.uint("ms", math.MaxInt64/int64(time.Millisecond))
	if (!ok || !okMS) && !s.l.has("takes-bad-arguments-of-sleep") {
		return s.badArgument("sleep wants ms")
	}
	d, reply := time.Duration(ms)*time.Millisecond, []byte(nil)
	switch {
	case s.l.has("sleeps-half"):
		d /= 2
	case s.l.has("sleeps-longer"):
		d += 2 * time.Second
	case s.l.has("replies-with-the-time-slept"):
		reply = []byte(d.String())
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.reply(ctx, reply)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail answers with the ERROR that it is asked for.
func fail(ctx context.Context, s *stream, args []byte) error {
	m, ok := argMap(args)
	after, e, okArgs := failure(m)
	if (!ok || !okArgs) && s.l.has("takes-bad-arguments-of-fail") {
		e = &failed{codec.CallError{Code: codec.CodeCallFailed, Processed: codec.ProcessedMaybe}}
	} else if !ok || !okArgs {
		return s.badArgument("fail wants code, and what else it has must fit into an ERROR")
	}
	if s.l.has("fails-at-once") {
		after = 0
	}
	for range after {
		if err := s.reply(ctx, nil); err != nil {
			return err
		}
	}
	return s.garbled(e)
}

// garbled is e, of a peer with a bug without some of it.
func (s *stream) garbled(e *failed) *failed {
	switch {
	case s.l.has("fails-with-its-own-code"):
		e.Code = codec.CodeCallFailed
	case s.l.has("fails-without-data"):
		e.Data = nil
	case s.l.has("fails-without-name"):
		e.Name = ""
	case s.l.has("fails-without-text"):
		e.Text = ""
	case s.l.has("fails-without-retry"):
		e.HasRetry = false
	case s.l.has("fails-unprocessed"):
		e.Processed = codec.ProcessedNo
	}
	return e
}

// failure reads the arguments of fail.
func failure(m argsMap) (after int64, e *failed, ok bool) {
	e = &failed{codec.CallError{Processed: codec.ProcessedMaybe}}
	code, ok := m.uint("code", math.MaxUint32)
	e.Code = codec.Code(code)
	if m.has("after") {
		n, fits := m.uint("after", math.MaxInt64)
		after, ok = n, ok && fits
	}
	if m.has("retry_ms") {
		ms, fits := m.uint("retry_ms", math.MaxUint32)
		e.RetryMS, e.HasRetry, ok = uint32(ms), true, ok && fits
	}
	for key, field := range map[string]*string{"name": &e.Name, "processed": &e.Processed, "text": &e.Text} {
		if m.has(key) {
			text, fits := m[key].(string)
			*field, ok = text, ok && fits
		}
	}
	if m.has("data") {
		data, fits := m["data"].([]byte)
		e.Data, ok = data, ok && fits
	}
	_, err := e.Append(nil)
	return after, e, ok && err == nil && len(e.Text) <= 1024
}

// discard counts ARGs and their bytes.
func discard(ctx context.Context, s *stream, _ []byte) error {
	messages, size := 0, 0
	for {
		value, more := s.receive(ctx)
		if !more {
			break
		}
		messages++
		size += len(value)
	}
	switch {
	case s.l.has("counts-the-request"):
		messages++
	case s.l.has("counts-messages-as-bytes"):
		size = messages
	}
	b, err := codec.AppendValue(nil, map[string]any{"bytes": size, "messages": messages})
	if err != nil {
		return err
	}
	return s.reply(ctx, b)
}

// argsMap is the arguments of a method.
type argsMap map[string]any

// argMap reads a map in the strict profile.
func argMap(args []byte) (argsMap, bool) {
	v, err := codec.DecodeValue(args)
	m, ok := v.(map[string]any)
	return m, ok && err == nil
}

func (m argsMap) has(key string) bool {
	_, ok := m[key]
	return ok
}

// uint gives a required integer from 0 to most; 0 for one that is missing or not in that range.
func (m argsMap) uint(key string, most int64) (int64, bool) {
	n, ok := m[key].(int64)
	if !ok || n < 0 || n > most {
		return 0, false
	}
	return n, true
}
