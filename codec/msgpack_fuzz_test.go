package codec

import (
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	gofuzz "github.com/google/gofuzz"
	"github.com/stretchr/testify/require"
)

// allocated gives the bytes that f allocates, by this process as a whole.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func FuzzValidateMsgpack(f *testing.F) {
	for _, tc := range refusals() {
		if len(tc.refuse) <= 1100 && len(tc.accept) <= 1100 {
			f.Add(tc.refuse)
			f.Add(tc.accept)
		}
	}
	f.Add(sample())
	f.Add(rep("91", 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		var err error
		// 64 KiB for what else the process does meanwhile
		require.Less(t, allocated(func() { err = ValidateMsgpack(b) }), uint64(64<<10))
		require.Equal(t, secondOpinion(b), err == nil, "%x: %v", b, err)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok)
			require.Equal(t, CodeEncoding, e.Code)
			require.True(t, strings.HasPrefix(e.Req, "MP-0"), e.Req)
			require.GreaterOrEqual(t, e.Offset, 0)
			require.LessOrEqual(t, e.Offset, len(b))
			_, err = DecodeValue(b)
			require.Equal(t, error(e), err)
			return
		}
		var v any
		require.Less(t, allocated(func() { v, err = DecodeValue(b) }), uint64(256<<10+256*len(b)))
		require.NoError(t, err)
		again, err := AppendValue(nil, v)
		require.NoError(t, err)
		require.Equal(t, b, again)
		root, err := ParseValue(b)
		require.NoError(t, err)
		require.Equal(t, b, root.Raw())
		require.Equal(t, v, generic(root))
	})
}

// generic gives the same Go values as DecodeValue, by the walker.
func generic(v Value) any {
	if n, ok := v.Int(); ok {
		return n
	}
	if s, ok := v.Str(); ok {
		return string(s)
	}
	if p, ok := v.Bin(); ok {
		return p
	}
	if yes, ok := v.Bool(); ok {
		return yes
	}
	switch v.Kind() {
	case ValueArray:
		list := make([]any, 0, v.Len())
		for it := v.Iter(); it.Next(); {
			list = append(list, generic(it.Value()))
		}
		return list
	case ValueMap:
		entries := make(map[string]any, v.Len())
		for it := v.Iter(); it.Next(); {
			entries[string(it.Key())] = generic(it.Value())
		}
		return entries
	default:
		return nil
	}
}

// randomValue holds one value of the profile; gofuzz fills it.
type randomValue struct{ v any }

func fillValue(r *randomValue, c gofuzz.Continue) { r.v = randomAt(c, 1) }

func randomAt(c gofuzz.Continue, depth int) any {
	kinds := 7
	if depth > MsgpackMaxDepth {
		kinds = 5
	}
	switch c.Intn(kinds) {
	case 0:
		return nil
	case 1:
		return c.RandBool()
	case 2:
		return int64(c.RandUint64()) >> c.Intn(64)
	case 3:
		return randomText(c)
	case 4:
		p := make([]byte, c.Intn(300))
		c.Read(p)
		return p
	case 5:
		list := make([]any, c.Intn(6))
		for i := range list {
			list[i] = randomAt(c, depth+1)
		}
		return list
	default:
		entries := map[string]any{}
		for range c.Intn(6) {
			key := randomText(c)
			if key == "" {
				continue
			}
			if len(key) > MsgpackMaxKey {
				key = "k"
			}
			entries[key] = randomAt(c, depth+1)
		}
		return entries
	}
}

func randomText(c gofuzz.Continue) string {
	return strings.ToValidUTF8(strings.ReplaceAll(c.RandString(), "\x00", ""), "?")
}

func FuzzValue(f *testing.F) {
	f.Add([]byte("seed"))
	for i := range 20 {
		f.Add([]byte{byte(i), 1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		var r randomValue
		gofuzz.NewFromGoFuzz(seed).Funcs(fillValue).Fuzz(&r)
		b, err := AppendValue(nil, r.v)
		if errors.Is(err, &Error{Code: CodeEncoding, Req: reqCount}) {
			t.Skip("more than 4096 values")
		}
		require.NoError(t, err)
		require.NoError(t, ValidateMsgpack(b))
		require.True(t, secondOpinion(b))
		got, err := DecodeValue(b)
		require.NoError(t, err)
		require.Equal(t, r.v, got)
		root, err := ParseValue(b)
		require.NoError(t, err)
		require.Equal(t, r.v, generic(root))

		j, err := ValueToJSON(r.v)
		require.NoError(t, err)
		text, err := json.Marshal(j)
		require.NoError(t, err)
		var back any
		require.NoError(t, json.Unmarshal(text, &back))
		got, err = ValueFromJSON(back)
		require.NoError(t, err)
		require.Equal(t, r.v, got)
	})
}

// A map read twice must give the same bytes although Go's maps have no order.
func TestAppendValueIsDeterministic(t *testing.T) {
	m := map[string]any{}
	for i := range 50 {
		m[strings.Repeat("k", i+1)] = math.MaxInt64 - int64(i)
	}
	want, err := AppendValue(nil, m)
	require.NoError(t, err)
	for range 20 {
		got, err := AppendValue(nil, m)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
