package prose

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

var link = regexp.MustCompile(`\]\(([^)\s]*)\)`)

// CheckLinks reports links of one page that lead to no heading or no file. Links out of the repository are not followed.
// Anchors holds the headings of every page that may be linked to; exists answers for other files.
func CheckLinks(page, text string, anchors map[string]map[string]bool, exists func(path string) bool) error {
	var faults []error
	for i, row := range strings.Split(text, "\n") {
		for _, m := range link.FindAllStringSubmatch(row, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = path.Join(path.Dir(page), file)
			}
			if anchor != "" && !anchors[target][anchor] || anchor == "" && !exists(target) {
				faults = append(faults, fmt.Errorf("%s:%d: the link %s leads nowhere", page, i+1, m[1]))
			}
		}
	}
	return errors.Join(faults...)
}

// Anchors lists the anchors of a page's headings.
func Anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, h := range Headings(text) {
		found[h.Anchor] = true
	}
	return found
}

// Heading is one heading of a page.
type Heading struct {
	Title  string
	Anchor string
	Depth  int // number of #
	Line   int // counted from 1
}

// Headings lists the headings of a page in their order.
func Headings(text string) []Heading {
	p := parser{slugs: map[string]int{}}
	var found []Heading
	for i, row := range strings.Split(text, "\n") {
		before := p.headings
		p.line(i+1, row)
		if p.headings > before {
			depth := len(row) - len(strings.TrimLeft(row, "#"))
			found = append(found, Heading{Title: p.chapter, Anchor: p.anchor, Depth: depth, Line: i + 1})
		}
	}
	return found
}
