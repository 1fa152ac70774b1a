// Package testdata holds the vectors: inputs with the verdict that the specification gives, as JSON files that authors in any
// language read, and as typed values for Go.
//
//	files, err := testdata.Load()
//	for _, v := range files[0].Vectors {
//		in := v.Bytes() // what a parser gets
//
// It knows the form of a vector and nothing of the protocol: whoever judges a parser imports it beside that parser. The files are
// written by spec/gen/vectors; README.md is their contract.
package testdata

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// The pattern also matches the schema, so that the package compiles, and the generator runs, where all vectors are gone.
//
//go:embed vectors*
var embedded embed.FS

// Format is the form of the files that this package reads.
const Format = 1

// Spec is the wire version that the vectors are about.
const Spec = "1"

// Schema returns the JSON Schema (draft 2020-12) of a file of vectors.
func Schema() []byte {
	b, err := embedded.ReadFile("vectors.schema.json")
	if err != nil {
		panic(err) // the pattern above cannot be satisfied without it
	}
	return bytes.Clone(b)
}

// JSON returns the files as they are, by area.
func JSON() map[string][]byte {
	files := map[string][]byte{}
	entries, err := embedded.ReadDir("vectors")
	if err != nil {
		return files
	}
	for _, e := range entries {
		b, err := embedded.ReadFile("vectors/" + e.Name())
		if err != nil {
			panic(err) // it was listed a moment ago
		}
		files[strings.TrimSuffix(e.Name(), path.Ext(e.Name()))] = b
	}
	return files
}

// Load reads all vectors, by area, and checks them: each by itself, and that ids are unique and twins exist. Nothing at all is an
// error too: a suite that judges by no vectors judges nothing.
func Load() ([]File, error) {
	raw := JSON()
	var files []File
	for _, area := range sortedAreas(raw) {
		f, err := Parse(raw[area])
		if err != nil {
			return nil, fmt.Errorf("vectors/%s.json: %w", area, err)
		}
		if f.Area != area {
			return nil, fmt.Errorf("vectors/%s.json: its area is %q", area, f.Area)
		}
		files = append(files, *f)
	}
	if len(files) == 0 {
		return nil, errors.New("there are no vectors")
	}
	if err := Check(files); err != nil {
		return nil, err
	}
	return files, nil
}

// Parse reads one file. An unknown member, another format and anything in must_understand are refused: a reader that goes on past
// what it does not know reports a pass that means nothing.
func Parse(b []byte) (*File, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	f := new(File)
	if err := d.Decode(f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the object")
	}
	switch {
	case f.Format != Format:
		return nil, fmt.Errorf("format %d, not %d", f.Format, Format)
	case len(f.MustUnderstand) > 0:
		return nil, fmt.Errorf("must_understand names %q, which this reader does not know", f.MustUnderstand)
	case f.Spec != Spec:
		return nil, fmt.Errorf("spec %q, not %q", f.Spec, Spec)
	}
	return f, nil
}
