package mutant

import "handfast/conformance"

// callBugs are those of spec/call.md.
func callBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "skips-to-the-request", Req: "CALL-002", Doc: "It skips what comes before the REQUEST."},
		{Name: "takes-any-method-name", Req: "CALL-002", Doc: "It takes a malformed REQUEST for one of an unknown method."},
		{Name: "keeps-silent-on-unknown-methods", Req: "CALL-003", Doc: "It ends a call of an unknown method as if it had succeeded."},
		{Name: "resets-unknown-methods", Req: "CALL-003", Doc: "It answers an unknown method with RESET."},
		{Name: "takes-unknown-methods-for-failed", Req: "CALL-003", Doc: "It answers an unknown method with CALL_FAILED."},
		{Name: "unsure-about-unknown-methods", Req: "CALL-003", Doc: "It says maybe to whether an unknown method was processed."},
		{Name: "waits-with-unknown-methods", Req: "CALL-003", Doc: "It answers an unknown method when the caller has sent FIN."},
		{Name: "never-ends-calls", Req: "CALL-004", Doc: "It sends no FIN after the replies."},
		{Name: "never-ends-failed-calls", Req: "CALL-004", Doc: "It sends no FIN after ERROR."},
		{Name: "replies-after-error", Req: "CALL-005", Doc: "It sends a REPLY after ERROR."},
		{Name: "fails-twice", Req: "CALL-005", Doc: "It sends ERROR twice."},
		{Name: "ignores-deadlines", Req: "CALL-006", Doc: "It does not look at deadline_ms."},
		{Name: "resets-at-the-deadline", Req: "CALL-006", Doc: "It ends a call whose deadline has passed with RESET."},
		{Name: "ends-in-silence-at-the-deadline", Req: "CALL-006", Doc: "It ends a call whose deadline has passed as if it had succeeded."},
		{Name: "takes-zero-for-a-deadline", Req: "CALL-007", Doc: "It gives a call without a deadline 50 ms."},
		{Name: "ends-calls-without-deadline-at-once", Req: "CALL-007", Doc: "It takes a deadline of 0 for one that has passed, unless the method answers at once."},
		{Name: "works-on-after-reset", Req: "CALL-008", Doc: "It does not stop the work of a call that was reset."},
		{Name: "serves-one-call-at-a-time", Req: "CALL-009", Doc: "It makes the calls of a link wait for each other."},
		{Name: "ignores-second-requests", Req: "CALL-010", Doc: "It skips a second REQUEST."},
		{Name: "ignores-messages-without-bytes", Req: "CALL-010", Doc: "It skips a message without bytes."},
		{Name: "ignores-unknown-kinds", Req: "CALL-010", Doc: "It skips a message of a kind that nobody sends."},
		{Name: "ignores-kinds-of-the-callee", Req: "CALL-010", Doc: "It skips REPLY and ERROR from the caller."},
		{Name: "bears-fin-before-request", Req: "CALL-012", Doc: "It ends a stream on which no REQUEST came by FIN."},
		{Name: "sends-errors-without-processed", Req: "CALL-013", Doc: "It leaves processed out of ERROR."},
		{Name: "sends-errors-without-code", Req: "CALL-013", Doc: "It leaves code out of ERROR."},
		{Name: "sends-errors-out-of-order", Req: "CALL-013", Doc: "It sends the keys of ERROR in any order."},
	}
}

// kitBugs are those of the test kit.
func kitBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "serves-no-echo", Req: "PROF-001", Doc: "It does not know echo."},
		{Name: "serves-no-stream", Req: "PROF-001", Doc: "It does not know stream."},
		{Name: "serves-no-sleep", Req: "PROF-001", Doc: "It does not know sleep."},
		{Name: "serves-no-fail", Req: "PROF-001", Doc: "It does not know fail."},
		{Name: "serves-no-discard", Req: "PROF-001", Doc: "It does not know discard."},
		{Name: "echoes-the-request-alone", Req: "KIT-001", Doc: "It does not echo ARGs."},
		{Name: "echoes-one-byte-less", Req: "KIT-001", Doc: "It loses the last byte of what it echoes, where there are more than 100."},
		{Name: "streams-one-less", Req: "KIT-002", Doc: "It sends one REPLY less."},
		{Name: "streams-the-same", Req: "KIT-002", Doc: "It fills every REPLY with zeros."},
		{Name: "streams-one-byte-more", Req: "KIT-002", Doc: "It sends REPLYs of one byte more."},
		{Name: "sleeps-half", Req: "KIT-003", Doc: "It answers sleep when half of the time has passed."},
		{Name: "sleeps-longer", Req: "KIT-003", Doc: "It answers sleep two seconds late."},
		{Name: "replies-with-the-time-slept", Req: "KIT-003", Doc: "It puts bytes into the REPLY of sleep."},
		{Name: "fails-with-its-own-code", Req: "KIT-004", Doc: "It fails with CALL_FAILED, whatever the code."},
		{Name: "fails-without-data", Req: "KIT-004", Doc: "It leaves data out of ERROR."},
		{Name: "fails-without-name", Req: "KIT-004", Doc: "It leaves name out of ERROR."},
		{Name: "fails-without-text", Req: "KIT-004", Doc: "It leaves text out of ERROR."},
		{Name: "fails-without-retry", Req: "KIT-004", Doc: "It leaves retry_ms out of ERROR."},
		{Name: "fails-unprocessed", Req: "KIT-004", Doc: "It always says that nothing was processed."},
		{Name: "fails-at-once", Req: "KIT-004", Doc: "It fails without the REPLYs that were asked for."},
		{Name: "counts-the-request", Req: "KIT-005", Doc: "It counts the REQUEST as a message that it has discarded."},
		{Name: "counts-messages-as-bytes", Req: "KIT-005", Doc: "It states the number of ARGs as the number of bytes."},
		{Name: "takes-bad-arguments-of-stream", Req: "KIT-006", Doc: "It takes a number that is missing for zero in stream."},
		{Name: "takes-bad-arguments-of-sleep", Req: "KIT-006", Doc: "It takes a number that is missing for zero in sleep."},
		{Name: "takes-bad-arguments-of-fail", Req: "KIT-006", Doc: "It fails with CALL_FAILED where the code is missing."},
		{Name: "resets-on-bad-arguments", Req: "KIT-006", Doc: "It answers arguments that it cannot use with RESET."},
	}
}
