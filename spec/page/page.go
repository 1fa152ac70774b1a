// Package page reads the pages of the specification out of the binary: the section in which a sentence stands, its reasons, the
// layouts and tables. It finds and quotes; it does not interpret.
//
//	place, ok := page.Of("HELLO-007")
//	fmt.Println(place.Section.Link(), place.Section.Whys())
package page

import (
	"strings"
	"sync"

	"handfast"
	"handfast/spec"
	"handfast/spec/internal/prose"
)

// Section is a part of a page from one heading to the next.
type Section struct {
	Page    string // path from the root of the repository
	Title   string
	Anchor  string
	Chapter string // title of the chapter that it belongs to, which may be its own; "" before the first
	Line    int    // of its heading, counted from 1
	Lines   []string
}

// Link gives the place as links from the root of the repository write it: SPEC.md#rules.
func (s *Section) Link() string { return s.Page + "#" + s.Anchor }

// Place is where a sentence stands.
type Place struct {
	Section *Section
	Line    int // counted from 1
}

// book is all pages, read once.
type book struct {
	texts    map[string]string
	sections []*Section
	places   map[string]Place
}

// Sections lists the sections of all pages in their order. They are shared: do not change them.
func Sections() []*Section { return read().sections }

// Of finds the place of a sentence by its id.
func Of(id string) (Place, bool) {
	p, ok := read().places[id]
	return p, ok
}

// Chapter finds a chapter of SPEC.md by its number. ok is false where there is none.
func Chapter(number string) (s *Section, ok bool) {
	for _, s := range Sections() {
		if s.Page == mainPage && s.Title == s.Chapter && strings.HasPrefix(s.Title, number+" ") {
			return s, true
		}
	}
	return nil, false
}

// InChapter lists the sections of a chapter, its own first.
func InChapter(of *Section) []*Section {
	var list []*Section
	for _, s := range Sections() {
		if s.Page == of.Page && s.Chapter == of.Chapter {
			list = append(list, s)
		}
	}
	return list
}

const mainPage = "SPEC.md"

var read = sync.OnceValue(func() *book {
	b := &book{texts: map[string]string{}, places: map[string]Place{}}
	for _, path := range prose.Paths(spec.Registry()) {
		text, ok := handfast.Page(path)
		if !ok {
			continue // of a sub-protocol whose page is not written
		}
		b.texts[path] = text
		b.cut(path, text)
		sentences, _ := prose.Parse(path, text) // the tests of package spec have found no fault
		for _, s := range sentences {
			b.places[s.ID] = Place{b.at(path, s.Line), s.Line}
		}
	}
	return b
})

// cut divides a page into its sections. What stands before the first heading of a page belongs to none.
func (b *book) cut(path, text string) {
	lines := strings.Split(text, "\n")
	heads := prose.Headings(text)
	chapter := ""
	for i, h := range heads {
		end := len(lines)
		if i+1 < len(heads) {
			end = heads[i+1].Line - 1
		}
		if h.Depth <= 2 {
			chapter = h.Title
		}
		b.sections = append(b.sections, &Section{Page: path, Title: h.Title, Anchor: h.Anchor, Chapter: chapter, Line: h.Line, Lines: lines[h.Line:end]})
	}
}

// at finds the section of a line.
func (b *book) at(path string, line int) *Section {
	var found *Section
	for _, s := range b.sections {
		if s.Page == path && s.Line <= line {
			found = s
		}
	}
	return found
}
