package codec

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	gofuzz "github.com/google/gofuzz"
	"github.com/stretchr/testify/require"
)

// lax decodes any MessagePack without a thought for the profile: every form, no limit, the last of two keys wins. It is
// written apart from the validator on purpose. With AppendValue it gives a second opinion on what the profile accepts.
type lax struct {
	b     []byte
	depth int
}

var errLax = errors.New("not for the lax reader")

// take cuts n bytes off.
func (l *lax) take(n uint64) ([]byte, error) {
	if n > uint64(len(l.b)) {
		return nil, errLax
	}
	head := l.b[:n]
	l.b = l.b[n:]
	return head, nil
}

// number cuts off a number of the given width.
func (l *lax) number(width uint64) (uint64, error) {
	raw, err := l.take(width)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[8-width:], raw)
	return binary.BigEndian.Uint64(wide[:]), nil
}

func (l *lax) value() (any, error) {
	if l.depth++; l.depth > 100 {
		return nil, errLax
	}
	defer func() { l.depth-- }()
	first, err := l.take(1)
	if err != nil {
		return nil, err
	}
	c := first[0]
	switch {
	case c < 0x80 || c >= 0xe0:
		return int64(int8(c)), nil
	case c < 0x90:
		return l.pairs(uint64(c & 15))
	case c < 0xa0:
		return l.list(uint64(c & 15))
	case c < 0xc0:
		return l.text(uint64(c & 31))
	case c == 0xc0:
		return nil, nil
	case c == 0xc2 || c == 0xc3:
		return c == 0xc3, nil
	}
	start := map[byte]byte{0xc4: 0xc4, 0xc5: 0xc4, 0xc6: 0xc4, 0xcc: 0xcc, 0xcd: 0xcc, 0xce: 0xcc, 0xcf: 0xcc, 0xd0: 0xd0, 0xd1: 0xd0,
		0xd2: 0xd0, 0xd3: 0xd0, 0xd9: 0xd9, 0xda: 0xd9, 0xdb: 0xd9, 0xdc: 0xdb, 0xdd: 0xdb, 0xde: 0xdd, 0xdf: 0xdd}[c]
	if start == 0 {
		return nil, errLax
	}
	width := uint64(1) << (c - start)
	n, err := l.number(width)
	if err != nil {
		return nil, err
	}
	switch {
	case c <= 0xc6:
		return l.take(n)
	case c <= 0xcf:
		return n, nil
	case c <= 0xd3:
		shift := 64 - 8*width
		return int64(n<<shift) >> shift, nil
	case c <= 0xdb:
		return l.text(n)
	case c <= 0xdd:
		return l.list(n)
	default:
		return l.pairs(n)
	}
}

func (l *lax) text(n uint64) (any, error) {
	raw, err := l.take(n)
	return string(raw), err
}

func (l *lax) list(n uint64) (any, error) {
	list := []any{}
	for range n {
		v, err := l.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (l *lax) pairs(n uint64) (any, error) {
	pairs := map[string]any{}
	for range n {
		k, err := l.value()
		if err != nil {
			return nil, err
		}
		key, ok := k.(string)
		if !ok {
			return nil, errLax
		}
		if pairs[key], err = l.value(); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// secondOpinion tells whether b is in the profile: it decodes, and the one encoding of what it says is b.
func secondOpinion(b []byte) bool {
	l := lax{b: b}
	v, err := l.value()
	if err != nil || len(l.b) != 0 {
		return false
	}
	out, err := AppendValue(nil, v)
	return err == nil && string(out) == string(b)
}

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
	case KindArray:
		list := make([]any, 0, v.Len())
		for it := v.Iter(); it.Next(); {
			list = append(list, generic(it.Value()))
		}
		return list
	case KindMap:
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
	if depth >= MsgpackMaxDepth {
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
		m[strings.Repeat("k", i+1)] = int64(math.MaxInt64 - i)
	}
	want, err := AppendValue(nil, m)
	require.NoError(t, err)
	for range 20 {
		got, err := AppendValue(nil, m)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
