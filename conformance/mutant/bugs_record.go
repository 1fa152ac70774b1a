package mutant

import "handfast/conformance"

// recordBugs are those of a receiver of RECORDS.
func recordBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "ignores-records-without-a-number", Req: "REC-001", Doc: "It skips a RECORDS without a whole number."},
		{Name: "takes-the-number-0", Req: "REC-001", Doc: "It takes the number 0 for 1."},
		{Name: "ignores-numbers-above-the-last", Req: "REC-001", Doc: "It skips a RECORDS with a number above 2^63-2."},
		{Name: "ignores-leftover-bytes-of-records", Req: "REC-002", Doc: "It skips 1 to 3 bytes behind the last piece of a RECORDS."},
		{Name: "ignores-records-without-a-piece", Req: "REC-002", Doc: "It skips a RECORDS without a piece."},
		{Name: "takes-fin-with-more-in-records", Req: "REC-002", Doc: "It takes FIN with MORE in RECORDS for FIN."},
		{Name: "hands-on-pieces-of-records", Req: "REC-002", Doc: "It takes every piece for a record."},
		{Name: "joins-the-records-before-a-cut", Req: "REC-002", Doc: "It takes all pieces of a RECORDS with MORE for pieces of the record that goes on."},
		{Name: "numbers-a-cut-record-by-its-frame", Req: "REC-002", Doc: "It has a record go on under the number of the RECORDS in which it began, behind others."},
		{Name: "takes-fin-inside-a-record", Req: "REC-002", Doc: "It takes FIN in the middle of a record for its end."},
		{Name: "waits-for-records-for-ever", Req: "REC-002", Doc: "It has no deadline for a record that comes in pieces."},
		{Name: "forgets-a-record-between-its-pieces", Req: "REC-002", Doc: "It begins a record anew when a frame of another stream stands between its pieces."},
		{Name: "takes-half-of-max-message", Req: "REC-002", Doc: "It takes no records of more than half of max_message."},
		{Name: "takes-records-over-max-message", Req: "REC-002", Doc: "It joins records of any size."},
		{Name: "steps-over-holes", Req: "REC-006", Doc: "It takes a number above the expected one."},
		{Name: "takes-numbers-again", Req: "REC-006", Doc: "It takes a number below the expected one."},
		{Name: "takes-gaps-anywhere", Req: "REC-006", Doc: "It takes a GAP that does not begin with the expected number."},
		{Name: "takes-another-number-inside-a-record", Req: "REC-007", Doc: "It does not look at the number of a RECORDS that goes on with a record."},
		{Name: "takes-gaps-inside-a-record", Req: "REC-007", Doc: "It takes a GAP between the pieces of a record."},
		{Name: "applies-records-twice", Req: "REC-008", Doc: "It applies each record twice."},
		{Name: "applies-the-newest-first", Req: "REC-009", Doc: "It applies what came last first."},
		{Name: "takes-records-beyond-the-stream-grant", Req: "REC-011", Doc: "It does not look at what it has granted for the stream of a channel."},
		{Name: "takes-records-beyond-the-link-grant", Req: "REC-011", Doc: "It does not look at what it has granted for the link when RECORDS come."},
		{Name: "bears-any-window", Req: "REC-014", Doc: "It takes any number of records that are not stable."},
		{Name: "keeps-the-charge-of-records-on-streams", Req: "REC-020", Doc: "It does not grant the charge of records again on their stream."},
		{Name: "keeps-the-charge-of-records-on-the-link", Req: "REC-020", Doc: "It does not grant the charge of records again on the link."},
		{Name: "never-answers-the-end-of-a-channel", Req: "REC-019", Doc: "It does not answer FIN of a sender."},
		{Name: "ends-without-a-last-ack", Req: "REC-019", Doc: "It answers FIN of a sender with FIN, and no ACK before it."},
		{Name: "ends-before-all-is-applied", Req: "REC-019", Doc: "It answers FIN of a sender before everything is stable."},
	}
}

