package clock

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// object makes a set of random writes of three actors.
func object(rng *rand.Rand) (s Set) {
	for range rng.IntN(6) {
		d := s.Next(Actor{byte(rng.IntN(3) + 1)})
		seen := s.Context()
		if rng.IntN(2) == 0 {
			seen = nil
		}
		if rng.IntN(4) == 0 {
			s, _ = s.Delete(seen, d)
		} else {
			s, _ = s.Put(seen, d, bytes.Repeat([]byte{byte(d.Counter)}, rng.IntN(20)))
		}
	}
	return s
}

func TestVersionEncoding(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		s := object(rng)
		v := s.Version()
		b, err := v.AppendBinary([]byte("x"))
		require.NoError(t, err)
		got, err := DecodeVersion(b[1:], DefaultLimits())
		require.NoError(t, err)
		require.True(t, v.Equal(got))
		require.Equal(t, s.Siblings() == nil, len(got.Siblings) == 0)
		for i := range b[1:] {
			_, err := DecodeVersion(b[1:1+i], DefaultLimits())
			require.Error(t, err, "cut at %d", i)
		}
		_, err = DecodeVersion(append(b[1:len(b):len(b)], 0), DefaultLimits())
		require.ErrorIs(t, err, &DecodeError{Reason: ReasonTail})
		state := sha256.Sum256(append(appendName([]byte("HFO\x01"), "n", "k"), b[1:]...))
		require.Equal(t, s.StateHash("n", "k"), state, "a version is what the state hash is made of")
	}
}

func TestVersionFaults(t *testing.T) {
	s, err := Set{}.Put(nil, Dot{Actor{1}, 1}, []byte("v"))
	require.NoError(t, err)
	s, err = s.Delete(nil, Dot{Actor{2}, 1})
	require.NoError(t, err)
	good, err := s.Version().AppendBinary(nil)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		at   int
		b    byte
		want Reason
	}{
		"form":                     {0, 2, ReasonForm},
		"siblings":                 {4, 0xFF, ReasonLimit},
		"order":                    {8, 9, ReasonOrder},
		"flags":                    {56 + 2, 2, ReasonFlags},
		"reserved":                 {56 + 3, 1, ReasonZero},
		"counter":                  {56 + 15, 0, ReasonCounter},
		"beyond the context":       {56 + 15, 2, ReasonContext},
		"size of a tombstone":      {56 + 48 + 7, 1, ReasonFlags},
		"hash of a tombstone":      {56 + 48 + 16, 1, ReasonFlags},
		"actor of another context": {56 + 1, 5, ReasonContext},
	} {
		bad := bytes.Clone(good)
		bad[tc.at] = tc.b
		_, err := DecodeVersion(bad, DefaultLimits())
		var fault *DecodeError
		require.True(t, errors.As(err, &fault), name)
		require.Equal(t, tc.want, fault.Reason, name)
	}
	_, err = DecodeVersion(good, Limits{Bytes: 1000, Actors: 1, Siblings: 2})
	require.ErrorIs(t, err, &DecodeError{Reason: ReasonLimit})
}

// TestNews: an object has news for a version exactly when a merge would change what has that version.
func TestNews(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	same, news := 0, 0
	for range 3000 {
		base := object(rng)
		a, b := base, base
		for range rng.IntN(3) {
			a, _ = a.Put(a.Context(), Dot{Actor{7}, a.Context().Counter(Actor{7}) + 1}, []byte("a"))
		}
		for range rng.IntN(3) {
			b, _ = b.Put(nil, Dot{Actor{8}, b.Context().Counter(Actor{8}) + 1}, []byte("b"))
		}
		merged, err := b.Merge(a)
		require.NoError(t, err)
		require.Equal(t, !merged.Equal(b), a.News(b.Version()), "%v into %v", a, b)
		if merged.Equal(b) {
			same++
		} else {
			news++
		}
	}
	require.Greater(t, same, 300)
	require.Greater(t, news, 300)
	one, _ := Set{}.Put(nil, Dot{Actor{1}, 1}, []byte("one"))
	two, _ := Set{}.Put(nil, Dot{Actor{1}, 1}, []byte("two"))
	require.True(t, one.News(two.Version()), "a collision is news")
}

func TestTrim(t *testing.T) {
	var n Node
	for i := range uint64(10) {
		n.Add(Dot{Actor{1}, 1 + 2*i})
		n.Add(Dot{Actor{2}, 1 + 3*i})
	}
	for most := 2; most <= 25; most++ {
		small := n.Trim(most)
		require.Equal(t, min(most, 20), small.Count())
		require.True(t, n.Covers(small))
		for _, a := range n.Actors() {
			require.Equal(t, n.Max(a), small.Max(a))
		}
	}
	require.Equal(t, 1, n.Trim(1).Count())
	require.Equal(t, 20, n.Count())
}
