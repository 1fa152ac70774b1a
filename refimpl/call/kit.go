package call

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"time"

	"handfast/codec"
)

// AddTestKit registers the methods by which the suite judges an acceptor (spec/call.md, PROF-001).
func AddTestKit(s *Server) {
	s.HandleInline("echo", func(b, args []byte) ([]byte, error) { return append(b, args...), nil }, kitEcho)
	s.Handle("stream", kitStream)
	s.Handle("sleep", kitSleep)
	s.Handle("fail", kitFail)
	s.Handle("discard", kitDiscard)
}

// kitEcho is KIT-001.
func kitEcho(_ context.Context, r *Request, w *Writer) error {
	for value, err := r.Args, error(nil); ; value, err = r.Next() {
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.Reply(value); err != nil {
			return err
		}
	}
}

// kitStream is KIT-002. The caller chooses the size of the replies, and how many it asks for at once, and need not read any
// of them: they are made where they are sent from, and take no memory beside the link's (LIM-001).
func kitStream(ctx context.Context, r *Request, w *Writer) error {
	a, err := kitArgs(r.Args)
	if err != nil {
		return err
	}
	n, size := a.uint("n", math.MaxUint32), a.uint("size", 1<<30)
	if err := a.check(); err != nil {
		return err
	}
	if size+1 > r.stream.Link().Peer().Limits.MaxMessage {
		return ErrBadArgument("size is over the caller's max_message")
	}
	k := uint64(0)
	reply := func(p []byte, from int) {
		for i := range p {
			p[i] = byte(k)
		}
		if from == 0 {
			p[0] = byte(codec.CallKindReply)
		}
	}
	for ; k < n; k++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.sendMade(int(size)+1, reply); err != nil {
			return err
		}
	}
	return nil
}

// kitSleep is KIT-003.
func kitSleep(ctx context.Context, r *Request, w *Writer) error {
	a, err := kitArgs(r.Args)
	if err != nil {
		return err
	}
	ms := a.uint("ms", math.MaxUint32)
	if err := a.check(); err != nil {
		return err
	}
	t := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return w.Reply(nil)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// kitFail is KIT-004.
func kitFail(_ context.Context, r *Request, w *Writer) error {
	a, err := kitArgs(r.Args)
	if err != nil {
		return err
	}
	after := a.optional("after", math.MaxUint32)
	e := &Error{Code: codec.Code(a.uint("code", math.MaxUint32)), Name: a.str("name", 64), Text: a.str("text", 1024), Processed: a.str("processed", 5), Data: a.bin("data")}
	_, e.HasRetry = a.v.Lookup("retry_ms")
	if ms := a.optional("retry_ms", math.MaxUint32); ms == codec.RetryNever {
		e.Retry = -1
	} else {
		e.Retry = time.Duration(ms) * time.Millisecond
	}
	switch e.Processed {
	case "", "no", "maybe", "yes":
	default:
		a.bad = append(a.bad, "processed")
	}
	if err := a.check(); err != nil {
		return err
	}
	for range after {
		if err := w.Reply(nil); err != nil {
			return err
		}
	}
	return e
}

// kitDiscard is KIT-005.
func kitDiscard(_ context.Context, r *Request, w *Writer) error {
	var messages, size uint64
	for {
		arg, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		messages++
		size += uint64(len(arg))
	}
	b := codec.AppendMapHeader(nil, 2)
	b = codec.AppendUint(codec.AppendStr(b, "bytes"), size)
	b = codec.AppendUint(codec.AppendStr(b, "messages"), messages)
	return w.Reply(b)
}

// kitMap reads the arguments of a kit method and notes what is wrong with them (KIT-006).
type kitMap struct {
	v   codec.Value
	bad []string
}

func kitArgs(args []byte) (*kitMap, error) {
	v, err := codec.ParseValue(args)
	if err != nil || v.Kind() != codec.ValueMap {
		return nil, ErrBadArgument("the arguments are not one map in the strict profile")
	}
	return &kitMap{v: v}, nil
}

func (a *kitMap) uint(key string, most uint64) uint64 {
	v, ok := a.v.Lookup(key)
	n, isUint := v.Uint()
	if !ok || !isUint || n > most {
		a.bad = append(a.bad, key)
		return 0
	}
	return n
}

func (a *kitMap) optional(key string, most uint64) uint64 {
	if _, ok := a.v.Lookup(key); !ok {
		return 0
	}
	return a.uint(key, most)
}

func (a *kitMap) str(key string, most int) string {
	v, ok := a.v.Lookup(key)
	if !ok {
		return ""
	}
	s, isStr := v.Str()
	if !isStr || len(s) > most {
		a.bad = append(a.bad, key)
	}
	return string(s)
}

func (a *kitMap) bin(key string) []byte {
	v, ok := a.v.Lookup(key)
	if !ok {
		return nil
	}
	b, isBin := v.Bin()
	if !isBin {
		a.bad = append(a.bad, key)
	}
	return bytes.Clone(b)
}

// check gives the error for arguments that were missing or of another type.
func (a *kitMap) check() error {
	if len(a.bad) == 0 {
		return nil
	}
	return ErrBadArgument("missing, of another type, or out of range: " + a.bad[0])
}
