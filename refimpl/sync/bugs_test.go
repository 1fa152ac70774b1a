package sync_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	gosync "sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// What the system that this follows got wrong, each with a test. B0 stands in trace_test.go.

var (
	endings = flag.Int("endings", 1000, "sessions of ten objects each, half of which may be cut, of TestF6B1NothingIsLostAtTheEnd")
	aborts  = flag.Int("aborts", 10_000, "sessions that TestF17B2AbortedSessionsLeaveNothing ends anywhere")
)

// cutting is a transport that ends after some bytes were written.
type cutting struct {
	net.Conn
	left atomic.Int64
}

func (c *cutting) Write(b []byte) (int, error) {
	if c.left.Add(-int64(len(b))) < 0 {
		_ = c.Conn.Close()
		return 0, io.ErrClosedPipe
	}
	return c.Conn.Write(b)
}

// TestF6B1NothingIsLostAtTheEnd: a session that is OK has everything on the other side, however fast the link is closed behind it; one that
// breaks off does not say OK, and what it calls acknowledged is there.
func TestF6B1NothingIsLostAtTheEnd(t *testing.T) {
	a, b := open(t), open(t)
	h := sync.NewHandler(sync.Settings{Store: b})
	rng := rand.New(rand.NewPCG(1, 1))
	whole, broken := 0, 0
	for n := range *endings {
		keys := names(fmt.Sprint("s", n, "-"), 10)
		put(t, a, "v", keys...)
		dc, ac := tcpPair(t)
		cut := &cutting{Conn: dc}
		cut.left.Store(1 << 40)
		if n%2 == 1 {
			cut.left.Store(int64(500 + rng.IntN(1500)))
		}
		d, acc, err := dialed(cut, ac, h)
		if err == nil {
			var r *sync.Report
			r, err = sync.Run(t.Context(), d, sync.Options{Store: a, Namespace: ns})
			_ = d.Close(codec.CodeNoError, "")
			if err == nil {
				require.Equal(t, sync.OK, r.Outcome)
				for _, k := range keys {
					require.Equal(t, []string{"v"}, values(t, b, k))
				}
				whole++
			} else {
				require.Equal(t, sync.Failed, r.Outcome)
				require.GreaterOrEqual(t, root(t, b).Count+1, r.Mine.Acked)
			}
		}
		if err != nil {
			broken++
		}
		if acc != nil {
			<-acc.Done()
		}
	}
	require.GreaterOrEqual(t, whole, *endings/2)
	t.Logf("%d sessions: %d whole, %d cut", *endings, whole, broken)
	require.Positive(t, broken)
	require.Equal(t, sync.OK, exchange(t, a, b).Outcome)
	require.Equal(t, root(t, a), root(t, b))
}

func dialed(dc, ac net.Conn, h link.Handler) (d, a *link.Link, err error) {
	dial := link.Config{Node: [16]byte{1}, Protos: map[string][]uint16{sync.Proto: {sync.Version}}}
	accept := link.Config{Node: [16]byte{2}, Handlers: map[string]link.Handler{sync.Proto: h}}
	var wg gosync.WaitGroup
	var aerr error
	wg.Go(func() { a, aerr = link.Accept(context.Background(), ac, accept) })
	d, err = link.Dial(context.Background(), dc, dial)
	wg.Wait()
	if aerr != nil {
		a = nil
	}
	return d, a, errors.Join(err, aerr)
}

// rawStream opens a stream of sync to speak on it by hand.
func rawStream(t testing.TB, d *link.Link, salt [16]byte, namespace string) *link.Stream {
	t.Helper()
	p := codec.SyncParams{SaltCheck: codec.SyncSaltCheck(salt), Namespace: namespace}
	st, err := d.Open(t.Context(), sync.Proto, p.Append(nil))
	require.NoError(t, err)
	return st
}

func send(t testing.TB, st *link.Stream, m codec.SyncMessage) {
	t.Helper()
	b, err := m.AppendBinary(nil)
	require.NoError(t, err)
	require.NoError(t, st.Send(b))
}

// endOf waits for the end of a stream, and gives its code.
func endOf(t testing.TB, st *link.Stream) codec.Code {
	t.Helper()
	for {
		_, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return codec.CodeNoError
		}
		if err != nil {
			e, ok := errors.AsType[*link.Error](err)
			require.True(t, ok, "%v", err)
			return e.Code
		}
	}
}

// emptyClock is the encoding of a clock of nothing.
var emptyClock = []byte{1, 0, 0, 0}

