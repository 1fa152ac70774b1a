package known

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

// TestRenames holds the table against the suite: what has a new id is not there under its old one, and is there under the new one.
func TestRenames(t *testing.T) {
	var f renameFile
	d := json.NewDecoder(bytes.NewReader(renamesJSON))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&f))
	require.Equal(t, 1, f.Format)
	require.Len(t, Renames(), len(f.Renames))
	ids := make(map[string]bool)
	for _, c := range conformance.Cases() {
		ids[c.ID] = true
	}
	for _, r := range Renames() {
		now, _, ok := renamed(Renames(), r.Old)
		require.True(t, ok && ids[now] && !ids[r.Old], "%+v", r)
		require.Regexp(t, regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`), r.Since)
	}
}

func TestRenamedEnds(t *testing.T) {
	circle := []Rename{{"a/a", "a/b", "1"}, {"a/b", "a/a", "2"}, {"a/c", "a/c", "3"}}
	_, _, ok := renamed(circle, "a/a")
	require.True(t, ok)
	_, _, ok = renamed(circle, "a/c")
	require.False(t, ok, "to itself is no rename")
}
