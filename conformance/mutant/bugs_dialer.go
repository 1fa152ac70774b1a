package mutant

import (
	"slices"

	"handfast/conformance"
	"handfast/spec"
)

// DialerMutants lists every bug of a dialer: those that an acceptor may have as well, and those of dialers alone.
func DialerMutants() []conformance.Mutant {
	var bugs []conformance.Mutant
	for _, m := range Mutants() {
		rule, _ := spec.Requirement(m.Req)
		switch {
		case slices.Contains(acceptorsAlone(), m.Name), slices.Contains(forgetful(), m.Name): // nobody kills a dialer that is a part of the process that judges it
			continue
		case slices.Contains(realtimeBugs(), m): // receivers of realtime are judged by object.get and status, which acceptors serve
			continue
		case slices.Contains(openingRules(), m.Req): // what an acceptor refuses, a dialer answers with CLOSE
			m.Req = "HELLO-023"
		case m.Req == "HELLO-003" || m.Req == "HELLO-004" || m.Req == "HELLO-006":
			m.Req = "HELLO-028"
		case rule.Role == "acceptor" || rule.Role == "callee":
			continue
		}
		bugs = append(bugs, m)
	}
	return slices.Concat(bugs, dialerBugs(), dialerAnswerBugs(), syncDialerBugs())
}

// openingRules are the rules about faults of a HELLO that a dialer finds as an acceptor does.
func openingRules() []string {
	return []string{
		"HELLO-007", "HELLO-008", "HELLO-009", "HELLO-010", "HELLO-012", "HELLO-013", "HELLO-014", "HELLO-027", "VER-002", "CAP-010", "CAP-012",
	}
}

// acceptorsAlone are bugs whose place is in what acceptors and callees alone do.
func acceptorsAlone() []string {
	return []string{
		"needs-sw", "looks-at-the-length-before-the-magic", "looks-at-the-checksum-before-the-kind", // of a HELLO that is the first thing said
		"keeps-the-slots-of-reset-streams", "takes-accept-from-the-opener", "takes-reject-from-the-opener",
		"closes-on-ten-early-resets", "closes-on-ninety-early-resets", "bears-eleven-hundred-early-resets", "bears-early-resets",
		"calm-004-with-another-code", "calm-004-without-a-reason",
		"looks-at-the-limit-before-the-id", "looks-at-the-limit-before-the-form", "looks-at-the-protocol-before-the-limit",
		"takes-channels-of-call", // a dialer serves no calls
		"looks-at-the-credit-before-the-state", "looks-at-the-size-before-the-credit", "looks-at-the-call-before-the-credit",
	}
}

