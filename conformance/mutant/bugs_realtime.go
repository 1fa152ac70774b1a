package mutant

import (
	"slices"

	"handfast/conformance"
)

// realtimeBugs are those of a receiver of realtime.
func realtimeBugs() []conformance.Mutant {
	return slices.Concat(recordFormBugs(), takingBugs(), partBugs())
}

// recordFormBugs are those of reading records.
func recordFormBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "skips-records-without-bytes", Req: "REAL-004", Doc: "It consumes a record without bytes, and does not count it as refused."},
		{Name: "skips-records-that-end-inside-their-head", Req: "REAL-004", Doc: "It consumes a record of less than 8 bytes, and does not count it as refused."},
		{Name: "skips-records-of-unknown-kinds", Req: "REAL-004", Doc: "It consumes a record of a kind that it does not know, and does not count it as refused."},
		{Name: "takes-kind-0-for-an-object", Req: "REAL-004", Doc: "It takes a record of kind 0 for an OBJECT."},
		{Name: "takes-records-without-a-path", Req: "REAL-004", Doc: "It takes a record whose path has no cluster."},
		{Name: "takes-paths-of-any-length", Req: "REAL-004", Doc: "It takes a record whose path has more than 16 clusters."},
		{Name: "refuses-paths-of-sixteen", Req: "REAL-004", Doc: "It refuses a record whose path has 16 clusters."},
		{Name: "denies-records-without-a-namespace", Req: "REAL-004", Doc: "It takes a namespace of no bytes for one that its rules do not take."},
		{Name: "folds-the-case-of-namespaces", Req: "REAL-004", Doc: "It takes a capital letter in a namespace for a small one."},
		{Name: "takes-records-without-a-key", Req: "REAL-004", Doc: "It takes a record with a key of no bytes."},
		{Name: "takes-keys-of-any-length", Req: "REAL-004", Doc: "It takes a record with a key of more than 1,024 bytes."},
		{Name: "takes-records-that-end-inside-their-path", Req: "REAL-004", Doc: "It consumes a record that ends inside its path, and does not count it as refused."},
		{Name: "takes-records-that-end-inside-their-names", Req: "REAL-004", Doc: "It consumes a record that ends inside its names, and does not count it as refused."},
		{Name: "takes-records-without-an-object", Req: "REAL-004", Doc: "It consumes a record that ends where its object should begin, and does not count it as refused."},
		{Name: "ends-channels-by-refused-records", Req: "REAL-005", Doc: "It resets the stream of a channel at a record that it refuses."},
		{Name: "stops-behind-refused-records", Req: "REAL-005", Doc: "It never acknowledges a record that it refuses, nor what is behind it."},
		{Name: "counts-refused-records-as-denied", Req: "REAL-005", Doc: "It counts a record that it refuses like one that its rules do not take."},
		{Name: "wants-0-behind-the-kind", Req: "REAL-006", Doc: "It refuses an OBJECT whose byte behind the kind is not 0."},
		{Name: "wants-0-before-the-path", Req: "REAL-006", Doc: "It refuses an OBJECT whose bytes before the path are not 0."},
		{Name: "wants-0-in-parts", Req: "REAL-006", Doc: "It refuses a PART whose reserved bytes are not 0."},
	}
}

// takingBugs are those of merging.
func takingBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "loses-every-tenth-record", Req: "REAL-007", Doc: "It acknowledges every tenth record without writing it."},
		{Name: "replaces-objects-by-records", Req: "REAL-007", Doc: "It replaces an object by the one that comes."},
		{Name: "leaves-tombstones-of-records-out", Req: "REAL-007", Doc: "It acknowledges a record with a tombstone without writing it."},
		{Name: "moves-its-position-before-it-writes", Req: "REAL-007", Doc: "It makes its position durable before the objects: what it has acknowledged is gone when it is killed."},
		{Name: "merges-behind-its-ack", Req: "REAL-008", Doc: "It acknowledges a record 500 ms before it is in its store."},
		{Name: "ends-channels-by-refused-objects", Req: "REAL-009", Doc: "It resets the stream of a channel at an object that its store does not take."},
		{Name: "stops-behind-refused-objects", Req: "REAL-009", Doc: "It never acknowledges an object that its store does not take, nor what is behind it."},
		{Name: "counts-refused-objects-as-no-ops", Req: "REAL-009", Doc: "It counts an object that its store does not take as one that has changed nothing."},
		{Name: "never-acknowledges-what-it-has", Req: "REAL-010", Doc: "It does not acknowledge a record whose content it has."},
		{Name: "counts-what-it-has-as-applied", Req: "REAL-010", Doc: "It counts a record whose content it has as one that has changed its store."},
		{Name: "goes-back-to-older-records", Req: "REAL-010", Doc: "It replaces an object by an older one that comes behind it."},
		{Name: "keeps-objects-of-any-namespace", Req: "REAL-013", Doc: "It keeps an object of a namespace that its rules do not take."},
		{Name: "counts-denied-records-as-refused", Req: "REAL-013", Doc: "It counts a record of a namespace that its rules do not take as refused."},
		{Name: "ends-channels-by-denied-records", Req: "REAL-013", Doc: "It resets the stream of a channel at a record of a namespace that its rules do not take."},
	}
}

