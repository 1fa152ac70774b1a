package channel_test

import (
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// watch is a ChannelSender that plays a sender by hand.
type watch struct {
	accepted chan *codec.Position // capacity 1
	acks     chan uint64          // capacity 64; stable of each
	ended    chan error           // capacity 1
}

func newWatch() *watch {
	return &watch{make(chan *codec.Position, 1), make(chan uint64, 64), make(chan error, 1)}
}

func (w *watch) OnAccept(_ *link.Stream, p *codec.Position) { w.accepted <- p }
func (w *watch) OnAck(_ *link.Stream, a codec.Ack) (bool, *codec.Error) {
	w.acks <- a.Stable
	return false, nil
}
func (w *watch) OnFin(*link.Stream) *codec.Error { return nil }
func (w *watch) OnDrain(*link.Stream)            {}
func (w *watch) OnEnd(_ *link.Stream, err error) { w.ended <- err }
func offered(id byte, next, stable uint64, l ...codec.Epoch) *codec.Channel {
	return &codec.Channel{ID: [16]byte{id}, Name: "q", Lineage: l, First: min(stable+1, next), Next: next, Stable: stable}
}

// codeOf is the code of the end of a stream.
func codeOf(t *testing.T, err error) codec.Code {
	t.Helper()
	var e *link.Error
	require.ErrorAs(t, err, &e)
	return e.Code
}

// get waits for what must come.
func get[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("not reached")
	}
}

// TestAttaching: what a Sink answers on links: the newest OPEN wins (CHAN-029), one that was overtaken changes nothing, an older
// process and a channel of another key are told so.
func TestAttaching(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	b := newBooks()
	sink := newSink(t, b.of(false))
	open := func(ch *codec.Channel, node byte) (*link.Stream, *watch, *link.Link) {
		ca, cb := net.Pipe()
		la, lb := linked(t, ca, cb, config(node, nil), config(9, sink))
		t.Cleanup(func() { end(la, lb) })
		w := newWatch()
		s, err := la.OpenChannel(t.Context(), proto, nil, ch, w)
		require.NoError(t, err)
		return s, w, la
	}
	send := func(s *link.Stream, from uint64, n int) {
		_, err := s.AwaitRoom(1000)
		require.NoError(t, err)
		pieces := make([][]byte, n)
		m := codec.Records{Stream: s.ID(), Seq: from, Pieces: codec.NewPieces(0, pieces...)}
		require.True(t, s.SendFrames(func(b []byte) ([]byte, int) { return m.AppendFrame(b), int(m.Pieces.Charge()) }))
		s.Flush()
	}
	one, two := codec.Epoch{Epoch: 1, Nonce: 7, First: 1}, codec.Epoch{Epoch: 2, Nonce: 8, First: 11}

	s1, w1, _ := open(offered(1, 1, 0, one), 1)
	require.Equal(t, codec.PositionLost, get(t, w1.accepted).State)
	send(s1, 1, 10)
	for <-w1.acks < 10 {
	}
	_, w2, _ := open(offered(1, 11, 0, one), 1)
	require.Equal(t, codec.CodeBusyElsewhere, codeOf(t, get(t, w1.ended)), "the older one")
	p := get(t, w2.accepted)
	require.Equal(t, codec.Position{State: codec.PositionKept, Stable: 10}, *p)
	_, w3, _ := open(offered(1, 11, 10, one), 1)
	require.Equal(t, codec.PositionKept, (get(t, w3.accepted)).State)
	require.Equal(t, codec.CodeBusyElsewhere, codeOf(t, get(t, w2.ended)))
	_, late, _ := open(offered(1, 5, 0, one), 1)
	require.Equal(t, codec.CodeBusyElsewhere, codeOf(t, get(t, late.ended)), "one that was overtaken")
	select {
	case err := <-w3.ended:
		t.Fatalf("the newest was ended: %v", err)
	default:
	}

	_, w4, _ := open(offered(1, 11, 0, one, two), 1)
	require.Equal(t, codec.PositionKept, (get(t, w4.accepted)).State)
	_, stale, _ := open(offered(1, 20, 0, one), 1)
	require.Equal(t, codec.CodeEpochStale, codeOf(t, get(t, stale.ended)))
	another := offered(1, 11, 0, one, two)
	another.Name = "another"
	_, foreign, _ := open(another, 1)
	require.Equal(t, codec.PositionForeign, (get(t, foreign.accepted)).State)
	sink.Close()
	require.Equal(t, codec.CodeShutdown, codeOf(t, get(t, w4.ended)))
	for _, list := range b.effects {
		require.Len(t, list, 10)
		for i, e := range list {
			require.Equal(t, uint64(i+1), e.seq)
		}
	}
}

// TestForeignChannel: a channel whose id the receiver knows under another key goes on as a new one, with its records flagged
// (CHAN-025, CHAN-026).
func TestForeignChannel(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	b := newBooks()
	sink := newSink(t, b.of(false))
	q := delivery.NewVolatile("a", plenty)
	var was delivery.Head
	for i, name := range []string{"a", "b"} {
		if i == 1 {
			was.Name = name
			q = delivery.Resume(was, plenty)
		}
		src := newSource(q)
		ca, cb := net.Pipe()
		la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
		var last uint64
		for n := range 5 { // before there is a link, so that they are taken over
			var err error
			last, err = src.Push(waits(t), record(n))
			require.NoError(t, err)
		}
		src.Attach(la)
		if i == 1 {
			last = 5 // numbers of the new channel, which is lost to the receiver
			require.Eventually(t, func() bool { return src.Stats().Positions.Lost == 1 }, patience, time.Millisecond)
		}
		require.NoError(t, src.AwaitStable(waits(t), last))
		st := src.Stats()
		require.Equal(t, uint64(i), st.Positions.Foreign)
		require.Equal(t, uint64(5), st.PossibleDups, "a receiver that had nothing says so of all")
		src.Close()
		end(la, lb)
		was = q.Head()
	}
	sink.Close()
	require.Len(t, b.effects, 2)
	for key, list := range b.effects {
		require.Len(t, list, 5)
		for n, e := range list {
			require.Equal(t, effect{uint64(n + 1), string(record(n)), true}, e, key.Name)
		}
	}
}

