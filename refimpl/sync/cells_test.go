package sync_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	gosync "sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
	"handfast/refimpl/sketch"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// cellPair is pair with the capability sync.cells, offered with these numbers; 0 offers it not.
func cellPair(t testing.TB, dc, ac net.Conn, h link.Handler, dialer, acceptor int) *link.Link {
	t.Helper()
	offer := func(n int) codec.Caps {
		if n == 0 {
			return nil
		}
		return codec.Caps{sync.CapCells: int64(n)}
	}
	dial := link.Config{Node: [16]byte{1}, Protos: map[string][]uint16{sync.Proto: {sync.Version}}, Caps: offer(dialer)}
	accept := link.Config{Node: [16]byte{2}, Handlers: map[string]link.Handler{sync.Proto: h}, Caps: offer(acceptor)}
	var wg gosync.WaitGroup
	var a *link.Link
	var aerr error
	wg.Go(func() { a, aerr = link.Accept(context.Background(), ac, accept) })
	d, derr := link.Dial(context.Background(), dc, dial)
	wg.Wait()
	require.NoError(t, derr)
	require.NoError(t, aerr)
	t.Cleanup(func() {
		_ = d.Close(codec.CodeNoError, "")
		<-a.Done()
	})
	return d
}

func withCells(n int) func(*store.Config) { return func(c *store.Config) { c.Cells = n } }

// differing are two stores with 600 objects in common, and differences of every kind.
func differing(t testing.TB, cells int) (a, b *store.Bolt) {
	t.Helper()
	a, b = open(t, withCells(cells)), open(t, withCells(cells))
	put(t, a, "both", names("both", 600)...)
	exchange(t, a, b)
	put(t, a, "a", names("a", 40)...)
	put(t, b, "b", names("b", 50)...)
	put(t, a, "a2", names("both", 20)...)
	put(t, b, "b2", names("both", 30)[10:]...)
	remove(t, b, names("both", 40)[35])
	return a, b
}

// TestCells: with cells a scrub finds what it finds with fingerprints; where the sketch is too short, fingerprints do it, and
// where cells were not agreed or are not wanted, none are asked for.
func TestCells(t *testing.T) {
	for _, tc := range []struct {
		name             string
		cells            int // of both stores
		dialer, acceptor int // offered
		plan             sync.Plan
		used             bool
	}{
		{"enough", 1_000, 1_000, 1_000, sync.Plan{}, true},
		{"the smaller number counts", 1_000, 600, 1_000, sync.Plan{}, true},
		{"too few", 100, 100, 100, sync.Plan{}, true},
		{"one", 1, 1, 1, sync.Plan{}, true},
		{"not offered by the acceptor", 1_000, 1_000, 0, sync.Plan{}, false},
		{"not offered by the dialer", 1_000, 0, 1_000, sync.Plan{}, false},
		{"not wanted", 1_000, 1_000, 1_000, sync.Plan{NoCells: true}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := differing(t, tc.cells)
			tc.plan.NoSince = true
			seen := &watched{}
			dc, ac := tcpPair(t)
			d := cellPair(t, dc, ac, sync.NewHandler(sync.Settings{Store: b}), tc.dialer, tc.acceptor)
			r, err := sync.Run(t.Context(), d, sync.Options{Store: seen.of(a), Namespace: ns, Plan: tc.plan})
			require.NoError(t, err)
			require.Equal(t, sync.OK, r.Outcome, "%+v", r)
			require.True(t, r.Equal)
			require.Equal(t, root(t, a), root(t, b))
			require.EqualValues(t, 600+40+50, root(t, a).Count)
			require.Equal(t, tc.used, seen.sketches > 0)
			t.Logf("%d turns, %d bytes in, %d out", r.Turns, r.In.Bytes, r.Out.Bytes)
		})
	}
}

// watched counts the sketches that are asked of a store.
type watched struct {
	*store.Bolt
	sketches int
}

func (w *watched) of(s *store.Bolt) *watched { w.Bolt = s; return w }

func (w *watched) Sketch(namespace string, cells int) *sketch.Sketch {
	w.sketches++
	return w.Bolt.Sketch(namespace, cells)
}

