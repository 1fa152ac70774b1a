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
	return printed(Parts(b, opening, wrong))
}

// printed gives a line for each part.
func printed(list []Part) []string {
	var lines []string
	for _, p := range list {
		mark, most := "  ", 12
		if p.Wrong {
			mark, most = "=>", 24
		}
		line := fmt.Sprintf("%s %5d  %-36s %-14s %s", mark, p.Offset, shown(p.Bytes, most), strings.Repeat("  ", max(p.Depth-1, 0))+p.Name, p.Value)
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// Part is one field of a packet, or an entry of a body with all that stands inside it.
type Part struct {
	Offset int
	Depth  int
	Bytes  []byte // aliases the packet
	Name   string // as the specification calls it
	Value  string // what a peer chose is quoted and escaped
	Wrong  bool   // the first wrong byte stands in it
}

// Parts gives what Annotate prints.
func Parts(b []byte, opening bool, wrong int) []Part {
	if opening {
		return PartsOf(b, explain.Opening, wrong)
	}
	return PartsOf(b, explain.Frames, wrong)
}

// PartsOf is Parts for bytes of any form.
func PartsOf(b []byte, what explain.What, wrong int) []Part {
	var list []Part
	marked := false
	for p := range explain.Packets(b, explain.Options{What: what}) {
		for _, one := range parts(&p, wrong) {
			if !marked && wrong >= one.Offset && wrong < one.Offset+max(len(one.Bytes), 1) {
				one.Wrong, marked = true, true
			}
			list = append(list, one)
		}
	}
	return list
}

// parts folds the entries of a body in which the byte at wrong does not stand.
func parts(p *explain.Packet, wrong int) []Part {
	var list []Part
	folded := 0 // offset before which everything was shown as a part of something
	for i := range p.Fields {
		f := &p.Fields[i]
		if f.Offset < folded {
			continue
		}
		one := Part{Offset: f.Offset, Depth: f.Depth, Bytes: p.Own(f), Name: f.Name, Value: f.Value}
		if end := f.Offset + f.Size; f.Depth > 0 && end > f.End() && (wrong < f.End() || wrong >= end) {
			one.Bytes = p.Bytes[f.Offset-p.Offset : end-p.Offset]
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
