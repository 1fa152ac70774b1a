package link_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// patience bounds each wait. In a bubble it is fake time.
const patience = 30 * time.Second

// pass lets d go by on the clock of a bubble, which takes no time: everything else in the bubble comes to rest first. On a real
// clock it would be a wait for luck, and so it panics there. A bubble's clock begins in the year 2000.
func pass(d time.Duration) {
	if time.Now().Year() > 2010 {
		panic("pass outside of a bubble of synctest")
	}
	<-time.NewTimer(d).C
}

// raw is the other side of a link played by hand: openings and frames through codec, and none of this package.
type raw struct {
	t      testing.TB
	conn   net.Conn
	dialer bool
	hello  *codec.Hello // own
	peer   *codec.Hello
	agreed codec.Agreement
	silent atomic.Bool // PINGs are not answered

	ownRaw, peerRaw []byte
	rd              *codec.Reader
	wmu             sync.Mutex // orders writes
	in              chan event // capacity 16 Ki; sent and closed by pump, at the end of the transport
	wg              sync.WaitGroup
}

// event is a frame that has arrived.
type event struct {
	at  time.Time
	msg codec.Message
}

// newRaw plays one side of conn. change alters what it offers.
func newRaw(t testing.TB, conn net.Conn, dialer bool, change ...func(h *codec.Hello)) *raw {
	h := &codec.Hello{
		Vers: []uint16{1, 0x3A5A}, Node: [16]byte{0xEE}, Incarnation: 1, Protos: map[string][]uint16{"t": {1}, "call": {1}},
		Caps: codec.Caps{"probe.and": true, "x.grease.0001": true}, Limits: codec.DefaultLimits(), Nonce: [32]byte{1},
	}
	for _, c := range change {
		c(h)
	}
	return &raw{t: t, conn: conn, dialer: dialer, hello: h, rd: codec.NewReader(conn, 64<<10), in: make(chan event, 16<<10)}
}

func (r *raw) write(b []byte) {
	r.wmu.Lock()
	defer r.wmu.Unlock()
	_ = r.conn.SetWriteDeadline(time.Now().Add(patience))
	defer func() { _ = r.conn.SetWriteDeadline(time.Time{}) }()
	_, _ = r.conn.Write(b) // a transport that has ended is noticed by reading
}

// every writes b each period, until the transport ends.
func (r *raw) every(period time.Duration, b []byte) {
	r.wg.Go(func() {
		for {
			if _, err := r.conn.Write(b); err != nil {
				return
			}
			pass(period)
		}
	})
}

// close ends the transport and waits for what every began, and for the link.
func (r *raw) close(l *link.Link) {
	_ = r.conn.Close()
	r.wg.Wait()
	<-l.Done()
}

// frames encodes messages.
func frames(t testing.TB, msgs ...codec.Message) (b []byte) {
	t.Helper()
	for _, m := range msgs {
		var err error
		b, err = m.AppendBinary(b)
		require.NoError(t, err)
	}
	return b
}

func (r *raw) send(msgs ...codec.Message) {
	r.t.Helper()
	r.write(frames(r.t, msgs...))
}

func (r *raw) sendHello() {
	r.t.Helper()
	var err error
	r.ownRaw, err = r.hello.AppendOpening(nil)
	require.NoError(r.t, err)
	r.write(r.ownRaw)
}

func (r *raw) readHello() {
	r.t.Helper()
	o, b, err := r.rd.ReadOpening()
	require.NoError(r.t, err)
	require.NotNil(r.t, o.Hello, "REFUSE: %+v", o.Refuse)
	r.peer, r.peerRaw = o.Hello, b
}

// ready computes what both sides must state.
func (r *raw) ready() *codec.Ready {
	r.t.Helper()
	d, a, dr, ar := r.hello, r.peer, r.ownRaw, r.peerRaw
	if !r.dialer {
		d, a, dr, ar = a, d, ar, dr
	}
	var err error
	r.agreed, err = codec.Agree(d, a)
	require.NoError(r.t, err)
	return codec.NewReady(r.agreed, codec.TranscriptHash(dr, ar), nil)
}

