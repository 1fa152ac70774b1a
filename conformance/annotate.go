package conformance

import (
	"fmt"
	"strings"

	"handfast/codec/explain"
)

// Annotate prints a packet field by field, one line each: offset, bytes, name and value. The field in which the byte at wrong
// stands is marked; -1 marks none. What stands inside an entry of a body is shown only where that byte does. It takes any bytes:
// what cannot be read is printed as it is.
func Annotate(b []byte, opening bool, wrong int) []string {
	what := explain.Frames
	if opening {
		what = explain.Opening
	}
	var lines []string
	marked := false
	for p := range explain.Packets(b, explain.Options{What: what}) {
		for _, part := range parts(&p, wrong) {
			mark, most := "  ", 12
			if !marked && wrong >= part.offset && wrong < part.offset+max(len(part.bytes), 1) {
				mark, most, marked = "=>", 24, true
			}
			line := fmt.Sprintf("%s %5d  %-36s %-14s %s", mark, part.offset, shown(part.bytes, most), part.name, part.value)
			lines = append(lines, strings.TrimRight(line, " "))
		}
	}
	return lines
}

// part is one line of annotated bytes.
type part struct {
	name, value string
	offset      int
	bytes       []byte
}

// parts folds the entries of a body in which the byte at wrong does not stand.
func parts(p *explain.Packet, wrong int) []part {
	var list []part
	folded := 0 // offset before which everything was shown as a part of something
	for i := range p.Fields {
		f := &p.Fields[i]
		if f.Offset < folded {
			continue
		}
		one := part{name: strings.Repeat("  ", max(f.Depth-1, 0)) + f.Name, value: f.Value, offset: f.Offset, bytes: p.Own(f)}
		if end := f.Offset + f.Size; f.Depth > 0 && end > f.End() && (wrong < f.End() || wrong >= end) {
			one.bytes = p.Bytes[f.Offset-p.Offset : end-p.Offset]
			folded = end
		}
		list = append(list, one)
	}
	return list
}

// shown prints bytes in hexadecimal, the middle left out where they are more than most.
func shown(b []byte, most int) string {
	const side = 5
	if len(b) <= most {
		return fmt.Sprintf("% X", b)
	}
	return fmt.Sprintf("% X .. % X", b[:side], b[len(b)-side:])
}