// partBugs are those of PARTs.
func partBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-parts-of-any-size", Req: "REAL-029", Doc: "It takes a PART of more than 1,048,576 bytes."},
		{Name: "refuses-parts-of-1-mib", Req: "REAL-029", Doc: "It refuses a PART of 1,048,576 bytes."},
		{Name: "skips-parts-that-end-inside-their-head", Req: "REAL-029", Doc: "It consumes a PART of less than 32 bytes, and does not count it as refused."},
		{Name: "takes-parts-without-bytes", Req: "REAL-029", Doc: "It takes a PART without bytes."},
		{Name: "takes-parts-beyond-their-total", Req: "REAL-029", Doc: "It takes a PART that goes beyond its total for the last one."},
		{Name: "fills-holes-between-parts", Req: "REAL-029", Doc: "It puts zeros where bytes are left out between two PARTs."},
		{Name: "takes-parts-again", Req: "REAL-029", Doc: "It takes a PART that begins before the end of the one before."},
		{Name: "takes-parts-of-any-id", Req: "REAL-029", Doc: "It does not look at the id of a PART that goes on."},
		{Name: "takes-parts-of-any-total", Req: "REAL-029", Doc: "It does not look at the total of a PART that goes on."},
		{Name: "takes-totals-of-any-size", Req: "REAL-030", Doc: "It takes a PART whose total is over what its store takes."},
		{Name: "keeps-parts-with-their-link", Req: "REAL-031", Doc: "It forgets the PARTs of an object with the link over which they came."},
		{Name: "keeps-parts-in-memory", Req: "REAL-031", Doc: "It acknowledges PARTs that it has in memory alone, and that are gone when it is killed."},
		{Name: "forgets-objects-of-parts", Req: "REAL-032", Doc: "It acknowledges the last PART of an object without writing the object."},
		{Name: "skips-objects-of-parts-that-are-none", Req: "REAL-032", Doc: "It does not count what PARTs have made as refused where it is no OBJECT."},
		{Name: "refuses-objects-of-parts-that-it-does-not-take", Req: "REAL-032", Doc: "It counts an object that PARTs have made as refused where its rules do not take the namespace."},
		{Name: "joins-parts-of-parts", Req: "REAL-032", Doc: "It takes a PART that PARTs have made for the object inside."},
		{Name: "keeps-parts-before-a-refused-one", Req: "REAL-033", Doc: "It goes on with an object of which it has refused a PART."},
		{Name: "keeps-parts-of-several-objects", Req: "REAL-033", Doc: "It goes on with the PARTs of an object when those of another have begun."},
		{Name: "keeps-parts-over-a-gap", Req: "REAL-033", Doc: "It goes on with an object behind a GAP."},
		{Name: "goes-on-with-parts-of-another-channel", Req: "REAL-033", Doc: "It goes on with an object whose first PARTs have come in a channel with another id."},
	}
}

// realtimeDialerBugs are those of a sender.
func realtimeDialerBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "sends-two-writes-of-three", Req: "REAL-001", Doc: "It sends no record of every third object that is written."},
		{Name: "sends-to-one-remote-alone", Req: "REAL-001", Doc: "It sends each object to one remote, however many it has."},
		{Name: "states-its-node-for-its-cluster", Req: "REAL-002", Doc: "It puts its node as the last one into the path."},
		{Name: "adds-to-paths-of-sixteen", Req: "REAL-003", Doc: "It sends a record with a path of 17 clusters."},
		{Name: "passes-on-what-it-had", Req: "REAL-012", Doc: "It passes on a record that has not changed its store."},
		{Name: "sends-objects-back", Req: "REAL-015", Doc: "It sends an object to a remote that stands in the path by which the object came."},
		{Name: "begins-every-path-anew", Req: "REAL-016", Doc: "It puts nothing but its own cluster into the path of a record that it passes on."},
		{Name: "states-its-cluster-first", Req: "REAL-016", Doc: "It puts its own cluster before those of the path by which an object came."},
		{Name: "sends-what-came-from-a-learned-cluster", Req: "REAL-017", Doc: "It sends what waits for a remote, and came through it, when it learns its cluster."},
		{Name: "gives-up-what-came-from-a-learned-cluster-as-lost", Req: "REAL-017", Doc: "It drops what waits for a remote, and came through it, by a GAP with reason 1."},
		{Name: "queues-nothing-without-a-link", Req: "REAL-019", Doc: "It acknowledges a write that it has not queued for a remote to which there is no link."},
		{Name: "sends-large-objects-whole", Req: "REAL-027", Doc: "It sends an OBJECT of more than 16,777,216 bytes as one record."},
		{Name: "cuts-parts-of-2-mib", Req: "REAL-027", Doc: "It sends an OBJECT of more than 16,777,216 bytes as PARTs of nearly 2 MiB."},
		{Name: "mixes-the-parts-of-two-objects", Req: "REAL-028", Doc: "It sends the PARTs of two objects by turns."},
	}
}
