package call_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// callee is an acceptor played by hand, for what only a callee can see of a caller.
type callee struct {
	t    testing.TB
	conn net.Conn
	rd   *codec.Reader
}

// scripted opens a link to a callee that does what script says, over a pipe. The link ends with the test.
func scripted(t testing.TB, script func(c *callee), change ...func(h *codec.Hello)) *link.Link {
	t.Helper()
	ours, theirs := net.Pipe()
	c := &callee{t: t, conn: ours, rd: codec.NewReader(ours, 64<<10)}
	var wg sync.WaitGroup
	wg.Go(func() {
		if c.open(change...) {
			script(c)
		}
	})
	l, err := link.Dial(context.Background(), theirs, link.Config{Node: [16]byte{1}, Protos: map[string][]uint16{call.Proto: {1}}, GreaseEvery: -1})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = ours.Close()
		<-l.Done()
		wg.Wait()
	})
	return l
}

func (c *callee) open(change ...func(h *codec.Hello)) bool {
	o, raw, err := c.rd.ReadOpening()
	if err != nil || o.Hello == nil {
		c.t.Errorf("no HELLO: %v", err)
		return false
	}
	h := &codec.Hello{Vers: []uint16{1}, Node: [16]byte{2}, Caps: codec.Caps{}, Protos: map[string][]uint16{call.Proto: {1}}, Limits: codec.DefaultLimits()}
	for _, f := range change {
		f(h)
	}
	own, err := h.AppendOpening(nil)
	if err != nil {
		c.t.Errorf("HELLO: %v", err)
		return false
	}
	agreed, err := codec.Agree(o.Hello, h)
	if err != nil {
		c.t.Errorf("HELLO: %v", err)
		return false
	}
	b, err := codec.NewReady(agreed, codec.TranscriptHash(raw, own), nil).AppendFrame(own)
	if err != nil {
		c.t.Errorf("READY: %v", err)
		return false
	}
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = c.conn.Write(b) })
	f, err := c.rd.Next()
	wg.Wait()
	if err != nil || f.Type != codec.TypeReady {
		c.t.Errorf("no READY: %v", err)
		return false
	}
	c.rd.SetMaxFrame(uint32(h.Limits.MaxFrame))
	return true
}

// next gives the next frame that is not grease, PING or credit; ok is false at the end of the transport.
func (c *callee) next() (m codec.Message, ok bool) {
	for {
		f, err := c.rd.Next()
		if err != nil {
			return nil, false
		}
		if m, err = codec.ParseMessage(f); err != nil {
			c.t.Errorf("the caller sent what it must not: %v", err)
			return nil, false
		}
		switch p := m.(type) {
		case codec.Unknown, codec.Credit, codec.Streams:
		case codec.Ping:
			go c.send(codec.Pong{Echo: p.Echo, T1: p.T1})
		default:
			return m, true
		}
	}
}

func (c *callee) send(msgs ...codec.Message) {
	var b []byte
	for _, m := range msgs {
		var err error
		if b, err = m.AppendBinary(b); err != nil {
			c.t.Errorf("%T: %v", m, err)
			return
		}
	}
	_, _ = c.conn.Write(b)
}

// request takes OPEN and the whole request of one call, up to FIN. It gives the stream and its messages.
func (c *callee) request() (stream uint32, messages [][]byte) {
	var part []byte
	for {
		m, ok := c.next()
		if !ok {
			return 0, nil
		}
		switch m := m.(type) {
		case codec.Open:
			stream = m.Stream
		case codec.Data:
			for i, p := range m.Pieces.All() {
				part = append(part, p...)
				if !m.Pieces.More() || i < m.Pieces.Count()-1 {
					messages, part = append(messages, part), nil
				}
			}
			if m.Pieces.Fin() {
				return stream, messages
			}
		}
	}
}

// bubble runs f on fake time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	call.FreshPool()
	defer call.FreshPool()
	synctest.Test(t, f)
}

// pass lets d go by on the clock of a bubble, which takes no time: everything else in the bubble comes to rest first. On a real
// clock it would be a wait for luck, and so it panics there. A bubble's clock begins in the year 2000.
func pass(d time.Duration) {
	if time.Now().Year() > 2010 {
		panic("pass outside of a bubble of synctest")
	}
	<-time.NewTimer(d).C
}

func pieces(stream uint32, flags codec.Flags, messages ...[]byte) codec.Data {
	return codec.Data{Stream: stream, Pieces: codec.NewPieces(flags, messages...)}
}

func reply(value string) []byte { return codec.AppendCallReply(nil, []byte(value)) }

func callError(t testing.TB, e codec.CallError) []byte {
	t.Helper()
	b, err := e.Append(nil)
	require.NoError(t, err)
	return b
}
