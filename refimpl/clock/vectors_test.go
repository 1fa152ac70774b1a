package clock_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
	"handfast/spec/vectortest"
)

const vectorFolder = "../../testdata/clock/"

type vector struct {
	ID, Title, In, Verdict, Twin string
	Value                        json.RawMessage
	Error                        *struct {
		Reason, Req string
		At          int
	}
}

type vectorFile struct {
	Format     int
	Spec       string
	Objects    []vector
	NodeClocks []vector `json:"node_clocks"`
	Merges     []struct {
		ID, Title, A, B, Merged, Relation string
		Collision, Winner                 []string
	}
	Hashes []struct {
		ID, Namespace, Key, Salt, Object string
		StateHash                        string `json:"state_hash"`
		KeyHash                          string `json:"key_hash"`
		Item                             string
	}
	Fingerprints []struct {
		ID, Prefix, Fingerprint string
		Count                   int
	}
}

func readVectors(t testing.TB) vectorFile {
	t.Helper()
	return vectortest.Read[vectorFile](t, vectorFolder+"objects.json")
}

func TestVectorsKeepTheirSchema(t *testing.T) {
	f := readVectors(t)
	verdicts := map[string]string{}
	for _, v := range append(f.Objects, f.NodeClocks...) {
		require.Empty(t, verdicts[v.ID], v.ID)
		verdicts[v.ID] = v.Verdict
	}
	for _, v := range append(f.Objects, f.NodeClocks...) {
		if v.Twin != "" {
			require.Equal(t, "accept", verdicts[v.Twin], v.ID)
		}
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

func dotOf(t testing.TB, pair []string) (d clock.Dot) {
	t.Helper()
	require.Len(t, pair, 2)
	copy(d.Actor[:], unhex(t, pair[0]))
	var err error
	d.Counter, err = strconv.ParseUint(pair[1], 10, 64)
	require.NoError(t, err)
	return d
}

// judge runs a file of encodings: form gives the JSON form of what was read, and what was read written again.
func judge(t *testing.T, list []vector, read func([]byte) (form any, again []byte, err error)) {
	t.Helper()
	reasons := map[string]bool{}
	for _, v := range list {
		t.Run(v.ID, func(t *testing.T) {
			in := unhex(t, v.In)
			form, again, err := read(in)
			if v.Verdict == "reject" {
				fault, ok := errors.AsType[*clock.DecodeError](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, []any{v.Error.Reason, v.Error.Req, v.Error.At}, []any{fault.Reason.String(), fault.Req, fault.Offset})
				reasons[v.Error.Reason] = true
				return
			}
			require.NoError(t, err)
			require.Equal(t, in, again)
			got, err := json.Marshal(form)
			require.NoError(t, err)
			require.JSONEq(t, string(v.Value), string(got))
			for cut := range min(len(in), 200) {
				_, _, err := read(in[:cut])
				require.Error(t, err, "cut at %d", cut)
			}
			_, _, err = read(append(bytes.Clone(in), 0))
			require.ErrorIs(t, err, &clock.DecodeError{Reason: clock.ReasonTail})
		})
	}
	require.GreaterOrEqual(t, len(reasons), 7, "%v", reasons)
}

func TestObjectVectors(t *testing.T) {
	judge(t, readVectors(t).Objects, func(b []byte) (any, []byte, error) {
		s, err := clock.Decode(b, clock.DefaultLimits())
		if err != nil {
			return nil, nil, err
		}
		again, err := s.AppendBinary(nil)
		require.Len(t, again, s.EncodedSize())
		return formOf(s), again, err
	})
}

func TestNodeVectors(t *testing.T) {
	judge(t, readVectors(t).NodeClocks, func(b []byte) (any, []byte, error) {
		n, err := clock.DecodeNode(b, clock.DefaultNodeLimits())
		if err != nil {
			return nil, nil, err
		}
		form := []any{}
		for _, a := range n.Actors() {
			var ranges [][]string
			for _, r := range n.Ranges(a) {
				ranges = append(ranges, []string{fmt.Sprint(r.First), fmt.Sprint(r.Last)})
			}
			form = append(form, map[string]any{"actor": hex.EncodeToString(a[:]), "ranges": ranges})
		}
		again, err := n.AppendBinary(nil)
		return form, again, err
	})
}

func formOf(s clock.Set) any {
	pair := func(d clock.Dot) []string { return []string{hex.EncodeToString(d.Actor[:]), fmt.Sprint(d.Counter)} }
	context, siblings := [][]string{}, []any{}
	for _, d := range s.Context() {
		context = append(context, pair(d))
	}
	for _, one := range s.Siblings() {
		if one.Tombstone {
			siblings = append(siblings, map[string]any{"dot": pair(one.Dot), "tombstone": true})
		} else {
			siblings = append(siblings, map[string]any{"dot": pair(one.Dot), "value": hex.EncodeToString(one.Value)})
		}
	}
	return map[string]any{"context": context, "siblings": siblings}
}

func TestMergeVectors(t *testing.T) {
	read := func(t *testing.T, text string) clock.Set {
		s, err := clock.Decode(unhex(t, text), clock.DefaultLimits())
		require.NoError(t, err)
		return s
	}
	for _, v := range readVectors(t).Merges {
		t.Run(v.ID, func(t *testing.T) {
			a, b := read(t, v.A), read(t, v.B)
			require.Equal(t, v.Relation, a.Context().Compare(b.Context()).String())
			for _, pair := range [][2]clock.Set{{a, b}, {b, a}} {
				got, err := pair[0].Merge(pair[1])
				if v.Collision != nil {
					collision, ok := errors.AsType[*clock.CollisionError](err)
					require.True(t, ok)
					require.Equal(t, dotOf(t, v.Collision), collision.Dot)
					continue
				}
				require.NoError(t, err)
				bytes, err := got.AppendBinary(nil)
				require.NoError(t, err)
				require.Equal(t, v.Merged, hex.EncodeToString(bytes))
				winner, ok := got.Winner()
				require.Equal(t, v.Winner != nil, ok)
				if ok {
					require.Equal(t, dotOf(t, v.Winner), winner.Dot)
				}
			}
		})
	}
}

func TestStateVectors(t *testing.T) {
	for _, v := range readVectors(t).Hashes {
		t.Run(v.ID, func(t *testing.T) {
			s, err := clock.Decode(unhex(t, v.Object), clock.DefaultLimits())
			require.NoError(t, err)
			salt, name := [16]byte(unhex(t, v.Salt)), string(unhex(t, v.Key))
			state, kh, item := s.StateHash(v.Namespace, name), clock.KeyHash(salt, v.Namespace, name), s.Item(salt, v.Namespace, name)
			require.Equal(t, []string{v.StateHash, v.KeyHash, v.Item}, []string{hex.EncodeToString(state[:]), hex.EncodeToString(kh[:]), hex.EncodeToString(item[:])})
		})
	}
}

// TestLimitsRefuse: a limit of zero refuses, and each limit is the last size that is taken.
func TestLimitsRefuse(t *testing.T) {
	s := siblings(t, value("a", 1, "x"), value("b", 1, "y"))
	b, err := s.AppendBinary(nil)
	require.NoError(t, err)
	fits := clock.Limits{Bytes: len(b), Actors: 2, Siblings: 2}
	_, err = clock.Decode(b, fits)
	require.NoError(t, err)
	require.True(t, s.Within(fits))
	for _, change := range []func(*clock.Limits){
		func(l *clock.Limits) { l.Bytes-- }, func(l *clock.Limits) { l.Actors-- }, func(l *clock.Limits) { l.Siblings-- },
		func(l *clock.Limits) { *l = clock.Limits{} },
	} {
		lim := fits
		change(&lim)
		_, err := clock.Decode(b, lim)
		require.ErrorIs(t, err, &clock.DecodeError{Reason: clock.ReasonLimit})
		require.False(t, s.Within(lim))
	}
	empty, err := clock.Set{}.AppendBinary(nil)
	require.NoError(t, err)
	_, err = clock.Decode(empty, clock.Limits{})
	require.NoError(t, err)
	var n clock.Node
	n.Add(dot("a", 1))
	n.Add(dot("a", 3))
	b, err = n.AppendBinary(nil)
	require.NoError(t, err)
	for _, lim := range []clock.NodeLimits{{}, {Actors: 1, Ranges: 1}, {Ranges: 2}} {
		_, err = clock.DecodeNode(b, lim)
		require.ErrorIs(t, err, &clock.DecodeError{Reason: clock.ReasonLimit})
	}
	_, err = clock.DecodeNode(b, clock.NodeLimits{Actors: 1, Ranges: 2})
	require.NoError(t, err)
}

// TestPageStatesTheLimits: the numbers of spec/objects.md are those of the code.
func TestPageStatesTheLimits(t *testing.T) {
	page, err := os.ReadFile("../../spec/objects.md")
	require.NoError(t, err)
	for _, want := range []string{
		"more than 1,024 entries in its context, more than 1,024 siblings, or more bytes than its limit `max_object`", "| 1,048,576 | 16,777,216 | 1,090,519,040 |", "up to 1,024 actors and 65,536 ranges",
	} {
		require.Contains(t, string(page), want)
	}
	require.Equal(t, clock.Limits{Bytes: 16_777_216, Actors: 1024, Siblings: 1024}, clock.DefaultLimits())
	require.Equal(t, clock.Limits{Bytes: 1_090_519_040, Actors: 1024, Siblings: 1024}, clock.GreatestLimits())
	require.Equal(t, clock.NodeLimits{Actors: 1024, Ranges: 65_536}, clock.DefaultNodeLimits())
}

// TestDecodeMemory: reading costs at most twice the input plus 64 KiB, whatever it is.
func TestDecodeMemory(t *testing.T) {
	f := readVectors(t)
	inputs := [][]byte{bytes.Repeat([]byte{0xff}, 100), append(unhex(t, "0100ffff"), make([]byte, 200_000)...)}
	for _, v := range append(f.Objects, f.NodeClocks...) {
		inputs = append(inputs, unhex(t, v.In))
	}
	big := siblings(t, value("a", 1, strings.Repeat("x", 4<<20)), value("b", 1, strings.Repeat("x", 4<<20)))
	b, err := big.AppendBinary(nil)
	require.NoError(t, err)
	inputs = append(inputs, b, b[:len(b)-1])
	var n clock.Node
	for i := range uint64(60_000) {
		n.Add(dot("a", 1+2*i))
	}
	b, err = n.AppendBinary(nil)
	require.NoError(t, err)
	inputs = append(inputs, b, b[:len(b)-1])
	for _, in := range inputs {
		for _, read := range []func(){
			func() { _, _ = clock.Decode(in, clock.DefaultLimits()) },
			func() { _, _ = clock.DecodeNode(in, clock.DefaultNodeLimits()) },
		} {
			require.LessOrEqual(t, allocated(read), uint64(2*len(in)+64<<10), "%d bytes", len(in))
		}
	}
}

// allocated gives the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzDecode: no panic, a typed error, and what is taken is written as it was.
func FuzzDecode(f *testing.F) {
	file := readVectors(f)
	for _, v := range append(file.Objects, file.NodeClocks...) {
		if len(v.In) < 4000 {
			f.Add(unhex(f, v.In))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := clock.Decode(in, clock.DefaultLimits())
		check(t, in, err, len(in), func() ([]byte, error) { return s.AppendBinary(nil) })
		if err == nil {
			again, err := s.Merge(s)
			require.NoError(t, err)
			require.True(t, again.Equal(s))
			s.Item([16]byte{}, "n", "k")
		}
		n, err := clock.DecodeNode(in, clock.DefaultNodeLimits())
		check(t, in, err, len(in), func() ([]byte, error) { return n.AppendBinary(nil) })
	})
}

func check(t *testing.T, in []byte, err error, size int, again func() ([]byte, error)) {
	t.Helper()
	if err != nil {
		fault, ok := errors.AsType[*clock.DecodeError](err)
		require.True(t, ok)
		require.True(t, fault.Offset >= 0 && fault.Offset <= size, "%v", fault)
		require.NotEmpty(t, fault.Req)
		return
	}
	b, err := again()
	require.NoError(t, err)
	require.Equal(t, in, b)
}
