package conformance

import (
	"slices"
	"strings"

	"handfast/spec"
)

// Covered is one requirement of a profile with what proves it.
type Covered struct {
	Req     string   `json:"req"`
	Level   string   `json:"level"`
	Cases   []string `json:"cases"`   // that cite it
	Mutants []string `json:"mutants"` // that break it
}

// Coverage lists every obligation of a profile that can be seen on the wire, in the order of the specification. The others say in
// spec/requirements.json why they cannot be seen.
func Coverage(cases []Case, mutants []Mutant, profile string) []Covered {
	var rows []Covered
	for _, rule := range spec.Requirements() {
		if rule.Testable != "wire" || rule.Profile != profile || !strings.HasPrefix(rule.Level, "MUST") {
			continue
		}
		row := Covered{Req: rule.ID, Level: rule.Level, Cases: []string{}, Mutants: []string{}}
		for i := range cases {
			if slices.Contains(cases[i].Req, rule.ID) {
				row.Cases = append(row.Cases, cases[i].ID)
			}
		}
		for _, m := range mutants {
			if m.Req == rule.ID {
				row.Mutants = append(row.Mutants, m.Name)
			}
		}
		rows = append(rows, row)
	}
	return rows
}
