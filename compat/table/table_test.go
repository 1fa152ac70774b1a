package table

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/compat"
	"handfast/compat/limited"
	"handfast/compat/releases"
	"handfast/conformance"
	"handfast/conformance/publish"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTable runs the whole table without npm: every pair is as it should be, and every form can be made of it.
func TestTable(t *testing.T) {
	n := 0
	table, err := Run(t.Context(), Config{NoNPM: true, Each: func(string, string, string) { n++ }})
	require.NoError(t, err)
	require.Equal(t, 9*9+3*3, n)
	for _, r := range table.Reports {
		for _, c := range r.Cases {
			require.Equal(t, conformance.Pass, c.Verdict, "%s, %s: %s", r.Target, c.Title, c.Detail)
		}
	}
	require.Equal(t, conformance.ExitExpected, table.ExitCode())
	var text, page bytes.Buffer
	require.NoError(t, table.WriteText(&text))
	require.Contains(t, text.String(), "16-versions  1+call  1+call   3+call")
	runs := make([]publish.Run, len(table.Reports))
	for i, r := range table.Reports {
		runs[i].Report = r
	}
	require.NoError(t, publish.HTML(&page, runs...))
	require.Contains(t, page.String(), "40-versions")
}

// TestJudge: what is not as it should be is found.
func TestJudge(t *testing.T) {
	like := limited.Peer{Name: "like"}
	newer := limited.Peer{Name: "newer", Vers: []uint16{2}}
	for _, c := range []struct {
		name    string
		d, a    limited.Peer
		version uint16
		called  bool
		refusal codec.Code
		good    bool
	}{
		{"a link", like, like, 1, true, 0, true},
		{"a link without calls", like, like, 1, false, 0, false},
		{"a link of another version", like, like, 2, true, 0, false},
		{"a refusal instead of a link", like, like, 0, false, codec.CodeNoVersion, false},
		{"a refusal", like, newer, 0, false, codec.CodeNoVersion, true},
		{"a refusal for another reason", like, newer, 0, false, codec.CodeEncoding, false},
		{"a link instead of a refusal", newer, like, 1, true, 0, false},
	} {
		o := judge(c.d, c.a, c.version, c.called, c.refusal)
		require.Equal(t, c.good, o.verdict == conformance.Pass, c.name)
	}
}

// TestWrongFast: a dialer that answers wrong is found.
func TestWrongFast(t *testing.T) {
	for _, wrong := range []string{"date", "echo", "yes", "fail", "nothing"} {
		err := requests(t.Context(), func(_ context.Context, method, args string) (int, string, string, error) {
			if method == wrong {
				return 7, "x", "", nil
			}
			switch {
			case method == "yes":
				return 1000, `{"value":"☃"}`, "", nil
			case method == "fail":
				return 0, "", "MyError", nil
			case method == "nothing":
				return 0, "", "FastError", nil
			case strings.HasPrefix(args, `["h`):
				return 2, `{"value":"héllo ☃ 😀"}`, "", nil
			case args == `[]` && method == "echo":
				return 0, "", "", nil
			}
			return 1, `{"value":` + strings.Trim(args, "[]") + `}`, "", nil
		}, "")
		require.Error(t, err, wrong)
	}
}

// TestReleased: what cannot be built is no verdict on a release.
func TestReleased(t *testing.T) {
	bad := compat.Release{Name: "v0", Commit: strings.Repeat("0", 40), Wire: []uint16{1}, Protos: map[string][]uint16{"call": {1}}, Profile: "core"}
	table := &Table{}
	table.Released(t.Context(), releases.Config{Root: "../..", Cache: t.TempDir(), Today: "/none"}, []compat.Release{bad})
	require.Len(t, table.Reports, 1)
	require.Equal(t, conformance.Inconclusive, table.Reports[0].Cases[0].Verdict)
	require.Equal(t, conformance.ExitUnmeasured, table.ExitCode())
}