// open does a whole opening and begins to read.
func (r *raw) open() {
	r.t.Helper()
	if r.dialer {
		r.sendHello()
		r.readHello()
	} else {
		r.readHello()
		r.sendHello()
	}
	own := frames(r.t, r.ready())
	r.wg.Go(func() { r.write(own) }) // the other side may be writing too, into a transport without buffers
	f, err := r.rd.Next()
	require.NoError(r.t, err)
	require.Equal(r.t, codec.TypeReady, f.Type)
	r.rd.SetMaxFrame(uint32(r.hello.Limits.MaxFrame))
	go r.pump() // ends with the transport
}

// pump reads to the end.
func (r *raw) pump() {
	defer close(r.in)
	for {
		f, err := r.rd.Next()
		if err != nil {
			return
		}
		m, err := codec.ParseMessage(f)
		if err != nil {
			r.t.Errorf("the link sent what it must not: %v", err)
			return
		}
		if p, ok := m.(codec.Ping); ok && !r.silent.Load() {
			go r.send(codec.Pong{Echo: p.Echo, T1: p.T1, T2: p.T1, T3: p.T1, ErrUS: codec.UnknownError})
			continue
		}
		r.in <- event{time.Now(), m}
	}
}

// event gives the next frame; ok is false at the end of the transport.
func (r *raw) event() (e event, ok bool) {
	r.t.Helper()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case e, ok = <-r.in:
		return e, ok
	case <-t.C:
		require.FailNow(r.t, "nothing came")
		return event{}, false
	}
}

// next gives the next message that is not grease.
func (r *raw) next() codec.Message {
	r.t.Helper()
	for {
		e, ok := r.event()
		require.True(r.t, ok, "the transport ended")
		if u, grease := e.msg.(codec.Unknown); !grease || !codec.IsGreaseType(u.Type) {
			return e.msg
		}
	}
}

// await gives the next message of type M and drops those before it.
func await[M codec.Message](r *raw) M {
	r.t.Helper()
	for {
		e, ok := r.event()
		if !ok {
			var none M
			require.FailNow(r.t, "the transport ended", "before %T", none)
		}
		if m, is := e.msg.(M); is {
			return m
		}
	}
}

// ended reads to the end of the transport and gives the CLOSE that stood there; nil: none.
func (r *raw) ended() *codec.Close {
	r.t.Helper()
	var last codec.Message
	for {
		e, ok := r.event()
		if !ok {
			break
		}
		if _, closed := last.(codec.Close); closed {
			require.FailNow(r.t, "a frame after CLOSE", "%+v", e.msg)
		}
		last = e.msg
	}
	if c, ok := last.(codec.Close); ok {
		return &c
	}
	return nil
}

// closedWith asserts that the link ends with CLOSE of a code.
func (r *raw) closedWith(code codec.Code) {
	r.t.Helper()
	c := await[codec.Close](r)
	require.Equal(r.t, code.String(), c.Code.String(), "CLOSE: %q", c.Text)
	_ = r.conn.Close()
}

// stillAlive asserts that the link answers: PING goes in, PONG comes out.
func (r *raw) stillAlive() {
	r.t.Helper()
	r.send(codec.Ping{Echo: 0xA11FE})
	for {
		if p := await[codec.Pong](r); p.Echo == 0xA11FE {
			return
		}
	}
}

// data is DATA of whole messages.
func data(stream uint32, flags codec.Flags, pieces ...[]byte) codec.Data {
	return codec.Data{Stream: stream, Pieces: codec.NewPieces(flags, pieces...)}
}

func open(stream uint32) codec.Open { return codec.Open{Stream: stream, Proto: "t", Ver: 1} }

// node is a configuration that offers "t", served by h, without grease in mid-life.
func node(n byte, h func(s *link.Stream, params []byte)) link.Config {
	c := link.Config{Node: [16]byte{n}, GreaseEvery: -1, Protos: map[string][]uint16{"t": {1}}}
	if h != nil {
		c.Handlers = map[string]link.Handler{"t": link.HandlerFunc(h)}
	}
	return c
}

