// Package outputs lists every file that spec/gen writes, with its content, so that the command and the test which finds
// old files cannot differ.
package outputs

import (
	"os"
	"path/filepath"

	"handfast/spec"
	"handfast/spec/internal/formats"
	"handfast/spec/internal/golang"
	"handfast/spec/internal/pages"
	"handfast/spec/internal/prose"
)

// File is one generated file. Path is from the root of the repository, with slashes.
type File struct {
	Path    string
	Content []byte
}

// Go is where the codec's tables stand.
const Go = "codec/zz_registry.go"

// Tables makes the codec's tables. It stands alone because it reads no page, so that a broken page does not keep the
// codec from compiling.
func Tables(r *spec.RegistryFile) (File, error) {
	if err := r.Validate(); err != nil {
		return File{}, err
	}
	src, err := golang.Source(r)
	return File{Path: Go, Content: src}, err
}

// Formats makes the descriptions of the wire for other tools.
func Formats(r *spec.RegistryFile) ([]File, error) {
	lua, err := formats.Lua(r)
	if err != nil {
		return nil, err
	}
	ksy, err := formats.Ksy(r)
	if err != nil {
		return nil, err
	}
	return []File{{Path: "spec/handfast.lua", Content: lua}, {Path: "spec/handfast.ksy", Content: ksy}}, nil
}

// Pages makes the pages with their blocks filled, and the index.
func Pages(root string, r *spec.RegistryFile, rules []spec.Rule) ([]File, error) {
	texts, err := Read(root, r)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, path := range prose.Paths(r) {
		text, err := pages.Splice(path, texts[path], pages.Blocks(r))
		if err != nil {
			return nil, err
		}
		texts[path] = text
		files = append(files, File{Path: path, Content: []byte(text)})
	}
	sentences, err := prose.Sentences(texts, prose.Paths(r))
	if err != nil {
		return nil, err
	}
	index := pages.Index(sentences, rules)
	return append(files, File{Path: "spec/INDEX.md", Content: []byte(index)}), nil
}

// Requirements makes requirements.json with the texts of the pages.
func Requirements(root string, r *spec.RegistryFile, old *spec.RequirementFile) (File, error) {
	texts, err := Read(root, r)
	if err != nil {
		return File{}, err
	}
	sentences, err := prose.Sentences(texts, prose.Paths(r))
	if err != nil {
		return File{}, err
	}
	refreshed, err := prose.Refresh(old, sentences, r)
	if err != nil {
		return File{}, err
	}
	content, err := refreshed.Encode()
	return File{Path: "spec/requirements.json", Content: content}, err
}

// Read reads the pages.
func Read(root string, r *spec.RegistryFile) (prose.Pages, error) {
	texts := prose.Pages{}
	for _, path := range prose.Paths(r) {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		texts[path] = string(b)
	}
	return texts, nil
}
