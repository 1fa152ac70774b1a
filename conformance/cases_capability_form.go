package conformance

import (
	"fmt"
	"slices"

	"handfast/codec"
)

// strs gives names as a body holds them.
func strs(names ...string) []any {
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}

// asSet gives names in ascending order, each once.
func asSet(names ...string) []any {
	names = slices.Clone(names)
	slices.Sort(names)
	return strs(slices.Compact(names)...)
}

// asList gives names in their order, each once.
func asList(names ...string) []any {
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return strs(once...)
}

// namesIn gives the names of a set or list, whether the suite made it or codec read it.
func namesIn(value any) []string {
	if own, ok := value.([]any); ok {
		list := make([]string, len(own))
		for i, name := range own {
			list[i], _ = name.(string)
		}
		return list
	}
	list, _ := value.([]string)
	return list
}

// manyNames are n different names in ascending order.
func manyNames(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = fmt.Sprintf("name%02d", i)
	}
	return list
}

// capabilityFormCases give the probes values of another type, or of another form, than the tables of chapter 6 say.
func capabilityFormCases() []Case {
	rows := func(req, probe string, good any, bad ...shaped) []Case {
		var cases []Case
		for _, s := range bad {
			cases = append(cases, refusals(codec.CodeEncoding, refused{
				"capability/" + probe + "-" + s.slug, req, fmt.Sprintf("in which probe.%s is %s", probe, s.what),
				putIn("caps", "probe."+probe, good), putIn("caps", "probe."+probe, s.value),
			})...)
		}
		return cases
	}
	const typ, form = "CAP-010", "CAP-012"
	names := []shaped{
		{"empty", "an array without names", []any{}},
		{"seventeen", "an array of 17 names", manyNames(17)},
		{"of-ints", "an array of ints", []any{1, 2}},
		{"str", "a str", "a"},
		{"map", "a map", map[string]any{"a": true}},
	}
	return slices.Concat(
		rows(typ, "and", true, shaped{"false", "false", false}, shaped{"one", "1", 1}, shaped{"nil", "nil", nil}),
		rows(typ, "min", 0, shaped{"negative", "-1", -1}, shaped{"true", "true", true}, shaped{"str", "a str", "1"}),
		rows(typ, "max", 0, shaped{"negative", "-1", -1}, shaped{"bin", "a bin", []byte{1}}),
		rows(typ, "intersect", manyNames(16), names...),
		rows(typ, "choose", manyNames(16), names...),
		rows(form, "intersect", strs("a", "b"), shaped{"not-ascending", "a set whose names do not ascend", strs("b", "a")}, shaped{"twice", "a set with one name twice", strs("a", "a")}),
		rows(form, "choose", strs("b", "a", "c"), shaped{"twice", "a list with one name twice", strs("b", "a", "b")}),
	)
}

// shaped is a value that a capability may not have.
type shaped struct {
	slug, what string
	value      any
}

// needCases are about need, which names capabilities without which the dialer will not talk.
func needCases() []Case {
	unmet := func(id, what string, good, bad edit, missing ...string) Case {
		c := refused{"capability/" + id, "CAP-011", what, good, bad}.as(codec.CodeNeedUnmet)
		c.Reject.Look = func(c *Conn, answer Event) {
			got := slices.Clone(answer.Opening.Refuse.Need)
			slices.Sort(got)
			if !slices.Equal(got, missing) {
				c.t.Fail(fmt.Sprintf("a REFUSE whose need lists %q", missing), "%q", got)
			}
		}
		return c
	}
	apart := putIn("caps", "probe.intersect", strs("none.suite"))
	most := refused{"capability/need-lists-as-many-as-fit", "CAP-011", "that needs more than a REFUSE can list", put("need", []any{}), put("need", longNames())}.as(codec.CodeNeedUnmet)
	most.Title = "a REFUSE lists as many needed capabilities as fit"
	most.Reject.Look = func(c *Conn, answer Event) {
		const entry = 66 // bytes of one more name
		listed := answer.Opening.Refuse.Need
		for i, name := range listed {
			if !slices.Contains(longNames(), any(name)) || slices.Contains(listed[:i], name) {
				c.t.Fail("names that the dialer needs, each once", "%q", listed)
			}
		}
		if room := codec.MaxRefuseBody - int(answer.Opening.Header.Length); room >= entry {
			c.t.Fail("as many names as fit", "%d names, and room for %d more", len(listed), room/entry)
		}
	}
	return []Case{
		welcomed("capability/need-met", "CAP-011", "a HELLO that needs what both offer is accepted", put("need", strs("probe.and", "probe.max"))),
		unmet("need-unknown", "that needs a capability which nobody knows", put("need", strs("probe.and")), put("need", strs("x.suite.a")), "x.suite.a"),
		unmet("need-some-unmet", "that needs one capability which is agreed on and two which are not",
			then(putIn("caps", "x.suite.a", true), put("need", strs("probe.and"))),
			then(putIn("caps", "x.suite.a", true), put("need", strs("x.suite.b", "probe.and", "x.suite.a"))), "x.suite.a", "x.suite.b"),
		unmet("need-without-value", "that needs a capability for which the rule gives no value", then(apart, put("need", strs("probe.and"))),
			then(apart, put("need", strs("probe.intersect"))), "probe.intersect"),
		most,
	}
}
