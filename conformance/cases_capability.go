package conformance

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// capabilityCases are the cases of SPEC.md chapter 6 up to READY.
func capabilityCases() []Case {
	return slices.Concat(forAll(offerCases(), resultCases(), uintCases(), nameCases()), capabilityFormCases(), forAcceptors(needCases()))
}

// merged is a case about one capability in READY. What it has to be there is computed by rule, which the cases bring along: the codec's
// own rules could be wrong.
type merged struct {
	id, req, title string

	name  string
	offer func(theirs any) any                   // what the suite offers; theirs is what the peer offered on a link before
	rule  func(dialers, acceptors any) (due any) // of the two offers; nil for a capability that is left out
}

// make makes the case.
func (m merged) make() Case {
	return Case{ID: "capability/" + m.id, Req: []string{m.req}, Title: m.title, Level: 4, Run: func(t *T) {
		own := m.offer(t.Open(Options{}).Peer().Caps[m.name])
		c := t.Dial(Options{})
		c.greetWith(putIn("caps", m.name, own)(c.HelloPacket()).Harmless())
		c.SendReady()
		theirs := c.Peer().Caps[m.name]
		due, got := m.rule(own, theirs), c.ready().Caps[m.name]
		if c.own == wire.Acceptor {
			due = m.rule(theirs, own)
		}
		if fmt.Sprint(got) != fmt.Sprint(due) {
			t.Fail(fmt.Sprintf("%s %v in READY, of %v and %v", m.name, due, own, theirs), "%v", got)
		}
		c.Barrier()
	}}
}

// merges makes the cases of a list.
func merges(list ...merged) []Case {
	cases := make([]Case, len(list))
	for i, m := range list {
		cases[i] = m.make()
	}
	return cases
}

// always offers one value whatever the peer offers.
func always(v any) func(any) any { return func(any) any { return v } }

// nothing is the rule of what is never merged.
func nothing(any, any) any { return nil }

// offerCases are about what the acceptor's HELLO offers.
func offerCases() []Case {
	return []Case{
		{
			ID: "capability/probes-are-offered", Req: []string{"CAP-007"}, Level: 3,
			Title: "HELLO offers the five probe capabilities",
			Run: func(t *T) {
				caps := t.Open(Options{}).Peer().Caps
				for _, name := range probeNames() {
					if _, ok := caps[name]; !ok {
						t.Fail(name+" in HELLO", "the capabilities %v", slices.Sorted(maps.Keys(caps)))
					}
				}
			},
		},
		{
			ID: "capability/grease-is-random", Req: []string{"CAP-009"}, Level: 3,
			Title: "each HELLO offers a grease capability with a value of a type of the table, and not the same one each time",
			Run: func(t *T) {
				first := greaseCaps(t, t.Open(Options{}).Peer())
				for range 3 {
					if !slices.Equal(greaseCaps(t, t.Open(Options{}).Peer()), first) {
						return
					}
				}
				t.Fail("names at random", "%v in each of four openings", first)
			},
		},
	}
}

// probeNames lists the capabilities that every peer offers.
func probeNames() []string {
	return []string{"probe.and", "probe.choose", "probe.intersect", "probe.max", "probe.min"}
}

// greaseCaps lists the grease capabilities of a HELLO and checks their values.
func greaseCaps(t *T, h *codec.Hello) []string {
	var names []string
	for name, value := range h.Caps {
		if !wire.IsGreaseCap(name) {
			continue
		}
		names = append(names, name)
		if n, isInt := value.(int64); value != true && !(isInt && n >= 0) && !isNames(value) {
			t.Fail("true, a uint, a set or a list as the value of "+name, "%v", value)
		}
	}
	slices.Sort(names)
	return names
}

// isNames tells whether a value is a set or a list: 1 to 16 different names.
func isNames(value any) bool {
	names, ok := value.([]string)
	if !ok || len(names) < 1 || len(names) > 16 {
		return false
	}
	names = slices.Clone(names)
	slices.Sort(names)
	return len(slices.Compact(names)) == len(names)
}

// resultCases are about which capabilities are in READY.
func resultCases() []Case {
	both := func(own, theirs any) any { return own == true && theirs == true }
	cases := merges(
		merged{"and-of-true-and-true", "CAP-002", "a capability of rule AND that both offer is true in READY", "probe.and", always(true), both},
		merged{"unregistered-not-merged", "CAP-001", "a capability that is not registered is not in READY", "x.suite.other", always(true), nothing},
		merged{"unknown-of-any-type", "CAP-008", "a capability that nobody knows may have a value that no capability has", "x.suite.other",
			always(map[string]any{"a": []any{nil, -1, []byte{0}, false}}), nothing},
		merged{"unknown-without-form", "CAP-008", "a capability whose name does not have the form of a name is ignored", "Probe And\u00e9", always(1), nothing},
		merged{"unknown-grease", "CAP-008", "a grease capability is ignored", codec.GreaseCapability(0x5EED), always(strs("b", "a")), nothing},
	)
	for _, name := range probeNames() {
		cases = append(cases, Case{
			ID: "capability/dialer-lacks-" + strings.ReplaceAll(name, ".", "-"), Req: []string{"CAP-001"}, Level: 4,
			Title: name + " is not in READY when the other side has not offered it, and the other probes are",
			Run: func(t *T) {
				c := t.Dial(Options{})
				c.greetWith(dropIn("caps", name)(c.HelloPacket())) // by CAP-007 a fault of the suite, which no peer has to mind
				c.SendReady()
				caps := c.ready().Caps
				for _, probe := range []string{name, "probe.and", "probe.max", "probe.min"} { // the others may have no common name
					if _, has := caps[probe]; has == (probe == name) {
						t.Fail("the other probes in READY, and no "+name, "%v", caps)
					}
				}
				c.Barrier()
			},
		})
	}
	return cases
}

