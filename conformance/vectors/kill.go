package vectors

import (
	"context"
	"slices"
	"time"

	"handfast/conformance"
	"handfast/testdata"
)

// KillConfig says which parsers with one bug each judge the suite.
type KillConfig struct {
	Mutants []conformance.Mutant
	// Subject gives how to start the parser with a bug, or a healthy one for "": Command or Program of a Config.
	Subject func(bug string) Config
	// Foreign mutants need not reach every vector: they are those of somebody's driver.
	Foreign bool

	Run     []string // as in Config
	Skip    []string
	All     bool          // every vector on every mutant, instead of those alone that cite its requirement
	Timeout time.Duration // longest wait for one answer; default 2 s
	Jobs    int           // mutants at the same time
	Seed    uint64
	Each    func(done, total int, k conformance.Kill)
}

const killTimeout = 2 * time.Second

// Kills runs the vectors against the mutants. Every vector that is to be refused has to catch one, and every requirement that a vector sees broken has to
// have one. Errors are those of conformance.Kills, and a *conformance.UsageError for patterns that match nothing.
func (s *Set) Kills(ctx context.Context, config KillConfig) (*conformance.KillReport, error) {
	cases, err := conformance.Select(s.Cases(), config.Run, config.Skip)
	if err != nil {
		return nil, err
	}
	if len(config.Run)+len(config.Skip) > 0 { // the other mutants would survive what does not run
		config.Mutants = slices.DeleteFunc(slices.Clone(config.Mutants), func(m conformance.Mutant) bool {
			return !slices.ContainsFunc(cases, func(c conformance.Case) bool { return slices.Contains(c.Req, m.Req) })
		})
	}
	if config.Timeout <= 0 {
		config.Timeout = killTimeout
	}
	kill := conformance.KillConfig{
		Mutants: config.Mutants, Cases: cases, All: config.All, Timeout: config.Timeout, Jobs: config.Jobs, Seed: config.Seed, Each: config.Each,
		Judge: func(ctx context.Context, mutant string, cases []conformance.Case) ([]conformance.Result, error) {
			subject := config.Subject(mutant)
			subject.Timeout, subject.Seed = config.Timeout, config.Seed
			if mutant != "" {
				subject.Jobs = 1 // there are many mutants
			}
			return s.judge(ctx, subject, s.of(cases)), nil
		},
		Idle:        func(c *conformance.Case) bool { return config.Foreign || s.byID[c.ID].Verdict != testdata.Reject },
		Obligations: []string{},
	}
	if !config.Foreign {
		kill.Obligations = s.refused(cases)
	}
	return conformance.Kills(ctx, kill)
}

// judge runs vectors without canaries, which a mutant may well fail.
func (s *Set) judge(ctx context.Context, config Config, vectors []*Vector) []conformance.Result {
	r := s.newRunner(config.withDefaults())
	results := r.all(ctx, vectors)
	r.close(results)
	return results
}

// refused lists the requirements that cases see broken.
func (s *Set) refused(cases []conformance.Case) []string {
	list := []string{}
	seen := make(map[string]bool)
	for i := range cases {
		if e := s.byID[cases[i].ID].Error; e != nil && e.Req != "" && !seen[e.Req] {
			list, seen[e.Req] = append(list, e.Req), true
		}
	}
	return list
}