// TestF17B2AbortedSessionsLeaveNothing: sessions that end anywhere leave no goroutine, no slot and no session.
func TestF17B2AbortedSessionsLeaveNothing(t *testing.T) {
	s := open(t)
	put(t, s, "v", names("k", 20)...)
	ended := make(chan error, 1000)
	h := sync.NewHandler(sync.Settings{Store: s, MaxSessions: new(1), OnEnd: func(_ *sync.Report, err error) { ended <- err }})
	d, a := pair(t, h)
	for n := range *aborts {
		if n%20 == 19 { // a link that has reset many streams waits before it resets more
			require.Eventually(t, func() bool { return len(a.Work()) == 0 && a.Stats().Streams == 0 }, 5*time.Second, time.Millisecond)
			require.NoError(t, d.Close(codec.CodeNoError, ""))
			<-a.Done()
			d, a = pair(t, h)
		}
		st := rawStream(t, d, [16]byte{}, ns)
		if n%4 > 0 {
			send(t, st, codec.SyncSince{Clock: emptyClock})
		}
		if n%4 > 1 {
			send(t, st, codec.SyncCheck{})
		}
		switch n % 3 {
		case 0:
			st.Reset(codec.CodeCancelled, "")
		case 1:
			require.NoError(t, st.CloseSend())
			require.Equal(t, codec.CodeProtocol, endOf(t, st), "FIN before COMPLETE")
		default:
			require.NoError(t, st.Send([]byte{255}))
			require.Equal(t, codec.CodeProtocol, endOf(t, st))
		}
		require.Error(t, <-ended)
	}
	require.Eventually(t, func() bool { return len(a.Work()) == 0 && a.Stats().Streams == 0 }, 5*time.Second, time.Millisecond)
	r, err := sync.Run(t.Context(), d, sync.Options{Store: open(t), Namespace: ns}) // the one slot is free
	require.NoError(t, err)
	require.Equal(t, sync.OK, r.Outcome)
	<-ended
}

