package outputs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
)

// Root finds the root of the repository from the working directory, which is spec under go generate, a package's folder
// under go test, and mostly the root by hand.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module handfast\n")) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod of the module handfast here or above")
		}
		dir = up
	}
}

// Write writes a file, and the folders above it, unless it has this content already: a run that changes nothing touches nothing.
func Write(root string, f File) (changed bool, err error) {
	path := filepath.Join(root, filepath.FromSlash(f.Path))
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, f.Content) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	return true, os.WriteFile(path, f.Content, 0o644)
}
