package page

import (
	"regexp"
	"strings"
)

// Why is one reason of a page.
type Why struct {
	Title string // "Why two checksums", or "Why" alone
	Text  string
}

var whyTitle = regexp.MustCompile(`\*\*(Why[^*]*?)\.?\*\*`)

// Whys lists the reasons that a section gives in its boxes.
func (s *Section) Whys() []Why {
	var list []Why
	for _, box := range s.boxes() {
		titles := whyTitle.FindAllStringSubmatchIndex(box, -1)
		for i, m := range titles {
			end := len(box)
			if i+1 < len(titles) {
				end = titles[i+1][0]
			}
			list = append(list, Why{Title: box[m[2]:m[3]], Text: strings.TrimSpace(box[m[1]:end])})
		}
	}
	return list
}

// boxes joins the lines of each quoted paragraph.
func (s *Section) boxes() []string {
	var list []string
	var box []string
	flush := func() {
		if len(box) > 0 {
			list, box = append(list, strings.Join(box, " ")), nil
		}
	}
	for _, line := range s.Lines {
		if text, quoted := strings.CutPrefix(line, "> "); quoted {
			box = append(box, text)
		} else {
			flush()
		}
	}
	flush()
	return list
}

// Mention is a line of a page that names an id and does not define it.
type Mention struct {
	Section *Section
	Text    string
}

// Mentions lists the lines that name an id, in the order of the pages: not its own sentence, no reasons, and no state tables, which
// StateTables has. An id in brackets is an example of how ids look.
func Mentions(id string) []Mention {
	var list []Mention
	for _, s := range Sections() {
		for _, line := range s.Lines {
			if !strings.Contains(line, id) || strings.Contains(line, "["+id+"]") || strings.HasPrefix(line, ">") || isState(s) {
				continue
			}
			list = append(list, Mention{s, plain(line)})
		}
	}
	return list
}

// plain drops the marks of Markdown from a line.
func plain(line string) string {
	if strings.HasPrefix(line, "|") {
		return strings.Join(cellsOf(line), " | ")
	}
	return unmark(line)
}
