package publish

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

func page(t *testing.T, runs ...Run) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, runs...))
	return b.String()
}

// twoRuns is a page with two columns, of which the second lacks cases.
func twoRuns(t *testing.T) []Run {
	t.Helper()
	other := complete(t, sample(t).Cases[0], sample(t).Cases[6])
	other.Peer = "other/2"
	return []Run{judged(t, sample(t), sampleKnown), {Report: other}}
}

func TestHTML(t *testing.T) {
	text := page(t, twoRuns(t)...)
	text = strings.Replace(strings.Replace(text, pageCSS, "CSS", 1), pageJS, "JS", 1)
	text = regexp.MustCompile(`'sha256-[^']*'`).ReplaceAllString(text, "HASH")
	golden(t, "page.html", []byte(text))
}

func TestHTMLNeedsNothingElse(t *testing.T) {
	text := page(t, twoRuns(t)...)
	require.Empty(t, regexp.MustCompile(`(?i)<(link|img|iframe|object|embed|form)\b|@import|url\(|\b(src|srcset)=`).FindString(text))
	require.Equal(t, 1, strings.Count(text, "<script>"), "one script")
	require.True(t, strings.Contains(html.UnescapeString(text), hashSource(pageJS)), "the policy names the script")
	require.True(t, strings.Contains(text, pageJS), "the template changes nothing that the policy names by hash")
	require.True(t, strings.Contains(text, pageCSS))
}

func TestHTMLMarksTheFirstWrongByte(t *testing.T) {
	text := page(t, Run{Report: sample(t)})
	require.NotEmpty(t, regexp.MustCompile(`<tr class="wrong"><td>12</td><td class="d0">checksum <em>first wrong byte</em></td><td class="hex"><mark>[0-9A-F]{2}</mark> `).FindString(text))
}

func TestHTMLIsHarmless(t *testing.T) {
	text := page(t, hostileReport(t))
	require.Equal(t, 1, strings.Count(text, "<script"))
	require.Equal(t, 1, strings.Count(text, "</script"))
	harmless(t, text, "<img", "\x1b", "\u202e", "\u2028")
}

func TestHTMLIsBounded(t *testing.T) {
	var cases []conformance.Result
	one := sample(t).Cases[1]
	var trace []conformance.Entry
	for len(trace) < 400 {
		trace = append(trace, one.Trace...)
	}
	for i := range 700 {
		c := one
		c.ID, c.Trace = fmt.Sprintf("frame/n%d", i), trace
		cases = append(cases, c)
	}
	r := &conformance.Report{Cases: cases}
	recount(r)
	text := page(t, Run{Report: r})
	require.Less(t, len(text), 32<<20)
	require.True(t, strings.Contains(text, "Trace: 48 packets, 355 more are not shown"))
	require.NotEmpty(t, regexp.MustCompile(`The bytes of \d+ packets are left out`).FindString(text))
	for _, n := range []int{0, maxRuns + 1} {
		_, ok := errors.AsType[*TooManyRunsError](HTML(&bytes.Buffer{}, make([]Run, n)...))
		require.True(t, ok)
	}
}

func TestShorten(t *testing.T) {
	b := make([]byte, 40)
	require.Equal(t, "00 00 00 00 … 00 00", shorten(b, 4, 2))
	require.Equal(t, "00 00", shorten(b[:2], 4, 2))
	b[20] = 0xFF
	f := newViewField(conformance.Part{Offset: 16, Bytes: b, Name: "x", Wrong: true}, 36)
	require.Equal(t, "FF", f.Byte)
	require.Equal(t, "00 00 00 00 … 00 00 00 00", f.Before)
	f = newViewField(conformance.Part{Offset: 16, Name: "missing", Wrong: true}, 16)
	require.Empty(t, f.Byte, "a field of no bytes has no wrong one")
}
