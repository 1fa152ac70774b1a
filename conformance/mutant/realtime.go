package mutant

import (
	"encoding/binary"
	"strings"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
)

// realtimeProto is the sub-protocol of channels of objects (spec/realtime.md), which this peer takes, and as a dialer sends.
const realtimeProto = "realtime"

// carriesChannels tells whether the streams of a sub-protocol are channels.
func carriesChannels(proto string) bool { return proto == mirrorProto || proto == realtimeProto }

// taken is what became of the records of a channel of realtime. It is guarded by the lock of the shelf.
type taken struct {
	applied, noOps, denied, refused uint64
	parts                           *parts // of an object that is not whole, nil for none

	// Of peers with a bug.
	unwritten []string           // keys of objects that are not durable
	aside     map[[8]byte]*parts // of other objects
}

// fate is what becomes of a record.
type fate int

const (
	fateMerged  fate = iota // or it was there already
	fateRefused             // REAL-004, REAL-009, REAL-029
	fateDenied              // its namespace is not taken (REAL-013)
	fatePart                // it is a part of an object that is not whole
	fatePassed              // of a peer with a bug: it is overlooked
)

// recordHead is what stands before the path of an OBJECT.
const recordHead = 8

// record is an OBJECT.
type record struct {
	path           [][16]byte
	namespace, key string
	object         []byte
}

// takeEntry makes the effect of a record, or of a GAP. It tells whether the channel goes on, and whether it was consumed. The caller holds the lock of the shelf.
func (h *held) takeEntry(e entry) (goesOn, consumed bool) {
	if e.gap {
		h.partsEnd()
		return true, true
	}
	return h.takeRecord(e)
}

// takeRecord is takeEntry of a record.
func (h *held) takeRecord(e entry) (goesOn, consumed bool) {
	before := h.taken
	whole, f := h.assembled(e)
	bad := ""
	if f == fateMerged {
		f, bad = h.takeObject(whole, &before)
	}
	p, objects := h.p, bad == "objects"
	switch {
	case f == fateRefused && p.has("counts-refused-records-as-denied"):
		h.taken.denied++
	case f == fateRefused && objects && p.has("counts-refused-objects-as-no-ops"):
		h.taken.noOps++
	case f == fateRefused:
		h.taken.refused++
		goesOn = !(objects && p.has("ends-channels-by-refused-objects") || !objects && p.has("ends-channels-by-refused-records"))
		return goesOn, !(objects && p.has("stops-behind-refused-objects") || !objects && p.has("stops-behind-refused-records"))
	case f == fateDenied && p.has("counts-denied-records-as-refused"):
		h.taken.refused++
	case f == fateDenied:
		h.taken.denied++
		return !p.has("ends-channels-by-denied-records"), true
	}
	return true, !(f == fateMerged && h.taken.noOps > before.noOps && p.has("never-acknowledges-what-it-has"))
}

// assembled gives the OBJECT of a record, or of the PARTs that end with it.
func (h *held) assembled(e entry) ([]byte, fate) {
	p := h.p
	if len(e.data) == 0 {
		if p.has("skips-records-without-bytes") {
			return nil, fatePassed
		}
		return nil, fateRefused
	}
	if codec.RealtimeKind(e.data[0]) == codec.RealtimeKindPart {
		return h.takePart(e)
	}
	return e.data, fateMerged
}

// parseRecord reads an OBJECT (REAL-004).
func (p *peer) parseRecord(b []byte) (r record, f fate) {
	if len(b) < recordHead {
		if p.has("skips-records-that-end-inside-their-head") {
			return r, fatePassed
		}
		return r, fateRefused
	}
	hops, ns, key := int(b[2]), int(b[3]), int(binary.BigEndian.Uint16(b[4:]))
	at := recordHead + 16*hops
	switch {
	case b[0] > 2 && p.has("skips-records-of-unknown-kinds"):
		return r, fatePassed
	case b[0] != byte(codec.RealtimeKindObject) && (b[0] != 0 || !p.has("takes-kind-0-for-an-object")),
		b[1] != 0 && p.has("wants-0-behind-the-kind"),
		(b[6] != 0 || b[7] != 0) && p.has("wants-0-before-the-path"),
		hops == 0 && !p.has("takes-records-without-a-path"),
		hops > 16 && !p.has("takes-paths-of-any-length"),
		hops == 16 && p.has("refuses-paths-of-sixteen"),
		ns == 0 && !p.has("denies-records-without-a-namespace"),
		ns > 64,
		key == 0 && !p.has("takes-records-without-a-key"),
		key > 1024 && !p.has("takes-keys-of-any-length"):
		return r, fateRefused
	case len(b) <= at:
		return p.cutRecord("takes-records-that-end-inside-their-path")
	case len(b) < at+ns+key:
		return p.cutRecord("takes-records-that-end-inside-their-names")
	case len(b) == at+ns+key:
		return p.cutRecord("takes-records-without-an-object")
	}
	r = record{namespace: string(b[at : at+ns]), key: string(b[at+ns : at+ns+key]), object: b[at+ns+key:]}
	for i := range hops {
		r.path = append(r.path, [16]byte(b[recordHead+16*i:]))
	}
	if p.has("folds-the-case-of-namespaces") {
		r.namespace = strings.ToLower(r.namespace)
	}
	if strings.Trim(r.namespace, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		return r, fateRefused
	}
	return r, fateMerged
}

