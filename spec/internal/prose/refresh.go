package prose

import (
	"errors"
	"fmt"
	"slices"

	"handfast/spec"
)

// Refresh returns the list with the texts and keywords of the pages, in their order. What the pages do not say (profile,
// how it is tested, since when) is kept. A sentence with a new id gets a row that says it is seen on the wire, which then
// asks for a case. An id that no page has is refused: a rule that was given up keeps its id and says so in its sentence.
func Refresh(old *spec.RequirementFile, sentences []Sentence, r *spec.RegistryFile) (*spec.RequirementFile, error) {
	out := &spec.RequirementFile{Format: old.Format, Spec: old.Spec}
	var faults []error
	for _, s := range sentences {
		row := spec.Rule{ID: s.ID, Profile: profile(s.Page, r), Testable: "wire", Since: Since}
		if i := slices.IndexFunc(old.Requirements, func(have spec.Rule) bool { return have.ID == s.ID }); i >= 0 {
			row = old.Requirements[i]
		}
		row.Text, row.Level, row.Page, row.Role = s.Text, s.Level, s.Page, Actor(s.Text)
		out.Requirements = append(out.Requirements, row)
	}
	for _, row := range old.Requirements {
		if !slices.ContainsFunc(sentences, func(s Sentence) bool { return s.ID == row.ID }) {
			faults = append(faults, fmt.Errorf("%s stands on no page: an id is never dropped", row.ID))
		}
	}
	return out, errors.Join(faults...)
}

// Since is the specification version that new ids belong to.
const Since = "1.0"

func profile(page string, r *spec.RegistryFile) string {
	switch page {
	case deliveryPage:
		return "delivery"
	case objectsPage, cellsPage:
		return "sync"
	case accessPage, fastPage:
		return "full"
	}
	for _, p := range r.Protos {
		if page == "spec/"+p.Page {
			return p.Profile
		}
	}
	return "core"
}