// dialerBugs are those of dialers alone.
func dialerBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "waits-for-the-acceptor-to-speak", Req: "HELLO-001", Doc: "It sends HELLO when a byte of the acceptor has come."},
		{Name: "answers-refuse-with-close", Req: "HELLO-022", Doc: "It sends CLOSE when it has read a REFUSE."},
		{Name: "answers-faulty-refuses", Req: "HELLO-022", Doc: "It answers a REFUSE that is faulty with CLOSE(ENCODING)."},
		{Name: "stays-after-a-refuse", Req: "HELLO-022", Doc: "It does not end the transport when it has read a REFUSE."},
		{Name: "refuses-like-an-acceptor", Req: "HELLO-023", Doc: "It answers a fault in the acceptor's HELLO with REFUSE."},
		{Name: "waits-for-strangers-to-finish", Req: "HELLO-028", Doc: "It looks at the magic when a whole header has arrived."},
		{Name: "talks-to-itself", Req: "HELLO-029", Doc: "It opens a link with an acceptor of its own node."},
		{Name: "waits-for-an-acceptor-for-ever", Req: "HELLO-026", Doc: "It keeps a transport on which no READY arrives."},
		{Name: "waits-for-an-acceptor-from-its-last-byte", Req: "HELLO-026", Doc: "It waits anew with each byte of the acceptor's HELLO."},
		{Name: "tries-again-after-no-version", Req: "VER-005", Doc: "It connects again after REFUSE(NO_VERSION)."},
		{Name: "tries-again-with-strangers", Req: "VER-006", Doc: "It connects again, as another protocol, to a remote that does not speak Handfast."},
		{Name: "tries-another-protocol", Req: "VER-006", Doc: "It connects again, as another protocol, when the acceptor has ended the transport."},
		{Name: "ignores-its-own-need", Req: "CAP-013", Doc: "It opens a link without a capability that it needs."},
		{Name: "dials-without-alpn", Req: "TLS-003", Doc: "It goes on where the acceptor has selected no ALPN protocol."},
		{Name: "merges-unregistered-capabilities", Req: "CAP-001", Doc: "It puts every capability into READY that both offer."},
		{Name: "leaves-ids-out", Req: "STRM-002", Doc: "It uses every second of its stream ids."},
		{Name: "opens-with-even-ids", Req: "STRM-001", Doc: "It gives its streams the ids of the acceptor's."},
		{Name: "takes-any-word-on-processing", Req: "CALL-016", Doc: "It takes an ERROR that says something unknown of processing."},
		{Name: "opens-beyond-the-grant", Req: "STRM-018", Doc: "It opens as many streams as it likes."},
		{Name: "takes-stream-grants-back", Req: "STRM-011", Doc: "It takes a smaller STREAMS for a smaller grant."},
		{Name: "takes-data-before-accept", Req: "STRM-021", Doc: "It takes DATA on a stream whose OPEN was not answered."},
		{Name: "takes-credit-before-accept", Req: "STRM-021", Doc: "It takes CREDIT on a stream whose OPEN was not answered."},
		{Name: "refuses-unknown-keys-of-accept", Req: "FRAME-017", Doc: "It answers an ACCEPT with a key that it does not know with ENCODING."},
		{Name: "reads-positions-without-delivery", Req: "CHAN-001", Doc: "It looks at channel in ACCEPT where delivery was not selected."},
		{Name: "takes-second-answers", Req: "STRM-016", Doc: "It skips a second ACCEPT or REJECT."},
		{Name: "takes-reject-for-the-end-of-the-link", Req: "ERR-004", Doc: "It closes the link when a stream is rejected."},
		{Name: "bears-any-bytes-in-the-window", Req: "REC-014", Doc: "It takes any number of bytes that are not stable."},
		{Name: "opens-after-drain", Req: "DRAIN-001", Doc: "It opens streams after it has received DRAIN."},
		{Name: "opens-after-its-own-drain", Req: "DRAIN-001", Doc: "It opens streams after it has sent DRAIN."},
		{Name: "stays-after-drain", Req: "DRAIN-003", Doc: "It sends no CLOSE when the last stream has ended after DRAIN."},
		{Name: "closes-before-its-streams-have-ended", Req: "DRAIN-003", Doc: "It sends CLOSE with its final DRAIN."},
		{Name: "serves-after-drain", Req: "DRAIN-005", Doc: "It serves streams that are opened after its final DRAIN."},
		{Name: "outlives-its-drain", Req: "DRAIN-006", Doc: "It sends no CLOSE when its deadline has passed after DRAIN."},
		{Name: "closes-in-good-order-at-the-deadline", Req: "DRAIN-006", Doc: "It closes with NO_ERROR when its deadline has passed after DRAIN."},
		{Name: "calls-without-arguments", Req: "CALL-001", Doc: "It loses the last byte of the arguments."},
		{Name: "calls-without-deadline", Req: "CALL-001", Doc: "It states no deadline in REQUEST."},
		{Name: "calls-with-a-deadline-of-its-own", Req: "CALL-001", Doc: "It states a deadline that nobody has asked for."},
		{Name: "sends-an-argument-before-the-request", Req: "CALL-001", Doc: "It sends ARG before REQUEST."},
		{Name: "sends-the-request-twice", Req: "CALL-001", Doc: "It sends REQUEST twice."},
		{Name: "takes-reset-for-the-end-of-the-call", Req: "CALL-011", Doc: "It takes a call that was reset for one that has succeeded."},
		{Name: "takes-the-end-of-the-link-for-that-of-the-call", Req: "CALL-011", Doc: "It takes a call whose link has ended for one that has succeeded."},
		{Name: "says-that-nothing-was-processed", Req: "CALL-011", Doc: "It says no to whether a call that was reset was processed."},
		{Name: "reports-every-reset-as-internal", Req: "CALL-011", Doc: "It forgets the code of RESET."},
		{Name: "never-cancels", Req: "CALL-014", Doc: "It leaves a call that it wants no more without RESET."},
		{Name: "cancels-with-another-code", Req: "CALL-014", Doc: "It resets a call that it wants no more with INTERNAL."},
		{Name: "ignores-its-own-deadline", Req: "CALL-014", Doc: "It goes on waiting when its deadline has passed."},
		{Name: "resets-calls-with-a-deadline", Req: "CALL-014", Doc: "It resets a call with a deadline as soon as it has begun."},
		{Name: "refuses-unknown-keys-of-error", Req: "CALL-015", Doc: "It takes an ERROR with a key that it does not know for a fault."},
		{Name: "reports-every-error-as-failed", Req: "CALL-015", Doc: "It forgets the code of ERROR."},
		{Name: "loses-the-word-on-processing", Req: "CALL-015", Doc: "It forgets what ERROR says of processing."},
		{Name: "takes-answers-without-bytes", Req: "CALL-016", Doc: "It skips a message without bytes."},
		{Name: "takes-messages-after-error", Req: "CALL-016", Doc: "It skips what follows ERROR."},
		{Name: "takes-kinds-of-the-caller", Req: "CALL-016", Doc: "It skips REQUEST and ARG from the callee."},
		{Name: "takes-kinds-that-nobody-sends", Req: "CALL-016", Doc: "It skips a message of an unknown kind."},
		{Name: "wants-a-reply", Req: "CALL-016", Doc: "It answers the end of a call without a reply with PROTOCOL."},
		{Name: "takes-errors-of-any-form", Req: "CALL-016", Doc: "It takes every ERROR for one that says CALL_FAILED."},
	}
}

// dialerAnswerBugs are the bugs of answering of rules that bind dialers alone.
func dialerAnswerBugs() []conformance.Mutant {
	return slices.Concat(
		answersOf([]string{"CAP-013", "STRM-021"}, nil),
		answersOf(nil, []string{"CALL-016", "DRAIN-005"}),
	)
}