// uintCases are about the rules MIN and MAX.
func uintCases() []Case {
	const end = int64(math.MaxInt64)
	uints := func(own, theirs any) (a, b int64) {
		a, _ = own.(int64)
		b, _ = theirs.(int64)
		return a, b
	}
	smaller := func(own, theirs any) any { a, b := uints(own, theirs); return min(a, b) }
	greater := func(own, theirs any) any { a, b := uints(own, theirs); return max(a, b) }
	equal := func(theirs any) any { return theirs }
	below := func(theirs any) any { _, b := uints(nil, theirs); return max(b, 1) - 1 }
	above := func(theirs any) any { _, b := uints(nil, theirs); return min(b, end-1) + 1 }
	return merges(
		merged{"min-of-zero", "CAP-003", "rule MIN gives the other side's value where that is 0", "probe.min", always(int64(0)), smaller},
		merged{"min-of-greatest", "CAP-003", "rule MIN gives the own value where the other side's is 2^63-1", "probe.min", always(end), smaller},
		merged{"min-of-equal", "CAP-003", "rule MIN gives the value that both offer", "probe.min", equal, smaller},
		merged{"min-of-one-more", "CAP-003", "rule MIN gives the own value where the other side's is greater by one", "probe.min", above, smaller},
		merged{"max-of-zero", "CAP-004", "rule MAX gives the own value where the other side's is 0", "probe.max", always(int64(0)), greater},
		merged{"max-of-greatest", "CAP-004", "rule MAX gives the other side's value where that is 2^63-1", "probe.max", always(end), greater},
		merged{"max-of-equal", "CAP-004", "rule MAX gives the value that both offer", "probe.max", equal, greater},
		merged{"max-of-one-less", "CAP-004", "rule MAX gives the own value where the other side's is smaller by one", "probe.max", below, greater},
	)
}

// nameCases are about the rules INTERSECT and CHOOSE.
func nameCases() []Case {
	common := func(own, theirs any) any {
		var both []string
		for _, name := range namesIn(theirs) { // which ascend
			if slices.Contains(namesIn(own), name) {
				both = append(both, name)
			}
		}
		if both == nil {
			return nil
		}
		return both
	}
	chosen := func(own, theirs any) any {
		for _, name := range namesIn(theirs) {
			if slices.Contains(namesIn(own), name) {
				return []string{name}
			}
		}
		return nil
	}
	first := func(theirs any) string { return namesIn(theirs)[0] }
	last := func(theirs any) string { n := namesIn(theirs); return n[len(n)-1] }
	return merges(
		merged{"intersect-of-none", "CAP-005", "rule INTERSECT leaves the capability out where no name is in both sets", "probe.intersect", always(asSet("none.suite", "zz.suite")), common},
		merged{"intersect-of-all", "CAP-005", "rule INTERSECT gives all names of two equal sets, in ascending order", "probe.intersect",
			func(theirs any) any { return asSet(namesIn(theirs)...) }, common},
		merged{"intersect-of-one", "CAP-005", "rule INTERSECT gives the names that are in both sets, and no other", "probe.intersect",
			func(theirs any) any { return asSet("0.suite", last(theirs), "zz.suite") }, common},
		merged{"intersect-without-form", "CAP-005", "rule INTERSECT passes over what does not have the form of a name", "probe.intersect",
			func(theirs any) any { return asSet("", "A B", last(theirs)) }, common},
		merged{"choose-of-none", "CAP-006", "rule CHOOSE leaves the capability out where no name is in both lists", "probe.choose", always(strs("zz.suite", "0.suite")), chosen},
		merged{"choose-acceptor-decides", "CAP-006", "rule CHOOSE gives the acceptor's first name, whatever the dialer prefers", "probe.choose",
			func(theirs any) any { return asList("zz.suite", last(theirs), first(theirs)) }, chosen},
		merged{"choose-last", "CAP-006", "rule CHOOSE gives the last name where the two lists have no other in common", "probe.choose",
			func(theirs any) any { return asList("zz.suite", last(theirs)) }, chosen},
		merged{"choose-without-form", "CAP-006", "rule CHOOSE passes over what does not have the form of a name", "probe.choose",
			func(theirs any) any { return asList("A B", "", first(theirs)) }, chosen},
	)
}
