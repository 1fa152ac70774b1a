package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"handfast/conformance/driver"
	"handfast/spec"
)

// Lint checks the list of cases as data: what a careless author gets wrong, and what no run would show.
func Lint(cases []Case) []error {
	var faults []error
	seen := make(map[string]bool)
	slug := regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+(-[a-z0-9]+)*$`)
	for i := range cases {
		c := &cases[i]
		report := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("case %q: "+format, append([]any{c.ID}, args...)...))
		}
		if seen[c.ID] {
			report("the id occurs twice")
		}
		seen[c.ID] = true
		if !slug.MatchString(c.ID) {
			report("the id is not area/words-with-hyphens")
		}
		c.lintFacts(report)
		c.lintRoles(report)
		c.lintRequirements(report)
		c.lintScript(report)
	}
	return faults
}

// lintFacts checks area, title, level, profile and tags.
func (c *Case) lintFacts(report func(string, ...any)) {
	area, _, _ := strings.Cut(c.ID, "/")
	if !slices.ContainsFunc(Areas(), func(a Area) bool { return a.Name == area }) {
		report("no area %q", area)
	}
	if c.Title == "" || strings.HasSuffix(c.Title, ".") {
		report("the title is empty or ends with a full stop")
	}
	if c.Level < 1 || c.Level > LevelBeyond || (c.Level == LevelBeyond) == (c.profile() == DefaultProfile) {
		report("level %d is not a step of SPEC.md chapter 3, which are the levels of core", c.Level)
	}
	if !slices.Contains(Profiles(), c.profile()) {
		report("no profile %q", c.Profile)
	}
	for _, tag := range c.Tags {
		if !slices.Contains([]string{TagTLS, TagTiming, TagSlow, TagFlood, TagRestart}, tag) {
			report("no tag %q", tag)
		}
	}
}

// lintRoles checks that the case says whom it judges, and cites nothing that binds somebody else.
func (c *Case) lintRoles(report func(string, ...any)) {
	if c.Roles == 0 || c.Roles&^AnyRole != 0 {
		report("does not say in which roles it judges a peer")
	}
	for _, id := range c.Req {
		if extra := c.Roles &^ rolesBy(id); extra != 0 {
			report("judges in the role %v and cites %s, which does not bind that role", extra, id)
		}
	}
	known := []string{driver.FeatureConcurrent, driver.FeatureTLS, driver.FeatureTLSBind, driver.FeatureLimits, driver.FeatureNeed, driver.FeatureStreams, driver.FeatureDelivery, driver.FeatureDurable, driver.FeatureSync, driver.FeatureRealtime}
	for _, feature := range c.Needs {
		if !slices.Contains(known, feature) {
			report("needs %q, which is no feature of a driver", feature)
		}
	}
}

// lintRequirements checks that the case cites live requirements that can be seen on the wire.
func (c *Case) lintRequirements(report func(string, ...any)) {
	if len(c.Req) == 0 {
		report("cites no requirement")
	}
	for i, id := range c.Req {
		rule, ok := spec.Requirement(id)
		switch {
		case !ok:
			report("cites %s, which does not exist", id)
		case rule.Testable != "wire":
			report("cites %s, which cannot be seen on the wire: %s", id, rule.Why)
		case slices.Contains(c.Req[:i], id):
			report("cites %s twice", id)
		}
	}
}

// lintScript checks that the case has one way to run, and a twin where it rejects.
func (c *Case) lintScript(report func(string, ...any)) {
	switch r := c.Reject; {
	case (c.Run == nil) == (r == nil):
		report("has to have either Run or Reject")
	case r == nil:
	case r.Good == nil || r.Bad == nil:
		report("rejects without a twin, or a twin without a fault")
	case r.Want.see == nil || r.Want.scope == scopeNothing:
		report("rejects and does not say with what")
	}
}
