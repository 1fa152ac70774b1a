package mutant

import (
	"slices"

	"handfast/conformance"
)

// syncDialerBugs are those of initiators, which a driver makes begin.
func syncDialerBugs() []conformance.Mutant {
	return slices.Concat([]conformance.Mutant{
		{Name: "opens-sessions-without-params", Req: "SYNC-001", Doc: "It opens sessions without params."},
		{Name: "opens-sessions-of-another-namespace", Req: "SYNC-001", Doc: "It opens sessions about another namespace than it was asked for."},
		{Name: "opens-sessions-with-another-salt", Req: "SYNC-001", Doc: "It states another salt check than its salt has."},
		{Name: "reads-between-its-sends", Req: "SYNC-006", Doc: "It does not read while it sends."},
		{Name: "takes-clocks-with-all-at-any-time", Req: "SYNC-009", Doc: "It takes a second CLOCK with ALL for one without."},
		{Name: "takes-answers-to-nothing", Req: "SYNC-011", Doc: "It skips an answer that nothing waits for."},
		{Name: "takes-answers-about-anything", Req: "SYNC-011", Doc: "It takes any answer for that to its oldest question."},
		{Name: "takes-lists-of-any-length", Req: "SYNC-044", Doc: "It takes a DIGEST with more than 64 items."},
		{Name: "takes-brief-answers-unasked", Req: "SYNC-044", Doc: "It takes a DIGEST of the form BRIEF where CHECK had no BRIEF."},
		{Name: "takes-long-answers-to-brief-questions", Req: "SYNC-044", Doc: "It takes a DIGEST of the form PARTS or ITEMS where CHECK had BRIEF."},
		{Name: "takes-any-answer-for-an-estimate", Req: "SYNC-044", Doc: "It takes a DIGEST of the form ESTIMATE where CHECK had no ESTIMATE."},
		{Name: "asks-nothing-behind-since", Req: "SYNC-013", Doc: "It compares nothing when SINCE has ended."},
		{Name: "never-asks-about-keys", Req: "SYNC-013", Doc: "It sends no CHECK_KEY, so that what the other side lacks stays here."},
		{Name: "sends-nothing-for-versions", Req: "SYNC-013", Doc: "It sends no REPAIR for a VERSION."},
		{Name: "never-pulls", Req: "SYNC-024", Doc: "It does not ask for objects that only the items of a DIGEST show."},
		{Name: "sends-nothing-for-what-it-has-pulled", Req: "SYNC-043", Doc: "It does not send back what it knows more of an object that PULL has brought."},
		{Name: "asks-twice", Req: "SYNC-028", Doc: "It asks each question twice."},
		{Name: "takes-objects-at-any-time", Req: "SYNC-018", Doc: "It takes a REPAIR that belongs to no open question."},
		{Name: "numbers-objects-from-0", Req: "SYNC-016", Doc: "It counts its REPAIRs from 0."},
		{Name: "completes-before-its-first-answer", Req: "SYNC-030", Doc: "It sends COMPLETE right behind its first CHECK."},
		{Name: "completes-before-its-answers", Req: "SYNC-030", Doc: "It sends COMPLETE when all its questions are asked."},
		{Name: "completes-before-its-results", Req: "SYNC-030", Doc: "It sends COMPLETE when all its questions are answered, though REPAIRs wait for their RESULT."},
		{Name: "says-last-before-its-results", Req: "SYNC-030", Doc: "It sends CHECK with LAST though REPAIRs wait for their RESULT."},
		{Name: "says-last-again", Req: "SYNC-028", Doc: "It sends CHECK with LAST a second time in the place of COMPLETE."},
		{Name: "talks-on-behind-last", Req: "SYNC-049", Doc: "It sends a CLOCK behind a CHECK with LAST, before the answer."},
		{Name: "ends-behind-last", Req: "SYNC-049", Doc: "It sends FIN behind a CHECK with LAST, before the answer."},
		{Name: "takes-a-digest-for-the-end", Req: "SYNC-044", Doc: "It takes a DIGEST of the form SAME, with CLOCK where it was asked for, in answer to a CHECK with LAST."},
		{Name: "takes-no-same-for-last", Req: "SYNC-044", Doc: "It refuses a DIGEST of the form SAME in answer to a CHECK with LAST, though the clocks differ."},
		{Name: "waits-for-a-digest-of-last", Req: "SYNC-020", Doc: "It takes a COMPLETE in answer to its CHECK with LAST for one that comes before its own."},
		{Name: "says-nothing-of-its-counts", Req: "SYNC-022", Doc: "It sends CHECK with LAST without its counts."},
		{Name: "takes-complete-at-any-time", Req: "SYNC-020", Doc: "It takes a COMPLETE before its own."},
		{Name: "reports-every-session-as-whole", Req: "SYNC-022", Doc: "It reports every session as whole, like the system that this follows."},
		{Name: "falls-over-aborted-sessions", Req: "SYNC-022", Doc: "It ends all its links at once when a responder resets a session, as a process does that crashes."},
		{Name: "takes-complete-for-whole", Req: "SYNC-022", Doc: "It reports a session as whole when both COMPLETEs are there."},
		{Name: "counts-what-it-has-sent-alone", Req: "SYNC-022", Doc: "It holds nothing but its own REPAIRs against their RESULTs."},
		{Name: "overlooks-errors-of-the-other", Req: "SYNC-022", Doc: "It does not look at the errors of the other side's COMPLETE."},
		{Name: "overlooks-what-was-rejected", Req: "SYNC-022", Doc: "It counts what was rejected as applied."},
		{Name: "overlooks-sums", Req: "SYNC-022", Doc: "It does not add up the outcomes of the other side's COMPLETE."},
	}, cellDialerBugs(), realtimeDialerBugs(), answersOf(nil, []string{"SYNC-009", "SYNC-011", "SYNC-018", "SYNC-044", "CELL-004"}))
}
