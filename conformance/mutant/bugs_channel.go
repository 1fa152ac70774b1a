package mutant

import (
	"slices"

	"handfast/conformance"
)

// deliveryBugs are those of spec/delivery.md and spec/mirror.md.
func deliveryBugs() []conformance.Mutant {
	return slices.Concat(channelBugs(), positionBugs(), channelFormBugs(), offeringBugs(), recordBugs(), sendingBugs(), ackBugs(), gapBugs(), mirrorBugs(),
		answersOf(
			[]string{"CHAN-004", "CHAN-015", "CHAN-028", "REC-001", "REC-002", "REC-011", "REC-014", "ACK-001", "ACK-008", "GAP-001"},
			[]string{"CHAN-003", "CHAN-027", "CHAN-029", "CHAN-033", "REC-006", "REC-007", "REC-021", "MIRR-005"},
		))
}

// channelBugs are those of streams that carry a channel of the other side.
func channelBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "reads-channels-without-delivery", Req: "CHAN-001", Doc: "It looks at channel in OPEN where delivery was not selected."},
		{Name: "takes-opens-without-a-channel", Req: "CHAN-003", Doc: "It accepts an OPEN of mirror without channel."},
		{Name: "takes-channels-of-call", Req: "CHAN-003", Doc: "It accepts an OPEN of call with channel."},
		{Name: "ignores-records-without-a-channel", Req: "CHAN-015", Doc: "It skips RECORDS on a stream without a channel."},
		{Name: "ignores-gap-without-a-channel", Req: "CHAN-015", Doc: "It skips GAP on a stream without a channel."},
		{Name: "ignores-ack-without-a-channel", Req: "CHAN-015", Doc: "It skips ACK on a stream without a channel."},
		{Name: "ignores-records-before-accept", Req: "CHAN-015", Doc: "It skips RECORDS that come before its ACCEPT."},
		{Name: "ignores-gap-before-accept", Req: "CHAN-015", Doc: "It skips GAP that comes before its ACCEPT."},
		{Name: "ignores-ack-before-accept", Req: "CHAN-015", Doc: "It skips ACK that comes before ACCEPT."},
		{Name: "ignores-records-after-fin", Req: "CHAN-015", Doc: "It skips RECORDS that come after FIN."},
		{Name: "ignores-gap-after-fin", Req: "CHAN-015", Doc: "It skips GAP that comes after FIN."},
		{Name: "ignores-records-from-the-wrong-side", Req: "CHAN-015", Doc: "It skips RECORDS from the receiver of a channel."},
		{Name: "ignores-gap-from-the-wrong-side", Req: "CHAN-015", Doc: "It skips GAP from the receiver of a channel."},
		{Name: "ignores-ack-from-the-wrong-side", Req: "CHAN-015", Doc: "It skips ACK from the sender of a channel."},
		{Name: "forgets-channels-with-their-streams", Req: "CHAN-016", Doc: "It forgets a channel when its stream ends."},
		{Name: "forgets-channels-with-fin", Req: "CHAN-016", Doc: "It forgets a channel when its stream has ended by FIN."},
		{Name: "forgets-positions-with-their-streams", Req: "CHAN-016", Doc: "It begins at 0 when the stream of a channel has ended."},
		{Name: "answers-while-it-applies", Req: "CHAN-022", Doc: "It sends ACCEPT while records of an earlier stream are being applied."},
		{Name: "leaves-older-streams-open", Req: "CHAN-029", Doc: "It sends no RESET on the stream that a newer OPEN has overtaken."},
		{Name: "rejects-newer-opens", Req: "CHAN-029", Doc: "It keeps the older stream and rejects the newer OPEN with BUSY_ELSEWHERE."},
		{Name: "ends-older-streams-before-it-looks", Req: "CHAN-029", Doc: "It resets the older stream because of a newer OPEN that it rejects."},
		{Name: "applies-on-after-its-reset", Req: "CHAN-030", Doc: "It goes on applying the records of a stream that it has reset."},
		{Name: "looks-at-names-alone", Req: "CHAN-031", Doc: "It does not tell senders apart: a channel is known by its name."},
		{Name: "takes-the-newest-entry-for-another-process", Req: "CHAN-032", Doc: "It rejects the second OPEN of one process with EPOCH_STALE."},
		{Name: "cuts-by-overtaken-opens", Req: "CHAN-033", Doc: "It takes an OPEN that came too late for a history that was cut."},
	}
}

