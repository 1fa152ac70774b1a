package mutant

import "handfast/conformance"

// streamBugs are those of streams in chapter 10.
func streamBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-even-ids", Req: "STRM-001", Doc: "It serves a stream of the dialer with an id of the acceptor's."},
		{Name: "takes-gaps-between-ids", Req: "STRM-002", Doc: "It serves a stream whose id leaves others out."},
		{Name: "takes-ids-again", Req: "STRM-002", Doc: "It serves a stream whose id was used before."},
		{Name: "accepts-when-it-is-done", Req: "STRM-003", Doc: "It sends ACCEPT at the end of the call, behind the replies."},
		{Name: "accepts-without-a-word", Req: "STRM-003", Doc: "It serves streams and sends no ACCEPT."},
		{Name: "serves-every-protocol", Req: "STRM-004", Doc: "It accepts an OPEN for any sub-protocol, and serves call on it."},
		{Name: "serves-every-version", Req: "STRM-005", Doc: "It accepts an OPEN for any version."},
		{Name: "drops-data-in-the-flight-of-open", Req: "STRM-007", Doc: "It drops DATA that comes in the 20 ms after OPEN, unless it ends its direction."},
		{Name: "serves-more-streams-than-granted", Req: "STRM-008", Doc: "It does not count streams."},
		{Name: "rejects-streams-beyond-the-grant", Req: "STRM-008", Doc: "It answers an OPEN beyond the grant with REJECT(OVERLOADED)."},
		{Name: "never-grants-streams", Req: "STRM-009", Doc: "It sends no STREAMS."},
		{Name: "keeps-the-slots-of-reset-streams", Req: "STRM-009", Doc: "It grants no stream for one that ended by RESET."},
		{Name: "keeps-the-slots-of-rejected-streams", Req: "STRM-009", Doc: "It grants no stream for one that it rejected."},
		{Name: "closes-on-stale-streams", Req: "STRM-011", Doc: "It answers a STREAMS that raises nothing with STATE."},
		{Name: "ignores-data-of-unopened-streams", Req: "STRM-012", Doc: "It skips DATA on a stream that was never opened."},
		{Name: "ignores-credit-of-unopened-streams", Req: "STRM-012", Doc: "It skips CREDIT on a stream that was never opened."},
		{Name: "ignores-accept-of-unopened-streams", Req: "STRM-012", Doc: "It skips ACCEPT on a stream that was never opened."},
		{Name: "ignores-reject-of-unopened-streams", Req: "STRM-012", Doc: "It skips REJECT on a stream that was never opened."},
		{Name: "ignores-reset-of-unopened-streams", Req: "STRM-012", Doc: "It skips RESET on a stream that was never opened."},
		{Name: "ignores-frames-of-its-own-ids", Req: "STRM-012", Doc: "It skips frames on even ids, of which it has opened none."},
		{Name: "ignores-data-after-fin", Req: "STRM-013", Doc: "It skips DATA after FIN."},
		{Name: "resets-on-data-after-fin", Req: "STRM-013", Doc: "It answers DATA after FIN with RESET(STATE)."},
		{Name: "resets-finished-streams", Req: "STRM-014", Doc: "It answers DATA of a finished stream with RESET."},
		{Name: "closes-on-data-of-finished-streams", Req: "STRM-014", Doc: "It answers DATA of a finished stream with STATE."},
		{Name: "closes-on-credit-of-finished-streams", Req: "STRM-014", Doc: "It answers CREDIT of a finished stream with STATE."},
		{Name: "closes-on-reset-of-finished-streams", Req: "STRM-014", Doc: "It answers RESET of a finished stream with STATE."},
		{Name: "closes-on-answers-of-finished-streams", Req: "STRM-014", Doc: "It answers ACCEPT and REJECT of a finished stream with STATE."},
		{Name: "answers-reset-with-reset", Req: "STRM-015", Doc: "It answers RESET with RESET."},
		{Name: "takes-accept-from-the-opener", Req: "STRM-016", Doc: "It skips ACCEPT from the opener of the stream."},
		{Name: "takes-reject-from-the-opener", Req: "STRM-016", Doc: "It takes REJECT from the opener of the stream for RESET."},
		{Name: "stops-sending-at-fin", Req: "STRM-017", Doc: "It ends its own direction when the other has ended by a FIN of its own."},
		{Name: "ignores-credit-after-fin", Req: "STRM-017", Doc: "It skips CREDIT on a stream on which FIN has come."},
		{Name: "sends-after-reset", Req: "STRM-020", Doc: "It sends FIN after its RESET."},
		{Name: "sends-after-fin", Req: "STRM-020", Doc: "It sends FIN twice."},
	}
}

