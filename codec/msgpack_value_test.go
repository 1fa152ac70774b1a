package codec

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecodeValue(t *testing.T) {
	got, err := DecodeValue(sample())
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"bin": []byte{0, 0xff}, "bool": true, "int": int64(-5),
		"list": []any{int64(1), int64(70000), []any{}},
		"map":  map[string]any{"a": nil, "b": int64(1 << 40)},
		"nil":  nil, "str": "käse",
	}, got)
	again, err := AppendValue(nil, got)
	require.NoError(t, err)
	require.Equal(t, sample(), again)
}

// msgpack/v5 returns eight Go types for ints, by their form on the wire; DecodeValue returns one.
func TestDecodeValueTypes(t *testing.T) {
	for _, n := range interestingInts() {
		got, err := DecodeValue(AppendInt(nil, n))
		require.NoError(t, err)
		require.Equal(t, any(n), got)
	}
	cases := []struct {
		in   string
		want any
	}{
		{"c0", nil},
		{"c2", false},
		{"c3", true},
		{"a0", ""},
		{"a161", "a"},
		{"c400", []byte{}},
		{"c40161", []byte("a")},
		{"90", []any{}},
		{"80", map[string]any{}},
	}
	for _, tc := range cases {
		in := hx(tc.in)
		got, err := DecodeValue(in)
		require.NoError(t, err)
		require.Equal(t, tc.want, got, tc.in)
		clear(in) // the result does not alias the input
		require.Equal(t, tc.want, got, tc.in)
	}
}

func nested(depth int) any {
	var v any = []any{}
	for range depth - 1 {
		v = []any{v}
	}
	return v
}

func TestAppendValueRefuses(t *testing.T) {
	loop := map[string]any{}
	loop["a"] = loop
	wide := make([]any, 1024)
	for i := range wide {
		wide[i] = []any{nil, nil, nil, nil}
	}
	bigMap := map[string]any{}
	for _, k := range strings.Split(strings.Repeat("x", 257), "") {
		bigMap[strings.Repeat(k, len(bigMap)+1)] = nil
	}
	cases := []struct {
		name   string
		in     any
		req    string
		off    int
		accept any
	}{
		{"float", 1.5, "MP-001", 0, 1},
		{"struct", struct{}{}, "MP-001", 0, map[string]any{}},
		{"other slice", []string{"a"}, "MP-001", 0, []any{"a"}},
		{"float inside", []any{nil, float32(1)}, "MP-001", 2, []any{nil, int64(1)}},
		{"uint64", uint64(math.MaxInt64 + 1), "MP-002", 0, uint64(math.MaxInt64)},
		{"utf-8", "\xff", "MP-005", 0, "\x7f"},
		{"nul", "a\x00", "MP-005", 0, "a\x01"},
		{"key utf-8", map[string]any{"\xff": nil}, "MP-005", 1, map[string]any{"f": nil}},
		{"str", strings.Repeat("x", 4097), "MP-006", 0, strings.Repeat("x", 4096)},
		{"bin", make([]byte, 65536), "MP-006", 0, make([]byte, 65535)},
		{"array", make([]any, 1025), "MP-006", 0, make([]any, 1024)},
		{"map", bigMap, "MP-006", 0, map[string]any{"x": nil}},
		{"long key", map[string]any{strings.Repeat("x", 4097): nil}, "MP-006", 1, map[string]any{"x": nil}},
		{"depth", nested(9), "MP-007", 8, nested(8)},
		{"cycle", loop, "MP-007", 12 + 12, map[string]any{}},
		{"count", wide, "MP-008", 3 + 819*5, wide[:819]},
		{"empty key", map[string]any{"": nil}, "MP-009", 1, map[string]any{" ": nil}},
		{"key of 65", map[string]any{strings.Repeat("x", 65): 1}, "MP-009", 1, map[string]any{strings.Repeat("x", 64): 1}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			out, err := AppendValue([]byte("prefix"), tc.in)
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, tc.req, e.Req, "%v", err)
			require.Equal(t, tc.off, e.Offset)
			require.Equal(t, CodeEncoding, e.Code)
			require.Equal(t, "prefix", string(out))
			_, err = ValueToJSON(tc.in)
			require.Equal(t, error(e), err)

			out, err = AppendValue(nil, tc.accept)
			require.NoError(t, err)
			require.NoError(t, ValidateMsgpack(out))
		})
	}
}

