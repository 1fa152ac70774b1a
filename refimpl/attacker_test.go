package refimpl_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// attacker is one transport to a victim, played by hand.
type attacker struct {
	t     testing.TB
	v     *victim
	conn  net.Conn
	rd    *codec.Reader
	hello *codec.Hello
	l     *link.Link   // the victim's side; nil until known
	sent  atomic.Int64 // bytes written
	code  codec.Code   // of CLOSE or REFUSE, once ended has seen one
}

// connect opens a transport, and says nothing on it.
func (v *victim) connect() *attacker {
	v.t.Helper()
	conn, err := net.Dial("tcp", v.addr)
	require.NoError(v.t, err)
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &attacker{t: v.t, v: v, conn: conn, rd: codec.NewReader(conn, 1<<10)}
}

// attackers opens n links by hand. Their grants are as large as change makes them.
func (v *victim) attackers(n int, change ...func(h *codec.Hello)) []*attacker {
	v.t.Helper()
	list := make([]*attacker, n)
	for i := range list {
		a := v.connect()
		v.nodes++
		a.hello = &codec.Hello{
			Vers: []uint16{1}, Node: [16]byte{0xBB, byte(v.nodes >> 8), byte(v.nodes)}, Caps: codec.Caps{}, Protos: map[string][]uint16{call.Proto: {1}}, Limits: codec.DefaultLimits(),
		}
		a.hello.Limits.PingMinMS = 10
		for _, c := range change {
			c(a.hello)
		}
		own, err := a.hello.AppendOpening(nil)
		require.NoError(v.t, err)
		require.NoError(v.t, a.write(own))
		o, raw, err := a.rd.ReadOpening()
		require.NoError(v.t, err)
		agreed, err := codec.Agree(a.hello, o.Hello)
		require.NoError(v.t, err)
		b, err := codec.NewReady(agreed, codec.TranscriptHash(own, raw), nil).AppendFrame(nil)
		require.NoError(v.t, err)
		require.NoError(v.t, a.write(b))
		a.rd.SetMaxFrame(uint32(a.hello.Limits.MaxFrame))
		v.wait("a link", func() bool {
			for _, l := range v.peer.Links() {
				if l.Peer().Node == a.hello.Node {
					a.l = l
				}
			}
			return a.l != nil
		})
		list[i] = a
	}
	return list
}

func (a *attacker) write(b []byte) error {
	n, err := a.conn.Write(b)
	a.sent.Add(int64(n))
	return err
}

// send writes messages. The error says that the victim has ended the transport.
func (a *attacker) send(msgs ...codec.Message) error {
	var b []byte
	for _, m := range msgs {
		var err error
		if b, err = m.AppendBinary(b); err != nil {
			return err
		}
	}
	return a.write(b)
}

// next gives the next message that is neither grease nor PING; with answer, PINGs are answered.
func (a *attacker) next(answer bool) (codec.Message, error) {
	for {
		f, err := a.rd.Next()
		if err != nil {
			return nil, err
		}
		m, err := codec.ParseMessage(f)
		if err != nil {
			return nil, err
		}
		switch p := m.(type) {
		case codec.Unknown, *codec.Ready:
		case codec.Ping:
			if answer {
				_ = a.send(codec.Pong{Echo: p.Echo, T1: p.T1})
			}
		default:
			return m, nil
		}
	}
}

// roundTrip sends PING and waits for PONG.
func (a *attacker) roundTrip() {
	if err := a.send(codec.Ping{Echo: 4711}); err != nil {
		a.t.Errorf("%v", err)
	}
	for {
		m, err := a.next(true)
		if err != nil {
			a.t.Errorf("no PONG: %v", err)
			return
		}
		if _, ok := m.(codec.Pong); ok {
			return
		}
	}
}

// ending reads to the end of the transport, which is closed then, and gives the code of the CLOSE that stood there.
func (a *attacker) ending() (codec.Code, error) {
	defer func() { _ = a.conn.Close() }()
	closed := false
	for {
		m, err := a.next(false)
		switch {
		case err != nil && closed:
			return a.code, nil
		case err != nil:
			return 0, err
		}
		if c, ok := m.(codec.Close); ok {
			closed, a.code = true, c.Code
		}
	}
}

// closedWith asserts that the link ends with CLOSE of a code.
func (a *attacker) closedWith(code codec.Code) {
	a.t.Helper()
	got, err := a.ending()
	if err != nil {
		a.t.Errorf("no CLOSE, but %v; the link: %v", err, a.l.Err())
	} else if got != code {
		a.t.Errorf("CLOSE(%s), not %s", got, code)
	}
}

// silent asserts that nothing but the victim's opening and PINGs came, and the transport has ended.
func (a *attacker) silent() {
	a.t.Helper()
	_ = a.conn.SetReadDeadline(time.Now().Add(patience))
	b, err := io.ReadAll(a.conn)
	if len(b) > 0 || errors.Is(err, context.DeadlineExceeded) {
		a.t.Errorf("answered %d bytes, %v", len(b), err)
	}
	_ = a.conn.Close()
}

// endsAs asserts how the victim's side of the link ends.
func (a *attacker) endsAs(code codec.Code) {
	a.t.Helper()
	select {
	case <-a.l.Done():
	case <-time.After(patience):
		a.t.Errorf("the link lives on")
		return
	}
	if e, ok := errors.AsType[*link.Error](a.l.Err()); !ok || e.Code != code {
		a.t.Errorf("the link ended with %v, not %s", a.l.Err(), code)
	}
}

// arrived waits until the victim has read all that was sent.
func (a *attacker) arrived() {
	from := a.v.ln.arrivals(a.conn.LocalAddr())
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		n, more := from.count()
		if n >= a.sent.Load() {
			return
		}
		select {
		case <-more:
		case <-late.C:
			a.t.Errorf("%d of %d bytes were read", n, a.sent.Load())
			return
		}
	}
}

// together runs f for each attacker at once and waits.
func together(list []*attacker, f func(a *attacker)) {
	var wg sync.WaitGroup
	for _, a := range list {
		wg.Go(func() { f(a) })
	}
	wg.Wait()
}

func request(method string, ms uint32, args []byte) []byte {
	b, err := codec.AppendCallRequest(nil, method, ms, args)
	if err != nil {
		panic(err)
	}
	return b
}

// kit is the arguments of a method of the test kit.
func kit(v map[string]any) []byte {
	b, err := codec.AppendValue(nil, v)
	if err != nil {
		panic(err)
	}
	return b
}

func open(stream uint32) codec.Open { return codec.Open{Stream: stream, Proto: call.Proto, Ver: 1} }

func data(stream uint32, flags codec.Flags, pieces ...[]byte) codec.Data {
	return codec.Data{Stream: stream, Pieces: codec.NewPieces(flags, pieces...)}
}
