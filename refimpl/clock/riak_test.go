package clock_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
)

// actor makes an actor of a short name.
func actor(name string) (a clock.Actor) {
	copy(a[:], name)
	return a
}

// state is an object as the original writes it: values have the dots n, n-1 and so on.
type state map[string]struct {
	N      uint64   `json:"n"`
	Values []string `json:"values"`
}

// set makes the object through its encoding-free parts: blind writes, then a write that replaces what is no sibling.
func (s state) set(t *testing.T) clock.Set {
	t.Helper()
	var out clock.Set
	for name, one := range s {
		var part clock.Set
		for c := uint64(1); c <= one.N; c++ {
			value := "replaced"
			if at := int(one.N - c); at < len(one.Values) {
				value = one.Values[at]
			}
			var err error
			part, err = part.Put(nil, clock.Dot{Actor: actor(name), Counter: c}, []byte(value))
			require.NoError(t, err)
		}
		gone := one.N - uint64(len(one.Values))
		part = part.Without(func(d clock.Dot) bool { return d.Counter <= gone })
		var err error
		out, err = out.Merge(part)
		require.NoError(t, err)
	}
	return out
}

func contextOf(of map[string]uint64) (c clock.Context) {
	for name, n := range of {
		c = c.With(clock.Dot{Actor: actor(name), Counter: n})
	}
	return c
}

type riakCase struct {
	Name, Op, Actor, Value, Result, Note string
	A, B, Want                           state
	Seen, Context                        map[string]uint64
	Is                                   bool
}

func TestRiakVectors(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/clock/riak.json")
	require.NoError(t, err)
	var file struct {
		Format     int
		Provenance string
		Cases      []riakCase
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&file))
	require.Len(t, file.Cases, 21)
	for _, tc := range file.Cases {
		t.Run(tc.Name, tc.run)
	}
}

func (tc riakCase) run(t *testing.T) {
	a, b := tc.A.set(t), tc.B.set(t)
	switch tc.Op {
	case "put":
		got, err := a.Put(contextOf(tc.Seen), a.Next(actor(tc.Actor)), []byte(tc.Value))
		require.NoError(t, err)
		require.True(t, tc.Want.set(t).Equal(got), "%v", got)
	case "join":
		require.True(t, contextOf(tc.Context).Equal(a.Context()))
	case "merge":
		for _, pair := range [][2]clock.Set{{a, b}, {b, a}} {
			got, err := pair[0].Merge(pair[1])
			require.NoError(t, err)
			require.True(t, tc.Want.set(t).Equal(got), "%v", got)
		}
	case "collision":
		for _, pair := range [][2]clock.Set{{a, b}, {b, a}} {
			got, err := pair[0].Merge(pair[1])
			var collision *clock.CollisionError
			require.ErrorAs(t, err, &collision)
			require.Equal(t, clock.Dot{Actor: actor("a"), Counter: 1}, collision.Dot)
			require.True(t, got.Equal(pair[0]), "nothing is merged")
		}
	case "less":
		require.Equal(t, tc.Is, a.Less(b))
	case "equal":
		require.Equal(t, tc.Is, a.Equal(b))
		require.Equal(t, tc.Is, b.Equal(a))
	case "stale":
		require.Equal(t, tc.Is, a.Context().Descends(contextOf(tc.Context)))
	case "fold":
		got, err := a.Reconcile(a.Next(actor("r")), func(list []clock.Sibling) []byte {
			slices.Reverse(list)
			acc := string(list[0].Value)
			for _, one := range list[1:] {
				acc = "{" + string(one.Value) + "," + acc + "}"
			}
			return []byte(acc)
		})
		require.NoError(t, err)
		require.Equal(t, []string{tc.Result}, texts(got))
	default:
		t.Fatalf("unknown op %q", tc.Op)
	}
}

// texts gives the values as text.
func texts(s clock.Set) (list []string) {
	for _, v := range s.Values() {
		list = append(list, string(v))
	}
	return list
}