// limits alters the default limits of a configuration.
func limits(c link.Config, change func(l *codec.Limits)) link.Config {
	l := codec.DefaultLimits()
	change(&l)
	c.Limits = &l
	return c
}

// echo answers each message with itself.
func echo(s *link.Stream, _ []byte) {
	s.Accept(nil)
	s.Go(func() {
		for {
			m, err := s.Recv()
			if err != nil {
				break
			}
			if s.Send(m) != nil {
				break
			}
		}
		_ = s.CloseSend()
	})
	s.Done()
}

// ignore accepts and never reads, until the stream ends.
func ignore(s *link.Stream, _ []byte) {
	s.Accept(nil)
	ctx := s.Context()
	s.Go(func() { <-ctx.Done() })
	s.Done()
}

// sink reads everything and says nothing but FIN.
func sink(s *link.Stream, _ []byte) {
	s.Accept(nil)
	s.Go(func() {
		for {
			if _, err := s.Recv(); err != nil {
				break
			}
		}
		_ = s.CloseSend()
	})
	s.Done()
}

// opened is the result of Dial or Accept.
type opened struct {
	l   *link.Link
	err error
}

// start opens a link on conn on another goroutine.
func start(conn net.Conn, cfg link.Config, dialer bool) <-chan opened {
	c := make(chan opened, 1)
	go func() {
		f := link.Accept
		if dialer {
			f = link.Dial
		}
		l, err := f(context.Background(), conn, cfg)
		c <- opened{l, err}
	}()
	return c
}

// against opens a link with cfg, as acceptor unless dials is set, whose other side is raw, over a pipe without buffers.
func against(t testing.TB, cfg link.Config, dials bool, change ...func(h *codec.Hello)) (*raw, *link.Link) {
	t.Helper()
	ours, theirs := net.Pipe()
	c := start(theirs, cfg, dials)
	r := newRaw(t, ours, !dials, change...)
	r.open()
	o := <-c
	require.NoError(t, o.err)
	t.Cleanup(func() { r.close(o.l) })
	return r, o.l
}

// mute is against for a raw dialer that reads nothing from the link after its opening. r.rd stands before READY.
func mute(t testing.TB, cfg link.Config, change ...func(h *codec.Hello)) (*raw, *link.Link) {
	t.Helper()
	ours, theirs := net.Pipe()
	c := start(theirs, cfg, false)
	r := newRaw(t, ours, true, change...)
	r.sendHello()
	r.readHello()
	r.send(r.ready())
	o := <-c
	require.NoError(t, o.err)
	t.Cleanup(func() { r.close(o.l) })
	return r, o.l
}

// pair opens two links with each other over a pipe.
func pair(t testing.TB, d, a link.Config) (dialer, acceptor *link.Link) {
	t.Helper()
	dc, ac := net.Pipe()
	return pairOver(t, dc, ac, d, a)
}

// tcpPair is pair over loopback, for tests that run on real time.
func tcpPair(t testing.TB, d, a link.Config) (dialer, acceptor *link.Link) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	dc, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	ac, err := ln.Accept()
	require.NoError(t, err)
	return pairOver(t, dc, ac, d, a)
}

func pairOver(t testing.TB, dc, ac net.Conn, d, a link.Config) (dialer, acceptor *link.Link) {
	t.Helper()
	other := start(ac, a, false)
	one := <-start(dc, d, true)
	require.NoError(t, one.err)
	two := <-other
	require.NoError(t, two.err)
	t.Cleanup(func() {
		_ = one.l.Close(codec.CodeNoError, "")
		<-two.l.Done()
	})
	return one.l, two.l
}

// linkError asserts that err is an *Error and gives it.
func linkError(t testing.TB, err error) *link.Error {
	t.Helper()
	e, ok := errors.AsType[*link.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	return e
}
