// Package prose reads the pages of the specification: which sentences bind, under which heading they stand, and whether
// every one of them has its id. It judges text only; numbers are package spec's.
package prose

import (
	"fmt"
	"regexp"
	"strings"
)

// Sentence is one normative sentence of a page.
type Sentence struct {
	ID      string
	Text    string
	Level   string // its keyword
	Page    string
	Line    int    // counted from 1
	Chapter string // text of the heading that it stands under
	Anchor  string // of that heading
}

// Areas are the area words that an id may begin with. A new one is added here first, so that a slip of the pen does not
// found an area.
func Areas() []string {
	return []string{
		"HELLO", "VER", "CAP", "READY", "MP", "FRAME", "BEAT", "STRM", "DATA", "CRED", "DRAIN", "CLOSE", "ERR", "CALM",
		"LIM", "TLS", "EXT", "PROF", "OPT", "CALL", "KIT", "CHAN", "REC", "ACK", "GAP", "MIRR", "REAL", "OBJ", "SYNC", "CELL", "ACCS", "FAST",
	}
}

// Levels are the keywords, the longer before those that they begin with.
func Levels() []string { return []string{"MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY"} }

var (
	keyword  = regexp.MustCompile(`\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b`)
	item     = regexp.MustCompile(`^- \*\*\[([^\]]*)\]\*\* (.*)$`)
	wellForm = regexp.MustCompile(`^(` + strings.Join(Areas(), "|") + `)-\d{3}$`)
	mention  = regexp.MustCompile(`\b(` + strings.Join(Areas(), "|") + `)-\d{3}\b`)
)

// definition begins the one paragraph that may use the keywords without binding anybody.
const definition = "**Words.**"

// Parse reads a page. The faults say which lines use a keyword without an id, an id without one keyword, or an id that is
// not well formed; the sentences are what could be read.
func Parse(page, text string) (found []Sentence, faults []error) {
	p := parser{page: page, slugs: map[string]int{}}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		p.line(i+1, lines[i])
		if p.sentence == nil {
			continue
		}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") { // the sentence goes on
			i++
			p.sentence.Text += " " + strings.TrimSpace(lines[i])
		}
		p.close()
	}
	return p.found, p.faults
}

type parser struct {
	page            string
	fenced, words   bool // inside a code block; inside the definition of the keywords
	chapter, anchor string
	headings        int // seen so far
	slugs           map[string]int
	sentence        *Sentence // being read
	found           []Sentence
	faults          []error
}

func (p *parser) fault(line int, format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf("%s:%d: "+format, append([]any{p.page, line}, args...)...))
}

func (p *parser) line(number int, line string) {
	if strings.HasPrefix(line, "```") {
		p.fenced = !p.fenced
		return
	}
	if title := strings.TrimLeft(line, "#"); !p.fenced && title != line && strings.HasPrefix(title, " ") {
		p.chapter = strings.TrimSpace(title)
		p.anchor = p.slug(p.chapter)
		p.headings++
	}
	if line == "" {
		p.words = false
	}
	if strings.HasPrefix(line, definition) {
		p.words = true
	}
	if m := item.FindStringSubmatch(line); m != nil && !p.fenced {
		p.sentence = &Sentence{ID: m[1], Text: m[2], Page: p.page, Line: number, Chapter: p.chapter, Anchor: p.anchor}
		return
	}
	if word := keyword.FindString(line); word != "" && !p.words {
		p.fault(number, "%s stands outside a list item `- **[ID]** text`", word)
	}
}

// close checks the sentence that has been read and keeps it.
func (p *parser) close() {
	s := p.sentence
	p.sentence = nil
	if !wellForm.MatchString(s.ID) {
		p.fault(s.Line, "[%s] is not an area word and three digits; the areas are listed in spec/internal/prose", s.ID)
	}
	words := keyword.FindAllString(s.Text, -1)
	if len(words) != 1 {
		p.fault(s.Line, "[%s] has %d keywords, not one", s.ID, len(words))
	} else {
		s.Level = words[0]
	}
	if strings.Contains(s.Text, "**[") {
		p.fault(s.Line, "[%s] has a second id", s.ID)
	}
	p.found = append(p.found, *s)
}

// slug makes the anchor that GitHub gives a heading.
func (p *parser) slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-', r == '_', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 0x7F:
			b.WriteRune(r)
		}
	}
	slug := b.String()
	n := p.slugs[slug]
	p.slugs[slug]++
	if n > 0 {
		return fmt.Sprintf("%s-%d", slug, n)
	}
	return slug
}

// Mentions lists every id that a text names, in order, repeats included, with the line of each.
func Mentions(text string) (ids []string, lines []int) {
	for i, line := range strings.Split(text, "\n") {
		for _, id := range mention.FindAllString(line, -1) {
			ids, lines = append(ids, id), append(lines, i+1)
		}
	}
	return ids, lines
}
