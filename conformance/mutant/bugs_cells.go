package mutant

import "handfast/conformance"

// cellBugs are those of spec/cells.md of a responder.
func cellBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "hashes-cells-as-states", Req: "CELL-002", Doc: "It computes the stream of a key hash with another letter."},
		{Name: "takes-places-of-items", Req: "CELL-002", Doc: "It computes places from the whole item, so that an object that changes has others."},
		{Name: "takes-words-from-behind-a-check", Req: "CELL-002", Doc: "It leaves the first eight bytes of a stream out."},
		{Name: "gives-cells-of-the-moment", Req: "CELL-003", Doc: "It makes the cells of each SKETCH from what it has then."},
		{Name: "offers-more-cells-than-it-keeps", Req: "CELL-010", Doc: "It offers twice as many cells as it keeps, and gives empty ones for the rest."},
		{Name: "answers-cells-without-the-capability", Req: "CELL-011", Doc: "It answers CELLS where sync.cells was not agreed."},
		{Name: "estimates-without-the-capability", Req: "CELL-011", Doc: "It answers CHECK with ESTIMATE where sync.cells was not agreed."},
		{Name: "gives-estimates-unasked", Req: "CELL-013", Doc: "It sends an estimate with the first cells, whether it was asked or not."},
		{Name: "gives-one-cell-less", Req: "CELL-013", Doc: "It leaves the last cell out that was asked for."},
		{Name: "gives-cells-behind-the-next-answer", Req: "CELL-013", Doc: "It sends SKETCH behind the answer to the next question."},
		{Name: "gives-cells-in-any-order", Req: "CELL-014", Doc: "It gives cells in any order, and again."},
		{Name: "gives-cells-beyond-the-agreed-number", Req: "CELL-014", Doc: "It gives more cells than were agreed."},
	}
}

// momentBugs are those of the numbers in cells and estimates.
func momentBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "reduces-by-another-polynomial", Req: "CELL-001", Doc: "It multiplies modulo x^64 + x^4 + x^3 + x^2 + 1."},
		{Name: "reads-key-hashes-from-the-other-end", Req: "CELL-001", Doc: "It takes the last byte of a key hash for its most significant one."},
		{Name: "leaves-second-moments-out", Req: "CELL-001", Doc: "It gives 0 for every second moment."},
		{Name: "squares-states-for-key-hashes", Req: "CELL-001", Doc: "It multiplies the square of the state hash with the key hash."},
		{Name: "sums-key-hashes-as-they-are", Req: "CELL-001", Doc: "It adds the key hash to the first moment, without the state hash."},
		{Name: "never-answers-with-estimates", Req: "SYNC-010", Doc: "It answers CHECK with ESTIMATE as if the flag were not there."},
		{Name: "estimates-by-key-hashes", Req: "CELL-015", Doc: "It counts the bits of the key hash."},
		{Name: "counts-bits-from-the-other-end", Req: "CELL-015", Doc: "It counts the most significant bit first."},
		{Name: "counts-bits-that-are-set-alone", Req: "CELL-015", Doc: "It takes nothing off for a bit that is not set."},
		{Name: "leaves-what-was-replaced-in-its-estimate", Req: "CELL-015", Doc: "It does not take an item out of its estimate when the object changes."},
	}
}

// cellDialerBugs are those of initiators.
func cellDialerBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-key-hashes-out-of-any-cell", Req: "CELL-005", Doc: "It takes a key hash out of a cell that is none of its places."},
		{Name: "skips-what-comes-out-again", Req: "CELL-005", Doc: "It skips a key hash that comes out a second time, and asks for more cells."},
		{Name: "decodes-for-ever", Req: "CELL-005", Doc: "It takes a key hash out and puts it in again without end."},
		{Name: "takes-a-difference-as-whole-too-early", Req: "CELL-006", Doc: "It takes what has come out for the whole difference while cells are left that are not empty."},
		{Name: "deletes-what-cells-lack", Req: "CELL-007", Doc: "It deletes an object of which cells say that the other side has none."},
		{Name: "gives-up-behind-its-cells", Req: "CELL-009", Doc: "It asks nothing more when its cells have ended without a whole difference."},
		{Name: "skips-sketches-without-the-capability", Req: "CELL-011", Doc: "It skips a SKETCH where sync.cells was not agreed."},
		{Name: "asks-for-cells-out-of-order", Req: "CELL-012", Doc: "It asks for cells from 1 on."},
		{Name: "asks-for-cells-again", Req: "CELL-012", Doc: "It asks for cells from 0 on each time."},
		{Name: "takes-cells-that-it-has-not-asked-for", Req: "CELL-014", Doc: "It takes a SKETCH of other cells than it has asked for."},
		{Name: "skips-sketches-of-any-form", Req: "CELL-004", Doc: "It skips a SKETCH that ends inside a cell."},
	}
}