// TestOfferCells: a link offers what its store keeps.
func TestOfferCells(t *testing.T) {
	before := link.Config{Caps: codec.Caps{"x.other": true}}
	cfg := before
	sync.OfferCells(&cfg, open(t, withCells(300)))
	require.Equal(t, codec.Caps{"x.other": true, sync.CapCells: int64(300)}, cfg.Caps)
	require.Len(t, before.Caps, 1)
	var none link.Config
	sync.OfferCells(&none, open(t))
	require.Nil(t, none.Caps)
	sync.OfferCells(&none, open(t, withCells(1)))
	require.Equal(t, codec.Caps{sync.CapCells: int64(1)}, none.Caps)
}

// TestCellsFindNothing: for equal stores one cell is asked for where cells are the first thing, and none where CHECK is.
func TestCellsFindNothing(t *testing.T) {
	a, b := open(t, withCells(64)), open(t, withCells(64))
	put(t, a, "v", names("x", 200)...)
	exchange(t, a, b)
	for _, c := range []struct {
		plan     sync.Plan
		sketches int
	}{{sync.Plan{NoSince: true}, 1}, {sync.Plan{}, 0}} {
		seen := &watched{}
		dc, ac := tcpPair(t)
		d := cellPair(t, dc, ac, sync.NewHandler(sync.Settings{Store: b}), 64, 64)
		r, err := sync.Run(t.Context(), d, sync.Options{Store: seen.of(a), Namespace: ns, Plan: c.plan})
		require.NoError(t, err)
		require.True(t, r.Equal)
		require.Equal(t, c.sketches, seen.sketches)
		require.Less(t, r.In.Bytes+r.Out.Bytes, uint64(200))
	}
}

// TestCellsDryRun: a dry run counts by cells what it counts by fingerprints.
func TestCellsDryRun(t *testing.T) {
	a, b := differing(t, 1_000)
	var found []sync.Differences
	for _, plan := range []sync.Plan{{DryRun: true}, {DryRun: true, NoCells: true}} {
		dc, ac := tcpPair(t)
		d := cellPair(t, dc, ac, sync.NewHandler(sync.Settings{Store: b}), 1_000, 1_000)
		r, err := sync.Run(t.Context(), d, sync.Options{Store: a, Namespace: ns, Plan: plan})
		require.NoError(t, err)
		found = append(found, r.Found)
	}
	require.Equal(t, 40, found[0].OnlyHere)
	require.Equal(t, 50, found[0].OnlyThere)
	require.Equal(t, 31, found[0].Both)
	require.ElementsMatch(t, found[0].Keys, found[1].Keys)
	found[0].Keys, found[1].Keys = nil, nil
	require.Equal(t, found[1], found[0])
}

// TestCellsResponder: CELLS is answered in the order of the places, from the set that there was at the first one, and everything else is refused.
func TestCellsResponder(t *testing.T) {
	s := open(t, withCells(2_000))
	put(t, s, "v", names("x", 50)...)
	held := s.Sketch(ns, 2_000)
	r := sync.NewResponder(ns, s)
	r.UseCells(1_500)
	for _, m := range []codec.SyncCells{{First: 0, Count: 1_024}, {First: 1_024, Count: 1}, {First: 1_025, Count: 475}} {
		effects, err := r.Receive(m)
		require.NoError(t, err)
		require.Equal(t, []sync.Effect{sync.Send{Msg: codec.SyncSketch{First: m.First, Cells: held.AppendCells(nil, m.First, m.Count)}}}, effects)
		put(t, s, "later", fmt.Sprint(m.First))
	}
	for _, tc := range []struct {
		name   string
		agreed int
		before []codec.SyncCells
		then   codec.SyncCells
	}{
		{"not agreed", 0, nil, codec.SyncCells{First: 0, Count: 1}},
		{"not from 0", 10, nil, codec.SyncCells{First: 1, Count: 1}},
		{"twice", 10, []codec.SyncCells{{First: 0, Count: 2}}, codec.SyncCells{First: 0, Count: 2}},
		{"with a gap", 10, []codec.SyncCells{{First: 0, Count: 2}}, codec.SyncCells{First: 3, Count: 2}},
		{"more than agreed", 10, []codec.SyncCells{{First: 0, Count: 9}}, codec.SyncCells{First: 9, Count: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := sync.NewResponder(ns, s)
			r.UseCells(tc.agreed)
			for _, m := range tc.before {
				_, err := r.Receive(m)
				require.NoError(t, err)
			}
			effects, err := r.Receive(tc.then)
			require.Empty(t, effects)
			require.ErrorIs(t, err, &codec.Error{Code: codec.CodeProtocol})
		})
	}
	r = sync.NewResponder(ns, open(t))
	r.UseCells(5)
	_, err := r.Receive(codec.SyncCells{First: 0, Count: 1})
	require.Error(t, err)
	require.NotErrorIs(t, err, &codec.Error{Code: codec.CodeProtocol}, "its own fault")
}

