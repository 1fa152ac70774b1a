package mirror_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must come.
const patience = 30 * time.Second

// taken is a store that says what it was given: each record, and each GAP as "reason xN".
type taken struct {
	mu      sync.Mutex
	cursors map[delivery.Key]delivery.Cursor
	come    chan string
}

func newTaken() *taken {
	return &taken{cursors: map[delivery.Key]delivery.Cursor{}, come: make(chan string, 10_000)}
}

func (s *taken) Cursors() (map[delivery.Key]delivery.Cursor, error) { return nil, nil }

func (s *taken) Keep(key delivery.Key, c delivery.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursors[key] = c.Clone()
	return nil
}

func (s *taken) Commit(b *channel.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	items, next := b.New(s.cursors[b.Key])
	for _, i := range items {
		what := string(i.Record.Data)
		if i.Gap != nil {
			what = fmt.Sprintf("gap %d, %d of them", i.Gap.Gap.Reason, i.Gap.Gap.To-i.Gap.Gap.From+1)
		}
		s.come <- b.Key.Name + ": " + what
	}
	s.cursors[b.Key] = next
	return nil
}

func (s *taken) cursor(name string) delivery.Cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, c := range s.cursors {
		if key.Name == name {
			return c
		}
	}
	return delivery.Cursor{}
}

// linked opens a link over loopback between a dialer and a mirror.
func linked(t *testing.T, m *mirror.Mirror, sink *channel.Sink) (dialer, acceptor *link.Link) {
	t.Helper()
	return linkedFor(t, m, sink, false)
}

// linkedFor is linked with a dialer that may be deaf: it rejects mirrors.
func linkedFor(t *testing.T, m *mirror.Mirror, sink *channel.Sink, deaf bool) (dialer, acceptor *link.Link) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	b, err := ln.Accept()
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		acceptor, err = link.Accept(context.Background(), b, link.Config{Node: [16]byte{2}, Delivery: true, Handlers: map[string]link.Handler{mirror.Proto: m}})
	})
	cfg := link.Config{Node: [16]byte{1}, Delivery: true, Handlers: map[string]link.Handler{mirror.Proto: sink}}
	if deaf {
		cfg.Handlers[mirror.Proto] = link.HandlerFunc(func(st *link.Stream, _ []byte) { st.Reject(codec.CodeOverloaded, "") })
	}
	dialer, errA := link.Dial(context.Background(), a, cfg)
	wg.Wait()
	require.NoError(t, errA)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = dialer.Close(codec.CodeNoError, "")
		_ = acceptor.Close(codec.CodeNoError, "")
	})
	return dialer, acceptor
}

func next(t *testing.T, s *taken) string {
	t.Helper()
	select {
	case what := <-s.come:
		return what
	case <-time.After(patience):
		t.Fatal("nothing has come")
		return ""
	}
}

// side is a peer that sends channels and takes the mirrored ones.
type side struct {
	store *taken
	sink  *channel.Sink
}

func newSide(t *testing.T) side {
	t.Helper()
	store := newTaken()
	sink, err := channel.NewSink(channel.SinkConfig{Transactional: store})
	require.NoError(t, err)
	t.Cleanup(sink.Close)
	return side{store, sink}
}

