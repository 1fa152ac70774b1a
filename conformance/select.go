package conformance

import (
	"fmt"
	"path"
	"slices"
	"strings"
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
	near := nearest(slices.Compact(names), pattern, 3)
	text := fmt.Sprintf("no case matches %q", pattern)
	if len(near) > 0 {
		text += "; the nearest names are " + strings.Join(near, ", ")
	}
	return &UsageError{text}
}

// nearest gives up to n names with the smallest edit distance to what was typed.
func nearest(names []string, typed string, n int) []string {
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return distance(a, typed) - distance(b, typed) })
	return sorted[:min(n, len(sorted))]
}

// distance is the number of single-character edits that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
