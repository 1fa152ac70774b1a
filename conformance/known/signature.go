package known

import (
	"regexp"
	"strings"

	"handfast/conformance"
)

// varying matches what differs from run to run: times with their unit, and numbers in either base. Ids of requirements, which have a
// number as well, match first and stay.
var varying = regexp.MustCompile(`[A-Z]+-[0-9]{3}\b|\b(?:[0-9]+(?:\.[0-9]+)?(?:ns|µs|us|ms|s|m|h))+\b|\b(?:0x)?[0-9a-fA-F]*[0-9][0-9a-fA-F]*\b`)

// requirement matches the id of a requirement.
var requirement = regexp.MustCompile(`^[A-Z]+-[0-9]{3}$`)

// Signature gives what a result is compared by with the second column of conformance.known. It is one line:
//
//	VERDICT: expected EXPECTED; got ACTUAL
//	VERDICT: twin: expected EXPECTED; got ACTUAL        the input without the fault was not accepted
//	VERDICT: liveness: expected EXPECTED; got ACTUAL    what the fault did not concern does not go on
//
// VERDICT is fail, weak, crash, timeout, unsupported or inconclusive, and a pass is "pass" alone. Each number and each length of
// time is #, because they differ from run to run and with the limits of the peer; a | is /, because it separates columns; white
// space is one space.
func Signature(r *conformance.Result) string {
	if r.Verdict == conformance.Pass {
		return r.Verdict.String()
	}
	return expectation(r) + "; got " + stable(r.Actual)
}

// expectation is the part of the signature that does not depend on what the peer said. It is what Fix writes.
func expectation(r *conformance.Result) string {
	text := r.Verdict.String() + ": "
	if r.Phase == conformance.PhaseTwin || r.Phase == conformance.PhaseProbe {
		text += string(r.Phase) + ": "
	}
	return text + "expected " + stable(r.Expected)
}

// stable takes out of a text what differs from run to run.
func stable(text string) string {
	text = varying.ReplaceAllStringFunc(text, func(s string) string {
		if requirement.MatchString(s) {
			return s
		}
		return "#"
	})
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "|", "/")), " ")
}

// failed reports whether a verdict is one that may be listed.
func failed(v conformance.Verdict) bool {
	switch v {
	case conformance.Fail, conformance.Weak, conformance.Crash, conformance.Timeout:
		return true
	}
	return false
}