// TestCellsInitiator: which answers an initiator takes, and that it goes on with fingerprints behind cells of no set.
func TestCellsInitiator(t *testing.T) {
	var first int // how many it asks for, by the estimate
	s := open(t, withCells(300))
	put(t, s, "v", names("x", 200)...)
	begin := func() *sync.Initiator {
		i := sync.NewInitiator(ns, s, sync.Plan{})
		i.UseCells(300)
		effects, err := i.Begin()
		require.NoError(t, err)
		require.True(t, effects[0].(sync.Send).Msg.(codec.SyncCheck).Estimate)
		effects, err = i.Receive(codec.SyncDigest{Form: codec.SyncEstimate, SameClock: true, Entries: make([]byte, codec.SyncEstimateSize)})
		require.NoError(t, err)
		require.Len(t, effects, 1)
		asked := effects[0].(sync.Send).Msg.(codec.SyncCells)
		require.Zero(t, asked.First)
		require.Greater(t, asked.Count, 32)
		first = asked.Count
		return i
	}
	begin()
	for name, m := range map[string]codec.SyncMessage{
		"of another place": codec.SyncSketch{First: 1, Cells: make([]byte, first*24)},
		"too few":          codec.SyncSketch{First: 0, Cells: make([]byte, (first-1)*24)},
		"too many":         codec.SyncSketch{First: 0, Cells: make([]byte, (first+1)*24)},
		"an estimate":      codec.SyncSketch{First: 0, Cells: make([]byte, first*24), Estimate: make([]byte, codec.SyncEstimateSize)},
		"a digest":         codec.SyncDigest{},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := begin().Receive(m)
			require.ErrorIs(t, err, &codec.Error{Code: codec.CodeProtocol})
		})
	}
	t.Run("not asked", func(t *testing.T) {
		i := sync.NewInitiator(ns, s, sync.Plan{NoSince: true})
		_, err := i.Begin()
		require.NoError(t, err)
		_, err = i.Receive(codec.SyncSketch{First: 0, Cells: make([]byte, 24)})
		require.ErrorIs(t, err, &codec.Error{Code: codec.CodeProtocol})
	})
	t.Run("first", func(t *testing.T) {
		i := sync.NewInitiator(ns, s, sync.Plan{NoSince: true})
		i.UseCells(300)
		effects, err := i.Begin()
		require.NoError(t, err)
		require.Equal(t, []sync.Effect{sync.Send{Msg: codec.SyncCells{First: 0, Count: 1, Estimate: true}}}, effects)
		for _, estimate := range [][]byte{nil, make([]byte, codec.SyncEstimateSize)} {
			effects, err = i.Receive(codec.SyncSketch{First: 0, Cells: make([]byte, 24), Estimate: estimate})
			if estimate == nil {
				require.ErrorIs(t, err, &codec.Error{Code: codec.CodeProtocol})
				i = sync.NewInitiator(ns, s, sync.Plan{NoSince: true})
				i.UseCells(300)
				_, err = i.Begin()
			}
			require.NoError(t, err)
		}
		require.Equal(t, 1, effects[0].(sync.Send).Msg.(codec.SyncCells).First)
	})
	t.Run("of no set", func(t *testing.T) {
		i := begin()
		at := 0
		for n := first; ; {
			cells := bytes.Repeat([]byte("no such cell in any set!"), n)
			at += n
			effects, err := i.Receive(codec.SyncSketch{First: at - n, Cells: cells})
			require.NoError(t, err)
			require.Len(t, effects, 1)
			switch m := effects[0].(sync.Send).Msg.(type) {
			case codec.SyncCells:
				n = m.Count
				require.LessOrEqual(t, at+n, 300)
				continue
			case codec.SyncCheck:
				require.Zero(t, m.Prefix.Length)
			default:
				t.Fatalf("%T", m)
			}
			break
		}
		effects, err := i.Receive(codec.SyncDigest{Form: codec.SyncParts, Entries: make([]byte, 256)})
		require.NoError(t, err)
		require.IsType(t, codec.SyncCheck{}, effects[0].(sync.Send).Msg, "and not with cells again")
	})
}