// cutRecord is what becomes of an OBJECT that ends early.
func (p *peer) cutRecord(bug string) (record, fate) {
	if p.has(bug) {
		return record{}, fatePassed
	}
	return record{}, fateRefused
}

// takeObject merges an OBJECT. It names what was bad about one that is refused.
func (h *held) takeObject(b []byte, before *taken) (f fate, bad string) {
	p := h.p
	r, f := p.parseRecord(b)
	switch {
	case f != fateMerged:
		return f, ""
	case r.namespace != driver.SyncNamespace && p.has("keeps-objects-of-any-namespace"):
		r.key = foreignKey(r.namespace, r.key)
	case r.namespace != driver.SyncNamespace:
		return fateDenied, ""
	}
	o, err := p.parseObject(r.object, true)
	if err != nil {
		return fateRefused, "objects"
	}
	switch was, _ := p.object(r.key, object{}); {
	case p.has("merges-behind-its-ack"):
		p.spawn(func() { // ends with the peer
			if p.pass(500 * time.Millisecond) {
				p.merge(r.key, o)
			}
		})
		h.taken.applied++
		return fateMerged, ""
	case p.has("loses-every-tenth-record") && before.applied%10 == 9:
		h.taken.applied++
		return fateMerged, ""
	case p.has("leaves-tombstones-of-records-out"):
		for _, s := range o.siblings {
			if s.gone {
				h.taken.applied++
				return fateMerged, ""
			}
		}
	case p.has("replaces-objects-by-records"):
		return h.replace(r.key, o, was)
	case p.has("goes-back-to-older-records") && len(was.siblings) > 0 && !was.equal(o):
		p.store.mu.Lock()
		p.put(r.key, o)
		p.store.mu.Unlock()
		h.taken.noOps++
		return fateMerged, ""
	}
	switch e := p.merge(r.key, o); {
	case e.Outcome == codec.SyncRejected:
		return fateRefused, "objects"
	case e.Outcome == codec.SyncNoOp && !p.has("counts-what-it-has-as-applied"):
		h.taken.noOps++
		if p.has("passes-on-what-it-had") {
			p.spread(r.key, o, r.path)
		}
		return fateMerged, ""
	}
	h.taken.applied++
	if whole, _ := p.object(r.key, object{}); len(p.shelf.remotes) > 0 {
		p.spread(r.key, whole, r.path)
	}
	if p.has("moves-its-position-before-it-writes") {
		h.taken.unwritten = append(h.taken.unwritten, r.key)
	}
	return fateMerged, ""
}

// replace keeps what came, of a peer with a bug.
func (h *held) replace(key string, came, own object) (fate, string) {
	if came.equal(own) {
		h.taken.noOps++
		return fateMerged, ""
	}
	h.p.store.mu.Lock()
	defer h.p.store.mu.Unlock()
	h.p.put(key, came)
	h.taken.applied++
	return fateMerged, ""
}

// foreignKey is under which a peer with a bug keeps an object of a namespace that it does not take.
func foreignKey(namespace, key string) string { return "\x00" + namespace + "\x00" + key }

// takenAgain gives what was taken of a channel as a process that was killed finds it. The caller holds the lock of the shelf.
func (h *held) takenAgain() {
	t := &h.taken
	if h.p.has("keeps-parts-in-memory") {
		t.parts = nil
	}
	h.p.store.mu.Lock()
	for _, key := range t.unwritten {
		h.p.put(key, object{})
	}
	h.p.store.mu.Unlock()
	*t = taken{parts: t.parts} // counters begin with the process
}
