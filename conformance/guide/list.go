package guide

import (
	"fmt"
	"slices"
	"strings"

	"handfast/conformance"
	"handfast/conformance/internal/nearest"
	"handfast/spec"
)

// What of a Filter and of a Row.
const (
	WhatCases        = "cases"
	WhatVectors      = "vectors"
	WhatRequirements = "requirements"
	WhatAll          = "all"
)

// Filter chooses rows. The zero value of each member chooses all, apart from What, which is one of the constants.
type Filter struct {
	What      string
	Run, Skip []string // patterns as in conformance.Select
	Profile   string
	Role      string
	From, To  int      // levels; requirements have none and are left out where these are set
	Tags      []string // all of them
	Req       []string // one of them
}

// Row is one case, vector or requirement.
type Row struct {
	What    string // case, vector, requirement
	ID      string
	Title   string
	Req     []string
	Level   int // 0 for requirements
	Tags    []string
	Rejects bool
	Roles   []string
	Profile string
}

// List lists what a filter chooses: cases, then vectors, then requirements, each in its order. The error is a *conformance.UsageError: an unknown word, or a
// pattern that matches nothing.
func (l *Library) List(f Filter) ([]Row, error) {
	rows, err := l.rows(f.What)
	if err != nil {
		return nil, err
	}
	for _, id := range f.Req {
		if _, ok := spec.Requirement(id); !ok {
			return nil, &conformance.UsageError{Text: fmt.Sprintf("no requirement %s; the nearest are %s", id, near(allRules(), id))}
		}
	}
	if rows, err = pick(rows, f.Run, f.Skip); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(r Row) bool { return !f.has(&r) }), nil
}

// rows makes all rows of a kind.
func (l *Library) rows(what string) ([]Row, error) {
	known := []string{WhatCases, WhatVectors, WhatRequirements, WhatAll}
	if !slices.Contains(known, what) {
		return nil, &conformance.UsageError{Text: fmt.Sprintf("there are no %q; there are %s", what, strings.Join(known, ", "))}
	}
	var rows []Row
	if what == WhatCases || what == WhatAll {
		for i := range l.Cases {
			c := &l.Cases[i]
			profile := c.Profile
			if profile == "" {
				profile = conformance.DefaultProfile
			}
			rows = append(rows, Row{"case", c.ID, c.Title, c.Req, c.Level, c.Tags, c.Reject != nil, strings.Split(c.Roles.String(), ", "), profile})
		}
	}
	if what == WhatVectors || what == WhatAll {
		for _, v := range l.Vectors.Vectors {
			rows = append(rows, Row{"vector", v.ID, v.Title, v.Req, v.Level, nil, v.Twinned != nil, []string{RoleCodec}, profileOf(v)})
		}
	}
	if what == WhatRequirements || what == WhatAll {
		for _, r := range spec.Requirements() {
			rows = append(rows, Row{"requirement", r.ID, r.Text, []string{r.ID}, 0, nil, false, []string{r.Role}, r.Profile})
		}
	}
	return rows, nil
}

// has tells whether a row passes everything but the patterns.
func (f *Filter) has(r *Row) bool {
	profile := f.Profile == "" || f.Profile == r.Profile || f.Profile == RoleCodec && r.What == "vector"
	tags := !slices.ContainsFunc(f.Tags, func(tag string) bool { return !slices.Contains(r.Tags, tag) })
	level := f.To == 0 || r.Level >= f.From && r.Level <= f.To
	req := len(f.Req) == 0 || slices.ContainsFunc(f.Req, func(id string) bool { return slices.Contains(r.Req, id) })
	return profile && tags && level && req && (f.Role == "" || slices.Contains(r.Roles, f.Role))
}

// pick keeps the rows that the patterns choose, as they choose cases.
func pick(rows []Row, run, skip []string) ([]Row, error) {
	cases := make([]conformance.Case, len(rows))
	for i, r := range rows {
		cases[i] = conformance.Case{ID: r.ID, Req: r.Req, Level: i} // a place, by which the row is found again
	}
	picked, err := conformance.Select(cases, run, skip)
	if err != nil {
		return nil, err
	}
	out := make([]Row, len(picked))
	for i := range picked {
		out[i] = rows[picked[i].Level]
	}
	return out, nil
}

func near(names []string, typed string) string {
	slices.Sort(names)
	return strings.Join(nearest.Names(slices.Compact(names), typed, 3), ", ")
}

func allRules() []string {
	var ids []string
	for _, r := range spec.Requirements() {
		ids = append(ids, r.ID)
	}
	return ids
}
