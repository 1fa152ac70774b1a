package clock_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
)

func dot(name string, n uint64) clock.Dot { return clock.Dot{Actor: actor(name), Counter: n} }

// siblings makes an object of blind writes.
func siblings(t *testing.T, list ...clock.Sibling) (s clock.Set) {
	t.Helper()
	for _, one := range list {
		var err error
		if one.Tombstone {
			s, err = s.Delete(nil, one.Dot)
		} else {
			s, err = s.Put(nil, one.Dot, one.Value)
		}
		require.NoError(t, err)
	}
	return s
}

func value(name string, n uint64, v string) clock.Sibling {
	return clock.Sibling{Dot: dot(name, n), Value: []byte(v)}
}

func TestDotMustBeNew(t *testing.T) {
	s := siblings(t, value("a", 3, "v"))
	for name, try := range map[string]struct {
		seen clock.Context
		dot  clock.Dot
	}{
		"used":           {nil, dot("a", 3)},
		"below":          {nil, dot("a", 1)},
		"in the context": {clock.Context{dot("b", 7)}, dot("b", 7)},
		"zero":           {nil, dot("b", 0)},
		"too great":      {nil, dot("b", clock.MaxCounter+1)},
	} {
		got, err := s.Put(try.seen, try.dot, nil)
		require.ErrorIs(t, err, clock.ErrDotUsed, name)
		require.True(t, got.Equal(s), name)
	}
	_, err := s.Put(nil, dot("a", 4), nil)
	require.NoError(t, err)
}

// The order of concurrent writes is pinned: counter first, then actor, greater wins.
func TestLastWriterOrder(t *testing.T) {
	cases := []struct {
		name string
		list []clock.Sibling
		want string
	}{
		{"counter before actor", []clock.Sibling{value("a", 9, "nine"), value("z", 8, "eight")}, "nine"},
		{"actor where counters are equal", []clock.Sibling{value("a", 5, "low"), value("b", 5, "high")}, "high"},
		{"all bytes of the actor", []clock.Sibling{value("\xff", 5, "high"), value("\x7f", 5, "low")}, "high"},
		{"counters are numbers", []clock.Sibling{value("a", 10, "ten"), value("b", 9, "nine")}, "ten"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := siblings(t, tc.list...)
			winner, ok := s.Winner()
			require.True(t, ok)
			require.Equal(t, tc.want, string(winner.Value))
			last := s.LastWriter()
			require.Equal(t, []string{tc.want}, texts(last))
			require.True(t, last.Context().Equal(s.Context()))
			back, err := last.Merge(s)
			require.NoError(t, err)
			require.True(t, back.Equal(last), "a loser does not come back")
		})
	}
	dead := clock.Sibling{Dot: dot("z", 9), Tombstone: true}
	require.True(t, siblings(t, value("a", 9, "v"), dead).LastWriter().Deleted(), "a tombstone may win")
	_, ok := clock.Set{}.Winner()
	require.False(t, ok)
	require.True(t, clock.Set{}.LastWriter().Equal(clock.Set{}))
}

func TestCollisionOfTombstone(t *testing.T) {
	a := siblings(t, value("a", 1, ""))
	b := siblings(t, clock.Sibling{Dot: dot("a", 1), Tombstone: true})
	_, err := a.Merge(b)
	collision, ok := errors.AsType[*clock.CollisionError](err)
	require.True(t, ok)
	require.Equal(t, dot("a", 1), collision.Dot)
}

// Two stores resolve the same siblings at the same time: one result, and no new siblings.
func TestEqualResolutionsSettle(t *testing.T) {
	conflict := siblings(t, value("a", 1, "x"), value("b", 1, "y"))
	join := func(list []clock.Sibling) (out []byte) {
		for _, one := range list {
			out = append(out, one.Value...)
		}
		return out
	}
	onA, err := conflict.Reconcile(conflict.Next(actor("a")), join)
	require.NoError(t, err)
	onB, err := conflict.Reconcile(conflict.Next(actor("b")), join)
	require.NoError(t, err)
	merged, err := onA.Merge(onB)
	require.NoError(t, err)
	require.Equal(t, []string{"xy", "xy"}, texts(merged))
	one := merged.Dedupe()
	require.Equal(t, []string{"xy"}, texts(one))
	require.Equal(t, dot("b", 2), one.Siblings()[0].Dot)
	again, err := one.Merge(onA)
	require.NoError(t, err)
	require.True(t, again.Equal(one))
}

func TestDedupeKeepsWhatDiffers(t *testing.T) {
	s := siblings(t, value("a", 1, ""), clock.Sibling{Dot: dot("b", 1), Tombstone: true}, value("c", 1, "v"))
	require.True(t, s.Dedupe().Equal(s))
}

func TestMapAndSize(t *testing.T) {
	s := siblings(t, value("a", 1, "xx"), clock.Sibling{Dot: dot("b", 1), Tombstone: true})
	require.Equal(t, 2, s.Len())
	require.Equal(t, 2, s.Size())
	require.False(t, s.Deleted())
	m := s.Map(func(v []byte) []byte { return append([]byte("<"), v...) })
	require.Equal(t, []string{"<xx"}, texts(m))
	require.Equal(t, []string{"xx"}, texts(s))
	require.Equal(t, []clock.Actor{actor("a"), actor("b")}, s.Context().Actors())
}

func TestCompact(t *testing.T) {
	s := siblings(t, value("a", 4, "old"), value("b", 2, "old"))
	s, err := s.Put(s.Context(), dot("c", 1), []byte("v"))
	require.NoError(t, err)
	var stable clock.Node
	for _, d := range []clock.Dot{dot("a", 4), dot("b", 2)} {
		stable.Add(d)
		require.True(t, s.Compact(&stable).Equal(s), "not all is known to be everywhere")
	}
	stable.Add(dot("c", 1))
	c := s.Compact(&stable)
	require.Equal(t, clock.Context{dot("c", 1)}, c.Context())
	require.Equal(t, []string{"v"}, texts(c))
	b, err := c.AppendBinary(nil)
	require.NoError(t, err)
	_, err = clock.Decode(b, clock.DefaultLimits())
	require.NoError(t, err)
}

func TestRelations(t *testing.T) {
	a1, a2, b1 := clock.Context{dot("a", 1)}, clock.Context{dot("a", 2)}, clock.Context{dot("b", 1)}
	require.Equal(t, clock.Same, a1.Compare(a1))
	require.Equal(t, clock.Before, a1.Compare(a2))
	require.Equal(t, clock.After, a2.Compare(nil))
	require.Equal(t, clock.Concurrent, a2.Compare(b1))
	require.Equal(t, "concurrent", clock.Concurrent.String())
}
