package guide

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/spec"
)

func TestList(t *testing.T) {
	l := library(t)
	tests := []struct {
		name  string
		f     Filter
		least int
		has   string // an id that is there
		every func(r Row) bool
	}{
		{"cases", Filter{What: WhatCases}, len(l.Cases), "frame/header-checksum-wrong", func(r Row) bool { return r.What == "case" }},
		{"requirements", Filter{What: WhatRequirements}, len(spec.Requirements()), "FRAME-001", func(r Row) bool { return r.What == "requirement" }},
		{"all that cite one", Filter{What: WhatAll, Req: []string{"FRAME-001"}}, 10, "frame/header-sum-0", nil},
		{"a level", Filter{What: WhatVectors, From: 1, To: 1}, 20, "frame/ping", func(r Row) bool { return r.Level == 1 }},
		{"a tag", Filter{What: WhatCases, Tags: []string{conformance.TagTLS}}, 1, "", func(r Row) bool { return len(r.Tags) > 0 }},
		{"a role", Filter{What: WhatAll, Role: RoleCodec}, 100, "frame/ping", func(r Row) bool { return r.What == "vector" }},
		{"a profile", Filter{What: WhatVectors, Profile: "delivery"}, 10, "frame/gap", func(r Row) bool { return r.Profile == "delivery" }},
		{"a pattern", Filter{What: WhatVectors, Run: []string{"msgpack/*"}, Skip: []string{"MP-001"}}, 100, "", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			rows, err := l.List(tc.f)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, len(rows), tc.least)
			found := tc.has == ""
			for _, r := range rows {
				found = found || r.ID == tc.has
				assert.True(t, tc.every == nil || tc.every(r), "%+v", r)
			}
			assert.True(t, found, tc.has)
		})
	}
}

func TestListRefuses(t *testing.T) {
	l := library(t)
	for name, f := range map[string]Filter{
		"a kind":        {What: "case"},
		"a pattern":     {What: WhatCases, Run: []string{"frame/none"}},
		"a requirement": {What: WhatCases, Req: []string{"FRAME-01"}},
	} {
		_, err := l.List(f)
		var usage *conformance.UsageError
		assert.True(t, errors.As(err, &usage), "%s: %v", name, err)
	}
}
