package mirror

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
)

// What a record says to the peer that applies it.
var (
	wordHold = []byte("hold ") // and a number of milliseconds (MIRR-009)
	wordFail = []byte("fail")  // and anything (MIRR-010)
)

// maxHold is the longest wait, in milliseconds, and maxDigits how many digits it has.
const maxHold, maxDigits = 10_000, 5

// hold tells how long a record has to wait.
func hold(key delivery.Key, data []byte) time.Duration {
	digits, found := bytes.CutPrefix(data, wordHold)
	if !found || len(digits) == 0 || len(digits) > maxDigits || !isMaster(key) {
		return 0
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0
		}
	}
	ms, err := strconv.Atoi(string(digits))
	if err != nil || ms > maxHold {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// errAsked is why a record fails that asks for it.
var errAsked = errors.New("mirror: the record asks to fail")

// try is a record that was tried once.
type try struct {
	id  [16]byte
	seq uint64
}

// maxTries bounds what is remembered of records that have failed.
const maxTries = 1 << 16

// failsNow tells whether a record has to fail: the first time, if it asks for it.
func (m *Mirror) failsNow(id [16]byte, r *delivery.Record) bool {
	if !bytes.HasPrefix(r.Data, wordFail) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	one := try{id, r.Seq}
	if m.failed[one] {
		return false
	}
	if len(m.failed) >= maxTries {
		clear(m.failed)
	}
	m.failed[one] = true
	return true
}

// commits is the store of the Sink: it lets records fail that ask for it, and tells the Source what it has committed.
type commits struct {
	store
	m *Mirror
}

// Commit carries out a batch, up to the first record that has to fail.
func (c commits) Commit(b *channel.Batch) error {
	part, failed := *b, false
	if isMaster(b.Key) {
		stored, _ := c.Cursor(b.Key)
		for i := range b.Items {
			if one := &b.Items[i]; one.Gap == nil && !stored.Has(one.Record.Seq) && c.m.failsNow(stored.ID, &one.Record) {
				part.Items, failed = b.Items[:i], true
				break
			}
		}
	}
	if len(part.Items) > 0 {
		if err := c.store.Commit(&part); err != nil {
			return err
		}
		if src := c.m.known(b.Key); src != nil {
			src.Wake()
		}
	}
	if failed {
		return errAsked
	}
	return nil
}

// maxGap is how many numbers are given up for one GAP at most (MIRR-006, MIRR-007).
const maxGap = 1024

// consumed tells how many numbers of a GAP a position does not have, and 0 where these are too many to be given up.
func consumed(c *delivery.Cursor, g codec.Gap) int {
	from, to := max(g.From, c.Stable+1), g.To
	if to < from {
		return 0
	}
	n := to - from + 1
	for _, r := range c.Ranges {
		if first, last := max(r.First, from), min(r.Last, to); first <= last {
			n -= last - first + 1
		}
	}
	if n > maxGap {
		return 0
	}
	return int(n)
}
