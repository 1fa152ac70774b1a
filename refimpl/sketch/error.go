package sketch

import "fmt"

// Reason says what is wrong with cells.
type Reason uint8

// The reasons. The vectors name them by String.
const (
	ReasonRange Reason = iota + 1 // a number of cells outside 1 to MaxCells, or places that are not those of the sketch
	ReasonSize                    // bytes that are not a whole number of cells
	ReasonPlace                   // a cell holds a key hash alone that is not in this cell (CELL-005)
	ReasonTwice                   // a key hash comes out a second time (CELL-005)
	ReasonMany                    // more key hashes come out than cells were taken (CELL-005)
)

var reasonNames = [...]string{ReasonRange: "range", ReasonSize: "size", ReasonPlace: "place", ReasonTwice: "twice", ReasonMany: "many"}

// String gives the stable token of the reason.
func (r Reason) String() string {
	if int(r) < len(reasonNames) && r > 0 {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason_%d", uint8(r))
}

// Error says why cells are refused.
type Error struct {
	Reason Reason
	Cell   int // place of the cell at fault; the number asked for with ReasonRange; the bytes given with ReasonSize
}

// Error gives reason and place, for people only.
func (e *Error) Error() string { return fmt.Sprintf("sketch: %s at %d", e.Reason, e.Cell) }

// Is matches an Error with the same reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason
}