// TestB3ResponderThatAborts: an initiator whose responder ends the stream anywhere gets an error.
func TestB3ResponderThatAborts(t *testing.T) {
	s := open(t)
	put(t, s, "v", names("k", 200)...)
	for messages := range 5 {
		d, _ := pair(t, link.HandlerFunc(func(st *link.Stream, _ []byte) {
			st.Accept(nil)
			st.Go(func() {
				defer st.Done()
				_ = st.Send(must(codec.SyncClock{Clock: emptyClock, All: messages > 1}.AppendBinary(nil)))
				for range messages {
					if _, err := st.Recv(); err != nil {
						return
					}
				}
				if messages%2 == 0 {
					st.Reset(codec.CodeInternal, "")
				} else {
					_ = st.CloseSend()
				}
			})
		}))
		for range 40 {
			r, err := sync.Run(t.Context(), d, sync.Options{Store: s, Namespace: ns})
			require.Error(t, err)
			require.Equal(t, sync.Failed, r.Outcome)
		}
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestB4BadMessages: what no initiator sends ends the stream, and nothing else.
func TestB4BadMessages(t *testing.T) {
	s := open(t)
	put(t, s, "v", "k")
	d, a := pair(t, sync.NewHandler(sync.Settings{Store: s}))
	repair := must(codec.SyncRepair{Number: 1, Key: []byte("k"), Object: []byte{9}}.AppendBinary(nil))
	since := must(codec.SyncSince{Clock: emptyClock}.AppendBinary(nil))
	for name, msgs := range map[string][][]byte{
		"empty":               {{}},
		"unknown kind":        {{99}},
		"CHECK of nothing":    {{3}},
		"CHECK_KEY, no key":   {{5, 0, 0, 0}},
		"CHECK_KEY, no bytes": {{5, 0, 0, 1, 'k'}},
		"CHECK_KEY, version":  {{5, 0, 0, 1, 'k', 1}},
		"SINCE, no clock":     {{1, 0}},
		"SINCE twice":         {since, since},
		"CLOCK, no clock":     {{2, 0, 7}},
		"SINCE behind CLOCK":  {append([]byte{2, 0}, emptyClock...), since},
		"DIGEST":              {must(codec.SyncDigest{}.AppendBinary(nil))},
		"VERSION":             {{6, 0, 0, 1, 'k', 1, 0, 0, 0, 0, 0, 0, 0}},
		"REPAIR, no clock":    {repair},
		"REPAIR, number 2":    {since, must(codec.SyncRepair{Number: 2, Key: []byte("k")}.AppendBinary(nil))},
		"RESULT of nothing":   {must(codec.SyncResult{First: 1, Entries: make([]codec.SyncEntry, 1)}.AppendBinary(nil))},
		"RESULT of more":      {since, must(codec.SyncResult{First: 1, Entries: make([]codec.SyncEntry, 2)}.AppendBinary(nil))},
		"behind COMPLETE":     {must(codec.SyncComplete{}.AppendBinary(nil)), must(codec.SyncCheck{}.AppendBinary(nil))},
	} {
		t.Run(name, func(t *testing.T) {
			st := rawStream(t, d, [16]byte{}, ns)
			for _, m := range msgs {
				if err := st.Send(m); err != nil {
					break
				}
			}
			require.Equal(t, codec.CodeProtocol, endOf(t, st))
		})
	}
	t.Run("an object that is none is an item", func(t *testing.T) {
		st := rawStream(t, d, [16]byte{}, ns)
		require.NoError(t, st.Send(since))
		require.NoError(t, st.Send(repair))
		send(t, st, codec.SyncComplete{})
		require.NoError(t, st.CloseSend())
		var got codec.SyncResult
		for {
			msg, err := st.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			m, err := codec.ParseSyncAnswer(msg)
			require.NoError(t, err)
			if r, ok := m.(codec.SyncResult); ok {
				got = codec.SyncResult{First: r.First, Entries: r.Entries}
			}
		}
		require.Equal(t, codec.SyncResult{First: 1, Entries: []codec.SyncEntry{{Outcome: codec.SyncRejected, Code: codec.CodeSyncCorrupt}}}, got)
	})
	require.NoError(t, a.Err(), "the link lives")
	require.Equal(t, []string{"v"}, values(t, s, "k"))
}

// TestB5ForeignNamespaces: what is not shared is neither read nor written, and a counter of 2^60 is not believed.
func TestB5ForeignNamespaces(t *testing.T) {
	s := open(t)
	h := sync.NewHandler(sync.Settings{Store: s, Allow: func(_ *link.Link, name string) bool { return name != "other" }})
	d, _ := pair(t, h)
	for _, name := range []string{"sequence", "other"} {
		require.Equal(t, codec.CodeSyncNamespace, endOf(t, rawStream(t, d, [16]byte{}, name)), name)
	}
	st, err := d.Open(t.Context(), sync.Proto, []byte("short"))
	require.NoError(t, err)
	require.Equal(t, codec.CodeProtocol, endOf(t, st))
	require.Equal(t, codec.CodeSyncSalt, endOf(t, rawStream(t, d, [16]byte{1}, ns)))

	far, err := clock.Set{}.Put(nil, clock.Dot{Actor: clock.Actor{7}, Counter: 1 << 60}, []byte("x"))
	require.NoError(t, err)
	st = rawStream(t, d, [16]byte{}, ns)
	send(t, st, codec.SyncSince{Clock: emptyClock})
	send(t, st, codec.SyncRepair{Number: 1, Key: []byte("k"), Object: must(far.AppendBinary(nil))})
	require.Equal(t, codec.CodeSyncCorrupt, firstResult(t, st).Code)
	require.Nil(t, values(t, s, "k"))
	st.Reset(codec.CodeCancelled, "")
}

// firstResult waits for a RESULT, and gives its first entry.
func firstResult(t testing.TB, st *link.Stream) codec.SyncEntry {
	t.Helper()
	for {
		msg, err := st.Recv()
		require.NoError(t, err)
		m, err := codec.ParseSyncAnswer(msg)
		require.NoError(t, err)
		if r, ok := m.(codec.SyncResult); ok {
			return r.Entries[0]
		}
	}
}

// TestOneNamespaceCannotHideAnother: a peer that may write one namespace claims to have everything in it, of every actor that it knows. The writes of
// those in another namespace arrive all the same.
func TestOneNamespaceCannotHideAnother(t *testing.T) {
	victim, honest := open(t), open(t)
	put(t, honest, "v", names("k", 20)...)
	var liar clock.Node
	liar.AddRange(honest.Actor(), clock.Range{First: 1, Last: 1000})
	lie, err := clock.Set{}.Put(nil, clock.Dot{Actor: honest.Actor(), Counter: 7}, []byte("lie"))
	require.NoError(t, err)
	d, _ := pair(t, sync.NewHandler(sync.Settings{Store: victim}))
	st := rawStream(t, d, [16]byte{}, "other")
	claim := must(liar.AppendBinary(nil))
	send(t, st, codec.SyncSince{Clock: claim})
	send(t, st, codec.SyncRepair{Number: 1, Key: []byte("x"), Object: must(lie.AppendBinary(nil))})
	send(t, st, codec.SyncClock{All: true, Clock: claim})
	require.Equal(t, codec.SyncApplied, firstResult(t, st).Outcome)
	send(t, st, codec.SyncComplete{})
	require.NoError(t, st.CloseSend())
	endOf(t, st)
	require.True(t, victim.ClockIn("other").Has(clock.Dot{Actor: honest.Actor(), Counter: 900}))

	r := exchange(t, honest, victim)
	require.Equal(t, sync.OK, r.Outcome, "%+v", r)
	require.True(t, r.Equal)
	require.EqualValues(t, 20, root(t, victim).Count)
	require.Equal(t, []string{"v"}, values(t, victim, "k00006"), "the write with the same dot")
	require.Equal(t, store.CodeNotFound, store.CodeOf(second(victim.Get(store.Key{Namespace: ns, Name: "x"}))))
}

func second[A any](_ A, err error) error { return err }