// TestDelayedOpen: an OPEN that a newer one of the same process has overtaken cuts nothing away.
func TestDelayedOpen(t *testing.T) {
	one, two := codec.Epoch{Epoch: 1, Nonce: 7, First: 1}, codec.Epoch{Epoch: 2, Nonce: 8, First: 11}
	known := delivery.Cursor{ID: [16]byte{1}, Lineage: codec.Lineage{one}, Stable: 10}
	ahead := delivery.Cursor{ID: [16]byte{1}, Lineage: codec.Lineage{one}, Stable: 3, Ranges: []codec.Range{{First: 5, Last: 10}}}
	for name, tc := range map[string]struct {
		known delivery.Cursor
		top   uint64
		offer *codec.Channel
		want  bool
	}{
		"as far":                              {known, 0, offered(1, 11, 0, one), false},
		"further":                             {known, 0, offered(1, 12, 0, one), false},
		"not as far":                          {known, 0, offered(1, 10, 0, one), true},
		"not as far as a range":               {ahead, 0, offered(1, 10, 0, one), true},
		"not as far as what is being applied": {known, 12, offered(1, 12, 0, one), true},
		"of another process":                  {known, 0, offered(1, 5, 0, one, two), false},
		"of another channel":                  {known, 0, offered(2, 5, 0, one), false},
		"of one that is not known":            {delivery.Cursor{}, 0, offered(1, 5, 0, one), false},
	} {
		require.Equal(t, tc.want, channel.Delayed(tc.known, tc.top, tc.offer), name)
	}
}

// TestBackoff: a stream that is refused is opened again, ever later, and no sooner than the receiver asks; a link that ends wakes
// nobody.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		h := &refuser{at: &at}
		ca, cb := net.Pipe()
		cfg := config(2, nil)
		cfg.Handlers = map[string]link.Handler{proto: h}
		la, lb := linked(t, ca, cb, config(1, nil), cfg)
		src := channel.NewSource(channel.SourceConfig{Queue: delivery.NewVolatile("q", plenty), Proto: proto, RetryMin: time.Second, RetryMax: 8 * time.Second})
		src.Attach(la)
		<-time.NewTimer(30 * time.Second).C
		end(la, lb)
		<-time.NewTimer(30 * time.Second).C
		src.Close()
		var waits []time.Duration
		for i := 1; i < len(at); i++ {
			waits = append(waits, at[i].Sub(at[i-1]).Round(10*time.Millisecond))
		}
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second}, waits)
	})
}

// refuser rejects every channel.
type refuser struct {
	watch
	at *[]time.Time
}

func (r *refuser) HandleStream(s *link.Stream, _ []byte) {}
func (r *refuser) HandleChannel(s *link.Stream, _ []byte, _ *codec.Channel) link.ChannelReceiver {
	*r.at = append(*r.at, time.Now())
	s.RejectChannel(codec.CodeOverloaded, "")
	return r
}
func (r *refuser) OnRecords(*link.Stream, codec.Records, link.Charge) *codec.Error { return nil }
func (r *refuser) OnGap(*link.Stream, codec.Gap) (bool, *codec.Error)              { return false, nil }
func (r *refuser) OnEnd(s *link.Stream, _ error)                                   { s.Done() }

// TestLoneAck: the last records are acknowledged without others behind them, as soon as they are stable (OPT-011).
func TestLoneAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := newSink(t, newBooks().of(false))
		ca, cb := net.Pipe()
		la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
		src := newSource(delivery.NewVolatile("q", plenty))
		src.Attach(la)
		for i := range 5 {
			from := time.Now()
			_, err := src.Push(t.Context(), record(i))
			require.NoError(t, err)
			require.NoError(t, src.AwaitStable(t.Context(), uint64(i+1)))
			require.Zero(t, time.Since(from))
		}
		src.Close()
		end(la, lb)
		sink.Close()
	})
}

// gate is a transport that takes nothing while it is shut.
type gate struct {
	net.Conn
	mu   sync.Mutex
	stop chan struct{} // nil: open
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	stop := g.stop
	g.mu.Unlock()
	if stop != nil {
		<-stop
	}
	return g.Conn.Write(b)
}

// TestHangingTransport: a transport that takes nothing does not keep the channel from the next link.
func TestHangingTransport(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	sink := newSink(t, newBooks().of(false))
	src := newSource(delivery.NewVolatile("q", plenty))
	ca, cb := net.Pipe()
	hangs := &gate{Conn: ca}
	la, lb := linked(t, hangs, cb, config(1, nil), config(2, sink))
	src.Attach(la)
	seq, err := src.Push(waits(t), record(0))
	require.NoError(t, err)
	require.NoError(t, src.AwaitStable(waits(t), seq))
	stop := make(chan struct{})
	hangs.mu.Lock()
	hangs.stop = stop
	hangs.mu.Unlock()
	for i := range 100 {
		seq, err = src.Push(waits(t), record(i))
		require.NoError(t, err)
	}
	cc, cd := net.Pipe()
	lc, ld := linked(t, cc, cd, config(1, nil), config(2, sink))
	src.Attach(lc)
	require.NoError(t, src.AwaitStable(waits(t), seq))
	close(stop)
	src.Close()
	end(la, lb, lc, ld)
	sink.Close()
}
