package publish

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

func annotate(t *testing.T, run Run) []string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Annotations(&b, run))
	if b.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func TestAnnotations(t *testing.T) {
	lines := annotate(t, judged(t, sample(t), sampleKnown))
	golden(t, "annotations.txt", []byte(strings.Join(lines, "\n")+"\n"))
	require.Nil(t, annotate(t, Run{Report: complete(t, sample(t).Cases[0])}))
}

func TestAnnotationsAreBounded(t *testing.T) {
	one := sample(t).Cases[1]
	for _, n := range []int{10, 11, 500} {
		var cases []conformance.Result
		for i := range n {
			c := one
			c.ID = fmt.Sprintf("frame/n%d", i)
			cases = append(cases, c)
		}
		lines := annotate(t, Run{Report: complete(t, cases...)})
		require.Len(t, lines, 10)
		if n > 10 {
			require.Contains(t, lines[9], fmt.Sprintf("::and %d more;", n-9))
		}
	}
}

func TestAnnotationsEscape(t *testing.T) {
	a := annotation{file: "a,b:c%", line: "3", title: "x\r\ny", text: "100%: a, b\r\nnext"}
	require.Equal(t, "::error file=a%2Cb%3Ac%25,line=3,title=x%0D%0Ay::100%25: a, b%0D%0Anext", a.String())
	for _, line := range annotate(t, hostileReport(t)) {
		require.True(t, strings.HasPrefix(line, "::error "), line)
		require.NotContains(t, line, "\r")
	}
}
