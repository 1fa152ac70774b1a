package formats

import (
	"fmt"
	"slices"
	"strings"

	"handfast/spec"
)

// binary tells whether the messages of a sub-protocol are read by their layout alone. Those of call hold MessagePack.
func binary(p spec.Proto) bool {
	return len(p.Messages) > 0 && !slices.ContainsFunc(p.Messages, func(m spec.Message) bool { return len(m.Keys) > 0 })
}

// carrier is the frame that carries the messages of a sub-protocol.
func carrier(p spec.Proto) string {
	if p.Profile == "delivery" {
		return "RECORDS"
	}
	return "DATA"
}

// luaMessages writes the messages of all sub-protocols that have a layout.
func luaMessages(r *spec.RegistryFile) (string, error) {
	var b strings.Builder
	b.WriteString("{")
	for _, p := range r.Protos {
		if !binary(p) {
			continue
		}
		fmt.Fprintf(&b, "\n  [%q] = { frame = %q,", p.Name, carrier(p))
		for _, m := range p.Messages {
			parts, err := layout(p, m)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "\n    [%d] = { name = %q, from = %q, doc = %s, parts = {", m.Value, m.Name, m.From, luaText(m.Doc))
			for _, o := range parts {
				fmt.Fprintf(&b, "\n      { %s },", luaPart(o, o.values(parts)))
			}
			b.WriteString(" } },")
		}
		b.WriteString(" },")
	}
	b.WriteString("\n}")
	return b.String(), nil
}

// luaPart writes one part, without braces. values are those that choose what is in it.
func luaPart(o part, values []named) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name = %q, type = %q, ", o.ID, o.Type)
	for _, n := range []struct {
		name  string
		value *int
	}{{"size", o.Size}, {"least", o.Least}, {"most", o.Most}} {
		if n.value != nil {
			fmt.Fprintf(&b, "%s = %d, ", n.name, *n.value)
		}
	}
	if o.By != "" {
		fmt.Fprintf(&b, "by = %q, unit = %d, ", o.By, o.Unit)
	}
	if o.With != nil {
		fmt.Fprintf(&b, "with = %d, ", o.With.Value)
	}
	if o.Each > 0 {
		fmt.Fprintf(&b, "each = %d, ", o.Each)
	}
	if o.Rule != "" {
		fmt.Fprintf(&b, "rule = %q, ", o.Rule)
	}
	if len(o.Values) > 0 {
		b.WriteString("values = { ")
		for _, v := range o.Values {
			fmt.Fprintf(&b, "[%d] = %q, ", v.Value, v.Name)
		}
		b.WriteString("}, ")
	}
	if len(o.Bits) > 0 {
		b.WriteString("bits = {")
		for _, v := range o.Bits {
			fmt.Fprintf(&b, "\n        { name = %q, value = %d, doc = %s },", v.Name, v.Value, luaText(v.Doc))
		}
		b.WriteString(" }, ")
	}
	if len(o.Inner) > 0 {
		fmt.Fprintf(&b, "inner = {%s }, ", luaInner(o.Inner))
	}
	if len(values) > 0 {
		fmt.Fprintf(&b, "chosen = %q, forms = {", o.Chosen)
		for _, v := range values {
			f := o.Forms[v.Name]
			fmt.Fprintf(&b, "\n        [%d] = { name = %q, count = %d, inner = {%s } },", v.Value, v.Name, f.Count, luaInner(f.Parts))
		}
		b.WriteString(" }, ")
	}
	fmt.Fprintf(&b, "doc = %s", luaText(o.Doc))
	return b.String()
}

// luaInner writes the parts of an element.
func luaInner(parts []part) string {
	var b strings.Builder
	for _, o := range parts {
		fmt.Fprintf(&b, "\n          { %s },", luaPart(o, nil))
	}
	return b.String()
}
