package mutant

import (
	"encoding/binary"
	"slices"

	"handfast/codec"
	"handfast/conformance"
)

// syncBugs are those of spec/sync.md and spec/objects.md, of either side of a session.
func syncBugs() []conformance.Mutant {
	bugs := slices.Concat(sessionBugs(), clockBugs(), sinceBugs(), checkBugs(), repairBugs(), objectBugs(), completeBugs(), cellBugs(), momentBugs(),
		answersOf(nil, []string{
			"SYNC-002", "SYNC-003", "SYNC-004", "SYNC-005", "SYNC-007", "SYNC-016", "SYNC-017", "SYNC-019", "SYNC-020", "SYNC-021", "SYNC-047",
			"CELL-011", "CELL-014",
		}))
	for _, l := range syncLeniencies() {
		bugs = append(bugs, l.Mutant)
	}
	return bugs
}

// sessionBugs are those of the OPEN of a session.
func sessionBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-any-namespace", Req: "SYNC-002", Doc: "It takes params whose namespace is none."},
		{Name: "takes-params-of-any-size", Req: "SYNC-002", Doc: "It takes params without a namespace for those of its only one."},
		{Name: "falls-over-questions-without-a-body", Req: "SYNC-005", Doc: "It ends all its links at once when a message ends behind its kind, as a process does that crashes."},
		{Name: "takes-foreign-namespaces", Req: "SYNC-003", Doc: "It accepts a session about a namespace that it does not share, and writes there."},
		{Name: "takes-any-salt", Req: "SYNC-004", Doc: "It does not look at the salt check."},
	}
}

// clockBugs are those of reading node clocks.
func clockBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-clocks-of-any-form", Req: "OBJ-014", Doc: "It does not look at the form of a node clock."},
		{Name: "takes-reserved-bytes-of-clocks", Req: "OBJ-014", Doc: "It takes a node clock with a reserved byte that is not 0."},
		{Name: "takes-clocks-that-end-early", Req: "OBJ-014", Doc: "It takes what is there of a node clock that ends early."},
		{Name: "takes-bytes-behind-clocks", Req: "OBJ-014", Doc: "It does not look behind the last range of a node clock."},
		{Name: "takes-actors-without-ranges", Req: "OBJ-014", Doc: "It takes a node clock with an actor that has no range."},
		{Name: "takes-ranges-from-0", Req: "OBJ-014", Doc: "It takes a range that begins with 0."},
		{Name: "takes-ranges-backwards", Req: "OBJ-014", Doc: "It takes a range whose last is below its first."},
		{Name: "takes-ranges-of-64-bits", Req: "OBJ-014", Doc: "It takes a range above 2^63-1."},
		{Name: "takes-ranges-that-touch", Req: "OBJ-014", Doc: "It takes two ranges without a gap between them."},
		{Name: "takes-ranges-out-of-order", Req: "OBJ-014", Doc: "It takes ranges that descend."},
		{Name: "takes-clocks-of-few-actors", Req: "OBJ-015", Doc: "It refuses a node clock of more than 1,000 actors."},
		{Name: "takes-clocks-of-few-ranges", Req: "OBJ-015", Doc: "It refuses a node clock with more than 60 ranges of one actor."},
	}
}

