package outputs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Command is a generator: it writes what files makes, given the root of the repository, and names to stdout what has changed. It gives
// the exit code.
func Command(name string, stdout, stderr io.Writer, files func(root string) ([]File, error)) int {
	root, err := Root()
	var list []File
	if err == nil {
		list, err = files(root)
	}
	if err == nil {
		err = WriteAll(root, stdout, list...)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: error: %v\n", name, err)
		return 1
	}
	return 0
}

// WriteAll writes files, and names to log those that have changed.
func WriteAll(root string, log io.Writer, files ...File) error {
	for _, f := range files {
		changed, err := Write(root, f)
		if err != nil {
			return err
		}
		if changed {
			fmt.Fprintln(log, "wrote", f.Path)
		}
	}
	return nil
}

// JSON is one file that has v as JSON, in the layout of all vectors.
func JSON(path string, v any) ([]File, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return []File{{Path: path, Content: b.Bytes()}}, nil
}

// Stale names the files that stand under root with another content, or not at all.
func Stale(root string, files ...File) []string {
	var stale []string
	for _, f := range files {
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
		if err != nil || !bytes.Equal(have, f.Content) {
			stale = append(stale, f.Path)
		}
	}
	return stale
}
