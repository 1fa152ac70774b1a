package guide

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of the text form.
const (
	textWidth    = 100 // columns of running text
	maxIndent    = 40  // columns in front of running text
	rowBytes     = 12  // bytes of a field in one row
	longestValue = 44  // of what a field says
	fieldRows    = 4   // rows of one field; what is beyond is counted
	around       = 2   // fields that are shown before and behind a difference
	fewOwn       = 6   // fields in a row that only one side has, which are shown at both ends
	fewLines     = 40  // fields up to which an input without twin is shown whole
	fewRefs      = 8   // cases, vectors and so on that are listed
)

// printer collects text.
type printer struct {
	b strings.Builder
}

func (p *printer) line(format string, args ...any) {
	p.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// wrap writes running text, its first line behind first and the others behind as many spaces, unless first is long.
func (p *printer) wrap(first, text string) {
	width := utf8.RuneCountInString(first)
	if width > maxIndent {
		width = len(first) - len(strings.TrimLeft(first, " ")) + 4
	}
	indent := strings.Repeat(" ", width)
	line := first
	empty := true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > textWidth {
			p.line("%s", line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	p.line("%s", line)
}

// head begins a part.
func (p *printer) head(format string, args ...any) {
	p.b.WriteByte('\n')
	p.line(format, args...)
}

// table writes rows in columns. The last column is wrapped, and so are others that are too wide.
func (p *printer) table(head []string, rows [][]string, marked []bool) {
	all := append([][]string{head}, rows...)
	widths := columnWidths(all)
	for r, row := range all {
		mark := "  "
		if r > 0 && marked != nil && marked[r-1] {
			mark = "=>"
		}
		cells := make([][]string, len(row))
		tall := 0
		for c := range row {
			cells[c] = folded(row[c], widths[c])
			tall = max(tall, len(cells[c]))
		}
		for k := range tall {
			line := mark
			for c := range cells {
				text := ""
				if k < len(cells[c]) {
					text = cells[c][k]
				}
				line += "  " + text + strings.Repeat(" ", max(widths[c]-utf8.RuneCountInString(text), 0))
			}
			p.line("%s", line)
			mark = "  "
		}
	}
}

// columnWidths gives each column what it needs, and cuts the widest until all fit.
func columnWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for c := range min(len(row), len(widths)) {
			widths[c] = max(widths[c], utf8.RuneCountInString(row[c]))
		}
	}
	const least = 12
	for {
		sum, widest := 0, 0
		for c, w := range widths {
			sum += w + 2
			if w > widths[widest] {
				widest = c
			}
		}
		if sum <= textWidth+10 || widths[widest] <= least {
			return widths
		}
		widths[widest]--
	}
}

// folded cuts a text into lines of at most width columns, at spaces where it can.
func folded(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// flush writes what was printed.
func (p *printer) flush(w io.Writer) error {
	_, err := io.WriteString(w, p.b.String())
	return err
}
