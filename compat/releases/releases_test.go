package releases_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"handfast/compat"
	"handfast/compat/releases"
)

const root = "../.."

// TestReleases holds every release that there is against today's.
func TestReleases(t *testing.T) {
	list, err := compat.Releases()
	require.NoError(t, err)
	if len(list) == 0 {
		t.Log("there is no release yet: TestHead shows that the harness works")
		return
	}
	c := config(t)
	for _, r := range list {
		check(t, c, r)
	}
}

// TestHead takes the newest commit for a release.
func TestHead(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, AND NOTHING IS BUILT FROM HISTORY: -short")
	}
	out, err := exec.Command("git", "-C", root, "rev-parse", "HEAD").Output()
	require.NoError(t, err)
	c := config(t)
	c.Run, c.Cache = []string{"opening/*", "call/*"}, t.TempDir()
	check(t, c, compat.Release{Name: "HEAD", Commit: strings.TrimSpace(string(out)), Wire: []uint16{1}, Protos: map[string][]uint16{"call": {1}}, Profile: "core"})
}

func check(t *testing.T, c releases.Config, r compat.Release) {
	found := releases.Check(t.Context(), c, r)
	require.Len(t, found, 4)
	for _, f := range found {
		require.NoError(t, f.Err, "%s: %s", r.Name, f.Name)
	}
}

// config builds today's program.
func config(t *testing.T) releases.Config {
	t.Helper()
	abs, err := filepath.Abs(root)
	require.NoError(t, err)
	bin := filepath.Join(t.TempDir(), "handfast")
	build := exec.Command("go", "build", "-o", bin, "./cmd/handfast")
	build.Dir = abs
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	return releases.Config{Root: abs, Cache: filepath.Join(cache, "handfast", "releases"), Today: bin}
}

// TestFrozen finds what has changed and must not.
func TestFrozen(t *testing.T) {
	today := os.DirFS(root)
	same, err := releases.Frozen(today, today)
	require.NoError(t, err)
	require.Empty(t, same)

	read := func(name string) string {
		b, err := fs.ReadFile(today, name)
		require.NoError(t, err)
		return string(b)
	}
	const vectors, registry = "testdata/vectors/opening.json", "spec/registry.json"
	replaced := func(text, was, is string) string {
		require.True(t, strings.Contains(text, was), was)
		return strings.Replace(text, was, is, 1)
	}
	for _, c := range []struct {
		name              string
		vectors, registry string
		want              string
	}{
		{"a vector's bytes", replaced(read(vectors), `"in": "c1`, `"in": "c2`), read(registry), "has changed"},
		{"a vector's verdict", replaced(read(vectors), `"verdict": "accept"`, `"verdict": "reject"`), read(registry), "has changed"},
		{"a vector's id", replaced(read(vectors), `"id": "opening/hello"`, `"id": "opening/hallo"`), read(registry), "opening/hello is gone"},
		{"a vector's title", replaced(read(vectors), `"title": "`, `"title": "well, `), read(registry), ""},
		{"the magic", read(vectors), replaced(read(registry), `"magic": "c1`, `"magic": "c2`), "magic of the opening"},
		{"a field of the opening", read(vectors), replaced(read(registry), `"name": "magic"`, `"name": "mogic"`), "opening of the opening"},
		{"a description", read(vectors), replaced(read(registry), `"doc": "The frozen`, `"doc": "Well. The frozen`), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := fstest.MapFS{vectors: {Data: []byte(read(vectors))}, registry: {Data: []byte(read(registry))}}
			is := fstest.MapFS{vectors: {Data: []byte(c.vectors)}, registry: {Data: []byte(c.registry)}}
			found, err := releases.Frozen(was, is)
			require.NoError(t, err)
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found[0], c.want)
		})
	}
	gone, err := releases.Frozen(fstest.MapFS{vectors: {Data: []byte(read(vectors))}, registry: {Data: []byte(read(registry))}}, fstest.MapFS{registry: {Data: []byte(read(registry))}})
	require.NoError(t, err)
	require.Len(t, gone, 1)
}
