package codec

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample gives a body with every kind, like a small HELLO.
func sample() []byte {
	b := AppendMapHeader(nil, 7)
	b = AppendBin(AppendStr(b, "bin"), []byte{0, 0xff})
	b = AppendBool(AppendStr(b, "bool"), true)
	b = AppendInt(AppendStr(b, "int"), -5)
	b = AppendArrayHeader(AppendStr(b, "list"), 3)
	b = AppendUint(AppendUint(b, 1), 70000)
	b = AppendArrayHeader(b, 0)
	b = AppendMapHeader(AppendStr(b, "map"), 2)
	b = AppendNil(AppendStr(b, "a"))
	b = AppendInt(AppendStr(b, "b"), 1<<40)
	b = AppendNil(AppendStr(b, "nil"))
	return AppendStr(AppendStr(b, "str"), "käse")
}

func TestValueWalk(t *testing.T) {
	body := sample()
	root, err := ParseValue(body)
	require.NoError(t, err)
	require.Equal(t, ValueMap, root.Kind())
	require.Equal(t, 7, root.Len())
	require.Equal(t, body, root.Raw())

	var keys []string
	var kinds []ValueKind
	it := root.Iter()
	for it.Next() {
		keys = append(keys, string(it.Key()))
		kinds = append(kinds, it.Value().Kind())
		require.Equal(t, it.Value().Raw()[0], body[it.Value().Offset()])
	}
	require.False(t, it.Next())
	require.Equal(t, []string{"bin", "bool", "int", "list", "map", "nil", "str"}, keys)
	require.Equal(t, []ValueKind{ValueBin, ValueBool, ValueInt, ValueArray, ValueMap, ValueNil, ValueStr}, kinds)

	list, ok := root.Lookup("list")
	require.True(t, ok)
	require.Equal(t, hx("93 01 ce00011170 90"), list.Raw())
	var raws [][]byte
	for it := list.Iter(); it.Next(); {
		require.Nil(t, it.Key())
		raws = append(raws, it.Value().Raw())
	}
	require.Equal(t, [][]byte{hx("01"), hx("ce00011170"), hx("90")}, raws)

	for _, key := range []string{"", "a", "bina", "zz"} {
		_, ok = root.Lookup(key)
		require.False(t, ok, key)
	}
	_, ok = list.Lookup("a")
	require.False(t, ok)
}

// Each accessor answers for its own kind and for no other.
func TestValueAccessors(t *testing.T) {
	type answers struct {
		isNil, isBool, isInt, isUint, isStr, isBin bool
		n                                          int
	}
	cases := []struct {
		name string
		in   []byte
		want answers
	}{
		{"nil", hx("c0"), answers{isNil: true}},
		{"bool", hx("c2"), answers{isBool: true}},
		{"int", hx("05"), answers{isInt: true, isUint: true}},
		{"negative int", hx("ff"), answers{isInt: true}},
		{"str", hx("a161"), answers{isStr: true, n: 1}},
		{"bin", hx("c4020000"), answers{isBin: true, n: 2}},
		{"array", hx("93c0c0c0"), answers{n: 3}},
		{"map", hx("81a161c0"), answers{n: 1}},
		{"zero value", nil, answers{}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			v, _ := ParseValue(tc.in)
			got := answers{isNil: v.IsNil(), n: v.Len()}
			_, got.isBool = v.Bool()
			_, got.isInt = v.Int()
			_, got.isUint = v.Uint()
			_, got.isStr = v.Str()
			_, got.isBin = v.Bin()
			require.Equal(t, tc.want, got)
			require.True(t, bytes.Equal(tc.in, v.Raw()))
		})
	}
}

func TestValueNumbers(t *testing.T) {
	for _, n := range interestingInts() {
		v, err := ParseValue(AppendInt(nil, n))
		require.NoError(t, err)
		got, ok := v.Int()
		require.True(t, ok)
		require.Equal(t, n, got)
		u, ok := v.Uint()
		require.Equal(t, n >= 0, ok)
		if ok {
			require.Equal(t, uint64(n), u)
		}
	}
	for _, want := range []bool{false, true} {
		v, err := ParseValue(AppendBool(nil, want))
		require.NoError(t, err)
		got, ok := v.Bool()
		require.True(t, ok)
		require.Equal(t, want, got)
	}
}

// What the walker returns aliases the body, but an append to it must not write into the body.
func TestValueAliases(t *testing.T) {
	body := hx("92 a161 c0")
	v, err := ParseValue(body)
	require.NoError(t, err)
	it := v.Iter()
	require.True(t, it.Next())
	text, ok := it.Value().Str()
	require.True(t, ok)
	require.Same(t, &body[2], &text[0])
	_ = append(text, 'x')
	_ = append(it.Value().Raw(), 'x')
	require.Equal(t, hx("92 a161 c0"), body)
}

// visit touches everything in a value and gives a number so that nothing is optimised away.
func visit(v Value) int {
	sum := v.Len() + v.Offset()
	if n, ok := v.Int(); ok {
		sum += int(n)
	}
	if text, ok := v.Str(); ok {
		sum += len(text)
	}
	if data, ok := v.Bin(); ok {
		sum += len(data)
	}
	for it := v.Iter(); it.Next(); {
		sum += len(it.Key()) + visit(it.Value())
	}
	return sum + len(v.Raw())
}

func TestValueAllocs(t *testing.T) {
	for _, in := range [][]byte{sample(), mapOf(256), valuesOf(4096)} {
		require.Zero(t, testing.AllocsPerRun(20, func() {
			v, err := ParseValue(in)
			if err != nil {
				t.Error(err)
			}
			visit(v)
			v.Lookup("str")
		}))
	}
}

// A body that is changed under the view gives wrong answers, but no panic and no endless loop.
func TestValueSurvivesChange(t *testing.T) {
	for i := range len(sample()) {
		for _, c := range []byte{0x00, 0x8f, 0x9f, 0xbf, 0xc1, 0xc4, 0xcf, 0xda, 0xdc, 0xde, 0xff} {
			body := sample()
			v, err := ParseValue(body)
			require.NoError(t, err)
			it := v.Iter()
			require.True(t, it.Next())
			body[i] = c
			visitShallow(v)
			visitShallow(it.Value())
			for it.Next() {
				visitShallow(it.Value())
			}
		}
	}
}

func visitShallow(v Value) {
	v.Str()
	v.Bin()
	v.Int()
	v.Raw()
	v.Lookup("map")
	for it := v.Iter(); it.Next(); {
		it.Value().Raw()
	}
}

func BenchmarkValueWalk(b *testing.B) {
	body := sample()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		v, err := ParseValue(body)
		if err != nil {
			b.Fatal(err)
		}
		visit(v)
	}
}
