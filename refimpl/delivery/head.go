package delivery

import (
	"encoding/binary"
	"io"
	"slices"

	"handfast/codec"
)

// Head is what a queue knows of its channel.
type Head struct {
	ID      [16]byte
	Name    string
	Lineage codec.Lineage
	First   uint64 // number of the oldest record; Next where there is none
	Next    uint64 // the number that the next new record gets
	Stable  uint64 // greatest stable that was seen
	Dup     uint64 // records up to this one were taken over from another channel (CHAN-026)
	Checks  uint64 // how often a CHECK was owed
	Checked uint64 // how many of these a repair has answered
}

// Bounds are the numbers of a Head that change all the time.
type Bounds struct{ First, Next, Stable, Dup uint64 }

func (h *Head) bounds() Bounds {
	return Bounds{First: h.First, Next: h.Next, Stable: h.Stable, Dup: h.Dup}
}

// Channel gives what OPEN says.
func (h *Head) Channel(rule rules) *codec.Channel {
	return &codec.Channel{ID: h.ID, Name: h.Name, Lineage: h.Lineage, First: h.First, Next: h.Next, Stable: h.Stable}
}

// mintID gives 16 random bytes (CHAN-006). It panics where the system has no randomness, as crypto/rand does.
func mintID(random io.Reader) (id [16]byte) {
	if _, err := io.ReadFull(random, id[:]); err != nil {
		panic("delivery: no randomness: " + err.Error())
	}
	return id
}

// mintNonce gives a random number of 63 bits.
func mintNonce(random io.Reader) uint64 {
	id := mintID(random)
	return binary.BigEndian.Uint64(id[:]) >> 1
}

// newHead is that of a new channel.
func newHead(name string, random io.Reader) Head {
	return Head{ID: mintID(random), Name: name, First: 1, Next: 1, Lineage: codec.Lineage{{Epoch: 1, Nonce: mintNonce(random), First: 1}}}
}

// renewed is that of the channel which goes on with so many records.
func (h *Head) renewed(records uint64, random io.Reader) Head {
	n := newHead(h.Name, random)
	n.Next, n.Dup, n.Checks, n.Checked = records+1, records, h.Checks, h.Checked
	return n
}

// begin adds the entry of a process that starts (CHAN-007, CHAN-009).
func (h *Head) begin(nonce uint64) {
	last := h.Lineage[len(h.Lineage)-1]
	h.Lineage = append(slices.Clone(h.Lineage), codec.Epoch{Epoch: last.Epoch + 1, Nonce: nonce, First: h.Next})
	if extra := len(h.Lineage) - codec.MaxLineage; extra > 0 {
		h.Lineage = h.Lineage[extra:]
	}
}
