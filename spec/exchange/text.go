package exchange

import (
	"fmt"
	"strings"

	"handfast/codec/explain"
)

// perLine is the most bytes that one line of the text shows.
const perLine = 16

// Text shows every byte of the exchange with what it means: the side that sends it, its offset among all that this side
// sends, the bytes, and the names and values of the fields.
func (x Exchange) Text() string { return x.text(explain.Stream) }

// text is Text of what each side sends: a Stream, or Frames.
func (x Exchange) text(what explain.What) string {
	var b strings.Builder
	packets := map[Side][]explain.Packet{}
	for _, side := range []Side{Dialer, Acceptor} {
		packets[side] = explain.Explain(x.Bytes(side), explain.Options{What: what}).Packets
	}
	for i, s := range x.Steps { // each is one packet: the exchange was verified
		p := packets[s.From][0]
		packets[s.From] = packets[s.From][1:]
		fmt.Fprintf(&b, "\n%d. %s (%d bytes)\n\n", i+1, s.Name, len(p.Bytes))
		writePacket(&b, s.From, &p)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// Block is the content of the block `exchange` in SPEC.md.
func Block() (string, error) {
	x, err := Build()
	if err != nil {
		return "", err
	}
	return "```text\n" + x.Text() + "```\n", nil
}

// ResumeBlock is the content of the block `resume` in spec/delivery.md.
func ResumeBlock() (string, error) {
	x, err := Resume()
	if err != nil {
		return "", err
	}
	return "```text\n" + x.text(explain.Frames) + "```\n", nil
}

// writePacket prints a packet more tightly than handfast decode does: numbers in rows of eight bytes, as in the diagrams, and a small array
// in one line.
func writePacket(b *strings.Builder, from Side, p *explain.Packet) {
	for rest := p.Fields; len(rest) > 0; {
		n := together(rest)
		first, last := rest[0], rest[n-1]
		row := explain.Field{Offset: first.Offset, Own: last.End() - first.Offset}
		if n == 1 {
			row.Head = first.Head
		}
		text := describe(rest[:n])
		for at, bytes := range row.Rows(p.Own(&row), perLine) {
			line := fmt.Sprintf("%c %4d  %-*s  %s", from, row.Offset+at, 3*perLine-1, fmt.Sprintf("% X", bytes), text)
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			text = ""
		}
		rest = rest[n:]
	}
}

// together counts the fields that share a line.
func together(fields []explain.Field) int {
	first := fields[0]
	n, size := 1, first.Own
	switch {
	case isSmallArray(first):
		for n < len(fields) && fields[n].Depth > first.Depth {
			n++
		}
	case isNumber(first):
		for n < len(fields) && size < 8 && isNumber(fields[n]) && fields[n].Depth == first.Depth {
			size += fields[n].Own
			n++
		}
	}
	return n
}

func isSmallArray(f explain.Field) bool { return f.Type == "array" && f.Size <= perLine }

// isNumber tells whether f is an unsigned integer of a fixed layout.
func isNumber(f explain.Field) bool { return strings.HasPrefix(f.Type, "u") && f.Type != "utf8" }

// describe says what fields in one line mean.
func describe(fields []explain.Field) string {
	first := fields[0]
	if first.Head > 0 {
		return strings.Repeat("  ", first.Depth) + label(first) + value(fields)
	}
	var parts []string
	for _, f := range fields {
		parts = append(parts, f.Name+" "+value([]explain.Field{f}))
	}
	return strings.Join(parts, ", ")
}

// label is what stands before a MessagePack value: its key, the name of the body, or nothing for an element.
func label(f explain.Field) string {
	switch {
	case f.Key > 0:
		return fmt.Sprintf("%q: ", f.Name)
	case f.Depth == 0:
		return f.Name + ": "
	}
	return ""
}

// value writes one value, or that of a small array with what is in it. Of two it says what they are for: that is not to be seen from
// their bytes.
func value(fields []explain.Field) string {
	first := fields[0]
	switch {
	case first.Name == "th" || first.Name == "payload" && first.Type == "bytes":
		return first.Doc
	case !isSmallArray(first):
		return first.Value
	}
	var parts []string
	for _, f := range fields[1:] {
		parts = append(parts, f.Value)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