// sendingBugs are those of a sender of RECORDS.
func sendingBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "leaves-the-first-number-out", Req: "REC-004", Doc: "It begins one number behind the one that is missing."},
		{Name: "begins-with-the-newest", Req: "REC-004", Doc: "It sends what was appended behind ACCEPT, and nothing before it."},
		{Name: "passes-over-what-it-gave-up", Req: "REC-004", Doc: "It leaves numbers without a record out, and sends no GAP."},
		{Name: "sends-records-beyond-the-stream-grant", Req: "REC-012", Doc: "It does not look at what was granted for the stream of a channel."},
		{Name: "sends-records-beyond-the-link-grant", Req: "REC-012", Doc: "It does not look at what was granted for the link when it sends records."},
		{Name: "sends-beyond-the-window-of-records", Req: "REC-013", Doc: "It sends more than 65,536 records that are not stable."},
		{Name: "sends-beyond-the-window-of-bytes", Req: "REC-013", Doc: "It sends more than 64 MiB that are not stable."},
		{Name: "sends-records-over-max-message", Req: "REC-015", Doc: "It sends records that are too large for the receiver."},
		{Name: "gives-large-records-up-for-another-reason", Req: "REC-016", Doc: "It sends a GAP with reason 1 in the place of a record that is too large."},
		{Name: "sends-on-after-reset-of-a-channel", Req: "REC-017", Doc: "It sends one more record on a stream that the receiver has reset."},
		{Name: "never-ends-channels", Req: "REC-018", Doc: "It never sends FIN on the stream of a channel."},
		{Name: "ends-channels-by-reset", Req: "REC-018", Doc: "It ends the stream of a channel by RESET."},
		{Name: "bears-an-early-end-of-the-receiver", Req: "REC-021", Doc: "It takes FIN of the receiver before its own."},
	}
}

// ackBugs are those of ACK.
func ackBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-acks-of-any-form", Req: "ACK-001", Doc: "It leaves out of an ACK the ranges that cannot be."},
		{Name: "acknowledges-what-has-arrived", Req: "ACK-002", Doc: "It acknowledges a record when it has arrived."},
		{Name: "acknowledges-one-too-many", Req: "ACK-002", Doc: "It acknowledges one record more than it has applied."},
		{Name: "takes-back-what-it-has-acknowledged", Req: "ACK-003", Doc: "It answers OPEN with the stable that the sender offers, where its own is greater."},
		{Name: "acknowledges-after-400-ms", Req: "ACK-004", Doc: "It waits for 400 ms with an ACK."},
		{Name: "acknowledges-every-hundredth", Req: "ACK-004", Doc: "It sends an ACK when stable is a multiple of 100, and at the end."},
		{Name: "acknowledges-at-the-end-alone", Req: "ACK-004", Doc: "It sends one ACK, before FIN."},
		{Name: "keeps-every-ack", Req: "ACK-005", Doc: "It keeps every ACK that is due until the transport takes bytes."},
		{Name: "frees-what-ranges-have", Req: "ACK-007", Doc: "It forgets every record up to the ranges of an ACK."},
		{Name: "frees-what-it-has-sent", Req: "ACK-007", Doc: "It forgets a record when it has sent it."},
		{Name: "takes-acks-of-what-it-never-sent", Req: "ACK-008", Doc: "It takes an ACK whose stable is above what it has covered."},
		{Name: "takes-falling-acks", Req: "ACK-008", Doc: "It takes an ACK whose stable falls."},
		{Name: "takes-ranges-of-what-it-never-sent", Req: "ACK-008", Doc: "It takes an ACK with a range above what it has covered."},
		{Name: "frees-by-impossible-acks", Req: "ACK-009", Doc: "It forgets records because of an ACK that it answers with ACK_INVALID."},
		{Name: "sends-numbers-twice", Req: "ACK-010", Doc: "It sends every third record twice."},
		{Name: "sends-again-what-an-ack-leaves-open", Req: "ACK-010", Doc: "It sends a record again that an ACK does not name."},
		{Name: "states-a-delay-of-an-hour", Req: "ACK-011", Doc: "It says in every ACK that stable is an hour old."},
		{Name: "ignores-failed-writes", Req: "ACK-012", Doc: "It goes on when a record could not be applied, and never says so."},
	}
}

