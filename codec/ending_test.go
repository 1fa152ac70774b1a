package codec

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestTextIsCutBetweenCharacters(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"fits", strings.Repeat("a", 256), strings.Repeat("a", 256)},
		{"a byte too many", strings.Repeat("a", 257), strings.Repeat("a", 256)},
		{"inside two bytes", "a" + strings.Repeat("ä", 128), "a" + strings.Repeat("ä", 127)},
		{"inside four bytes", "abc" + strings.Repeat("😀", 64), "abc" + strings.Repeat("😀", 63)},
		{"not UTF-8", "a\xFFb", "a\uFFFDb"},
		{"not UTF-8 grows", strings.Repeat("a\xFF", 128), strings.Repeat("a\uFFFD", 64)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := Close{Text: tc.text}
			b := m.AppendFrame(nil)
			require.Len(t, b, m.Size())
			_, again := reread(t, b)
			require.Equal(t, tc.want, again.(Close).Text)
		})
	}
}

// Text that is not UTF-8 is taken, because no rule refuses it, and comes out as text that is.
func TestTextThatIsNotUTF8IsTaken(t *testing.T) {
	payload := append(make([]byte, 8), "a\xC0\x80b"...)
	m, err := ParseReset(sealed(t, Header{Type: TypeReset, Stream: 1}, payload))
	require.NoError(t, err)
	require.True(t, utf8.ValidString(m.Text))
	require.Equal(t, "a\uFFFDb", m.Text)
}
