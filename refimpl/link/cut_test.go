package link_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// notes is what a link's application has seen.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	n.list = append(n.list, fmt.Sprintf(format, args...))
	n.mu.Unlock()
}

func (n *notes) OnMessage(s *link.Stream, msg []byte, last bool) {
	n.add("%d: %d bytes %.8x, last %v", s.ID(), len(msg), msg, last)
}

func (n *notes) OnEnd(s *link.Stream, err error) { n.add("%d: end, failed %v", s.ID(), err != nil) }

// replayed is an acceptor whose opening is always the same, so that what was once said to it can be said again.
func replayed(n *notes) link.Config {
	cfg := node(1, func(s *link.Stream, params []byte) {
		n.add("%d: open %x", s.ID(), params)
		s.AcceptWith(nil, n)
		s.Done()
	})
	cfg.Rand = rand.NewChaCha8([32]byte{7})
	return cfg
}

// honest is a session of a lawful dialer, its opening included, with frames of every type that it may send; lengths gives
// the sizes of its parts.
func honest(t testing.TB) (session []byte, lengths []int) {
	t.Helper()
	ours, theirs := net.Pipe()
	c := start(theirs, replayed(&notes{}), false)
	r := newRaw(t, ours, true)
	r.sendHello()
	r.readHello()
	parts := [][]byte{r.ownRaw, frames(t, r.ready())}
	r.write(parts[1])
	l := (<-c).l
	r.close(l)
	for _, m := range []codec.Message{
		codec.Unknown{Type: 0x59, Flags: 0x70, Reserved: 0xABCD, Payload: []byte("grease")},
		codec.Open{Stream: 1, Proto: "t", Ver: 1, Params: []byte("p")},
		data(1, 0, []byte("one"), []byte("two"), nil),
		codec.Ping{Echo: 5, T1: 7},
		data(1, codec.FlagMore, []byte("thr")),
		codec.Credit{Stream: 1, Max: 1 << 20},
		codec.Open{Stream: 3, Proto: "t", Ver: 1},
		data(3, codec.FlagFin, []byte("other")),
		data(1, codec.FlagMore, []byte("e")),
		codec.Credit{Max: 1 << 30},
		codec.Streams{Max: 1000},
		data(1, 0, []byte("e"), make([]byte, 300)),
		codec.Pong{Echo: 99},
		codec.Open{Stream: 5, Proto: "nobody", Ver: 1},
		codec.Reset{Stream: 1, Code: codec.CodeCancelled, Text: "enough"},
		data(1, 0, []byte("late")),
		codec.Drain{Last: codec.DrainUndecided, Code: codec.CodeShutdown},
		codec.Drain{Last: 0},
		codec.Close{Code: codec.CodeShutdown, RetryMS: 100, Text: "bye"},
	} {
		parts = append(parts, frames(t, m))
	}
	for _, p := range parts {
		lengths = append(lengths, len(p))
	}
	return slices.Concat(parts...), lengths
}

// heard plays bytes to a fresh link, cut where cuts says, and gives what was made of them before the transport ended.
func heard(t *testing.T, session []byte, cuts ...int) (seen []string) {
	synctest.Test(t, func(t *testing.T) {
		var n notes
		ours, theirs := net.Pipe()
		c := start(theirs, replayed(&n), false)
		go func() { // takes what is said; ends with the transport
			buf := make([]byte, 4096)
			for {
				if _, err := ours.Read(buf); err != nil {
					return
				}
			}
		}()
		from := 0
		for _, at := range append(cuts, len(session)) {
			_ = ours.SetWriteDeadline(time.Now().Add(patience))
			_, _ = ours.Write(session[from:at]) // fails behind CLOSE
			from = at
			synctest.Wait()
		}
		var l *link.Link
		if len(c) > 0 {
			l = (<-c).l
			s := l.Stats()
			n.add("link: draining %v, streams %d in, %d open, ended %v", s.Draining, s.StreamsIn, s.Streams, l.Err() != nil)
		}
		n.mu.Lock()
		seen = slices.Clone(n.list)
		n.mu.Unlock()
		_ = ours.Close()
		if l == nil {
			l = (<-c).l
		}
		if l != nil {
			<-l.Done()
		}
		pass(3 * time.Second) // what Farewell may still wait for
	})
	return seen
}

// TestCutSession: a session that breaks off inside a frame has said what its whole frames have said, and no more
// (FRAME-019).
func TestCutSession(t *testing.T) {
	session, lengths := honest(t)
	whole := heard(t, session)
	require.Greater(t, len(whole), 8, "%v", whole)
	at, before := 0, []string(nil)
	for i, n := range lengths {
		for k := range n {
			require.Equal(t, before, heard(t, session[:at+k]), "part %d, %d of its %d bytes", i, k, n)
		}
		at += n
		before = heard(t, session[:at])
	}
	require.Equal(t, whole, before)
}

// TestAnyCuts: the bytes mean the same however the transport cuts them (FRAME-014).
func TestAnyCuts(t *testing.T) {
	session, _ := honest(t)
	whole := heard(t, session)
	for at := range session {
		require.Equal(t, whole, heard(t, session, at), "cut at %d", at)
	}
	every := make([]int, len(session)-1)
	for i := range every {
		every[i] = i + 1
	}
	require.Equal(t, whole, heard(t, session, every...), "byte by byte")
	rnd := rand.New(rand.NewPCG(1, 8))
	for range 100 {
		cuts := []int{}
		for at := rnd.IntN(100); at < len(session); at += 1 + rnd.IntN(200) {
			cuts = append(cuts, at)
		}
		require.Equal(t, whole, heard(t, session, cuts...), "%v", cuts)
	}
}
