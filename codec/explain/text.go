package explain

import (
	"fmt"
	"io"
	"strings"
)

// Bounds of the text form.
const (
	perRow      = 16 // bytes in one row
	maxShown    = 64 // bytes of one field; those beyond are only counted
	maxIndent   = 12 // levels; nesting beyond is not shown by indentation
	nameColumn  = 20
	valueColumn = 24
)

// WriteText prints the packet for people: a title; then for each field its offset, its own bytes, 16 in a row, its name, its value, and
// what it is for with the requirements that govern it. Under the first bytes of the fault stands a row of ^ with what is wrong.
func (p *Packet) WriteText(w io.Writer) error {
	var b strings.Builder
	b.WriteString(p.title() + "\n")
	for i := range p.Fields {
		p.writeField(&b, &p.Fields[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// title gives the packet in one line.
func (p *Packet) title() string {
	text := fmt.Sprintf("%s at byte %d, %d bytes", p.Name, p.Offset, len(p.Bytes))
	if p.Missing > 0 {
		text += fmt.Sprintf(" of %d", len(p.Bytes)+p.Missing)
	}
	if p.Doc != "" {
		text += ": " + p.Doc
	}
	return text
}

func (p *Packet) writeField(b *strings.Builder, f *Field) {
	own := p.Own(f)
	text := fmt.Sprintf("%-*s  %-*s  %s", nameColumn, strings.Repeat("  ", min(f.Depth, maxIndent))+f.Name, valueColumn, f.Value, f.meaning())
	shown := own[:min(len(own), maxShown)]
	for at, row := range f.Rows(shown, perRow) {
		line := fmt.Sprintf("%8d  %-*s  %s", f.Offset+at, 3*perRow-1, fmt.Sprintf("% X", row), text)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		text = ""
		f.writeMark(b, at, len(row))
	}
	if more := len(own) - len(shown); more > 0 {
		fmt.Fprintf(b, "%10s... %d bytes more\n", "", more)
		f.writeMark(b, maxShown, more)
	}
}

// writeMark marks the fault if it begins in a row of n bytes that begins at at in the field.
func (f *Field) writeMark(b *strings.Builder, at, n int) {
	if f.Fault == nil {
		return
	}
	from, to := f.FaultSpan()
	from, to = from-f.Offset-at, to-f.Offset-at
	if from < 0 || from >= n && f.Own > 0 {
		return
	}
	if at >= maxShown {
		from, to = 0, 1
	}
	marks := strings.Repeat("^", max(3*(min(to, n)-from)-1, 1))
	fmt.Fprintf(b, "%10s%s%s %s\n", "", strings.Repeat("   ", from), marks, FaultText(f))
}

// meaning joins the last column.
func (f *Field) meaning() string {
	if len(f.Req) == 0 {
		return f.Doc
	}
	return strings.TrimLeft(f.Doc+" ["+strings.Join(f.Req, " ")+"]", " ")
}

// FaultText gives the fault of a field in a few words: "HEADER_CRC [HELLO-008]: checksum of the opening is wrong".
func FaultText(f *Field) string {
	text := f.Fault.Code.String()
	if f.Fault.Req != "" {
		text += " [" + f.Fault.Req + "]"
	}
	if f.Fault.Detail != "" {
		text += ": " + f.Fault.Detail
	}
	return text
}
