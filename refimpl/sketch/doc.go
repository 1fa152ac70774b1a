// Package sketch finds what differs between two sets of items by cells, whose number follows the difference and not the sets
// (spec/cells.md): about 1.35 cells of 24 bytes for each object that differs, 1.8 where there are few.
//
//	s, err := sketch.New(salt, 16_384)   // kept beside the digest: Add, Remove and Change with every change
//	b := s.AppendCells(nil, 0, 100)      // the responder: cells 0 to 99
//
//	d := sketch.NewDecoder(own)          // the requester: a copy of its own sketch
//	d.Expect(estimate)                   // of the responder: then Next says how many cells to ask for
//	cells, err := sketch.ParseCells(b)
//	err = d.Add(cells)                   // in the order of their places, until d.Done()
//	changes := d.Difference()
//
// It is the rateless variant of invertible Bloom lookup tables, with places that integers alone decide, and with sums in a field of 2^64
// elements in the place of checks. Both sides need the same
// salt, and who does not know it cannot make items that meet in a cell by intent. Who does know it can send cells that come to
// nothing: then Add gives an *Error or Done stays false, and the caller compares by the digest. Items that come out are hints, as fingerprints
// are: only a merge changes a store.
//
// Nothing here is safe for concurrent use, blocks, or has a clock, a random source or a logger.
package sketch

// MaxCells is the greatest number of cells of a sketch: their places are 0 to 65,534, so that all arithmetic stays below 2^63.
const MaxCells = 65_535
