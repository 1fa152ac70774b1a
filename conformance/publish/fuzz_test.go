package publish

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/conformance/known"
)

// FuzzForms makes every form of whatever is read as a report.
func FuzzForms(f *testing.F) {
	f.Add([]byte(`{"format":1,"suite":"0.1.0","spec":"1","profile":"core","summary":{"cases":1,"fail":1},"cases":[{"id":"a/b","req":["FRAME-001"],"verdict":"fail",`+
		`"trace":[{"link":1,"dir":">","bytes":16,"hex":"1b0000000000000000000000efb9c66f","fault":"x","fault_at":3,"key":true}]}]}`), "a/b | fail | | | x")
	f.Fuzz(func(t *testing.T, b []byte, list string) {
		r, err := conformance.ReadReport(bytes.NewReader(b))
		if err != nil {
			return
		}
		run := Run{Report: r}
		if file, err := known.ParseKnown("k", []byte(list)); err == nil {
			e := known.Expect{File: file, Now: time.Unix(1795361100, 0)}
			run.Outcome = known.Judge(r, e)
			if next, _, err := known.Fix(r, e); err == nil {
				e.File = next
				for _, d := range known.Judge(r, e).Differences {
					require.Equal(t, known.Expired, d.Kind, "%v after a fix", d)
				}
			}
		}
		require.NoError(t, HTML(io.Discard, run))
		require.NoError(t, Markdown(io.Discard, run))
		require.NoError(t, Annotations(io.Discard, run))
		require.NoError(t, JUnit(io.Discard, run))
		_, _ = Badge(r, run.Outcome) // a refusal is an answer
	})
}