// sinceBugs are those of SINCE and CLOCK.
func sinceBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-since-again", Req: "SYNC-007", Doc: "It answers a second SINCE, and one behind a CLOCK."},
		{Name: "never-says-all", Req: "SYNC-008", Doc: "It ends what it sends for SINCE by a CLOCK without ALL."},
		{Name: "sends-everything-always", Req: "SYNC-008", Doc: "It sends all objects, whatever the clock of SINCE has."},
		{Name: "looks-at-contexts-alone", Req: "SYNC-008", Doc: "It leaves out an object whose context is below the greatest counters of the clock, though the clock lacks its siblings."},
		{Name: "sends-tombstones-to-nobody", Req: "SYNC-008", Doc: "It sends no objects that are deleted for SINCE."},
		{Name: "sends-contexts-beyond-its-clock", Req: "SYNC-025", Doc: "It sends objects before it has stated a clock that has their writes."},
		{Name: "takes-objects-before-a-clock", Req: "SYNC-017", Doc: "It takes a REPAIR before the other side has stated a clock."},
		{Name: "claims-what-it-could-not-send", Req: "SYNC-015", Doc: "It has the write of an object that was too large to be sent in its CLOCK with ALL."},
		{Name: "takes-its-clock-behind-its-objects", Req: "SYNC-040", Doc: "It takes the clock of CLOCK with ALL when it has sent its objects."},
		{Name: "takes-over-what-it-has-refused", Req: "SYNC-014", Doc: "It takes a CLOCK with ALL over, the writes that it has refused included."},
		{Name: "takes-since-over", Req: "SYNC-041", Doc: "It takes the clock of SINCE over."},
		{Name: "takes-every-clock-over", Req: "SYNC-041", Doc: "It takes the clock of a CLOCK without ALL over."},
		{Name: "takes-clocks-that-were-never-stated", Req: "SYNC-047", Doc: "It takes a CLOCK with ALL that leaves out a clock which was never stated."},
		{Name: "wants-every-clock", Req: "SYNC-047", Doc: "It refuses a CLOCK with ALL that leaves out a clock which was stated before."},
		{Name: "takes-every-clock-for-its-own", Req: "SYNC-045", Doc: "It says of every check of a clock that it is that of its own."},
		{Name: "says-nothing-of-clocks", Req: "SYNC-045", Doc: "It never says that its clock has the check that was sent."},
		{Name: "compares-clocks-unasked", Req: "SYNC-045", Doc: "It says that the clocks are the same where CHECK has no check of one."},
	}
}

// checkBugs are those of questions and their answers.
func checkBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "says-same-of-everything", Req: "SYNC-027", Doc: "It says that everything is the same, whatever fingerprint is sent."},
		{Name: "never-says-same", Req: "SYNC-027", Doc: "It lists what there is under a prefix whose fingerprint is the one that was sent."},
		{Name: "lists-65-items", Req: "SYNC-027", Doc: "It lists up to 65 items."},
		{Name: "lists-no-more-than-32-items", Req: "SYNC-027", Doc: "It gives the parts of a prefix with 33 objects or more."},
		{Name: "never-answers-briefly", Req: "SYNC-027", Doc: "It answers CHECK with BRIEF like one without."},
		{Name: "answers-checks-of-nothing-by-silence", Req: "SYNC-010", Doc: "It sends no DIGEST of a prefix under which it has no objects."},
		{Name: "answers-keys-before-prefixes", Req: "SYNC-010", Doc: "It keeps a CHECK back until the next question that is none is answered."},
		{Name: "answers-a-prefix-once", Req: "SYNC-010", Doc: "It does not answer a second question about a prefix."},
		{Name: "never-sends-objects-for-pull", Req: "SYNC-026", Doc: "It answers CHECK with PULL by DIGEST alone."},
		{Name: "sends-objects-behind-their-digest", Req: "SYNC-026", Doc: "It sends the objects of PULL behind their DIGEST."},
		{Name: "sends-objects-with-every-digest", Req: "SYNC-026", Doc: "It sends the objects under a prefix of 16 half bytes without PULL, too."},
		{Name: "echoes-versions", Req: "SYNC-012", Doc: "It answers CHECK_KEY with the version that it was asked with."},
		{Name: "echoes-newer-versions", Req: "SYNC-012", Doc: "It answers CHECK_KEY with the version that it was asked with where its object has no news: the other side then has nothing to send."},
		{Name: "answers-differences-alone", Req: "SYNC-012", Doc: "It leaves CHECK_KEY with its own version without an answer."},
		{Name: "answers-questions-twice", Req: "SYNC-012", Doc: "It sends each VERSION twice."},
		{Name: "answers-questions-without-objects", Req: "SYNC-042", Doc: "It answers CHECK_KEY by VERSION alone."},
		{Name: "sends-objects-that-are-no-news", Req: "SYNC-042", Doc: "It sends its object before every VERSION."},
		{Name: "overlooks-wider-contexts", Req: "SYNC-042", Doc: "It does not send an object because its context alone is wider."},
		{Name: "overlooks-siblings-that-are-replaced", Req: "SYNC-042", Doc: "It does not send an object because of a sibling of the version that is gone."},
		{Name: "says-nothing-of-gone-writes", Req: "SYNC-029", Doc: "It does not say of a sibling of the version that it knows to be gone."},
		{Name: "covers-writes-that-it-does-not-know", Req: "SYNC-029", Doc: "It lets a context cover a gone write, and with it an earlier one that it does not know."},
	}
}

