package mutant

import (
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance"
)

// Mutants lists every bug, in the order of SPEC.md's chapters.
func Mutants() []conformance.Mutant {
	return slices.Concat(
		openingBugs(), frameBugs(), beatBugs(), streamBugs(), dataBugs(), creditBugs(), callBugs(), kitBugs(), closeBugs(), orderBugs(),
		calmBugs(), extensionBugs(), moreBugs(), answerBugs(), deliveryBugs(), syncBugs(), realtimeBugs(),
	)
}

// The bugs of answering are the same for every fault: right judgement, wrong words.
const (
	anotherCode   = "-with-another-code"
	withoutReason = "-without-a-reason"
	wholeLink     = "-by-the-whole-link"
)

// answerBugs breaks every requirement that names an error code: once by another code, and once by ending the transport without a word, or
// the link where only a stream had to end.
func answerBugs() []conformance.Mutant { return answersOf(linkErrors(), streamErrors()) }

// answersOf makes those bugs for rules about links, and for rules about streams.
func answersOf(links, streams []string) []conformance.Mutant {
	var bugs []conformance.Mutant
	for _, req := range links {
		name := strings.ToLower(req)
		bugs = append(bugs,
			conformance.Mutant{Name: name + anotherCode, Req: req, Doc: "It answers what breaks " + req + " with INTERNAL."},
			conformance.Mutant{Name: name + withoutReason, Req: req, Doc: "It answers what breaks " + req + " by ending the transport, without a code."})
	}
	for _, req := range streams {
		name := strings.ToLower(req)
		bugs = append(bugs,
			conformance.Mutant{Name: name + anotherCode, Req: req, Doc: "It answers what breaks " + req + " with INTERNAL."},
			conformance.Mutant{Name: name + wholeLink, Req: req, Doc: "It answers what breaks " + req + " by CLOSE of the right code, where only the stream has to end."})
	}
	return bugs
}

// linkErrors lists the requirements whose faults are answered by REFUSE or CLOSE of a code.
func linkErrors() []string {
	return []string{
		"HELLO-007", "HELLO-008", "HELLO-009", "HELLO-010", "HELLO-012", "HELLO-013", "HELLO-014", "HELLO-018", "HELLO-027", "VER-002",
		"CAP-010", "CAP-011", "CAP-012",
		"READY-002", "READY-003", "READY-005", "READY-006", "READY-007", "READY-008", "READY-009", "READY-012", "READY-013", "READY-015",
		"FRAME-001", "FRAME-002", "FRAME-003", "FRAME-004", "FRAME-006", "FRAME-009", "FRAME-010", "FRAME-016", "FRAME-018",
		"BEAT-007", "BEAT-010",
		"STRM-001", "STRM-002", "STRM-008", "STRM-012", "STRM-013", "STRM-016",
		"DATA-001", "DATA-002", "DATA-004", "DATA-005", "DATA-009",
		"CRED-001", "CRED-002", "CRED-008", "DRAIN-004", "CALM-002", "CALM-004",
	}
}

// streamErrors lists those whose faults are answered by RESET or REJECT.
func streamErrors() []string {
	return []string{"FRAME-007", "STRM-004", "STRM-005", "DATA-006", "DATA-007", "CALL-002", "CALL-010", "CALL-012"}
}

// twist gives the code with which a fault is answered, and whether it is answered by nothing but the end of the transport.
func (p *peer) twist(f *fault) (code codec.Code, mute bool) {
	rule, how, _ := strings.Cut(p.bug, "-with")
	if !strings.EqualFold(rule, f.req) {
		return f.code, false
	}
	if "-with"+how == anotherCode {
		return codec.CodeInternal, false
	}
	return f.code, "-with"+how == withoutReason
}

// widens tells whether a stream error is answered by the whole link.
func (p *peer) widens(f *fault) bool { return p.bug == strings.ToLower(f.req)+wholeLink }
