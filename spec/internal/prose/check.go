package prose

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"handfast/spec"
)

// Pages maps the path of a page, from the root of the repository, to its text.
type Pages map[string]string

// Paths lists the pages: SPEC.md, those of the profiles, then one for each sub-protocol in the order of the registry.
func Paths(r *spec.RegistryFile) []string {
	paths := []string{"SPEC.md", deliveryPage, objectsPage, cellsPage, accessPage, fastPage}
	for _, p := range r.Protos {
		paths = append(paths, "spec/"+p.Page)
	}
	return paths
}

// Pages that belong to a profile and to no sub-protocol.
const (
	deliveryPage = "spec/delivery.md"
	objectsPage  = "spec/objects.md"
	cellsPage    = "spec/cells.md"
	accessPage   = "spec/access.md"
	fastPage     = "spec/fast.md"
)

// Sentences reads all pages in the given order.
func Sentences(pages Pages, paths []string) ([]Sentence, error) {
	var all []Sentence
	var faults []error
	for _, path := range paths {
		found, bad := Parse(path, pages[path])
		all, faults = append(all, found...), append(faults, bad...)
	}
	return all, errors.Join(faults...)
}

// Check holds pages and requirements against each other, both ways.
func Check(sentences []Sentence, rules []spec.Rule) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	stated := map[string]Sentence{}
	for _, s := range sentences {
		if first, twice := stated[s.ID]; twice {
			fault("%s:%d: [%s] stands in %s:%d already", s.Page, s.Line, s.ID, first.Page, first.Line)
			continue
		}
		stated[s.ID] = s
	}
	listed := map[string]bool{}
	for _, r := range rules {
		if listed[r.ID] {
			fault("requirements.json: %s stands twice", r.ID)
		}
		listed[r.ID] = true
		s, found := stated[r.ID]
		if !found {
			fault("requirements.json: %s stands on no page; an id is never dropped", r.ID)
			continue
		}
		for _, err := range compare(s, r) {
			fault("%s:%d: [%s] %w", s.Page, s.Line, s.ID, err)
		}
	}
	for _, s := range sentences {
		if !listed[s.ID] {
			fault("%s:%d: [%s] is not in requirements.json: run go run ./spec/gen -requirements", s.Page, s.Line, s.ID)
		}
	}
	return errors.Join(faults...)
}

// compare reports where a sentence and its row differ, and what a row lacks.
func compare(s Sentence, r spec.Rule) (faults []error) {
	differ := func(what, page, row string) {
		if page != row {
			faults = append(faults, fmt.Errorf("%s is %q on the page and %q in requirements.json", what, page, row))
		}
	}
	differ("text", s.Text, r.Text)
	differ("level", s.Level, r.Level)
	differ("page", s.Page, r.Page)
	differ("role", Actor(s.Text), r.Role)
	if (r.Testable == "wire") != (r.Why == "") {
		faults = append(faults, errors.New("`why` says why a rule cannot be seen on the wire; only and all such rules have it"))
	}
	return faults
}

var actor = regexp.MustCompile(`^An? ([a-z]+)`)

// Actor is the word for who obeys a sentence, which it begins with.
func Actor(text string) string {
	if m := actor.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// CheckMentions reports ids that a file names and no row has.
func CheckMentions(path, text string, rules []spec.Rule) error {
	var faults []error
	ids, lines := Mentions(text)
	for i, id := range ids {
		if !slices.ContainsFunc(rules, func(r spec.Rule) bool { return r.ID == id }) {
			faults = append(faults, fmt.Errorf("%s:%d: %s is not in requirements.json", path, lines[i], id))
		}
	}
	return errors.Join(faults...)
}

// named finds error codes in prose: in brackets behind what carries them, or behind the words for their scope.
var named = regexp.MustCompile(`(?:\b(?:REFUSE|CLOSE|REJECT|RESET|ERROR)\(|\b(?:link|stream) error )([A-Z][A-Z_]+)\b`)

// CheckCodes reports error codes that a page names and the registry does not have.
func CheckCodes(path, text string, r *spec.RegistryFile) error {
	var faults []error
	for i, line := range strings.Split(text, "\n") {
		for _, m := range named.FindAllStringSubmatch(line, -1) {
			if _, known := r.Code(m[1]); !known && m[1] != "CODE" { // chapter 2 explains "link error CODE"
				faults = append(faults, fmt.Errorf("%s:%d: %s is not an error code of the registry", path, i+1, m[1]))
			}
		}
	}
	return errors.Join(faults...)
}