// positionBugs are those of the table of positions.
func positionBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "knows-no-foreign-channels", Req: "CHAN-017", Doc: "It does not look whether an id stands under another name."},
		{Name: "takes-older-processes", Req: "CHAN-017", Doc: "It serves an OPEN of an older process of the sender."},
		{Name: "takes-any-number-of-channels", Req: "CHAN-017", Doc: "It holds more than 64 channels of one node."},
		{Name: "rejects-known-channels-when-it-is-full", Req: "CHAN-017", Doc: "It rejects with OVERLOADED what it knows where it has 64 channels of a node."},
		{Name: "answers-kept-to-new-channels", Req: "CHAN-017", Doc: "It answers kept where it knows nothing of a channel."},
		{Name: "answers-lost-from-0", Req: "CHAN-017", Doc: "It answers lost with a stable of 0, whatever was offered."},
		{Name: "knows-no-ids", Req: "CHAN-017", Doc: "It takes another id under a name for the same channel."},
		{Name: "forgets-dup-of-lost-channels", Req: "CHAN-017", Doc: "It answers lost and diverged with a dup of 0."},
		{Name: "forgets-dup-with-the-next-open", Req: "CHAN-017", Doc: "It says dup once, and not again."},
		{Name: "looks-at-no-lineage", Req: "CHAN-017", Doc: "It does not compare lineages."},
		{Name: "compares-epochs-alone", Req: "CHAN-017", Doc: "It takes entries with the same epoch for common, whatever their nonces are."},
		{Name: "answers-kept-to-another-history", Req: "CHAN-017", Doc: "It answers kept where no entry is common."},
		{Name: "answers-kept-to-a-cut-history", Req: "CHAN-017", Doc: "It cuts its position and answers kept."},
		{Name: "looks-at-the-offered-end-alone", Req: "CHAN-017", Doc: "It takes the end of the common entry from the offer."},
		{Name: "looks-at-the-known-end-alone", Req: "CHAN-017", Doc: "It takes the end of the common entry from the lineage that it knows."},
		{Name: "takes-itself-for-no-backup", Req: "CHAN-017", Doc: "It answers kept where the sender has seen a greater stable."},
		{Name: "believes-the-stable-that-is-offered", Req: "CHAN-017", Doc: "It moves its position to the stable that the sender has seen."},
		{Name: "answers-lost-to-known-channels", Req: "CHAN-017", Doc: "It answers lost where it should answer kept."},
		{Name: "keeps-the-lineage-that-it-knew", Req: "CHAN-017", Doc: "It does not put the offered lineage in the place of the known one."},
	}
}

// channelFormBugs are those of the form of channel.
func channelFormBugs() []conformance.Mutant {
	bugs := []conformance.Mutant{
		{Name: "takes-channels-of-any-form", Req: "CHAN-004", Doc: "It takes a malformed channel in OPEN for a new one."},
		{Name: "takes-positions-of-any-form", Req: "CHAN-004", Doc: "It takes a malformed channel in ACCEPT for one that says kept."},
		{Name: "refuses-unknown-keys-of-channel", Req: "CHAN-005", Doc: "It answers a key of channel in OPEN that it does not know with ENCODING."},
		{Name: "refuses-unknown-keys-of-position", Req: "CHAN-005", Doc: "It answers a key of channel in ACCEPT that it does not know with ENCODING."},
	}
	for _, l := range channelLeniencies() {
		bugs = append(bugs, conformance.Mutant{Name: l.name, Req: "CHAN-004", Doc: l.doc})
	}
	return bugs
}

