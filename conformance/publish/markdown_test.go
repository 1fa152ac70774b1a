package publish

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

func markdown(t *testing.T, runs ...Run) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Markdown(&b, runs...))
	return b.String()
}

func TestMarkdown(t *testing.T) {
	golden(t, "summary.md", []byte(markdown(t, Run{Report: sample(t)})))
	other := complete(t, sample(t).Cases[0])
	other.Peer = "other/2"
	golden(t, "summary_known.md", []byte(markdown(t, judged(t, sample(t), sampleKnown), Run{Report: other})))
}

func TestMarkdownIsBounded(t *testing.T) {
	var cases []conformance.Result
	one := sample(t).Cases[1]
	for i := range 6000 {
		c := one
		c.ID, c.Trace = fmt.Sprintf("frame/n%d", i), nil
		c.Actual = strings.Repeat("x", 5000)
		cases = append(cases, c)
	}
	text := markdown(t, Run{Report: complete(t, cases...)})
	require.LessOrEqual(t, len(text), 1<<20)
	require.Greater(t, len(text), 900<<10)
	m := regexp.MustCompile(`_(\d+) more entries`).FindStringSubmatch(text)
	require.NotNil(t, m, "what is left out is counted")
	require.Equal(t, 6000, strings.Count(text, "<details>")+atoi(t, m[1]))
}

func atoi(t *testing.T, s string) (n int) {
	t.Helper()
	_, err := fmt.Sscan(s, &n)
	require.NoError(t, err)
	return n
}

func TestMarkdownIsHarmless(t *testing.T) {
	text := markdown(t, hostileReport(t))
	harmless(t, text, "<script", "<img", "@org", "\n::error", "\x1b", "\u202e", "\u2028", "](", " #1")
	for line := range strings.SplitSeq(text, "\n") {
		require.False(t, strings.HasPrefix(strings.TrimSpace(line), "::"), line)
	}
}
