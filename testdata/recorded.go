package testdata

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Recorded reads what was sent in a run of the suite, as spec/gen/recorded has kept it: name is "openings", "frames" or "links", root the folder of this
// package. A line that is no input is an error. It is for tests, and so not embedded.
func Recorded(root, name string) ([][]byte, error) {
	path := filepath.Join(root, "corpora", "suite", name+".hex")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		b, err := hex.DecodeString(string(line))
		if err == nil && len(b) == 0 {
			err = errors.New("no input")
		}
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, i+1, err)
		}
		list = append(list, b)
	}
	return list, nil
}