// gapBugs are those of GAP.
func gapBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-gaps-from-0", Req: "GAP-001", Doc: "It takes a GAP from 0 for one from 1."},
		{Name: "takes-gaps-that-end-before-they-begin", Req: "GAP-001", Doc: "It takes a GAP that ends before it begins for one number."},
		{Name: "takes-gaps-above-the-last-number", Req: "GAP-001", Doc: "It takes a GAP that ends above 2^63-2 for one number."},
		{Name: "gives-gaps-one-number-less", Req: "GAP-002", Doc: "It does not consume the last number of a GAP."},
		{Name: "consumes-everything-below-a-gap", Req: "GAP-002", Doc: "It takes a GAP to consume every number below it as well."},
		{Name: "gives-up-what-it-has", Req: "GAP-006", Doc: "It sends GAP for records that it has."},
		{Name: "gives-up-one-number-too-many", Req: "GAP-006", Doc: "It sends GAP over the record behind a hole."},
		{Name: "keeps-gaps-until-a-record-follows", Req: "GAP-006", Doc: "It sends no GAP for numbers at the end of its queue."},
		{Name: "gives-up-what-the-ranges-have", Req: "GAP-007", Doc: "It sends GAP for numbers that ACCEPT has in ranges."},
	}
}

// mirrorBugs are those of the sub-protocol mirror.
func mirrorBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "mirrors-one-byte-less", Req: "MIRR-001", Doc: "It loses the last byte of a record."},
		{Name: "mirrors-no-empty-records", Req: "MIRR-001", Doc: "It does not mirror records without bytes."},
		{Name: "opens-no-mirror", Req: "MIRR-002", Doc: "It never opens a mirror."},
		{Name: "opens-mirrors-late", Req: "MIRR-002", Doc: "It opens a mirror 4 s after it has accepted the master."},
		{Name: "stays-on-the-first-link", Req: "MIRR-002", Doc: "It leaves the mirror on the link on which it was opened first."},
		{Name: "never-opens-mirrors-again", Req: "MIRR-003", Doc: "It does not open a mirror again that was reset."},
		{Name: "mirrors-mirrors", Req: "MIRR-004", Doc: "It mirrors channels whose names end in ~."},
		{Name: "takes-names-that-leave-no-room", Req: "MIRR-005", Doc: "It accepts a master whose name has 64 bytes."},
		{Name: "mirrors-no-gaps", Req: "MIRR-006", Doc: "It gives no numbers up for a GAP."},
		{Name: "gives-up-one-number-too-few", Req: "MIRR-006", Doc: "It gives one number less up than a GAP has consumed."},
		{Name: "reports-losses-as-skipped", Req: "MIRR-006", Doc: "It gives numbers up with reason 4, filtered, which nobody counts as lost."},
		{Name: "gives-up-for-a-reason-of-its-own", Req: "MIRR-006", Doc: "It gives numbers up with reason 5, whatever the GAP said."},
		{Name: "gives-up-numbers-for-long-gaps", Req: "MIRR-007", Doc: "It gives up numbers for a GAP that has consumed more than 1,024."},
		{Name: "leaves-mirrors-open", Req: "MIRR-008", Doc: "It does not end the mirror's stream when that of the master has ended."},
		{Name: "does-not-hold-records", Req: "MIRR-009", Doc: "It applies a record at once that is to be held."},
		{Name: "holds-too-much", Req: "MIRR-009", Doc: "It holds every record that begins with hold for 5 s at least."},
		{Name: "never-fails-records", Req: "MIRR-010", Doc: "It applies a record at once that is to fail."},
		{Name: "fails-every-time", Req: "MIRR-010", Doc: "It never applies a record that is to fail once."},
	}
}