// dataBugs are those of messages in chapter 10.
func dataBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "ignores-leftover-bytes", Req: "DATA-001", Doc: "It skips 1 to 3 bytes behind the last piece."},
		{Name: "cuts-long-pieces", Req: "DATA-001", Doc: "It cuts a piece that is longer than what is left."},
		{Name: "ignores-empty-data", Req: "DATA-002", Doc: "It skips a DATA without FIN and without pieces."},
		{Name: "hands-on-pieces", Req: "DATA-003", Doc: "It takes every piece for a message."},
		{Name: "joins-across-streams", Req: "DATA-003", Doc: "It joins a piece with whatever came last, on any stream."},
		{Name: "takes-fin-with-more", Req: "DATA-004", Doc: "It takes FIN with MORE for FIN."},
		{Name: "takes-empty-last-pieces", Req: "DATA-005", Doc: "It takes MORE with an empty last piece."},
		{Name: "takes-more-without-pieces", Req: "DATA-005", Doc: "It skips MORE without a piece."},
		{Name: "takes-messages-over-max-message", Req: "DATA-006", Doc: "It joins messages of any size."},
		{Name: "measures-whole-messages", Req: "DATA-006", Doc: "It looks at the size of a message when the message is whole."},
		{Name: "waits-for-messages-for-ever", Req: "DATA-007", Doc: "It has no deadline for a message."},
		{Name: "restarts-the-message-timer", Req: "DATA-007", Doc: "It gives each piece of a message the time of the whole."},
		{Name: "hands-on-the-newest-first", Req: "DATA-008", Doc: "It hands on the message that came last."},
		{Name: "takes-fin-in-a-message", Req: "DATA-009", Doc: "It takes FIN for the end of the message that it joins."},
	}
}

// creditBugs are those of chapter 11.
func creditBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-data-beyond-the-stream-grant", Req: "CRED-001", Doc: "It does not look at what it has granted for a stream."},
		{Name: "forgets-the-64-of-pieces", Req: "CRED-001", Doc: "It charges a piece no more than its length."},
		{Name: "takes-data-beyond-the-link-grant", Req: "CRED-002", Doc: "It does not look at what it has granted for the link."},
		{Name: "sends-beyond-the-stream-grant", Req: "CRED-003", Doc: "It does not look at what was granted for a stream."},
		{Name: "sends-without-the-64", Req: "CRED-003", Doc: "It charges what it sends no more than its length."},
		{Name: "adds-credit-up", Req: "CRED-003", Doc: "It takes the totals in CREDIT for increments."},
		{Name: "sends-beyond-the-link-grant", Req: "CRED-004", Doc: "It does not look at what was granted for the link."},
		{Name: "sends-without-the-64-of-the-link", Req: "CRED-004", Doc: "It charges on the link no more than the length of what it sends."},
		{Name: "takes-grants-back", Req: "CRED-005", Doc: "It takes a smaller CREDIT for a smaller grant."},
		{Name: "closes-on-stale-credit", Req: "CRED-005", Doc: "It answers a CREDIT that raises nothing with STATE."},
		{Name: "never-grants-on-streams", Req: "CRED-006", Doc: "It sends no CREDIT for streams."},
		{Name: "grants-joined-pieces-late", Req: "CRED-006", Doc: "It grants the charge of pieces again when the message is whole."},
		{Name: "never-grants-on-the-link", Req: "CRED-007", Doc: "It sends no CREDIT for the link."},
		{Name: "keeps-the-charge-of-ignored-data", Req: "CRED-007", Doc: "It does not grant the charge of DATA of finished streams again."},
		{Name: "keeps-the-charge-of-dropped-data", Req: "CRED-007", Doc: "It does not grant the charge again that a stream held when it was reset."},
		{Name: "takes-credit-over-the-most", Req: "CRED-008", Doc: "It takes a CREDIT over 2^63-1."},
		{Name: "takes-streams-over-the-most", Req: "CRED-008", Doc: "It takes a STREAMS over 2^31."},
	}
}