// repairBugs are those of REPAIR and RESULT.
func repairBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-any-number-of-an-object", Req: "SYNC-016", Doc: "It does not look at the number of a REPAIR."},
		{Name: "merges-with-the-state-at-the-opening", Req: "SYNC-032", Doc: "It merges with what its store had when the session began."},
		{Name: "answers-every-second-object", Req: "SYNC-024", Doc: "It sends RESULT for the REPAIRs with odd numbers alone."},
		{Name: "answers-objects-by-number-1", Req: "SYNC-024", Doc: "It begins every RESULT with the number 1."},
		{Name: "counts-no-siblings", Req: "SYNC-024", Doc: "It says of every object that it has one sibling."},
		{Name: "reports-no-ops-as-applied", Req: "SYNC-024", Doc: "It says applied of an object that it had."},
		{Name: "says-before-it-has-done", Req: "SYNC-023", Doc: "It sends RESULT before the object is in its store."},
		{Name: "writes-down-at-the-end-of-a-session", Req: "SYNC-023", Doc: "It sends RESULT when an object is in memory, and makes it durable with COMPLETE: what a session had brought is gone when the peer is killed before."},
		{Name: "ends-sessions-by-one-object", Req: "SYNC-033", Doc: "It ends a session because of one object that it does not take."},
		{Name: "says-nothing-of-what-it-refuses", Req: "SYNC-033", Doc: "It says no-op of an object that it does not take."},
		{Name: "takes-results-of-anything", Req: "SYNC-019", Doc: "It does not look at which REPAIRs a RESULT is about."},
		{Name: "leaves-large-objects-out", Req: "SYNC-034", Doc: "It says nothing of an object that is too large to be sent."},
		{Name: "takes-two-values-of-one-dot", Req: "SYNC-036", Doc: "It takes the second of two values of one dot."},
		{Name: "refuses-collisions-as-corrupt", Req: "SYNC-036", Doc: "It refuses an object with a second value of a dot with SYNC_CORRUPT."},
		{Name: "takes-half-of-a-collision", Req: "OBJ-009", Doc: "It takes the other siblings of an object with a second value of a dot."},
		{Name: "keeps-the-last-that-came", Req: "OBJ-008", Doc: "It replaces an object by what comes."},
		{Name: "keeps-what-was-replaced", Req: "OBJ-008", Doc: "It keeps siblings that the other context covers."},
		{Name: "takes-what-was-replaced", Req: "OBJ-008", Doc: "It takes siblings that its own context covers."},
		{Name: "keeps-its-own-context", Req: "OBJ-008", Doc: "It does not take a wider context over."},
		{Name: "keeps-one-of-concurrent-writes", Req: "OBJ-008", Doc: "It drops all siblings but one."},
		{Name: "takes-contexts-beyond-the-clock", Req: "OBJ-019", Doc: "It takes a context with a counter that its sender's clock does not reach."},
	}
}

// objectBugs are those of reading objects, and of their hashes.
func objectBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-any-counter-of-a-context", Req: "OBJ-003", Doc: "It takes counters of a context that are 0 or above 2^63-1."},
		{Name: "takes-siblings-of-the-counter-0", Req: "OBJ-003", Doc: "It takes a sibling with the counter 0."},
		{Name: "takes-objects-of-any-form", Req: "OBJ-004", Doc: "It does not look at the form of an object."},
		{Name: "takes-reserved-bytes-of-objects", Req: "OBJ-004", Doc: "It takes objects with reserved bytes that are not 0."},
		{Name: "takes-objects-that-end-early", Req: "OBJ-004", Doc: "It takes what is there of an object that ends early."},
		{Name: "takes-bytes-behind-objects", Req: "OBJ-004", Doc: "It does not look behind the last sibling."},
		{Name: "takes-contexts-out-of-order", Req: "OBJ-005", Doc: "It takes contexts whose actors do not ascend."},
		{Name: "takes-siblings-out-of-order", Req: "OBJ-005", Doc: "It takes siblings that do not ascend."},
		{Name: "takes-unknown-flags-of-siblings", Req: "OBJ-006", Doc: "It ignores unknown flags of a sibling."},
		{Name: "takes-siblings-of-no-actor", Req: "OBJ-006", Doc: "It takes a sibling whose place the context does not have for one of the last actor."},
		{Name: "takes-siblings-beyond-their-context", Req: "OBJ-006", Doc: "It takes a sibling with a counter above that of the context."},
		{Name: "takes-tombstones-with-values", Req: "OBJ-006", Doc: "It takes a tombstone that has a value."},
		{Name: "takes-objects-of-many-actors", Req: "OBJ-007", Doc: "It takes an object with more than 1,024 entries in its context."},
		{Name: "takes-objects-of-many-siblings", Req: "OBJ-007", Doc: "It takes an object with more than 1,024 siblings."},
		{Name: "leaves-the-context-out-of-state-hashes", Req: "OBJ-012", Doc: "It computes state hashes without the context."},
		{Name: "hashes-keys-without-the-namespace", Req: "OBJ-013", Doc: "It computes key hashes without the namespace."},
		{Name: "forgets-the-salt-of-items", Req: "OBJ-013", Doc: "It computes items without the salt."},
		{Name: "hashes-nothing-too", Req: "OBJ-016", Doc: "It gives a prefix without objects the fingerprint of an empty list."},
		{Name: "lists-64-items-in-a-fingerprint", Req: "OBJ-016", Doc: "It computes fingerprints of up to 64 items from the items themselves."},
	}
}

