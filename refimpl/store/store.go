package store

import (
	"context"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
)

// Store is what a peer needs of an engine. All functions may be called concurrently. Objects that it returns are the caller's, and share
// nothing with it.
type Store interface {
	// Get gives an object as it was last committed, tombstones included. The error has CodeNotFound where there is none.
	Get(k Key) (clock.Set, error)

	// Against gives an object as Get does, the zero Set where there is none, and those of dots that the clock of its namespace has
	// although they are no siblings of the object: writes of it that are gone.
	Against(k Key, dots []clock.Dot) (s clock.Set, gone []clock.Dot, err error)

	// Update runs f alone and commits what it did, all or nothing, durably, before it returns nil. An error of f is returned as it is, and
	// nothing is changed. Further errors have CodeBusy, CodeFull, CodeDisk or CodeClosed, or are that of ctx, which ends the
	// wait for a turn and not a commit that has begun. f must not block, nor call a function of the store.
	Update(ctx context.Context, f func(Tx) error) error

	// Cursor gives the value of a cursor as it was last committed. The error has CodeNotFound where there is none.
	Cursor(name string) ([]byte, error)

	// Ascend calls f for the objects of a namespace whose names begin with prefix and are greater than after, in the order of
	// the bytes, until f returns an error, which is returned. It reads in pages: f may take its time and call the store. What is
	// there all the time comes once; what is written meanwhile may come or not.
	Ascend(namespace, prefix, after string, f func(Key, clock.Set) error) error

	// Since calls f once for each object with a sibling whose dot have does not have, in the order of the first such dot, in pages as
	// Ascend. upTo is the clock of the store when it began: who has merged all of that without a rejection, and gives upTo to
	// Tx.Observe, has everything that the store had.
	Since(have *clock.Node, f func(Key, clock.Set) error) (upTo *clock.Node, err error)

	// SinceIn is Since for one namespace and its clock. Objects that cannot be read are left out, and their dots are not in upTo; up to 1,024
	// of them are named. The error has CodeDenied for a namespace that the store does not have.
	SinceIn(namespace string, have *clock.Node, f func(Key, clock.Set) error) (upTo *clock.Node, damaged []Key, err error)

	// Clock gives a copy of the clock of all namespaces: the dots that objects have shown, and what Observe has added.
	Clock() *clock.Node

	// ClockIn gives a copy of the node clock of a namespace.
	ClockIn(namespace string) *clock.Node

	// Actor names the store in the dots that it gives.
	Actor() clock.Actor

	// Probe gives the summaries of the 16^depth parts of a prefix of a namespace's digest, of the prefix itself for depth 0. depth is 0 to 2.
	// The error is digest.ErrPrefix.
	Probe(namespace string, p digest.Prefix, depth int) ([]digest.Summary, error)

	// List gives up to most items with a prefix, behind after where it is not nil. The error is digest.ErrPrefix.
	List(namespace string, p digest.Prefix, after *digest.Item, most int) (items []digest.Item, more bool, err error)

	// Find gives the keys of a namespace that have this hash: mostly one.
	Find(namespace string, kh [8]byte) ([]Key, error)

	// Reap drops the objects of which only tombstones are left that every clock in acked covers: acked are the acknowledged clocks
	// of all members, without exception (OBJ-018). With no clock at all nothing is dropped.
	Reap(ctx context.Context, acked []*clock.Node) (dropped int, err error)

	// ReapIn is Reap for one namespace: acked are the clocks of that namespace.
	ReapIn(ctx context.Context, namespace string, acked []*clock.Node) (dropped int, err error)

	// Salt is that of the digests.
	Salt() [16]byte

	// Stats gives counters and gauges.
	Stats() Stats

	// Close ends the store: calls of Update that have their turn are committed, the rest is refused with CodeClosed. It waits, and may
	// be called again.
	Close() error
}

// Tx is a transaction, which sees its own changes. It belongs to the function that it was given to, and to its goroutine.
type Tx interface {
	// Get gives an object, tombstones included. The error has CodeNotFound where there is none.
	Get(k Key) (clock.Set, error)

	// Put writes a value, which it takes over and nobody may change any more. It replaces the siblings that seen covers: the context that the
	// writer has read. nil seen replaces nothing, and so makes siblings. The result is what is stored. Errors have CodeName, CodeDenied, CodeTooLarge, CodeLimit, CodeContext or CodeCorrupt.
	Put(k Key, seen clock.Context, value []byte) (clock.Set, error)

	// Delete writes a tombstone as Put writes a value. seen must not be empty. The error has CodeNotFound where there is no value.
	Delete(k Key, seen clock.Context) (clock.Set, error)

	// Merge takes in an object of another store. It never ends the transaction: the result says what became of it. sender is the
	// clock that the other store has stated, and no context may go beyond it (OBJ-019); nil checks nothing.
	Merge(k Key, s clock.Set, sender *clock.Node) Result

	// Observe adds to the node clock what another store had (see Store.Since). Dots that were rejected must be taken out of n first:
	// what a store claims to have, nobody sends to it again. Errors have CodeCorrupt or CodeLimit.
	Observe(n *clock.Node) error

	// ObserveIn is Observe for one namespace and its clock (see Store.SinceIn). Errors have CodeDenied too.
	ObserveIn(namespace string, n *clock.Node) error

	// Cursor gives the value of a cursor. The error has CodeNotFound where there is none.
	Cursor(name string) ([]byte, error)

	// SetCursor stores bytes that mean nothing to the store under a name; nil deletes it. Errors have CodeName or CodeTooLarge.
	SetCursor(name string, value []byte) error
}

// Overwrite is the blind put: it replaces whatever the store has.
func Overwrite(tx Tx, k Key, value []byte) (clock.Set, error) {
	s, err := tx.Get(k)
	if err != nil && CodeOf(err) != CodeNotFound {
		return s, err
	}
	return tx.Put(k, s.Context(), value)
}

// Remove deletes whatever the store has.
func Remove(tx Tx, k Key) (clock.Set, error) {
	s, err := tx.Get(k)
	if err != nil {
		return s, err
	}
	return tx.Delete(k, s.Context())
}

// Outcome says what became of a merge.
type Outcome uint8

// The outcomes.
const (
	NoOp     Outcome = iota // nothing that this store did not have
	Applied                 // the object has changed, and has one sibling or none
	Siblings                // the object has changed, and has several siblings
	Rejected                // nothing was changed; Code says why
)

// String gives the outcome in lower case.
func (o Outcome) String() string {
	if o <= Rejected {
		return [...]string{"no-op", "applied", "siblings", "rejected"}[o]
	}
	return "unknown"
}

// Result is the answer to a merge.
type Result struct {
	Outcome  Outcome
	Siblings int  // that the object has now; of a rejection 0
	Lost     int  // writes that a last writer has won against
	Code     Code // of a rejection
	Err      error
}

// Stats is a snapshot. Counters begin at Open.
type Stats struct {
	Objects     uint64 // gauge, tombstones included
	Tombstones  uint64 // gauge: objects of which only tombstones are left
	Ranges      uint64 // gauge, of the node clock
	Commits     uint64 // transactions of the engine that were made durable, two syncs each
	Updates     uint64 // calls of Update that were committed
	Busy        uint64 // calls of Update that were refused because the queue was full
	Applied     uint64 // merges
	NoOps       uint64 // merges
	Siblings    uint64 // merges
	Rejected    uint64 // merges
	Lost        uint64 // writes that a last writer has won against
	Collisions  uint64 // dots with two values
	Quarantined uint64 // values that were set aside because of a collision or damage
}
