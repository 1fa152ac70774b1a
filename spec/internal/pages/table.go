package pages

import (
	"fmt"
	"strconv"
	"strings"

	"handfast/spec"
)

// table writes a Markdown table.
type table struct{ b strings.Builder }

func newTable(head ...string) *table {
	t := new(table)
	t.row(head...)
	t.b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	return t
}

func (t *table) row(cells ...string) {
	for _, cell := range cells {
		t.b.WriteString("| " + escape(cell) + " ")
	}
	t.b.WriteString("|\n")
}

func (t *table) String() string { return t.b.String() }

// escape keeps Markdown from taking a vertical bar for the end of a cell and, outside back quotes, <name> for HTML.
func escape(cell string) string {
	parts := strings.Split(strings.ReplaceAll(cell, "|", `\|`), "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], "<", `\<`)
	}
	return strings.Join(parts, "`")
}

// code puts a name between back quotes.
func code(name string) string { return "`" + name + "`" }

// grouped writes a number with commas, as the prose does.
func grouped(v uint64) string {
	digits := strconv.FormatUint(v, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// span writes a range of hexadecimal numbers.
func span(r spec.Range, digits int) string {
	if r.From == r.To {
		return fmt.Sprintf("%0*X", digits, r.From)
	}
	return fmt.Sprintf("%0*X - %0*X", digits, r.From, digits, r.To)
}

// fieldTable lists the fields of a layout.
func fieldTable(fields []spec.Field) string {
	t := newTable("offset", "size", "field", "type", "meaning")
	for _, f := range fields {
		offset, size := "after", "rest"
		if f.Offset != nil {
			offset = strconv.Itoa(*f.Offset)
		}
		if f.Size != nil {
			size = strconv.Itoa(*f.Size)
		} else if f.Max != nil {
			size = fmt.Sprintf("0 - %d", *f.Max)
		}
		if size == "rest" && f.Name != fields[len(fields)-1].Name {
			size = "varies"
		}
		t.row(offset, size, code(f.Name), f.Type, f.Doc)
	}
	return t.String()
}

// keyTable lists the keys of a map.
func keyTable(keys []spec.Key) string {
	t := newTable("key", "value", "required", "meaning")
	for _, k := range keys {
		required := "no"
		if k.Required {
			required = "yes"
		}
		t.row(code(k.Name), valueType(k), required, k.Doc)
	}
	return t.String()
}

// valueType says which MessagePack values a key may have.
func valueType(k spec.Key) string {
	switch {
	case k.Type == "array" && k.Min != nil && k.Max != nil:
		return fmt.Sprintf("array of %d to %d %s", *k.Min, *k.Max, elements(k.Of))
	case k.Type == "array" && k.Max != nil:
		return fmt.Sprintf("array of at most %d %s", *k.Max, elements(k.Of))
	case k.Size != nil:
		return fmt.Sprintf("%s of %d bytes", k.Type, *k.Size)
	case k.Max != nil:
		return fmt.Sprintf("%s of at most %s bytes", k.Type, grouped(uint64(*k.Max)))
	}
	if most, isInt := intMax[k.Type]; isInt {
		return "int, 0 to " + most
	}
	return k.Type
}

func elements(of string) string {
	if most, isInt := intMax[of]; isInt {
		return "ints, each 0 to " + most
	}
	if plural, known := map[string]string{"epoch": "entries", "range": "ranges"}[of]; known {
		return plural
	}
	return of
}

// intMax spells out the ranges of integers, for MessagePack has only one type for all of them.
var intMax = map[string]string{"u16": "65,535", "u32": "2^32-1", "uint": "2^63-1"}
