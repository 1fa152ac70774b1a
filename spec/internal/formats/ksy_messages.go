package formats

import (
	"fmt"
	"slices"
	"strings"

	"handfast/spec"
)

// ksyProtos gives the sub-protocols whose messages are read by their layout.
func ksyProtos(r *spec.RegistryFile) []spec.Proto {
	return slices.DeleteFunc(slices.Clone(r.Protos), func(p spec.Proto) bool { return !binary(p) })
}

// ksyNames joins names to that of a type.
func ksyNames(names ...string) string { return strings.ToLower(strings.Join(names, "_")) }

// ksyLayout writes the type of a message, behind its kind, and those of what is in its fields.
func ksyLayout(p spec.Proto, m spec.Message) (string, error) {
	parts, err := layout(p, m)
	if err != nil {
		return "", err
	}
	w := ksyWriter{rules: ksyRules(p.Name+"."+strings.ToLower(m.Name), parts)}
	w.message(ksyNames(p.Name, m.Name), m.Doc, parts)
	return strings.TrimSuffix(w.b.String()+w.more.String(), "\n"), nil
}

// ksyWriter writes a message to b, and the types that it needs to more.
type ksyWriter struct {
	b, more strings.Builder
	rules   []string
}

func (w *ksyWriter) message(name, doc string, parts []part) {
	fmt.Fprintf(&w.b, "  %s:\n    doc: %s\n    seq:\n", name, ksyText(doc))
	for _, o := range parts[1:] { // the kind stands before it
		w.part(&w.b, name, o, o.values(parts), parts)
	}
	if last := parts[len(parts)-1]; last.Size != nil {
		w.b.WriteString("      - id: rest\n        size-eos: true\n        valid:\n          expr: _.size == 0\n")
	}
	if len(w.rules) > 0 {
		fmt.Fprintf(&w.b, "      - id: together\n        size: 0\n        valid:\n          expr: %s\n", ksyText(strings.Join(w.rules, " and ")))
	}
	instances := "    instances:\n"
	for _, o := range parts {
		for _, v := range o.Bits {
			fmt.Fprintf(&w.b, "%s      flag_%s:\n        value: 'flags & %d != 0'\n", instances, strings.ToLower(v.Name), v.Value)
			if v.Doc != "" { // Kaitai Struct does not take an empty one
				fmt.Fprintf(&w.b, "        doc: %s\n", ksyText(v.Doc))
			}
			instances = ""
		}
	}
}

// part writes one attribute to b. values are those that choose what is in it.
func (w *ksyWriter) part(b *strings.Builder, prefix string, o part, values []named, parts []part) {
	inside := ksyNames(prefix, o.ID)
	if o.Most != nil && !isInteger(o.Type) {
		fmt.Fprintf(b, "      - id: %s_size\n        size: 0\n        valid:\n          expr: _io.size - _io.pos <= %d\n", o.ID, *o.Most)
	}
	fmt.Fprintf(b, "      - id: %s\n", o.ID)
	line := func(format string, args ...any) { fmt.Fprintf(b, "        "+format+"\n", args...) }
	switch {
	case isInteger(o.Type):
		line("type: %s", ksyTypes[o.Type])
	case o.By != "" && o.Unit == 0:
		line("size: (%s + 1) / 2", o.By)
	case o.By != "" && o.Unit > 1:
		line("size: %s * %d", o.By, o.Unit)
	case o.By != "":
		line("size: %s", o.By)
	case o.Size != nil:
		line("size: %d", *o.Size)
	default:
		line("size-eos: true")
	}
	if o.With != nil {
		line("if: flags & %d != 0", o.With.Value)
	}
	switch {
	case o.Name == "code":
		line("enum: error_code")
	case len(o.Values) > 0:
		line("enum: %s", inside)
		line("valid:\n          in-enum: true")
	case isInteger(o.Type) && o.Most != nil:
		line("valid:\n          min: %d\n          max: %d", *o.Least, *o.Most)
	case o.Type == "utf8":
		line("type: str\n        encoding: UTF-8")
	case o.Type == "ascii":
		line("type: str\n        encoding: ASCII")
	case len(o.Inner) > 0:
		line("type: %s", inside)
		w.inner(inside, o)
	case len(values) > 0:
		line("type:\n          switch-on: %s\n          cases:", o.Chosen)
		for _, v := range values {
			line("    '%s::%s': %s", ksyNames(prefix, o.Chosen), ksyNames(v.Name), ksyNames(inside, v.Name))
			w.elements(ksyNames(inside, v.Name), o.Forms[v.Name].Parts, o.Forms[v.Name].Count, formsAscend[v.Name])
		}
	case o.Least != nil:
		line("valid:\n          expr: _.size >= %d", *o.Least)
	}
	line("doc: %s", ksyText(o.Doc))
}

// inner writes the type of what is in a field: one element where the field is there or not, and otherwise as many as there are.
func (w *ksyWriter) inner(name string, o part) {
	if o.With != nil {
		w.element(name, o.Inner, "")
		return
	}
	least := 0
	if o.Least != nil {
		least = *o.Least
	}
	fmt.Fprintf(&w.more, "  %s:\n    seq:\n      - id: elements\n        type: %s_element\n        repeat: eos\n", name, name)
	fmt.Fprintf(&w.more, "      - id: enough\n        size: 0\n        valid:\n          expr: elements.size >= %d\n", least)
	w.element(name+"_element", o.Inner, "")
}

