package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"handfast/conformance/wire"
)

// KillReport is the kill matrix: requirement, mutant, cases that caught it.
type KillReport struct {
	Format  int         `json:"format"` // 1
	Suite   string      `json:"suite"`
	Spec    string      `json:"spec"`
	Summary KillSummary `json:"summary"`
	Mutants []Kill      `json:"mutants"`
	Vacuous []string    `json:"vacuous"` // cases that caught no mutant for the reason that it names
	Gaps    []string    `json:"gaps"`    // obligations that no mutant breaks
	MS      float64     `json:"ms"`
}

// KillSummary counts.
type KillSummary struct {
	Mutants  int `json:"mutants"`
	Killed   int `json:"killed"`
	Survived int `json:"survived"`
	Misnamed int `json:"misnamed"`
	Cases    int `json:"cases"`
	Vacuous  int `json:"vacuous"`
	Gaps     int `json:"gaps"`
}

func newKillReport(config KillConfig, kills []Kill, took time.Duration) *KillReport {
	r := &KillReport{Format: 1, Suite: Suite, Spec: "1", Mutants: kills, Vacuous: []string{}, Gaps: []string{}, MS: float64(took.Microseconds()) / 1000}
	caught := make(map[string]bool)
	r.Summary = KillSummary{Mutants: len(kills), Cases: len(config.Cases)}
	for _, k := range kills {
		switch k.Fate {
		case Killed:
			r.Summary.Killed++
		case Survived:
			r.Summary.Survived++
		case Misnamed:
			r.Summary.Misnamed++
		}
		for _, by := range k.By {
			caught[by.Case] = true
		}
	}
	for i := range config.Cases {
		if c := &config.Cases[i]; !caught[c.ID] && (config.Idle == nil || !config.Idle(c)) {
			r.Vacuous = append(r.Vacuous, config.Cases[i].ID)
		}
	}
	r.Gaps = append(r.Gaps, gaps(config)...)
	r.Summary.Vacuous, r.Summary.Gaps = len(r.Vacuous), len(r.Gaps)
	return r
}

// gaps lists the obligations without a mutant.
func gaps(config KillConfig) []string {
	var list []string
	if config.Obligations == nil {
		for _, profile := range MutatedProfiles() {
			if config.Profile != "" && profile != config.Profile {
				continue
			}
			for _, row := range Coverage(config.Cases, config.Mutants, profile) {
				if len(row.Mutants) == 0 && owes(config.side(), row.Req) {
					list = append(list, row.Req)
				}
			}
		}
		return list
	}
	for _, req := range config.Obligations {
		if !slices.ContainsFunc(config.Mutants, func(m Mutant) bool { return m.Req == req }) {
			list = append(list, req)
		}
	}
	return list
}

// owes reports whether the mutants of a role have to break a rule: it is enough that those of one role do, and acceptors come first.
func owes(side wire.Side, req string) bool {
	return Judged(side, req) && (side == wire.Acceptor || !Judged(wire.Acceptor, req))
}

// Judged reports whether a case judges peers in a role by a requirement.
func Judged(side wire.Side, req string) bool {
	return slices.ContainsFunc(Cases(), func(c Case) bool { return c.Roles.In(side) && slices.Contains(c.Req, req) })
}

// ExitCode is that of the command: a survivor, a mutant that died for another reason, a case that catches nothing and a requirement
// without a mutant all make it 1.
func (r *KillReport) ExitCode() int {
	s := r.Summary
	switch {
	case s.Mutants == 0:
		return ExitUnmeasured
	case s.Survived+s.Misnamed+s.Vacuous+s.Gaps > 0:
		return ExitDiffers
	}
	return ExitExpected
}

// WriteJSON writes the canonical form.
func (r *KillReport) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

// WriteConsole prints the matrix, then what is wrong with it, then the summary.
func (r *KillReport) WriteConsole(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range r.Mutants {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.Req, k.Mutant, k.Fate, names(k.By))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	for _, k := range r.Mutants {
		switch k.Fate {
		case Survived:
			fmt.Fprintf(&b, "\nsurvived: %s [%s]: %s\n  no case that cites %s fails on it\n", k.Mutant, k.Req, k.Doc, k.Req)
		case Misnamed:
			fmt.Fprintf(&b, "\nmisnamed: %s [%s]: %s\n", k.Mutant, k.Req, k.Doc)
			for _, o := range k.Others {
				fmt.Fprintf(&b, "  %s %v: %s\n", o.Case, o.Cites, o.Detail)
			}
		}
	}
	for _, id := range r.Vacuous {
		fmt.Fprintf(&b, "vacuous: %s catches no mutant\n", id)
	}
	for _, id := range r.Gaps {
		fmt.Fprintf(&b, "gap: no mutant breaks %s\n", id)
	}
	s := r.Summary
	fmt.Fprintf(&b, "\n%d mutants in %.1f s: %d killed, %d survived, %d misnamed; %d cases, %d vacuous; %d requirements without a mutant\n",
		s.Mutants, r.MS/1000, s.Killed, s.Survived, s.Misnamed, s.Cases, s.Vacuous, s.Gaps)
	_, err := io.WriteString(w, b.String())
	return err
}

// names lists the cases of catches.
func names(catches []Catch) string {
	ids := make([]string, len(catches))
	for i, c := range catches {
		ids[i] = c.Case
	}
	return strings.Join(ids, " ")
}
