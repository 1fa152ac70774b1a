package codec

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vmihailenco/msgpack/v5"
)

// interestingInts gives every border between forms, and its neighbours.
func interestingInts() []int64 {
	list := []int64{0, 1, -1, math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1}
	for _, n := range []int64{32, 1 << 7, 1 << 8, 1 << 15, 1 << 16, 1 << 31, 1 << 32} {
		list = append(list, n-1, n, n+1, -n-1, -n, -n+1)
	}
	return list
}

func interestingLengths() []int {
	return []int{0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536}
}

// theirs encodes with msgpack/v5.
func theirs(t *testing.T, f func(*msgpack.Encoder) error) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, f(msgpack.NewEncoder(&buf)))
	return buf.Bytes()
}

// The encoders are written by hand; msgpack/v5 is the second opinion.
func TestAppendAgreesWithMsgpack(t *testing.T) {
	require.Equal(t, theirs(t, (*msgpack.Encoder).EncodeNil), AppendNil(nil))
	for _, v := range []bool{false, true} {
		require.Equal(t, theirs(t, func(e *msgpack.Encoder) error { return e.EncodeBool(v) }), AppendBool(nil, v))
	}
	for _, n := range interestingInts() {
		require.Equal(t, theirs(t, func(e *msgpack.Encoder) error { return e.EncodeInt(n) }), AppendInt(nil, n), n)
		require.Equal(t, theirs(t, func(e *msgpack.Encoder) error { return e.EncodeUint(uint64(n)) }), AppendUint(nil, uint64(n)), n)
		require.NoError(t, ValidateMsgpack(AppendInt(nil, n)))
	}
	for _, n := range interestingLengths() {
		s := strings.Repeat("x", n)
		require.Equal(t, theirs(t, func(e *msgpack.Encoder) error { return e.EncodeString(s) }), AppendStr(nil, s))
		require.Equal(t, AppendStr(nil, s), AppendStr(nil, []byte(s)))
		require.Equal(t, theirs(t, func(e *msgpack.Encoder) error { return e.EncodeBytes([]byte(s)) }), AppendBin(nil, []byte(s)))
		require.Equal(t, theirs(t, func(e *msgpack.Encoder) error { return e.EncodeArrayLen(n) }), AppendArrayHeader(nil, n))
		require.Equal(t, theirs(t, func(e *msgpack.Encoder) error { return e.EncodeMapLen(n) }), AppendMapHeader(nil, n))
	}
}

func TestAppendEdges(t *testing.T) {
	require.Equal(t, hx("c400"), AppendBin(nil, nil), "a nil slice is an empty bin, not nil")
	require.Equal(t, hx("a0"), AppendStr(nil, ""))
	require.Equal(t, hx("c1"), AppendArrayHeader(nil, -1))
	require.Equal(t, hx("c1"), AppendMapHeader(nil, -1))
	if most := int64(math.MaxUint32); math.MaxInt > most {
		require.Equal(t, hx("ddffffffff"), AppendArrayHeader(nil, int(most)))
		require.Equal(t, hx("c1"), AppendArrayHeader(nil, int(most+1)))
	}
	require.ErrorIs(t, ValidateMsgpack(AppendUint(nil, 1<<63)), &Error{Code: CodeEncoding, Req: "MP-002"})
}

func TestAppendKeepsPrefixAndAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 256)
	data := []byte{1, 2, 3}
	build := func() []byte {
		b := append(buf, "prefix"...)
		b = AppendMapHeader(b, 1)
		b = AppendStr(b, "k")
		b = AppendArrayHeader(b, 5)
		b = AppendBin(AppendBool(AppendNil(b), true), data)
		return AppendUint(AppendInt(b, -70000), 70000)
	}
	require.Equal(t, append([]byte("prefix"), hx("81 a16b 95 c0 c3 c403010203 d2fffeee90 ce00011170")...), build())
	require.Zero(t, testing.AllocsPerRun(100, func() { build() }))
}

func BenchmarkAppend(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendMapHeader(buf[:0], 2)
		buf = AppendInt(AppendStr(buf, "seq"), 1<<40)
		buf = AppendStr(AppendStr(buf, "sub"), "realtime")
	}
}