func newMirror(t *testing.T, cfg mirror.Config) *mirror.Mirror {
	t.Helper()
	m, err := mirror.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func source(t *testing.T, q channel.Queue) *channel.Source {
	t.Helper()
	s := channel.NewSource(channel.SourceConfig{Queue: q, Proto: mirror.Proto, RetryMin: time.Millisecond})
	t.Cleanup(s.Close)
	return s
}

// TestMirror: records come back with the same bytes, GAPs with their reason and as many numbers, and what comes under the name of a
// mirrored channel does not.
func TestMirror(t *testing.T) {
	at := newSide(t)
	m := newMirror(t, mirror.Config{})
	l, _ := linked(t, m, at.sink)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	q := delivery.NewVolatile("a", 1<<20)
	src := source(t, q)
	for _, data := range []string{"one", "held back", "", "four"} {
		_, err := src.Push(ctx, []byte(data))
		require.NoError(t, err)
	}
	require.NoError(t, q.Drop(2, 2, codec.GapFiltered))
	echo := source(t, delivery.NewVolatile("b~", 1<<20))
	seq, err := echo.Push(ctx, []byte("silent"))
	require.NoError(t, err)
	src.Attach(l)
	echo.Attach(l)
	for _, want := range []string{"a~: one", "a~: gap 4, 1 of them", "a~: ", "a~: four"} {
		require.Equal(t, want, next(t, at.store))
	}
	require.NoError(t, src.AwaitStable(ctx, 4))
	require.NoError(t, echo.AwaitStable(ctx, seq))

	for i := range 3 {
		_, err := q.Append(nil)
		require.NoError(t, err)
		n := uint64(5 + i)
		require.NoError(t, q.Drop(n, n, codec.GapOverflow))
	}
	_, err = src.Push(ctx, []byte("eight"))
	require.NoError(t, err)
	require.Equal(t, "a~: gap 1, 3 of them", next(t, at.store))
	require.Equal(t, "a~: eight", next(t, at.store))
	require.Empty(t, at.store.come, "what comes in b~ is not mirrored")
}

// TestMirrorFollows: the mirrored channel goes on where its channel goes on.
func TestMirrorFollows(t *testing.T) {
	at := newSide(t)
	m := newMirror(t, mirror.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	src := source(t, delivery.NewVolatile("a", 1<<20))
	for i := range 3 {
		l, _ := linked(t, m, at.sink)
		src.Attach(l)
		data := fmt.Sprint("on link ", i)
		_, err := src.Push(ctx, []byte(data))
		require.NoError(t, err)
		require.Equal(t, "a~: "+data, next(t, at.store))
		if i == 1 {
			require.NoError(t, l.Close(codec.CodeNoError, ""))
		}
	}
}

// TestMirrorGaps: a GAP of up to 1,024 numbers is mirrored, a longer one is not.
func TestMirrorGaps(t *testing.T) {
	for _, tc := range []struct {
		size int
		want string
	}{{1024, "a~: gap 2, 1024 of them"}, {1025, "a~: behind"}} {
		t.Run(tc.want, func(t *testing.T) {
			at := newSide(t)
			m := newMirror(t, mirror.Config{})
			l, _ := linked(t, m, at.sink)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			head := delivery.NewVolatile("a", 1<<20).Head()
			head.Next = uint64(tc.size) + 1
			src := source(t, delivery.Resume(head, 1<<20))
			_, err := src.Push(ctx, []byte("behind"))
			require.NoError(t, err)
			src.Attach(l)
			require.Equal(t, tc.want, next(t, at.store))
		})
	}
}

// TestMirrorBounds: channels beyond the bound are rejected, and those that are known are not.
func TestMirrorBounds(t *testing.T) {
	at := newSide(t)
	m := newMirror(t, mirror.Config{MaxChannels: 1, QueueBytes: 1 << 10})
	l, _ := linked(t, m, at.sink)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	one, two := source(t, delivery.NewVolatile("1", 1<<20)), source(t, delivery.NewVolatile("2", 1<<20))
	_, err := one.Push(ctx, []byte(strings.Repeat("too large to be kept", 100)))
	require.NoError(t, err)
	one.Attach(l)
	require.Equal(t, "1~: gap 5, 1 of them", next(t, at.store))
	seq, err := two.Push(ctx, []byte("never"))
	require.NoError(t, err)
	two.Attach(l)
	short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stop()
	require.ErrorIs(t, two.AwaitStable(short, seq), context.DeadlineExceeded)
	other, _ := linked(t, m, at.sink)
	one.Attach(other)
	_, err = one.Push(ctx, []byte("still there"))
	require.NoError(t, err)
	require.Equal(t, "1~: still there", next(t, at.store))
}

// TestMirrorOnDisk: position and mirror are there again when the process is, and go on where they were: what was acknowledged is mirrored
// once, and the lineage of the mirror has an entry more (CHAN-007, MIRR-001).
func TestMirrorOnDisk(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	src := source(t, delivery.NewVolatile("a", 1<<20))
	quiet := source(t, delivery.NewVolatile("b~", 1<<20))
	push := func(s *channel.Source, data string) {
		t.Helper()
		seq, err := s.Push(ctx, []byte(data))
		require.NoError(t, err)
		require.NoError(t, s.AwaitStable(ctx, seq))
	}
	deaf := newSide(t) // it takes no mirrors: what is not acknowledged stays
	for life := range 3 {
		m, err := mirror.New(mirror.Config{Dir: dir})
		require.NoError(t, err)
		if life == 0 {
			_, err = mirror.New(mirror.Config{Dir: dir})
			require.Error(t, err, "one process alone has the folder")
		}
		at := deaf
		if life == 2 {
			at = newSide(t)
		}
		l, acceptor := linkedFor(t, m, at.sink, life < 2)
		src.Attach(l)
		quiet.Attach(l)
		push(src, fmt.Sprint("record of life ", life))
		push(quiet, "nothing")
		if life == 2 {
			for i := range 3 {
				require.Equal(t, fmt.Sprint("a~: record of life ", i), next(t, at.store))
			}
			c := at.store.cursor("a~")
			require.Len(t, c.Lineage, 3)
		}
		require.EqualValues(t, life, src.Stats().Positions.Kept)
		require.EqualValues(t, life, quiet.Stats().Positions.Kept)
		_ = l.Close(codec.CodeNoError, "")
		<-acceptor.Done()
		require.NoError(t, m.Close())
	}
}

// TestMirrorWords: hold makes a record wait, and those behind it; fail lets the first try fail, and the sender tries again (MIRR-009,
// MIRR-010). Both come back as any other record, and mean nothing in a channel that is no master.
func TestMirrorWords(t *testing.T) {
	at := newSide(t)
	m := newMirror(t, mirror.Config{})
	l, _ := linked(t, m, at.sink)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	src := source(t, delivery.NewVolatile("a", 1<<20))
	began := time.Now()
	for _, data := range []string{"hold 0", "hold 100000", "hold 9x", "holdup", "hold 120", "behind", "fail", "failed"} {
		_, err := src.Push(ctx, []byte(data))
		require.NoError(t, err)
	}
	src.Attach(l)
	for _, want := range []string{"hold 0", "hold 100000", "hold 9x", "holdup", "hold 120", "behind", "fail", "failed"} {
		require.Equal(t, "a~: "+want, next(t, at.store))
		if want == "hold 120" {
			require.GreaterOrEqual(t, time.Since(began), 120*time.Millisecond)
		}
	}
	require.NoError(t, src.AwaitStable(ctx, 8))
	require.EqualValues(t, 2, src.Stats().Positions.Kept, "one stream more for each failure")

	silent := source(t, delivery.NewVolatile("b~", 1<<20))
	for _, data := range []string{"fail", "hold 10000"} {
		_, err := silent.Push(ctx, []byte(data))
		require.NoError(t, err)
	}
	silent.Attach(l)
	require.NoError(t, silent.AwaitStable(ctx, 2))
	require.Zero(t, silent.Stats().Positions.Kept)
}

// TestMirrorEnds: the mirror's stream ends by FIN when that of its master has, behind everything, and the channel goes on with the next
// stream of the master, be it on the same link (MIRR-002, MIRR-008).
func TestMirrorEnds(t *testing.T) {
	at := newSide(t)
	m := newMirror(t, mirror.Config{})
	l, acceptor := linked(t, m, at.sink)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	q := delivery.NewVolatile("a", 1<<20)
	for i := range 3 {
		src := source(t, q)
		data := fmt.Sprint("stream ", i)
		seq, err := src.Push(ctx, []byte(data))
		require.NoError(t, err)
		src.Attach(l)
		require.NoError(t, src.AwaitStable(ctx, seq))
		require.Equal(t, "a~: "+data, next(t, at.store))
		src.Finish(l)
		require.Eventually(t, func() bool { // no event tells of both
			for _, st := range append(m.Stats(), at.sink.Stats()...) {
				if st.Attached {
					return false
				}
			}
			return !src.Stats().Attached
		}, patience, time.Millisecond)
		require.NoError(t, acceptor.Err())
		src.Close()
	}
}

// TestMirrorNames: a name that leaves no room for that of a mirror is rejected (MIRR-005).
func TestMirrorNames(t *testing.T) {
	at := newSide(t)
	m := newMirror(t, mirror.Config{})
	l, _ := linked(t, m, at.sink)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, tc := range []struct {
		name  string
		taken bool
	}{{strings.Repeat("n", 63), true}, {strings.Repeat("n", 63) + "~", true}, {strings.Repeat("n", 64), false}} {
		src := source(t, delivery.NewVolatile(tc.name, 1<<20))
		seq, err := src.Push(ctx, []byte("x"))
		require.NoError(t, err)
		src.Attach(l)
		if tc.taken {
			require.NoError(t, src.AwaitStable(ctx, seq))
			continue
		}
		short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
		require.ErrorIs(t, src.AwaitStable(short, seq), context.DeadlineExceeded)
		stop()
		require.Zero(t, src.Stats().Positions)
	}
}
