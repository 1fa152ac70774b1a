package conformance

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"handfast/conformance/internal/nearest"
)

// UsageError is a fault in how the suite was called: exit code 2.
type UsageError struct{ Text string }

// Error gives the text.
func (e *UsageError) Error() string { return e.Text }

// Select picks the cases that match one of run, or all for none, and none of skip. A pattern is a glob over ids (frame/*,
// */header-*), a requirement id (FRAME-001), or an area of requirements (FRAME-*). A pattern that matches nothing is an error with the
// nearest names: a stale pattern in a CI job would otherwise skip in silence what it was written to run.
func Select(cases []Case, run, skip []string) ([]Case, error) {
	picked := cases
	if len(run) > 0 {
		var err error
		if picked, err = filter(cases, run, true); err != nil {
			return nil, err
		}
	}
	if _, err := filter(cases, skip, true); err != nil {
		return nil, err
	}
	return filter(picked, skip, false)
}

// filter keeps the cases that match one of the patterns, or those that match none. Asked for matches, it insists that each pattern
// has one.
func filter(cases []Case, patterns []string, keep bool) ([]Case, error) {
	used := make([]bool, len(patterns))
	var picked []Case
	for i := range cases {
		matched := false
		for p, pattern := range patterns {
			ok, err := matches(&cases[i], pattern)
			if err != nil {
				return nil, err
			}
			matched = matched || ok
			used[p] = used[p] || ok
		}
		if matched == keep {
			picked = append(picked, cases[i])
		}
	}
	if unused := slices.Index(used, false); unused >= 0 && keep {
		return nil, nothingMatches(cases, patterns[unused])
	}
	return picked, nil
}

// matches reports whether a pattern means a case.
func matches(c *Case, pattern string) (bool, error) {
	ok, err := path.Match(pattern, c.ID)
	if err != nil {
		return false, &UsageError{fmt.Sprintf("pattern %q: %v", pattern, err)}
	}
	return ok || slices.ContainsFunc(c.Req, func(req string) bool {
		ok, err := path.Match(pattern, req)
		return ok && err == nil
	}), nil
}

// nothingMatches makes the error for a pattern without a match.
func nothingMatches(cases []Case, pattern string) error {
	var names []string
	for i := range cases {
		names = append(names, cases[i].ID)
		names = append(names, cases[i].Req...)
	}
	slices.Sort(names)
	near := nearest.Names(slices.Compact(names), pattern, 3)
	text := fmt.Sprintf("no case matches %q", pattern)
	if len(near) > 0 {
		text += "; the nearest names are " + strings.Join(near, ", ")
	}
	return &UsageError{text}
}