// completeBugs are those of the end of a session.
func completeBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "ends-without-complete", Req: "SYNC-031", Doc: "It answers COMPLETE with FIN alone."},
		{Name: "never-ends-sessions", Req: "SYNC-031", Doc: "It sends no FIN behind its COMPLETE."},
		{Name: "forgets-what-it-has-received", Req: "SYNC-031", Doc: "It counts nothing of what it has received."},
		{Name: "states-the-count-of-the-opening", Req: "SYNC-031", Doc: "It says in COMPLETE that it has nothing."},
		{Name: "leaves-its-fingerprint-out", Req: "SYNC-046", Doc: "It sends COMPLETE without ROOT, whatever fingerprint was named last."},
		{Name: "states-another-fingerprint", Req: "SYNC-046", Doc: "It sends COMPLETE with ROOT and a fingerprint that is not that of its objects."},
		{Name: "serves-no-session-behind-an-aborted-one", Req: "SYNC-031", Doc: "It answers nothing in sessions behind one that has ended in the middle, for which it waits for ever."},
		{Name: "takes-fin-for-complete", Req: "SYNC-020", Doc: "It takes FIN before COMPLETE for the end of the session."},
		{Name: "answers-last-by-digest", Req: "SYNC-048", Doc: "It answers a CHECK with LAST by DIGEST, though nothing differs."},
		{Name: "leaves-last-without-an-answer", Req: "SYNC-048", Doc: "It does not answer a CHECK with LAST."},
		{Name: "completes-whatever-differs", Req: "SYNC-048", Doc: "It answers every CHECK with LAST by COMPLETE."},
		{Name: "completes-though-clocks-differ", Req: "SYNC-048", Doc: "It answers a CHECK with CLOCK and LAST by COMPLETE where the fingerprints are equal alone."},
		{Name: "takes-every-check-for-the-last", Req: "SYNC-010", Doc: "It answers a CHECK of the empty prefix by COMPLETE where nothing differs, with LAST or without."},
		{Name: "wants-nothing-behind-last", Req: "SYNC-048", Doc: "It takes a CHECK with LAST for the end of the session, though it has answered it by DIGEST."},
		{Name: "reads-on-behind-last", Req: "SYNC-021", Doc: "It takes messages behind a CHECK with LAST that it has answered by COMPLETE."},
		{Name: "reads-on-behind-the-end", Req: "SYNC-021", Doc: "It takes messages behind COMPLETE, and behind an ERROR of the session."},
	}
}

// syncLeniency is a fault of form that a peer passes over: it takes no notice of such a message.
type syncLeniency struct {
	conformance.Mutant
	when func(msg []byte) bool // of messages that are faulty
}

