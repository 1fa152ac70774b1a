package pages

import (
	"fmt"
	"strings"

	"handfast/spec"
)

// A diagram shows a layout in boxes, eight bytes a row, with the offset of each row's first byte on its left. A part of
// variable size takes the rest of its row and has ~ on its sides; what stands behind it has no offset.

const (
	perRow = 8
	cell   = 10 // columns for a byte, without its border; the longest name of a one-byte field has ten
)

// part is one field, or a piece of one that crosses the end of a row.
type part struct {
	name  string
	bytes int  // columns of the row that it takes
	open  bool // of variable size
}

// row is up to eight bytes.
type row struct {
	label string
	parts []part
}

// diagram draws a layout as a code block.
func diagram(fields []spec.Field) string {
	rows := layout(fields)
	var b strings.Builder
	b.WriteString("```text\n" + strings.Repeat(" ", 6))
	for i := range perRow {
		fmt.Fprintf(&b, "%*d%*s", cell/2+1, i, cell-cell/2, "")
	}
	text := strings.TrimRight(b.String(), " ") + "\n"
	last := 0
	for _, r := range rows {
		width := r.width()
		text += border(max(width, last)) + r.line()
		last = width
	}
	return text + border(last) + "```\n"
}

func (r row) width() (bytes int) {
	for _, p := range r.parts {
		bytes += p.bytes
	}
	return bytes
}

func border(bytes int) string {
	return "      +" + strings.Repeat(strings.Repeat("-", cell)+"+", bytes) + "\n"
}

// line draws the names of a row between their borders.
func (r row) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%5s ", r.label)
	side := "|"
	for _, p := range r.parts {
		if p.open && p.bytes == perRow {
			side = "~"
		}
		inner := p.bytes*(cell+1) - 1
		pad := inner - len(p.name)
		b.WriteString(side + strings.Repeat(" ", pad/2) + p.name + strings.Repeat(" ", pad-pad/2))
		side = "|"
		if p.open {
			side = "~"
		}
	}
	return b.String() + side + "\n"
}

// layout places the fields in rows.
func layout(fields []spec.Field) []row {
	var rows []row
	current, at, known := row{label: "0"}, 0, true
	flush := func() {
		if len(current.parts) > 0 {
			rows = append(rows, current)
		}
		current = row{label: "..."}
		if known {
			current.label = fmt.Sprint(at)
		}
	}
	for _, f := range expand(fields) {
		if f.Size == nil {
			name := f.Name + ", " + f.Type
			current.parts = append(current.parts, part{name: name, bytes: perRow - current.width(), open: true})
			known = false
			flush()
			continue
		}
		for left, name := *f.Size, f.Name; left > 0; name = f.Name + " (goes on)" {
			n := min(left, perRow-current.width())
			current.parts = append(current.parts, part{name: name, bytes: n})
			left, at = left-n, at+n
			if current.width() == perRow {
				flush()
			}
		}
	}
	known = false
	flush()
	return rows
}

// expand shows what repeats inside a part of variable size: its first element, and that more may follow.
func expand(fields []spec.Field) []spec.Field {
	size := func(n int) *int { return &n }
	var out []spec.Field
	for _, f := range fields {
		switch f.Type {
		case "pieces":
			out = append(out, spec.Field{Name: "length", Type: "u32", Size: size(4)},
				spec.Field{Name: "piece", Type: "length bytes"},
				spec.Field{Name: "more pieces", Type: "in the same form"})
		case "ranges":
			out = append(out, spec.Field{Name: "first", Type: "u64", Size: size(8)},
				spec.Field{Name: "last", Type: "u64", Size: size(8)},
				spec.Field{Name: "more ranges", Type: "in the same form"})
		default:
			out = append(out, f)
		}
	}
	return out
}
