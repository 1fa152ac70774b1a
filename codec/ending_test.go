package codec

import (
	"strings"
	"testing"

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
		{"a run grows", strings.Repeat("\xFF", 200), strings.Repeat("\uFFFD", 85)},
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

// CLOSE-007, CLOSE-008: text that is not UTF-8 is taken, because no rule refuses it, and comes out as text that is. The lower half is tables 3-8 to 3-11 of the Unicode Standard.
func TestTextThatIsNotUTF8IsTaken(t *testing.T) {
	const r = "\uFFFD"
	for _, tc := range []struct{ name, text, want string }{
		{"two bytes for U+0000", "a\xC0\x80b", "a" + r + r + "b"},
		{"a run of bytes that begin nothing", "\xFF\xFE\x80", r + r + r},
		{"U+FFFD itself", "\uFFFD\xFF", r + r},
		{"cut in two of three", "a\xE4\xBD", "a" + r},
		{"cut in three of four", "\xF0\x9F\x98", r},
		{"non-shortest forms", "\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", strings.Repeat(r, 8) + "A"},
		{"surrogates", "\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", strings.Repeat(r, 8) + "A"},
		{"above U+10FFFF", "\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", strings.Repeat(r, 5) + "A" + r + r + "B"},
		{"truncated", "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", strings.Repeat(r, 4) + "A"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := ParseReset(sealed(t, Header{Type: TypeReset, Stream: 1}, append(make([]byte, 8), tc.text...)))
			require.NoError(t, err)
			require.Equal(t, tc.want, m.Text)
		})
	}
}