// syncLeniencies are those of SYNC-005.
func syncLeniencies() []syncLeniency {
	skips := func(name, doc string, when func(msg []byte) bool) syncLeniency {
		return syncLeniency{conformance.Mutant{Name: name, Req: "SYNC-005", Doc: doc}, when}
	}
	of := func(kind codec.SyncKind, when func(msg []byte) bool) func(msg []byte) bool {
		return func(msg []byte) bool { return len(msg) > 0 && codec.SyncKind(msg[0]) == kind && when(msg) }
	}
	always := func([]byte) bool { return true }
	short := func(head int) func(msg []byte) bool { return func(msg []byte) bool { return len(msg) < head } }
	keyed := func(when func(n, there int) bool) func(msg []byte) bool {
		return func(msg []byte) bool { return len(msg) >= 4 && when(int(binary.BigEndian.Uint16(msg[2:])), len(msg)-4) }
	}
	const checkHead = 19
	return []syncLeniency{
		skips("skips-messages-without-bytes", "It skips a message without bytes.", func(msg []byte) bool { return len(msg) == 0 }),
		skips("skips-unknown-kinds", "It skips messages of unknown kinds.", func(msg []byte) bool { return len(msg) > 0 && (msg[0] == 0 || msg[0] > byte(codec.SyncKindSketch)) }),
		skips("skips-kinds-of-its-own-side", "It skips messages of kinds that the other side does not send.", func(msg []byte) bool {
			own := []codec.SyncKind{codec.SyncKindDigest, codec.SyncKindVersion, codec.SyncKindSketch, codec.SyncKindSince, codec.SyncKindCheck, codec.SyncKindCheckKey, codec.SyncKindCells}
			_, request := codec.ParseSyncRequest(msg)
			_, answer := codec.ParseSyncAnswer(msg)
			return len(msg) > 0 && slices.Contains(own, codec.SyncKind(msg[0])) && (request == nil || answer == nil)
		}),
		skips("skips-short-checks", "It skips a CHECK that ends inside its head.", of(codec.SyncKindCheck, short(checkHead))),
		skips("skips-checks-of-any-prefix", "It skips a CHECK with a prefix that is none, or that is not all there.", of(codec.SyncKindCheck, func(msg []byte) bool { return len(msg) >= checkHead })),
		skips("skips-digests-of-any-form", "It skips a DIGEST of another form.", of(codec.SyncKindDigest, always)),
		skips("skips-checks-of-keys-that-end", "It skips a CHECK_KEY that ends inside its head or its key.", of(codec.SyncKindCheckKey, func(msg []byte) bool {
			return len(msg) < 4 || keyed(func(n, there int) bool { return n > 0 && n <= codec.MaxSyncKey && n > there })(msg)
		})),
		skips("skips-checks-of-empty-keys", "It skips a CHECK_KEY without a key.", of(codec.SyncKindCheckKey, keyed(func(n, _ int) bool { return n == 0 }))),
		skips("skips-checks-of-long-keys", "It skips a CHECK_KEY with a key of more than 1,024 bytes.", of(codec.SyncKindCheckKey, keyed(func(n, _ int) bool { return n > codec.MaxSyncKey }))),
		skips("skips-repairs-without-a-key", "It skips a REPAIR whose key is not there.", of(codec.SyncKindRepair, func(msg []byte) bool {
			return len(msg) < 4 || keyed(func(n, there int) bool { return n <= codec.MaxSyncKey })(msg)
		})),
		skips("skips-repairs-of-long-keys", "It skips a REPAIR with a key of more than 1,024 bytes.", of(codec.SyncKindRepair, keyed(func(n, _ int) bool { return n > codec.MaxSyncKey }))),
		skips("skips-results-of-any-form", "It skips a RESULT of another form.", of(codec.SyncKindResult, always)),
		skips("skips-cells-of-any-form", "It skips a CELLS of another form.", of(codec.SyncKindCells, always)),
		skips("skips-errors-of-any-scope", "It skips an ERROR of an unknown scope.", of(codec.SyncKindError, func(msg []byte) bool { return len(msg) > 1 && (msg[1] < 1 || msg[1] > 2) })),
		skips("skips-errors-of-any-form", "It skips an ERROR whose key or text is none.", of(codec.SyncKindError, func(msg []byte) bool { return len(msg) > 1 && (msg[1] == 1 || msg[1] == 2) })),
		skips("skips-clocks-that-are-missing", "It skips SINCE and CLOCK without a clock.", func(msg []byte) bool {
			return len(msg) > 0 && (codec.SyncKind(msg[0]) == codec.SyncKindSince || codec.SyncKind(msg[0]) == codec.SyncKindClock)
		}),
		skips("skips-completes-of-any-size", "It skips a COMPLETE of another size.", of(codec.SyncKindComplete, always)),
		skips("takes-any-version-of-an-object", "It does not read the version of CHECK_KEY and VERSION.", func([]byte) bool { return false }),
	}
}

// skipsSync tells messages of another form that a peer with a bug passes over.
func (p *peer) skipsSync(msg []byte) bool {
	for _, l := range syncLeniencies() {
		if l.Name == p.bug {
			return l.when(msg)
		}
	}
	return false
}
