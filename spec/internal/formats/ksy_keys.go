package formats

import (
	"fmt"
	"strings"

	"handfast/spec"
)

// The keys of maps. Kaitai Struct cannot look an entry up by its name, so that each map has a type that goes over its entries: what a
// value must be is chosen by the name, and the required keys are counted.

// keyMap is a map whose keys are known.
type keyMap struct {
	name  string // of its types: NAME_keys and NAME_key
	doc   string
	keys  []spec.Key
	inner map[string]string // key -> name of the keyMap inside it
}

// keyMaps lists the maps that the registry describes.
func keyMaps(r *spec.RegistryFile) []keyMap {
	var list []keyMap
	var add func(name, doc string, keys []spec.Key, inner map[string]string)
	add = func(name, doc string, keys []spec.Key, inner map[string]string) {
		if inner == nil {
			inner = map[string]string{}
		}
		for _, k := range keys {
			if len(k.Keys) > 0 {
				inner[k.Name] = name + "_" + k.Name
				add(inner[k.Name], k.Doc, k.Keys, nil)
			}
		}
		list = append(list, keyMap{name, doc, keys, inner})
	}
	for _, k := range r.Opening.Kinds {
		inner := map[string]string{}
		if k.Name == "HELLO" {
			inner = map[string]string{"limits": "limits", "caps": "caps", "protos": "offers"}
		}
		add(strings.ToLower(k.Name), "keys of "+k.Name, k.Keys, inner)
	}
	for _, f := range r.Frames {
		if len(f.Keys) > 0 { // what caps and protos of READY hold is compared as bytes (READY-007, READY-008)
			add(strings.ToLower(f.Name), "keys of "+f.Name, f.Keys, map[string]string{})
		}
	}
	for _, p := range r.Protos {
		for _, m := range p.Messages {
			if len(m.Keys) > 0 {
				add(p.Name+"_"+strings.ToLower(m.Name), "keys of "+m.Name+" of "+p.Name, m.Keys, nil)
			}
		}
	}
	return list
}

// ksyMaps writes the types of all maps.
func ksyMaps(r *spec.RegistryFile) (string, error) {
	var b strings.Builder
	for _, m := range keyMaps(r) {
		cases := map[string]string{}
		elements := map[string]int{}
		var required []string
		var order []string
		for _, k := range m.keys {
			fit, kind, err := ksyFits(k)
			if err != nil {
				return "", err
			}
			cases[k.Name], order = fit, append(order, k.Name)
			if kind > 0 {
				elements[k.Name] = kind
			}
			if k.Required {
				required = append(required, k.Name)
			}
		}
		writeMap(&b, m, order, cases, elements, required)
	}
	limits, caps := map[string]string{}, map[string]string{}
	elements := map[string]int{}
	var limitNames, capNames []string
	for _, l := range r.Limits {
		limitNames = append(limitNames, l.Name)
		limits[l.Name] = fmt.Sprintf("v.is_uint and v.int >= %d and v.int <= %d", l.Min, l.Max)
	}
	for _, c := range r.Capabilities {
		capNames = append(capNames, c.Name)
		switch c.Type {
		case "true":
			caps[c.Name] = "v.is_bool and v.bool"
		case "uint":
			caps[c.Name] = "v.is_uint"
		case "set", "list":
			caps[c.Name] = "v.is_array and v.length >= 1 and v.length <= 16"
			elements[c.Name] = elementKinds["str"]
		default:
			return "", fmt.Errorf("capability %s: no form for type %s", c.Name, c.Type)
		}
	}
	writeMap(&b, keyMap{name: "limits", doc: "limits of a HELLO (HELLO-012)"}, limitNames, limits, nil, nil)
	writeMap(&b, keyMap{name: "caps", doc: "capabilities of a HELLO (CAP-010), and of READY"}, capNames, caps, elements, nil)
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// elementKinds are the values of element_kind.
var elementKinds = map[string]int{"str": 1, "u16": 2, "epoch": 3, "range": 4}

// ksyFits says what a value must be, and what its elements are.
func ksyFits(k spec.Key) (fit string, elements int, err error) {
	atMost := func(fit string) string {
		if k.Size != nil {
			fit += fmt.Sprintf(" and v.length == %d", *k.Size)
		}
		if k.Min != nil {
			fit += fmt.Sprintf(" and v.length >= %d", *k.Min)
		}
		if k.Max != nil {
			fit += fmt.Sprintf(" and v.length <= %d", *k.Max)
		}
		return fit
	}
	switch k.Type {
	case "map":
		return "v.is_map", 0, nil
	case "bin", "str":
		return atMost("v.is_" + k.Type), 0, nil
	case "u16", "u32", "uint":
		return "v.is_" + k.Type, 0, nil
	case "array":
		kind, ok := elementKinds[k.Of]
		if !ok {
			return "", 0, fmt.Errorf("key %s: no form for elements of %s", k.Name, k.Of)
		}
		return atMost("v.is_array"), kind, nil
	}
	return "", 0, fmt.Errorf("key %s: no form for type %s", k.Name, k.Type)
}

// writeMap writes the two types of a map.
func writeMap(b *strings.Builder, m keyMap, order []string, cases map[string]string, elements map[string]int, required []string) {
	fits, kinds := "true", "0"
	for i := len(order) - 1; i >= 0; i-- {
		name := order[i]
		fits = fmt.Sprintf("name == %q ? (%s) : %s", name, cases[name], fits)
		if elements[name] > 0 {
			kinds = fmt.Sprintf("name == %q ? %d : %s", name, elements[name], kinds)
		}
	}
	var needed []string
	for _, name := range required {
		needed = append(needed, fmt.Sprintf("name == %q", name))
	}
	count := "0"
	if len(needed) > 0 {
		count = "(" + strings.Join(needed, " or ") + ") ? 1 : 0"
	}
	fmt.Fprintf(b, `  %[1]s_keys:
    doc: %[2]s
    params:
      - id: v
        type: msgpack
    seq:
      - id: form
        size: 0
        valid:
          expr: v.is_map
      - id: entries
        type: '%[1]s_key(v.map[_index], _index == 0 ? 0 : entries[_index - 1].seen)'
        repeat: expr
        repeat-expr: v.length
      - id: complete
        size: 0
        valid:
          expr: '(entries.size == 0 ? 0 : entries.last.seen) == %[3]d'
        doc: the required keys are there
  %[1]s_key:
    params:
      - id: entry
        type: msgpack_entry
      - id: before
        type: u2
        doc: required keys before this one
    seq:
      - id: fits
        size: 0
        valid:
          expr: %[4]s
        doc: %[5]s
`, m.name, ksyText(m.doc), len(required), ksyText(fits), ksyText("known keys: "+strings.Join(order, ", ")))
	if kinds != "0" {
		fmt.Fprintf(b, `      - id: elements
        type: msgpack_element(v.array[_index], element_kind)
        repeat: expr
        repeat-expr: 'element_kind == 0 ? 0 : v.length'
`)
	}
	for _, name := range order {
		if inner := m.inner[name]; inner != "" {
			fmt.Fprintf(b, "      - id: %s\n        type: %s_keys(v)\n        if: %s\n", name, inner, ksyText(fmt.Sprintf("name == %q", name)))
		}
	}
	fmt.Fprintf(b, `    instances:
      name:
        value: entry.key.text
      v:
        value: entry.value
      seen:
        value: %s
        doc: required keys up to here
`, ksyText("before + ("+count+")"))
	if kinds != "0" {
		fmt.Fprintf(b, "      element_kind:\n        value: %s\n", ksyText(kinds))
	}
}
