package nodepeer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Releases are the releases of the npm package fast that Install knows, oldest first.
var Releases = []string{"0.3.1", "0.5.3", "2.3.0", "2.6.0", "2.8.2", "3.0.0", "3.1.3"}

// ErrNoNode says that node or npm is not installed.
var ErrNoNode = errors.New("nodepeer: node and npm are needed: install the Debian packages nodejs and npm")

// DefaultCache is the folder that releases are installed into where no other is named.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "handfast", "fast"), nil
}

// Install installs a release by name from npm into a folder of its own in cache, unless it is there, and returns that folder. The
// package is left as it is; only its native dependencies are replaced by releases that need no compiler, and the one dependency
// that is not on npm by the release of the same library that has the same text.
func Install(ctx context.Context, cache, release string) (string, error) {
	if !slices.Contains(Releases, release) {
		return "", fmt.Errorf("nodepeer: fast %s is not one of %v", release, Releases)
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", ErrNoNode
		}
	}
	dir := filepath.Join(cache, release)
	if installed(dir, release) {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(cache, "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	manifest, err := json.Marshal(map[string]any{
		"name": "peer", "private": true, "dependencies": map[string]string{"fast": release},
		"overrides": map[string]string{"oldcrc": "npm:crc@0.3.0", "microtime": "3.1.1", "dtrace-provider": "0.8.8"},
	})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(tmp, "package.json"), manifest, 0o644); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("nodepeer: npm install fast@%s: %w\n%s", release, err, out)
	}
	if !installed(tmp, release) {
		return "", fmt.Errorf("nodepeer: npm has not installed fast %s", release)
	}
	_ = os.RemoveAll(dir)
	if err := os.Rename(tmp, dir); err != nil && !installed(dir, release) { // another process may have been faster
		return "", err
	}
	return dir, nil
}

// installed says whether the folder holds the release.
func installed(dir, release string) bool {
	b, err := os.ReadFile(filepath.Join(dir, "node_modules", "fast", "package.json"))
	if err != nil {
		return false
	}
	var p struct{ Version string }
	return json.Unmarshal(b, &p) == nil && p.Version == release
}