// offeringBugs are those of channels of this side, before records flow.
func offeringBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "opens-channels-without-a-word", Req: "CHAN-002", Doc: "It opens the stream of a channel without channel."},
		{Name: "has-one-id-for-all-channels", Req: "CHAN-013", Doc: "It gives every channel the same id, so that one is attached to many streams."},
		{Name: "gives-every-second-number", Req: "CHAN-010", Doc: "It leaves a number out before each record."},
		{Name: "begins-at-100", Req: "CHAN-010", Doc: "It gives the first record of a channel the number 100."},
		{Name: "offers-a-first-of-1", Req: "CHAN-010", Doc: "It says in OPEN that it has every record from 1 on."},
		{Name: "counts-from-1-behind-a-kill", Req: "CHAN-010", Doc: "It begins with 1 again when it was killed and started again."},
		{Name: "goes-on-in-the-epoch-before-a-kill", Req: "CHAN-010", Doc: "It adds nothing to the lineages of its channels when it was started again."},
		{Name: "keeps-the-oldest-entries-of-lineages", Req: "CHAN-010", Doc: "It leaves the newest entry of a lineage out when there are more than eight."},
		{Name: "forgets-positions-when-it-is-killed", Req: "ACK-003", Doc: "It keeps its channels over a kill, and begins at 0 in them."},
		{Name: "lowers-positions-when-it-is-killed", Req: "REC-008", Doc: "It makes effects durable at once and positions later, and says nothing of what may come twice after a kill."},
		{Name: "offers-a-stable-of-0", Req: "CHAN-016", Doc: "It forgets in OPEN what was acknowledged."},
		{Name: "sends-other-bytes-again", Req: "CHAN-011", Doc: "It sends other bytes when it sends a number again."},
		{Name: "attaches-twice", Req: "CHAN-013", Doc: "It leaves the older stream open when its channel goes on on another link."},
		{Name: "opens-two-streams-for-a-channel", Req: "CHAN-013", Doc: "It opens two streams for one channel."},
		{Name: "sends-records-before-accept", Req: "CHAN-014", Doc: "It sends the first record behind OPEN."},
		{Name: "sends-no-possible-dup", Req: "CHAN-024", Doc: "It never sets POSSIBLE_DUP."},
		{Name: "flags-one-record-too-few", Req: "CHAN-024", Doc: "It does not set POSSIBLE_DUP on the record whose number is dup."},
		{Name: "flags-every-record", Req: "CHAN-024", Doc: "It sets POSSIBLE_DUP on records above dup."},
		{Name: "leaves-foreign-channels-open", Req: "CHAN-025", Doc: "It leaves the stream open that was answered foreign."},
		{Name: "resets-foreign-channels", Req: "CHAN-025", Doc: "It resets the stream that was answered foreign."},
		{Name: "goes-on-with-a-foreign-channel", Req: "CHAN-025", Doc: "It offers the same channel again that was answered foreign."},
		{Name: "takes-records-over-without-a-word", Req: "CHAN-026", Doc: "It does not set POSSIBLE_DUP on records that it takes over into a new channel."},
		{Name: "takes-an-accept-without-a-position", Req: "CHAN-027", Doc: "It takes an ACCEPT without channel for one that says kept."},
		{Name: "takes-a-stable-that-it-never-gave", Req: "CHAN-028", Doc: "It takes an ACCEPT whose stable is next or above."},
		{Name: "takes-a-dup-that-it-never-gave", Req: "CHAN-028", Doc: "It takes an ACCEPT whose dup is next or above."},
		{Name: "takes-a-range-that-it-never-gave", Req: "CHAN-028", Doc: "It takes an ACCEPT with a range that ends at next or above."},
		{Name: "takes-lost-with-any-stable", Req: "CHAN-028", Doc: "It takes an ACCEPT that says lost with another stable than it offered."},
	}
}
