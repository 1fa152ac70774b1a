package mutant

import "handfast/conformance"

// cellBugs are those of spec/cells.md of a responder.
func cellBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "hashes-cells-as-states", Req: "CELL-001", Doc: "It computes the stream of an item with another letter."},
		{Name: "takes-words-from-the-beginning", Req: "CELL-002", Doc: "It computes the places of an item from the words of its check on."},
		{Name: "gives-cells-of-the-moment", Req: "CELL-003", Doc: "It makes the cells of each SKETCH from what it has then."},
		{Name: "answers-cells-without-the-capability", Req: "CELL-011", Doc: "It answers CELLS where sync.cells was not agreed."},
		{Name: "gives-one-cell-less", Req: "CELL-013", Doc: "It leaves the last cell out that was asked for."},
		{Name: "gives-cells-behind-the-next-answer", Req: "CELL-013", Doc: "It sends SKETCH behind the answer to the next question."},
		{Name: "gives-cells-in-any-order", Req: "CELL-014", Doc: "It gives cells in any order, and again."},
		{Name: "gives-cells-beyond-the-agreed-number", Req: "CELL-014", Doc: "It gives more cells than were agreed."},
	}
}

// cellDialerBugs are those of initiators.
func cellDialerBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-a-difference-as-whole-too-early", Req: "CELL-006", Doc: "It takes what has come out for the whole difference while cells are left that are not empty."},
		{Name: "gives-up-behind-its-cells", Req: "CELL-009", Doc: "It asks nothing more when its cells have ended without a whole difference."},
		{Name: "skips-sketches-without-the-capability", Req: "CELL-011", Doc: "It skips a SKETCH where sync.cells was not agreed."},
		{Name: "asks-for-cells-out-of-order", Req: "CELL-012", Doc: "It asks for cells from 1 on."},
		{Name: "asks-for-cells-again", Req: "CELL-012", Doc: "It asks for cells from 0 on each time."},
		{Name: "takes-cells-that-it-has-not-asked-for", Req: "CELL-014", Doc: "It takes a SKETCH of other cells than it has asked for."},
		{Name: "skips-sketches-of-any-form", Req: "CELL-004", Doc: "It skips a SKETCH that ends inside a cell."},
	}
}
