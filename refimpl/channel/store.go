package channel

import (
	"slices"

	"handfast/codec"
	"handfast/refimpl/delivery"
)

// Cursors is what both kinds of store do: they keep the cursor of each channel, durably. Calls for one channel come one after the
// other, those of several channels at the same time.
type Cursors interface {
	// Cursors gives all that are stored. It is called at the beginning, and after a failure.
	Cursors() (map[delivery.Key]delivery.Cursor, error)
	// Keep stores a cursor in the place of what is stored, durably.
	Keep(key delivery.Key, c delivery.Cursor) error
}

// Transactional is a store that commits effects and cursor together: a record counts once, whatever ends.
type Transactional interface {
	Cursors
	// Commit carries out a batch: in one transaction it reads the stored cursor of b.Key, gives it to b.New, makes the effects of
	// the items that this returns, notes the gaps among them, and stores the cursor that it returns. Everything is durable when
	// it returns nil. Memory of b is valid during the call.
	Commit(b *Batch) error
}

// Plain is a store without transactions: effects have to bear that a record comes again with PossibleDup.
type Plain interface {
	Cursors
	// Apply makes the effects of a batch durable, its gaps noted. Keep follows. Memory of b is valid during the call.
	Apply(b *Batch) error
}

// Batch is what one commit takes, in the order of numbers (REC-009).
type Batch struct {
	Key   delivery.Key
	Items []Item
}

// Item is a record or a gap.
type Item = delivery.Item

// numbers gives the first and the last number of an item.
func numbers(i *Item) (first, last uint64) {
	if i.Gap != nil {
		return i.Gap.Gap.From, i.Gap.Gap.To
	}
	return i.Record.Seq, i.Record.Seq
}

// New gives what of the batch is new to a store with this cursor, and the cursor to store with it. Nothing but the ambiguous end
// of an earlier commit makes an item known already.
func (b *Batch) New(stored delivery.Cursor) ([]Item, delivery.Cursor) {
	next := stored
	next.Ranges = slices.Clone(stored.Ranges) // the lineage is never changed in place
	fresh := b.Items
	if len(fresh) == 0 {
		return fresh, next
	}
	if first, _ := numbers(&fresh[0]); first <= stored.Stable || len(stored.Ranges) > 0 {
		known := func(i Item) bool {
			first, last := numbers(&i)
			return stored.Has(first) && stored.Has(last)
		}
		if slices.ContainsFunc(fresh, known) {
			fresh = slices.DeleteFunc(slices.Clone(fresh), known)
		}
	}
	addAll(&next, fresh)
	return fresh, next
}

// addAll notes that items are applied.
func addAll(c *delivery.Cursor, items []Item) {
	for len(items) > 0 {
		first, last, n := span(items)
		c.Add(first, last)
		items = items[n:]
	}
}

// span gives the numbers of the first n items, which follow each other without a hole. There is at least one.
func span(items []Item) (first, last uint64, n int) {
	first, last = numbers(&items[0])
	if n = len(items); n > 1 { // nearly always: as many numbers as items, which ascend
		if _, end := numbers(&items[n-1]); end-first == uint64(n-1) {
			return first, end, n
		}
	}
	for n = 1; n < len(items); n++ {
		next, end := numbers(&items[n])
		if next != last+1 {
			break
		}
		last = end
	}
	return first, last, n
}

// ranges gives the ranges of the items of which has says so, and of which it does not.
func ranges(items []Item, has func(first uint64) bool) (yes, no []codec.Range) {
	add := func(list []codec.Range, first, last uint64) []codec.Range {
		if n := len(list); n > 0 && list[n-1].Last+1 == first {
			list[n-1].Last = last
			return list
		}
		return append(list, codec.Range{First: first, Last: last})
	}
	for i := range items {
		first, last := numbers(&items[i])
		if has(first) && has(last) {
			yes = add(yes, first, last)
		} else {
			no = add(no, first, last)
		}
	}
	return yes, no
}
