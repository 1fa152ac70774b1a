package known

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseKnown(t *testing.T) {
	f := list(t, "# why\r\n\r\nflaky:client:frame/* | timeout: expected a/b | until=2027-01-31 | https://example.org/i | it | depends\n")
	require.Len(t, f.Lines, 3)
	e := f.Entries()[0]
	require.Equal(t, 3, e.Line)
	require.True(t, e.Flaky)
	require.Equal(t, "client", e.Mode)
	require.Equal(t, "frame/*", e.Pattern)
	require.Equal(t, "it | depends", e.Reason)
}

func TestParseKnownRefuses(t *testing.T) {
	tests := []struct{ name, line, says string }{
		{"too few columns", "frame/a | fail: | | x", "4 columns"},
		{"no id", "frame | fail: | | | x", "neither"},
		{"a glob that cannot be", "frame/[ | fail: | | | x", "neither"},
		{"no verdict", "frame/a | expected | | | x", "none of fail"},
		{"no signature", "frame/a | | | | x", "none of fail"},
		{"inconclusive", "frame/a | inconclusive: | | | x", "none of fail"},
		{"no date", "frame/a | fail: | 2027-01-31 | | x", "no date"},
		{"a day that is none", "frame/a | fail: | until=2027-02-30 | | x", "no date"},
		{"no URL", "frame/a | fail: | | see above | x", "no URL"},
		{"no reason", "frame/a | fail: | | |", "no reason"},
	}
	for _, tc := range tests {
		_, err := ParseKnown("dir/conformance.known", []byte("# a comment\n\n"+tc.line+"\n"))
		fault, ok := errors.AsType[*FileError](err)
		require.True(t, ok, "%s: %v", tc.name, err)
		require.Equal(t, 3, fault.Line, tc.name)
		require.ErrorContains(t, err, "dir/conformance.known:3: ", tc.name)
		require.ErrorContains(t, err, tc.says, tc.name)
	}
}

func TestEntryString(t *testing.T) {
	for _, line := range []string{
		"frame/a | fail: expected x | until=2027-01-31 | https://example.org | why",
		"flaky:client:frame/* | timeout: | | | why",
	} {
		f := list(t, line)
		require.Equal(t, line, f.Entries()[0].String())
	}
}
