package bench

import (
	"slices"

	"handfast/conformance/driver"
	"handfast/fuzz"
	"handfast/testdata"
)

// Languages of the sample parsers.
const (
	C      = "C"
	Python = "Python"
	Node   = "Node"
)

// Bug is one that a sample parser can have on purpose.
type Bug struct {
	Name     string // also the value of driver.BugEnv
	Kind     string // what sort of mistake
	Language string
	Doc      string

	finds func(f *fuzz.Finding) bool
}

// Finds tells whether a finding is of this bug.
func (b *Bug) Finds(f *fuzz.Finding) bool { return b.finds(f) }

// Bugs lists the bugs, of which each sample parser can have eight.
func Bugs() []Bug { return slices.Clone(bugs) }

// breaks finds what is about a rule.
func breaks(req ...string) func(*fuzz.Finding) bool {
	return func(f *fuzz.Finding) bool {
		return slices.ContainsFunc(f.Req, func(id string) bool { return slices.Contains(req, id) })
	}
}

// class finds what is of a class.
func class(list ...fuzz.Class) func(*fuzz.Finding) bool {
	return func(f *fuzz.Finding) bool { return slices.Contains(list, f.Class) && !f.Unconfirmed }
}

// either finds what one of two finds.
func either(a, b func(*fuzz.Finding) bool) func(*fuzz.Finding) bool {
	return func(f *fuzz.Finding) bool { return a(f) || b(f) }
}

// both finds what two find.
func both(a, b func(*fuzz.Finding) bool) func(*fuzz.Finding) bool {
	return func(f *fuzz.Finding) bool { return a(f) && b(f) }
}

// within finds what is about an op.
func within(op string) func(*fuzz.Finding) bool {
	return func(f *fuzz.Finding) bool { return f.Op == op }
}

var bugs = []Bug{
	{"c-trusted-length", "trusted length", C, "room for the length of a text or bin is taken before the length is judged", class(fuzz.Memory, fuzz.Crash)},
	{"c-integer-width", "integer width", C, "the length of a piece is kept in 16 bits", either(breaks("DATA-001"), both(within(testdata.OpFrame), class(fuzz.Verdict)))},
	{"c-sign", "sign", C, "a 32-bit negative integer becomes positive", both(within(testdata.OpMsgpack), class(fuzz.Value))},
	{"c-wrong-order", "wrong order", C, "keys are compared as signed bytes", both(within(testdata.OpMsgpack), class(fuzz.Verdict))},
	{"c-state-confusion", "state confusion", C, "the limit of one receiver is kept for the next", class(fuzz.History)},
	{"c-cut", "cut handling", C, "the payload's checksum is not computed for more than two pieces", class(fuzz.Cut)},
	{"c-leak", "leak", C, "frames of unknown type are kept", class(fuzz.Leak)},
	{"c-hang", "hang", C, "the third piece of a DATA is waited for without end where it is empty", class(fuzz.Hang)},

	{"py-off-by-one", "off by one", Python, "an array may have 1025 elements", breaks("MP-006")},
	{"py-trusted-length", "trusted length", Python, "room for a length is taken before the length is judged", class(fuzz.Memory, fuzz.Hang, fuzz.Slow)},
	{"py-missing-checksum", "missing checksum", Python, "the checksum of a GAP is not compared", breaks("FRAME-002")},
	{"py-duplicate-key", "duplicate key", Python, "a key of more than 16 bytes may occur twice", breaks("MP-011")},
	{"py-depth", "depth", Python, "an array in the innermost place does not count", either(breaks("MP-007"), class(fuzz.Crash))},
	{"py-state-confusion", "state confusion", Python, "what is left of a faulty DATA goes in front of the next", class(fuzz.History)},
	{"py-cut", "cut handling", Python, "a header that is cut inside its checksum loses bytes", class(fuzz.Cut)},
	{"py-leak", "leak", Python, "frames with a wrong checksum are kept", class(fuzz.Leak)},

	{"node-off-by-one", "off by one", Node, "the third piece of a DATA may be one byte longer than what is left", breaks("DATA-001")},
	{"node-missing-checksum", "missing checksum", Node, "the checksum of a RESET with a short text is not compared", breaks("FRAME-002")},
	{"node-duplicate-key", "duplicate key", Node, "a key may occur twice in maps that lie deep, from the third entry on", breaks("MP-011")},
	{"node-wrong-order", "wrong order", Node, "keys of different lengths may stand in any order", breaks("MP-010")},
	{"node-integer-width", "integer width", Node, "a positive 64-bit integer is kept in a double", both(within(testdata.OpMsgpack), class(fuzz.Value))},
	{"node-sign", "sign", Node, "t3 of a PONG is read as unsigned", func(f *fuzz.Finding) bool { return f.Class == fuzz.Value && contains(f.Actual, "t3") }},
	{"node-depth", "depth", Node, "a map may lie one deeper than an array", breaks("MP-007")},
	{"node-hang", "hang", Node, "a DATA of 12 bytes whose first piece has one byte is never left", class(fuzz.Hang)},
}

// env gives the environment that plants a bug.
func (b *Bug) env() []string { return []string{driver.BugEnv + "=" + b.Name} }
