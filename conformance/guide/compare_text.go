package guide

import (
	"fmt"
	"strings"
)

// comparison prints an input beside its twin: `-` before what only the twin has, `+` before what only the input has, ^ under the bytes that
// differ.
func (p *printer) comparison(c *Comparison) {
	if c.Twin == nil {
		p.line("  %s: %s", c.Input.Name, c.Input.Verdict)
	} else {
		p.line("  - twin    %s: %s", c.Twin.Name, c.Twin.Verdict)
		p.line("  + this    %s: %s", c.Input.Name, c.Input.Verdict)
	}
	p.b.WriteByte('\n')
	p.lines(c.Lines, c.Twin != nil)
}

// lines prints fields. Between two that are compared only the differences and what stands around them are shown; of one alone, the
// beginning.
func (p *printer) lines(lines []Line, compared bool) {
	keep := kept(lines, compared)
	for i := 0; i < len(lines); {
		end := i
		for end < len(lines) && !keep[end] && lines[end].Of == lines[i].Of {
			end++
		}
		if end-i <= 1 {
			p.field(lines[i])
			i++
			continue
		}
		p.line("  %s        ... %d fields", markOf(lines[i]), end-i)
		i = end
	}
}

// kept chooses the fields that are shown.
func kept(lines []Line, compared bool) []bool {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		switch {
		case !compared:
			keep[i] = len(lines) <= fewLines || i < fewLines/2 || l.Fault != "" || len(l.Wrong) > 0
		case l.Of == OfBoth:
			keep[i] = l.Fault != "" || nearOther(lines, i)
		default:
			before, behind := run(lines, i)
			keep[i] = l.Fault != "" || before < fewOwn || behind < around
		}
	}
	return keep
}

// nearOther tells whether a field that both sides have stands close to one that differs.
func nearOther(lines []Line, i int) bool {
	for k := max(i-around, 0); k <= min(i+around, len(lines)-1); k++ {
		if lines[k].Of != OfBoth {
			return true
		}
	}
	return false
}

// run counts the fields of the same side directly before and behind one.
func run(lines []Line, i int) (before, behind int) {
	for k := i - 1; k >= 0 && lines[k].Of == lines[i].Of; k-- {
		before++
	}
	for k := i + 1; k < len(lines) && lines[k].Of == lines[i].Of; k++ {
		behind++
	}
	return before, behind
}

func markOf(l Line) string {
	switch l.Of {
	case OfTwin:
		return "-"
	case OfInput:
		return "+"
	}
	return " "
}

func (p *printer) field(l Line) {
	mark := markOf(l)
	text := fmt.Sprintf("%-18s %s", strings.Repeat("  ", min(l.depth, 6))+cut(l.Name, longestValue/2), cut(l.Value, longestValue))
	n := len(l.Hex) / 2
	shown := min(n, rowBytes*fieldRows)
	for at := 0; at == 0 || at < shown; at += rowBytes {
		row := spaced(l.Hex[2*at : 2*min(at+rowBytes, shown)])
		p.line("  %s %6d  %-*s  %s", mark, l.Offset+at, 3*rowBytes-1, row, text)
		text = ""
		p.carets(l.Wrong, at, min(at+rowBytes, shown))
	}
	if n > shown {
		p.line("           ... %d more bytes", n-shown)
	}
	if l.Fault != "" {
		p.line("            %s", l.Fault)
	}
}

// carets marks the bytes of a row that differ.
func (p *printer) carets(wrong []int, from, to int) {
	marks := []byte(strings.Repeat(" ", 3*rowBytes))
	any := false
	for _, w := range wrong {
		if w >= from && w < to {
			copy(marks[3*(w-from):], "^^")
			any = true
		}
	}
	if any {
		p.line("            %s", string(marks))
	}
}

// spaced puts a space between bytes.
func spaced(digits string) string {
	var b strings.Builder
	for i := 0; i+2 <= len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String()
}
