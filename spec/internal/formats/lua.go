package formats

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"handfast/spec"
)

//go:embed handfast.lua.tmpl
var luaTemplate string

// Lua makes the dissector for Wireshark.
func Lua(r *spec.RegistryFile) ([]byte, error) {
	return execute("handfast.lua", luaTemplate, r, luaFuncs(r))
}

func luaFuncs(r *spec.RegistryFile) template.FuncMap {
	return template.FuncMap{
		"luaMagic":    func() (string, error) { return luaMagic(r.Magic) },
		"luaFields":   luaFields,
		"luaKeys":     luaKeys,
		"luaText":     luaText,
		"luaSizes":    luaSizes,
		"luaTypes":    luaTypes,
		"luaMessages": func() (string, error) { return luaMessages(r) },
		"luaCapType": func(kind string) string {
			if kind == "set" || kind == "list" {
				return "array"
			}
			return kind
		},
	}
}

// execute fills a template. The functions that both formats need are here.
func execute(name, text string, r *spec.RegistryFile, more template.FuncMap) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{
		"constant": func(name string) (uint64, error) {
			c, ok := r.Constant(name)
			if !ok {
				return 0, fmt.Errorf("no constant %s", name)
			}
			return c.Value, nil
		},
		"limitMax": func(name string) (uint64, error) {
			for _, l := range r.Limits {
				if l.Name == name {
					return l.Max, nil
				}
			}
			return 0, fmt.Errorf("no limit %s", name)
		},
		"proto": func(name string) (spec.Proto, error) {
			p, ok := r.Proto(name)
			if !ok {
				return p, fmt.Errorf("no sub-protocol %s", name)
			}
			return p, nil
		},
	}).Funcs(more).Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, r); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// luaMagic writes the magic as the inside of a Lua string.
func luaMagic(digits string) (string, error) {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return "", fmt.Errorf("magic: %w", err)
	}
	var b strings.Builder
	for _, c := range raw {
		fmt.Fprintf(&b, "\\%03d", c)
	}
	return b.String(), nil
}

// luaText quotes a text of the registry, which is printable ASCII (the registry's own check sees to that).
func luaText(s string) string { return strconv.Quote(s) }

func luaFields(fields []spec.Field) string {
	var b strings.Builder
	b.WriteString("{")
	for _, f := range fields {
		fmt.Fprintf(&b, "\n    { name = %q, type = %q, ", f.Name, f.Type)
		if f.Offset != nil {
			fmt.Fprintf(&b, "offset = %d, ", *f.Offset)
		}
		if f.Size != nil {
			fmt.Fprintf(&b, "size = %d, ", *f.Size)
		}
		fmt.Fprintf(&b, "doc = %s },", luaText(f.Doc))
	}
	b.WriteString(" }")
	return b.String()
}

func luaKeys(keys []spec.Key) string {
	var b strings.Builder
	b.WriteString("{")
	for _, k := range keys {
		fmt.Fprintf(&b, "\n      { name = %q, type = %q, required = %t, ", k.Name, k.Type, k.Required)
		if k.Of != "" {
			fmt.Fprintf(&b, "of = %q, ", k.Of)
		}
		if k.Size != nil {
			fmt.Fprintf(&b, "size = %d, ", *k.Size)
		}
		if k.Min != nil {
			fmt.Fprintf(&b, "min = %d, ", *k.Min)
		}
		if k.Max != nil {
			fmt.Fprintf(&b, "max = %d, ", *k.Max)
		}
		if len(k.Keys) > 0 {
			fmt.Fprintf(&b, "keys = %s, ", luaKeys(k.Keys))
		}
		fmt.Fprintf(&b, "doc = %s },", luaText(k.Doc))
	}
	b.WriteString(" }")
	return b.String()
}

func luaSizes(f spec.Frame) string {
	var b strings.Builder
	for _, n := range []struct {
		name  string
		value *int
	}{{"size", f.Size}, {"min", f.Min}, {"max", f.Max}} {
		if n.value != nil {
			fmt.Fprintf(&b, " %s = %d,", n.name, *n.value)
		}
	}
	return b.String()
}

func luaTypes(types spec.Types) string {
	var b strings.Builder
	b.WriteString("{ ")
	for _, t := range types {
		fmt.Fprintf(&b, "[%q] = true, ", t)
	}
	b.WriteString("}")
	return b.String()
}
