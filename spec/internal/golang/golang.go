// Package golang writes the registry as Go source: the tables of package codec.
package golang

import (
	"bytes"
	"embed"
	"encoding/hex"
	"fmt"
	"go/format"
	"slices"
	"strings"
	"text/template"

	"handfast/spec"
)

//go:embed *.tmpl
var templates embed.FS

// parts are the templates in the order in which the file shows them.
var parts = []string{"head.tmpl", "numbers.tmpl", "limits.tmpl", "info.tmpl", "tables.tmpl"}

// Source returns codec/zz_registry.go, formatted. The same registry always gives the same bytes.
func Source(r *spec.RegistryFile) ([]byte, error) {
	t, err := template.New("registry").Funcs(funcs(r)).ParseFS(templates, "*.tmpl")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, part := range parts {
		if err := t.ExecuteTemplate(&b, part, r); err != nil {
			return nil, err
		}
	}
	src, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("generated Go does not parse: %w", err)
	}
	return src, nil
}

func funcs(r *spec.RegistryFile) template.FuncMap {
	return template.FuncMap{
		"camel":   Camel,
		"magic":   func() (string, error) { return magic(r) },
		"flagsOf": func(frame string) []spec.Flag { return flagsOf(r, frame) },
		"sorted":  sorted,
		"num":     number,
		"bounds":  bounds,
	}
}

// acronyms are the words that Go writes in capitals.
var acronyms = map[string]bool{"crc": true, "id": true, "ms": true, "us": true, "tls": true}

// Camel turns a name of the registry, HEADER_CRC or ping_min_ms, into Go's form, HeaderCRC or PingMinMS.
func Camel(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '.' }) {
		if acronyms[word] {
			b.WriteString(strings.ToUpper(word))
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func magic(r *spec.RegistryFile) (string, error) {
	raw, err := hex.DecodeString(r.Magic)
	if err != nil || len(raw) != 8 {
		return "", fmt.Errorf("magic %q is not 8 bytes of hexadecimal digits", r.Magic)
	}
	var b strings.Builder
	for i, c := range raw {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "0x%02X", c)
	}
	return b.String(), nil
}

// flagsOf lists the flags that a frame type defines, those of every type left out.
func flagsOf(r *spec.RegistryFile, frame string) []spec.Flag {
	var out []spec.Flag
	for _, f := range r.Flags {
		if f.Types.Has(frame) && !f.Types.Has("*") {
			out = append(out, f)
		}
	}
	return out
}

// sorted returns the capabilities in the order of their names.
func sorted(caps []spec.Capability) []spec.Capability {
	return slices.SortedFunc(slices.Values(caps), func(a, b spec.Capability) int { return strings.Compare(a.Name, b.Name) })
}

// number prints an optional number; an absent one is -1.
func number(p *int) int {
	if p == nil {
		return -1
	}
	return *p
}

// bounds gives the smallest and greatest payload of a frame type as Go expressions.
func bounds(_ *spec.RegistryFile, f spec.Frame) (string, error) {
	switch f.Body {
	case "fixed":
		if f.Size == nil {
			return "", fmt.Errorf("frame %s: a fixed body needs a size", f.Name)
		}
		return fmt.Sprintf("MinPayload: %d, MaxPayload: %d", *f.Size, *f.Size), nil
	case "ending":
		if f.Min == nil || f.Max == nil {
			return "", fmt.Errorf("frame %s: an ending needs min and max", f.Name)
		}
		return fmt.Sprintf("MinPayload: %d, MaxPayload: %d", *f.Min, *f.Max), nil
	case "map":
		return "MinPayload: 1, MaxPayload: MaxControl", nil
	case "pieces", "records", "ack":
		least := 0
		for _, field := range f.Fields {
			if field.Size != nil {
				least += *field.Size
			}
		}
		if f.Body == "records" { // at least one piece
			least += 4
		}
		most := "-1"
		if f.Body == "ack" {
			most = fmt.Sprintf("%d + 16*MaxRanges", least)
		}
		return fmt.Sprintf("MinPayload: %d, MaxPayload: %s", least, most), nil
	}
	return "", fmt.Errorf("frame %s: unknown body %q", f.Name, f.Body)
}
