package fast_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// big makes an object of width^depth members, about 28 MB as JSON with 10 and 6.
func big(width, depth int) any {
	if depth == 0 {
		return strings.Repeat("x", 17)
	}
	m := make(map[string]any, width)
	for i := range width {
		m[fmt.Sprintf("key%d", i)] = big(width, depth-1)
	}
	return m
}

// TestProtocolEncoder has the 19 cases of node-fast's tst.protocol_encoder.
func TestProtocolEncoder(t *testing.T) {
	hello := []string{"hello", "world"}
	basic := func(d fast.Dialect, crc uint32) func(*testing.T) {
		return func(t *testing.T) {
			b, err := fast.AppendMessage(nil, d, fast.Data, 1, hello)
			require.NoError(t, err)
			require.Equal(t, append([]byte{d.Version, 1, 1, 0, 0, 0, 1, 0, 0, byte(crc >> 8), byte(crc), 0, 0, 0, 17}, `["hello","world"]`...), b)
		}
	}
	large := func(d fast.Dialect) func(*testing.T) {
		return func(t *testing.T) {
			v := big(10, 6)
			want, err := json.Marshal(v)
			require.NoError(t, err)
			require.Greater(t, len(want), 25<<20)
			b, err := fast.AppendMessage(nil, d, fast.Data, 7, v)
			require.NoError(t, err)
			require.Equal(t, len(want), int(binary.BigEndian.Uint32(b[11:])))
			require.True(t, string(want) == string(b[15:]))
		}
	}
	good := func(s fast.Status, id int64) func(*testing.T) {
		return func(t *testing.T) {
			b, err := fast.AppendMessage(nil, fast.V2, s, id, hello)
			require.NoError(t, err)
			require.Equal(t, byte(s), b[2])
			require.Equal(t, uint32(id), binary.BigEndian.Uint32(b[3:]))
		}
	}
	bad := func(s fast.Status, id int64, data any, text string) func(*testing.T) {
		return func(t *testing.T) {
			b, err := fast.AppendMessage(nil, fast.V2, s, id, data)
			require.ErrorContains(t, err, text)
			require.Empty(t, b)
		}
	}
	// What JavaScript finds at run time the compiler refuses: these parameters are integers, and a call without them does not build.
	typed := func(parameter int, kind reflect.Kind) func(*testing.T) {
		return func(t *testing.T) {
			f := reflect.TypeOf(fast.AppendMessage)
			require.Equal(t, kind, f.In(parameter).Kind())
			require.False(t, f.IsVariadic())
		}
	}
	circular := map[string]any{}
	circular["self"] = circular
	const id = "msgid must be an integer between 0 and 2147483647"
	cases := []struct {
		name string
		run  func(*testing.T)
	}{
		{"01 basic DATA of version 2", basic(fast.V2, 7500)},
		{"02 basic DATA of version 1", basic(fast.V1, 10980)},
		{"03 28 MB of version 2", large(fast.V2)},
		{"04 28 MB of version 1", large(fast.V1)},
		{"05 msgid 0 with ERROR", good(fast.Error, 0)},
		{"06 msgid 2147483647 with END", good(fast.End, 2147483647)},
		{"07 msgid missing", typed(3, reflect.Int64)},
		{"08 msgid -3", bad(fast.Data, -3, hello, id)},
		{"09 msgid 2147483648", bad(fast.Data, 2147483648, hello, id)},
		{"10 msgid 3.7", typed(3, reflect.Int64)},
		{"11 msgid {}", typed(3, reflect.Int64)},
		{"12 status missing", bad(0, 1, hello, "unsupported message status")},
		{"13 status {}", typed(2, reflect.Uint8)},
		{"14 status 4", bad(4, 1, hello, "unsupported message status")},
		{"15 status 0", bad(0, 1, hello, "unsupported message status")},
		{"16 data missing", bad(fast.Data, 1, json.RawMessage(nil), "data must be an object")},
		{"17 data null", bad(fast.Data, 1, nil, "data must be an object")},
		{"18 data 47", bad(fast.Data, 1, 47, "data must be an object")},
		{"19 data circular", bad(fast.Data, 1, circular, "cycle")},
	}
	require.Len(t, cases, 19)
	for _, c := range cases {
		t.Run(c.name, c.run)
	}
}
