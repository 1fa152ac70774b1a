package mutant

import (
	"bytes"
	"encoding/binary"
	"slices"

	"handfast/codec"
	"handfast/conformance"
)

// openingOrderBugs are those of peers that look at the faults of an opening, or of READY, in another order than chapter 14.
func openingOrderBugs() []conformance.Mutant {
	bug := func(name, doc string) conformance.Mutant {
		return conformance.Mutant{Name: name, Req: "ERR-003", Doc: doc}
	}
	return []conformance.Mutant{
		bug("looks-at-the-length-before-the-magic", "It looks at the length of an opening first."),
		bug("looks-at-the-checksum-before-the-kind", "It looks at the checksum of an opening before its kind."),
		bug("looks-at-the-checksum-before-the-length", "It looks at the checksum of an opening before its length, when the body is there."),
		bug("looks-at-the-profile-before-the-length", "It looks at the body of an opening before its length, when the body is there."),
		bug("looks-at-the-profile-before-the-checksum", "It looks at the body of an opening before its checksum."),
		bug("looks-at-the-version-before-the-checksum", "It looks for a common version before anything else in a body."),
		bug("looks-at-the-node-before-the-profile", "It looks at node before anything else in a body."),
		bug("looks-at-need-first", "It looks at need before anything else in a body."),
		bug("compares-the-version-before-the-hash", "It compares ver, caps and protos of READY before th."),
		bug("compares-the-hash-before-the-form", "It compares th of READY before it looks for the other keys."),
	}
}

// early makes the check of an opening that such a peer makes first, when the whole of it is there; nil where nothing is wrong, and for
// every other peer.
func (p *peer) early(b []byte) error {
	if !slices.ContainsFunc(openingOrderBugs(), func(m conformance.Mutant) bool { return p.has(m.Name) }) {
		return nil
	}
	if len(b) < codec.OpeningSize {
		return codec.ErrShort
	}
	length := int(binary.BigEndian.Uint32(b[16:]))
	long := length > codec.MaxOpeningBody
	waits := p.has("looks-at-the-checksum-before-the-length") || p.has("looks-at-the-profile-before-the-length")
	switch {
	case p.has("looks-at-the-length-before-the-magic") && long:
		return linkFault("HELLO-007", codec.CodeFrameSize, "a body of %d bytes", length)
	case long && !waits, length > longest:
		return nil
	case len(b) < codec.OpeningSize+length:
		return codec.ErrShort
	}
	head, body := b[:codec.OpeningSize], b[codec.OpeningSize:codec.OpeningSize+length]
	switch {
	case p.has("looks-at-the-checksum-before-the-kind") && !sealed(head, body), p.has("looks-at-the-checksum-before-the-length") && !sealed(head, body):
		return linkFault("HELLO-008", codec.CodeHeaderCRC, "checksum of the opening is wrong")
	case p.has("looks-at-the-profile-before-the-length") && long, p.has("looks-at-the-profile-before-the-checksum"):
		return codec.ValidateMsgpack(body)
	}
	return p.earlyInside(withoutTail(body, "vers"))
}

// earlyInside does so with what a body says, as far as it can be read.
func (p *peer) earlyInside(body []byte) error {
	var node [16]byte
	var vers []int64
	var need []string
	inMap(body, func(m map[string]any) {
		id, _ := m["node"].([]byte)
		copy(node[:], id)
		vers, _ = numbersOf(m["vers"])
		need, _ = namesOf(m["need"])
	})
	switch {
	case p.has("looks-at-the-version-before-the-checksum") && len(vers) > 0 && !slices.Contains(vers, codec.WireVersion):
		return linkFault("VER-002", codec.CodeNoVersion, "no common version")
	case p.has("looks-at-the-node-before-the-profile") && node == p.node:
		return linkFault("HELLO-018", codec.CodeSelfConnect, "this is the dialer's own node")
	case p.has("looks-at-need-first") && !met(need):
		return &fault{req: "CAP-011", code: codec.CodeNeedUnmet, need: need}
	}
	return nil
}

// met tells whether this peer offers all that is needed.
func met(need []string) bool {
	own, _ := sample()["caps"].(map[string]any)
	for _, name := range need {
		if _, ok := own[name]; !ok {
			return false
		}
	}
	return true
}

// earlyReady makes the comparison of a READY that a peer makes before it should. M is nil where the payload has another form; wrong is
// what it should have found.
func (l *link) earlyReady(payload []byte, m *codec.Ready, wrong error) error {
	switch {
	case l.has("compares-the-version-before-the-hash") && m != nil:
		if other := l.compareRest(m); other != nil {
			return other
		}
	case l.has("compares-the-hash-before-the-form") && m == nil:
		var th []byte
		inMap(payload, func(m map[string]any) { th, _ = m["th"].([]byte) })
		if len(th) == len(l.th) && !bytes.Equal(th, l.th[:]) {
			return linkFault("READY-005", codec.CodeDowngrade, "th is not the hash of the openings")
		}
	}
	return wrong
}
