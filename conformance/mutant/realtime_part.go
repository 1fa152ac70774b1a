package mutant

import (
	"bytes"
	"encoding/binary"
)

// parts are those of an object that is not whole. They are as durable as the objects of this peer.
type parts struct {
	channel [16]byte
	id      [8]byte
	total   uint64
	have    []byte
	l       *link // over which the first came
}

const (
	partHead      = 32
	mostPart      = 1 << 20
	largestObject = 4 << 20 // max_object (OBJ-007)
	largestHead   = 1352
)

// takePart takes a PART. It gives the OBJECT that it makes whole.
func (h *held) takePart(e entry) ([]byte, fate) {
	p, b, t := h.p, e.data, &h.taken
	if len(b) < partHead {
		if p.has("skips-parts-that-end-inside-their-head") {
			return nil, fatePassed
		}
		return h.refusePart()
	}
	id, total, offset, rest := [8]byte(b[8:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[24:]), b[partHead:]
	switch {
	case len(bytes.Trim(b[1:8], "\x00")) > 0 && p.has("wants-0-in-parts"),
		len(b) > mostPart && !p.has("takes-parts-of-any-size"),
		len(b) == mostPart && p.has("refuses-parts-of-1-mib"),
		len(rest) == 0 && !p.has("takes-parts-without-bytes"),
		(offset > total || total-offset < uint64(len(rest))) && !p.has("takes-parts-beyond-their-total"),
		total > largestObject+largestHead && !p.has("takes-totals-of-any-size"):
		return h.refusePart()
	}
	if p.has("keeps-parts-with-their-link") && t.parts != nil && t.parts.l != e.from.s.l {
		t.parts = nil
	}
	if offset == 0 {
		if had := t.parts; had != nil && p.has("keeps-parts-of-several-objects") {
			t.aside = map[[8]byte]*parts{had.id: had}
		}
		t.parts = &parts{channel: h.id, id: id, total: total, l: e.from.s.l}
	} else if had := t.aside[id]; had != nil {
		t.parts = had
	}
	had := t.parts
	if had == nil || !h.goesOn(had, id, total, offset) {
		return h.refusePart()
	}
	have := append(had.have[:min(offset, uint64(len(had.have)))], make([]byte, max(offset, uint64(len(had.have)))-uint64(len(had.have)))...)
	had.have = append(have, rest...)
	if uint64(len(had.have)) < total {
		return nil, fatePart
	}
	t.parts = nil
	whole := had.have
	switch {
	case p.has("forgets-objects-of-parts"):
		t.applied++
		return nil, fatePassed
	case p.has("joins-parts-of-parts") && whole[0] == 2 && len(whole) > partHead:
		whole = whole[partHead:]
	case p.has("skips-objects-of-parts-that-are-none"):
		if _, f := p.parseRecord(whole); f == fateRefused {
			return nil, fatePassed
		}
	case p.has("refuses-objects-of-parts-that-it-does-not-take"):
		if r, f := p.parseRecord(whole); f == fateMerged && !p.shares(r.namespace) {
			return nil, fateRefused
		}
	}
	return whole, fateMerged
}

// goesOn tells whether a PART goes on where the one before has ended (REAL-029).
func (h *held) goesOn(had *parts, id [8]byte, total, offset uint64) bool {
	p, end := h.p, uint64(len(had.have))
	switch {
	case had.channel != h.id && !p.has("goes-on-with-parts-of-another-channel"),
		had.id != id && !p.has("takes-parts-of-any-id"),
		had.total != total && !p.has("takes-parts-of-any-total"),
		offset > end && (!p.has("fills-holes-between-parts") || offset > largestObject),
		offset < end && !p.has("takes-parts-again"):
		return false
	}
	return true
}

// refusePart refuses a PART, and drops those before it (REAL-033).
func (h *held) refusePart() ([]byte, fate) {
	if !h.p.has("keeps-parts-before-a-refused-one") {
		h.taken.parts = nil
	}
	return nil, fateRefused
}

// partsEnd drops the PARTs of an object that is not whole, at a GAP (REAL-033).
func (h *held) partsEnd() {
	if !h.p.has("keeps-parts-over-a-gap") {
		h.taken.parts = nil
	}
}
