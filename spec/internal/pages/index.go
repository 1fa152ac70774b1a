package pages

import (
	"fmt"
	"strings"

	"handfast/spec"
	"handfast/spec/internal/prose"
)

// shorten is the number of bytes that the index shows of a sentence.
const shorten = 110

// Index writes spec/INDEX.md: one row for each requirement, linked to the chapter that it stands in.
func Index(sentences []prose.Sentence, rules []spec.Rule) string {
	rows := map[string]spec.Rule{}
	for _, r := range rules {
		rows[r.ID] = r
	}
	t := newTable("id", "level", "role", "profile", "tested", "page", "sentence")
	for _, s := range sentences {
		r := rows[s.ID]
		path, inSpec := strings.CutPrefix(s.Page, "spec/")
		if !inSpec {
			path = "../" + s.Page
		}
		link := fmt.Sprintf("[%s](%s#%s)", s.Page, path, s.Anchor)
		t.row(s.ID, s.Level, r.Role, code(r.Profile), r.Testable, link, short(s.Text))
	}
	return fmt.Sprintf(`# Index of requirements

Generated from the pages and requirements.json by spec/gen; do not edit. %d sentences. *Tested* is how: on the wire by the
suite, in the api by tests of a peer's own code, or not at all (`+"`why`"+` in requirements.json says the reason).

%s`, len(sentences), t)
}

// short cuts a sentence at a word, and never inside back quotes.
func short(text string) string {
	if len(text) <= shorten {
		return text
	}
	cut := text[:strings.LastIndexByte(text[:shorten], ' ')]
	if strings.Count(cut, "`")%2 == 1 {
		cut = strings.TrimRight(cut[:strings.LastIndexByte(cut, '`')], " ")
	}
	return cut + " ..."
}