func TestAppendValueNilContainers(t *testing.T) {
	out, err := AppendValue(nil, []any{[]byte(nil), []any(nil), map[string]any(nil), nil, 5, uint64(5)})
	require.NoError(t, err)
	require.Equal(t, hx("96 c400 90 80 c0 05 05"), out)
}

func TestAppendValueSortsByBytes(t *testing.T) {
	out, err := AppendValue(nil, map[string]any{"b": nil, "aa": nil, "\U00010000": nil, "\uffff": nil, "B": nil})
	require.NoError(t, err)
	require.Equal(t, hx("85 a142c0 a26161c0 a162c0 a3efbfbfc0 a4f0908080c0"), out)
}

func TestValueJSON(t *testing.T) {
	v, err := DecodeValue(sample())
	require.NoError(t, err)
	j, err := ValueToJSON(v)
	require.NoError(t, err)
	text, err := json.Marshal(j)
	require.NoError(t, err)
	require.Equal(t, `{"map":{"bin":{"bin":"00ff"},"bool":true,"int":{"int":"-5"},`+
		`"list":[{"int":"1"},{"int":"70000"},[]],"map":{"map":{"a":null,"b":{"int":"1099511627776"}}},`+
		`"nil":null,"str":"käse"}}`, string(text))
	var back any
	require.NoError(t, json.Unmarshal(text, &back))
	got, err := ValueFromJSON(back)
	require.NoError(t, err)
	require.Equal(t, v, got)

	deepest := []any{nested(7)} // and an int inside
	deepest[0].([]any)[0].([]any)[0].([]any)[0].([]any)[0].([]any)[0].([]any)[0] = []any{int64(1)}
	j, err = ValueToJSON(deepest)
	require.NoError(t, err)
	got, err = ValueFromJSON(j)
	require.NoError(t, err)
	require.Equal(t, any(deepest), got)

	j, err = ValueToJSON([]any{5, uint64(6), int64(math.MinInt64), "7"})
	require.NoError(t, err)
	require.Equal(t, []any{
		map[string]any{"int": "5"}, map[string]any{"int": "6"}, map[string]any{"int": "-9223372036854775808"}, "7",
	}, j)
}

func TestValueFromJSONRefuses(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	cases := []struct{ name, in, req string }{
		{"number", `5`, ""},
		{"two members", `{"int":"5","bin":""}`, ""},
		{"no member", `{}`, ""},
		{"unknown tag", `{"float":"5"}`, ""},
		{"int as a number", `{"int":5}`, ""},
		{"leading zero", `{"int":"05"}`, ""},
		{"plus", `{"int":"+5"}`, ""},
		{"minus zero", `{"int":"-0"}`, ""},
		{"underscore", `{"int":"1_0"}`, ""},
		{"empty int", `{"int":""}`, ""},
		{"2^63", `{"int":"9223372036854775808"}`, ""},
		{"odd hex", `{"bin":"0"}`, ""},
		{"upper case", `{"bin":"FF"}`, ""},
		{"bin as null", `{"bin":null}`, ""},
		{"map as an array", `{"map":[]}`, ""},
		{"inside", `{"map":{"a":[1]}}`, ""},
		{"nul", `"\u0000"`, "MP-005"},
		{"empty key", `{"map":{"":null}}`, "MP-009"},
		{"deep", deep, "MP-007"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var j any
			require.NoError(t, json.Unmarshal([]byte(tc.in), &j))
			_, err := ValueFromJSON(j)
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, tc.req, e.Req, "%v", err)
			require.Equal(t, CodeEncoding, e.Code)
		})
	}
}

func BenchmarkDecodeValue(b *testing.B) {
	body := sample()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeValue(body); err != nil {
			b.Fatal(err)
		}
	}
}
