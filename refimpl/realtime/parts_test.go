package realtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/realtime"
	"handfast/refimpl/store"
)

// huge is a value that goes in parts: 18 MiB, none of which is like another.
func huge(seed byte) string {
	return string(bytes.Repeat([]byte{seed, 1, 2, 3, 4, 5, 6, seed ^ 0xFF}, 18<<17))
}

const hugeParts = 19 // that it goes in: the last has what the heads take

// TestParts: an object that is too large for a record reaches the other side, though the link ends in the middle again and again, and both processes once.
func TestParts(t *testing.T) {
	a, b := atHuge(t, 'a'), atHuge(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	a.put(key("small"), "1")
	a.put(hugeKey("x"), huge(1))
	require.Equal(t, uint64(1+hugeParts), a.remote().QueueRecords)
	for i := range 4 {
		end := join(t, a, b)
		b.until(func() bool { return b.source().Stable >= uint64(1+4*i) }, "it does not go on")
		end()
		if i == 2 {
			a.close()
			b.close()
			a.open()
			b.open()
		}
	}
	a.put(hugeKey("y"), huge(2))
	defer join(t, a, b)()
	b.holds(hugeKey("x"), huge(1))
	b.holds(hugeKey("y"), huge(2))
	b.holds(key("small"), "1")
	idle(t, a)
	require.Zero(t, b.source().Refused)
	require.True(t, a.get(hugeKey("x")).Equal(b.get(hugeKey("x"))))
	requireNoParts(t, b)
}

// TestPartsOfTwoWriters: writers at the same time do not put the parts of one object between those of another (REAL-028).
func TestPartsOfTwoWriters(t *testing.T) {
	a, b := atHuge(t, 'a'), atHuge(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	done := make(chan struct{})
	for i := range 3 {
		go func() {
			a.put(hugeKey(fmt.Sprint(i)), huge(byte(i)))
			done <- struct{}{}
		}()
	}
	for range 3 {
		<-done
	}
	defer join(t, a, b)()
	for i := range 3 {
		b.holds(hugeKey(fmt.Sprint(i)), huge(byte(i)))
	}
	require.Zero(t, b.source().Refused)
	require.Equal(t, uint64(3*hugeParts), b.source().Parts)
}

// TestPartsRefused: what does not go on where the part before it has ended is refused, what is there of the object is dropped, and a CHECK is owed; so for
// a GAP, a total over max_object, and a channel of another id (REAL-029 to REAL-033).
func TestPartsRefused(t *testing.T) {
	part := func(id byte, total, offset uint64, n int) []byte {
		p := codec.RealtimePart{ID: [8]byte{id}, Total: total, Offset: offset, Bytes: make([]byte, n)}
		b, err := p.Append(nil)
		require.NoError(t, err)
		return b
	}
	first := part(1, 300, 0, 100)
	gap := []byte("gap")
	for name, tc := range map[string]struct {
		records [][]byte
		refused uint64
		owed    bool
	}{
		"goes on":                   {[][]byte{first, part(1, 300, 100, 100)}, 0, false},
		"another record between":    {[][]byte{first, {0xFF}, part(1, 300, 100, 100)}, 1, true},
		"not the first":             {[][]byte{part(1, 300, 100, 100)}, 1, true},
		"one is missing":            {[][]byte{first, part(1, 300, 150, 100)}, 1, true},
		"comes twice":               {[][]byte{first, part(1, 300, 100, 100), part(1, 300, 100, 100)}, 1, true},
		"another id":                {[][]byte{first, part(2, 300, 100, 100)}, 1, true},
		"another total":             {[][]byte{first, part(1, 301, 100, 100)}, 1, true},
		"begins anew":               {[][]byte{first, part(2, 300, 0, 100), part(2, 300, 100, 100)}, 0, true},
		"behind a gap":              {[][]byte{first, gap, part(1, 300, 100, 100)}, 1, true},
		"a gap between":             {[][]byte{first, gap}, 0, true},
		"a gap before":              {[][]byte{gap, first}, 0, false},
		"total over max_object":     {[][]byte{part(1, uint64(hugeObject+codec.MaxRealtimeHead+1), 0, 100)}, 1, true},
		"greatest total":            {[][]byte{part(1, uint64(hugeObject+codec.MaxRealtimeHead), 0, 100)}, 0, false},
		"whole, and no object":      {[][]byte{first, part(1, 300, 100, 200)}, 1, true},
		"head cut":                  {[][]byte{first[:20]}, 1, true},
		"refused, and then goes on": {[][]byte{first, part(1, 300, 150, 10), part(1, 300, 100, 100)}, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := atHuge(t, 's')
			in, k := realtime.Intake(s.rt), delivery.Key{Node: "node:1", Proto: realtime.Proto, Name: "x"}
			c := delivery.Cursor{ID: [16]byte{1}, Lineage: codec.Lineage{{Epoch: 1, Nonce: 1, First: 1}}}
			require.NoError(t, in.Keep(k, c))
			for i, r := range tc.records {
				item := channel.Item{Record: delivery.Record{Seq: uint64(i + 1), Data: r}}
				if bytes.Equal(r, gap) {
					item = channel.Item{Gap: &delivery.NoteGap{Gap: codec.Gap{From: uint64(i + 1), To: uint64(i + 1), Reason: codec.GapFiltered}}}
				}
				require.NoError(t, in.Commit(&channel.Batch{Key: k, Items: []channel.Item{item}}))
			}
			counts, owed, err := realtime.Counts(s.rt, k)
			require.NoError(t, err)
			require.Equal(t, tc.refused, counts.Refused, "%+v", counts)
			require.Equal(t, tc.owed, owed)
			c.ID, c.Stable = [16]byte{2}, 0
			require.NoError(t, in.Keep(k, c))
			requireNoParts(t, s)
		})
	}
}

// TestPartsWriteFails: what could not be stored is not acknowledged, and comes again.
func TestPartsWriteFails(t *testing.T) {
	a, b := atHuge(t, 'a'), newHuge(t, 'b')
	b.hook = &hooked{}
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	a.put(hugeKey("x"), huge(1))
	fails := 0
	b.hook.set(func() error {
		if fails++; fails%3 == 0 {
			return errors.New("no room")
		}
		return nil
	}, nil)
	defer join(t, a, b)()
	b.until(func() bool { return b.get(hugeKey("x")).Len() == 1 }, "it does not come")
	require.True(t, a.get(hugeKey("x")).Equal(b.get(hugeKey("x"))))
	idle(t, a)
	b.hook.set(nil, nil)
	requireNoParts(t, b)
}

// TestPartsOfFullQueue: an object that the queue cannot hold is not begun, and a CHECK is owed; one that pushes the beginning of another out does not make
// the receiver take the rest for an object.
func TestPartsOfFullQueue(t *testing.T) {
	a, b := newHuge(t, 'a'), atHuge(t, 'b')
	a.cfg.QueueBytes = new(uint64(18 << 20))
	a.open()
	require.NoError(t, a.rt.Enable("b"))
	a.put(hugeKey("x"), huge(1))
	require.Zero(t, a.remote().QueueRecords)
	require.True(t, a.remote().CheckOwed)
	a.close()
	a.cfg.QueueBytes = new(uint64(20 << 20))
	a.open()
	a.put(hugeKey("y"), huge(2))
	a.put(hugeKey("z"), huge(3))
	defer join(t, a, b)()
	b.holds(hugeKey("z"), huge(3))
	idle(t, a)
	require.Zero(t, b.get(hugeKey("y")).Len())
	require.True(t, b.source().CheckOwed)
	requireNoParts(t, b)
}

// TestPartsSifted: what a rule holds back of an object in parts becomes one GAP without loss.
func TestPartsSifted(t *testing.T) {
	a, b := atHuge(t, 'a'), atHuge(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	a.put(hugeKey("x"), huge(1))
	a.put(key("y"), "1")
	a.close()
	a.cfg.Send = realtime.Rules{Deny: []string{"huge"}}
	a.open()
	defer join(t, a, b)()
	b.holds(key("y"), "1")
	idle(t, a)
	require.Zero(t, b.get(hugeKey("x")).Len())
	require.Equal(t, uint64(hugeParts), a.remote().Gaps.Filtered)
}

// hugeObject is max_object of the namespace huge.
const hugeObject = 24 << 20

func newHuge(t testing.TB, c byte) *site {
	s := newSite(t, c)
	s.cfg.MaxObject = hugeObject
	return s
}

func atHuge(t testing.TB, c byte) *site { return newHuge(t, c).open() }

func hugeKey(s string) store.Key { return store.Key{Namespace: "huge", Name: s} }

// requireNoParts looks for parts that were left behind.
func requireNoParts(t testing.TB, s *site) {
	t.Helper()
	require.NoError(t, s.store.Update(context.Background(), func(tx store.Tx) error {
		for _, k := range realtime.Keys(s.rt) {
			n, err := realtime.Parts(tx, k)
			require.NoError(t, err)
			require.Zero(t, n)
		}
		return nil
	}))
}
