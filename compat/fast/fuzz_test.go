package fast_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
)

// FuzzReader holds the parser against itself with other cuts, and against encoding/json: what it takes is a whole message of valid
// JSON with a checksum that fits.
func FuzzReader(f *testing.F) {
	for _, d := range []fast.Dialect{fast.V1, fast.V2} {
		f.Add(frame(d, fast.Data, 1, dateRequest))
		f.Add(frame(d, fast.Error, 1, boom))
		f.Add(append(frame(d, fast.Data, 1, `{"\u006d":{"name":"\u00e9"},"d":[1e5,-0.1,"☃",null,{"a":[]}]}`), frame(d, fast.End, 1, ` [ ] `)...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 15 { // let the checksum fit, or nothing behind it is ever reached
			fixed := bytes.Clone(b)
			fixed[0] = 1 + fixed[0]&1
			d := fast.V1
			if fixed[0] == 2 {
				d = fast.V2
			}
			if utf8.Valid(fixed[15:]) {
				check(t, seal(fixed, d))
			}
		}
		check(t, b)
	})
}

func check(t *testing.T, b []byte) {
	got, err := drain(bytes.NewReader(b))
	again, err2 := drain(iotest.OneByteReader(bytes.NewReader(b)))
	require.Equal(t, got, again)
	require.Equal(t, err == nil, err2 == nil)
	if err != nil {
		require.Equal(t, err, err2)
	}
	for _, m := range got {
		require.True(t, json.Valid(m.D), "%q", m.D)
		require.True(t, utf8.Valid(m.D))
	}
}

// FuzzValue holds the check of values before they are sent against encoding/json.
func FuzzValue(f *testing.F) {
	for _, s := range []string{`1`, `-0`, `01`, `1.`, `1e+`, `"\u12"`, `[1,]`, `{"a":1,}`, `{"a" : [ ] }`, `nul`, `"\x"`, "\"\x01\"", `[[]]`, ` {} `, `{}{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want := json.Valid(b) && utf8.Valid(b) && string(bytes.TrimSpace(b)) != "null"
		if len(b) > fast.MaxDepth { // may be too deep
			return
		}
		require.Equal(t, want, fast.ValidValue(b), "%q", b)
	})
}
