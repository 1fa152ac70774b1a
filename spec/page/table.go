package page

import (
	"strings"
)

// Table is one table of a page, without marks.
type Table struct {
	Head []string
	Rows [][]string
}

// Block is what stands between the marks of a generated block: `frame PING`, `keys HELLO`, `opening`, `header`.
type Block struct {
	Text    string // its first paragraph, where there is one
	Diagram string // the layout, drawn; "" for a map
	Tables  []Table
}

// BlockOf finds a generated block by its name and arguments.
func BlockOf(name string) (Block, bool) {
	for _, s := range Sections() {
		for i, line := range s.Lines {
			if line == "<!-- gen:"+name+" -->" {
				return blockOf(until(s.Lines[i+1:], "<!-- end -->")), true
			}
		}
	}
	return Block{}, false
}

// Message finds the layout of a message in the block of its sub-protocol, which shows them one after the other.
func Message(proto, message string) (Block, bool) {
	for _, s := range Sections() {
		begin := -1
		for i, line := range s.Lines {
			switch {
			case line == "<!-- gen:proto "+proto+" -->":
				begin = i
			case begin >= 0 && strings.HasPrefix(line, "**"+message+"** "):
				rest := s.Lines[i+1:]
				return blockOf(append([]string{line}, until(until(rest, "<!-- end -->"), "**")...)), true
			}
		}
	}
	return Block{}, false
}

// until gives the lines before the first that begins with a prefix.
func until(lines []string, prefix string) []string {
	for i, line := range lines {
		if strings.HasPrefix(line, prefix) {
			return lines[:i]
		}
	}
	return lines
}

func blockOf(lines []string) Block {
	var b Block
	var drawn []string
	fenced := false
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced:
			drawn = append(drawn, line)
		case line != "" && !strings.HasPrefix(line, "|") && b.Text == "":
			b.Text = unmark(line)
		}
	}
	if len(drawn) > 0 {
		b.Diagram = strings.Join(drawn, "\n") + "\n"
	}
	b.Tables = tablesOf(lines)
	return b
}

// Tables lists the tables of a section.
func (s *Section) Tables() []Table { return tablesOf(s.Lines) }

func tablesOf(lines []string) []Table {
	var list []Table
	inside, fenced := false, false
	for _, line := range lines {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		switch {
		case fenced || !strings.HasPrefix(line, "|"):
			inside = false
		case !inside:
			list = append(list, Table{Head: cellsOf(line)})
			inside = true
		case !strings.HasPrefix(line, "|---"):
			t := &list[len(list)-1]
			t.Rows = append(t.Rows, cellsOf(line))
		}
	}
	return list
}

// cellsOf divides a row. A bar that belongs to the text is written \|.
func cellsOf(line string) []string {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), `\|`, bar)
	cells := strings.Split(line, "|")
	for i, c := range cells {
		cells[i] = unmark(strings.ReplaceAll(strings.TrimSpace(c), bar, "|"))
	}
	return cells
}

// unmark drops emphasis, escapes and the targets of links; back quotes stay, since they say that a word is a name.
func unmark(text string) string {
	text = strings.NewReplacer("**", "", `\<`, "<").Replace(text)
	for {
		open := strings.Index(text, "](")
		if open < 0 {
			return text
		}
		begin, end := strings.LastIndex(text[:open], "["), strings.Index(text[open:], ")")
		if begin < 0 || end < 0 {
			return text
		}
		text = text[:begin] + text[begin+1:open] + text[open+end+1:]
	}
}