// elements writes the type of a number of elements; count is -1 where they go to the end. Ascending ones are held against the one before.
func (w *ksyWriter) elements(name string, parts []part, count int, ascend bool) {
	fmt.Fprintf(&w.more, "  %s:\n    seq:\n", name)
	if count != 0 {
		index := ""
		if ascend {
			index = "(_index)"
		}
		fmt.Fprintf(&w.more, "      - id: elements\n        type: '%s_element%s'\n", name, index)
		if count < 0 {
			w.more.WriteString("        repeat: eos\n")
		} else {
			fmt.Fprintf(&w.more, "        repeat: expr\n        repeat-expr: %d\n", count)
		}
	}
	w.more.WriteString("      - id: rest\n        size-eos: true\n        valid:\n          expr: _.size == 0\n")
	if count == 0 {
		return
	}
	around := ""
	if ascend {
		around = name
	}
	w.element(name+"_element", parts, around)
}

// element writes the type of one element. around is the type that holds it, where elements ascend.
func (w *ksyWriter) element(name string, parts []part, around string) {
	fmt.Fprintf(&w.more, "  %s:\n", name)
	if around != "" {
		w.more.WriteString("    params:\n      - id: i\n        type: u4\n")
	}
	w.more.WriteString("    seq:\n")
	for _, o := range parts {
		w.part(&w.more, name, o, nil, parts)
	}
	if rule := elementRules[name]; rule != "" {
		fmt.Fprintf(&w.more, "      - id: together\n        size: 0\n        valid:\n          expr: %s\n", ksyText(rule))
	}
	if around == "" {
		return
	}
	first, second := parts[0].ID, parts[1].ID
	fmt.Fprintf(&w.more, `      - id: ascending
        size: 0
        valid:
          expr: 'i == 0 ? true : before.%[1]s < %[1]s or (before.%[1]s == %[1]s and before.%[2]s < %[2]s)'
    instances:
      before:
        value: _parent.as<%[3]s>.elements[i - 1]
        if: i > 0
`, first, second, around)
}

// ksyEnums writes the enums of a sub-protocol: its kinds, and the values of fields.
func ksyEnums(p spec.Proto) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s_kind:\n", p.Name)
	for _, m := range p.Messages {
		fmt.Fprintf(&b, "    %d:\n      id: %s\n      doc: %s\n", m.Value, strings.ToLower(m.Name), ksyText(m.Doc))
	}
	values := func(name string, o part) {
		if len(o.Values) == 0 {
			return
		}
		fmt.Fprintf(&b, "  %s:\n", name)
		for _, v := range o.Values {
			fmt.Fprintf(&b, "    %d: %s\n", v.Value, ksyNames(strings.ReplaceAll(v.Name, "-", "_")))
		}
	}
	for _, m := range p.Messages {
		parts, err := layout(p, m)
		if err != nil {
			return "", err
		}
		for _, o := range parts {
			values(ksyNames(p.Name, m.Name, o.ID), o)
			for _, one := range o.Inner {
				values(ksyNames(p.Name, m.Name, o.ID, "element", one.ID), one)
			}
		}
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// formsAscend has the values that choose elements which ascend strictly.
var formsAscend = map[string]bool{"ITEMS": true}

// elementRules are what the fields of one element say together.
var elementRules = map[string]string{
	"sync_result_runs_element": "(outcome == sync_result_runs_element_outcome::rejected) == (code.to_i != 0)",
}

// ksyRules are what the parts of a message say together, and only the pages say. Names of flags that the registry does not have are nothing.
func ksyRules(message string, parts []part) []string {
	mask := func(names ...string) int {
		all := 0
		for _, name := range names {
			if b := findBit(parts, name); b != nil {
				all |= b.Value
			}
		}
		return all
	}
	atFirst := fmt.Sprintf("(flags & %d == 0 or first == 0)", mask("ESTIMATE"))
	const half = "(length % 2 == 0 ? true : prefix.last & 15 == 0)"
	switch message {
	case "sync.since":
		return []string{"clock.size > 0"}
	case "sync.clock":
		return []string{fmt.Sprintf("(flags & %d != 0 or clock.size > 0)", mask("ALL"))}
	case "sync.check":
		rules := []string{
			half,
			fmt.Sprintf("(flags & %d == 0 or length == 16)", mask("PULL")),
			fmt.Sprintf("(flags & %d == 0 or length == 0)", mask("CLOCK", "BRIEF", "ESTIMATE", "LAST")),
		}
		if mask("ESTIMATE") != 0 {
			rules = append(rules, fmt.Sprintf("flags & %[1]d != %[1]d", mask("BRIEF", "ESTIMATE")))
		}
		if mask("COUNTS") != 0 {
			rules = append(rules, fmt.Sprintf("(flags & %d == 0 or flags & %d != 0)", mask("COUNTS"), mask("LAST")))
		}
		return rules
	case "sync.digest":
		rules := []string{half}
		for _, v := range parts[len(parts)-1].values(parts) {
			switch v.Name {
			case "PARTS", "BRIEF":
				rules = append(rules, fmt.Sprintf("(form != sync_digest_form::%s or length < 16)", strings.ToLower(v.Name)))
			case "ESTIMATE":
				rules = append(rules, "(form != sync_digest_form::estimate or length == 0)")
			}
		}
		return rules
	case "sync.check_key", "sync.version":
		return []string{"version.size > 0"}
	case "sync.error":
		return []string{"(scope == sync_error_scope::item or key_length == 0)"}
	case "sync.cells":
		return []string{"first + count <= 65535", atFirst}
	case "sync.sketch":
		return []string{"cells.elements.size >= 1", "cells.elements.size <= 1024", "first + cells.elements.size <= 65535", atFirst}
	case "realtime.object":
		return []string{"object.size > 0"}
	}
	return nil
}
