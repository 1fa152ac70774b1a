package spec_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// kaitaiFiles are what the harness consists of.
var kaitaiFiles = []string{"package.json", "package-lock.json", "test.mjs"}

// TestKaitai compiles handfast.ksy to JavaScript and runs it over all vectors. It needs node, npm, and the packages of
// spec/kaitai/package-lock.json, which are installed once into the user's cache.
func TestKaitai(t *testing.T) {
	leave := func(why string) {
		t.Helper()
		if os.Getenv("CI") != "" {
			t.Fatal(why + ", and CI needs it: node and npm, version 20 or later")
		}
		t.Skip("LEFT OUT: spec/handfast.ksy is not tested: " + why)
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			leave(tool + " is not installed")
		}
	}
	dir, err := kaitaiFolder(filepath.Join(root(t), "spec", "kaitai"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			leave("npm ci fails: " + err.Error() + "\n" + string(out))
		}
		if err := os.WriteFile(filepath.Join(dir, "installed"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("node", filepath.Join(dir, "test.mjs"), root(t)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", bytes.TrimSpace(out))
}

// kaitaiFolder copies the harness to where its packages may be installed: beside the sources they would be in the way of everything
// that walks the tree. The folder's name holds the hash of the files, so that each version has its own.
func kaitaiFolder(from string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	sum := sha256.New()
	content := map[string][]byte{}
	for _, name := range kaitaiFiles {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return "", err
		}
		content[name] = b
		if name != "test.mjs" {
			sum.Write(b)
		}
	}
	dir := filepath.Join(cache, "handfast-kaitai-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for name, b := range content {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}
