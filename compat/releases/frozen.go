package releases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Frozen compares what a release has published with what is there today, and gives a line for each thing that has changed and must
// not: a vector of the release that is gone or different, and the layout of the opening, which no version may change.
func Frozen(release, today fs.FS) ([]string, error) {
	var faults []string
	files, err := fs.Glob(release, "testdata/vectors/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		was, err := vectors(release, name)
		if err != nil {
			return nil, err
		}
		is, err := vectors(today, name)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		for _, id := range slices.Sorted(keys(was)) {
			switch now, ok := is[id]; {
			case !ok:
				faults = append(faults, fmt.Sprintf("%s: the vector %s is gone", name, id))
			case !bytes.Equal(now, was[id]):
				faults = append(faults, fmt.Sprintf("%s: the vector %s has changed", name, id))
			}
		}
	}
	was, err := opening(release)
	if err != nil {
		return nil, err
	}
	is, err := opening(today)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(keys(was)) {
		if !bytes.Equal(was[key], is[key]) {
			faults = append(faults, "spec/registry.json: "+key+" of the opening has changed")
		}
	}
	return faults, nil
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// vectors gives the vectors of a file by their ids, each in one form: compact, keys ascending.
func vectors(from fs.FS, name string) (map[string][]byte, error) {
	b, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, err
	}
	var file struct {
		Vectors []map[string]any `json:"vectors"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	byID := map[string][]byte{}
	for _, v := range file.Vectors {
		id, _ := v["id"].(string)
		for _, words := range []string{"title", "why", "req"} { // may be put better
			delete(v, words)
		}
		if byID[id], err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	if len(byID) == 0 {
		return nil, fmt.Errorf("%s: there are no vectors in it", name)
	}
	return byID, nil
}

// opening gives the parts of the registry that say what the first bytes of every link are, whatever its version.
func opening(from fs.FS) (map[string][]byte, error) {
	b, err := fs.ReadFile(from, path.Join("spec", "registry.json"))
	if err != nil {
		return nil, err
	}
	var registry map[string]any
	if err := json.Unmarshal(b, &registry); err != nil {
		return nil, err
	}
	parts := map[string][]byte{}
	for key, v := range registry {
		if strings.HasPrefix(key, "opening") || key == "magic" || key == "invariants" {
			if parts[key], err = json.Marshal(wordless(v)); err != nil {
				return nil, err
			}
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("spec/registry.json says nothing of the opening")
	}
	return parts, nil
}

// wordless takes the descriptions out of a value.
func wordless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "doc")
		for k, e := range v {
			v[k] = wordless(e)
		}
	case []any:
		for i, e := range v {
			v[i] = wordless(e)
		}
	}
	return v
}
