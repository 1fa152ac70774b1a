package mutant

import (
	"bytes"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"handfast/codec"
)

// appendReady appends READY and the grease frame behind it (READY-016).
func (l *link) appendReady(b []byte) ([]byte, error) {
	if l.has("sends-grease-before-ready") {
		b = appendGrease(b)
	}
	own, other := l.roles()
	cb := l.binding(own)
	switch {
	case l.has("states-no-binding"):
		cb = nil
	case l.has("states-the-dialers-binding"):
		cb = l.binding(other)
	}
	b, err := codec.NewReady(l.agreed, l.th, cb).AppendFrame(b)
	if err != nil || l.has("sends-no-grease") {
		return b, err
	}
	return appendGrease(b), nil
}

// appendGrease appends a frame that means nothing (chapter 18).
func appendGrease(b []byte) []byte {
	payload := make([]byte, mathrand.IntN(codec.MaxGreasePayload+1))
	return codec.AppendFrame(b, codec.Header{
		Type:     codec.GreaseType(uint8(mathrand.Uint32())),
		Flags:    codec.Flags(mathrand.Uint32()) & 0x70,
		Reserved: uint16(mathrand.Uint32()),
	}, payload)
}

// roles are the letters of both sides in the channel binding (chapter 6).
func (l *link) roles() (own, other byte) {
	if l.dialer {
		return 'D', 'A'
	}
	return 'A', 'D'
}

// binding computes cb of the READY of a role, D or A; nil where tls.bind was not selected.
func (l *link) binding(role byte) []byte {
	if l.agreed.Caps["tls.bind"] != true {
		return nil
	}
	state := l.secure.ConnectionState()
	cb, err := state.ExportKeyingMaterial(codec.ExporterLabel, append(l.th[:], role), 32)
	if err != nil {
		return nil // TLS 1.3 always can
	}
	return cb
}

// onReady holds the dialer's READY against what this side has computed. The caller holds mu, as in all methods named on-.
func (l *link) onReady(f codec.Frame) error {
	f.Payload = l.mendReady(f.Payload)
	m, err := codec.ParseReady(f)
	if err != nil {
		return l.earlyReady(f.Payload, nil, err)
	}
	if l.has("refuses-unknown-keys-of-ready") && strangeKey(f.Payload, "caps", "cb", "protos", "th", "ver") {
		return linkFault("READY-010", codec.CodeEncoding, "a key that nobody knows")
	}
	if err := l.compareHash(m); err != nil {
		return l.earlyReady(f.Payload, m, err)
	}
	if err := l.compareRest(m); err != nil {
		return err
	}
	if err := l.compareBinding(m); err != nil {
		return err
	}
	if l.has("drops-what-comes-with-ready") {
		_, _ = l.r.Discard(l.r.Buffered())
	}
	l.ready = true
	l.changed.Broadcast()
	l.maxFrame = uint32(l.self.Limits.MaxFrame)
	l.lastPing, l.alive = time.Now(), time.Now()
	if l.has("sends-its-ready-second") {
		own, err := l.appendReady(nil)
		if err != nil {
			return err
		}
		if _, err := l.nc.Write(own); err != nil { // the writer has had nothing to write so far
			return err
		}
	}
	return l.nc.SetReadDeadline(time.Time{}) // the opening is over
}

// skips tells whether this peer passes over a frame that the state of the link does not allow. The caller holds mu.
func (l *link) skips(f codec.Frame) bool {
	return l.has("skips-frames-before-ready") && f.Type != codec.TypeReady || l.has("ignores-a-second-ready") && l.ready
}

// onBytes gives the rest of READY more time, in a peer that does.
func (l *link) onBytes() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ready && l.has("waits-for-ready-from-its-last-byte") {
		_ = l.nc.SetReadDeadline(time.Now().Add(l.p.wait))
	}
}

// compareHash makes the first of the comparisons of chapter 14.
func (l *link) compareHash(m *codec.Ready) error {
	n := len(l.th)
	switch {
	case l.has("takes-any-hash"):
		n = 0
	case l.has("compares-the-first-half-of-the-hash"):
		n /= 2
	}
	if !bytes.Equal(m.TH[:n], l.th[:n]) {
		return linkFault("READY-005", codec.CodeDowngrade, "th is not the hash of the openings")
	}
	return nil
}

// compareRest compares version, capabilities and sub-protocols.
func (l *link) compareRest(m *codec.Ready) error {
	caps, err := codec.AppendCaps(nil, l.agreed.Caps)
	if err != nil {
		return err
	}
	protos, err := codec.AppendProtos(nil, l.agreed.Protos)
	if err != nil {
		return err
	}
	more := l.has("takes-more-capabilities") && len(m.Caps) > len(l.agreed.Caps)
	switch {
	case m.Version != l.agreed.Version && !l.has("takes-any-version"):
		return linkFault("READY-006", codec.CodeMismatch, "ver is %d, not %d", m.Version, l.agreed.Version)
	case !bytes.Equal(m.CapsRaw, caps) && !l.has("takes-any-capabilities") && !more:
		return linkFault("READY-007", codec.CodeMismatch, "caps differ")
	case !bytes.Equal(m.ProtosRaw, protos) && !l.has("takes-any-protocols"):
		return linkFault("READY-008", codec.CodeMismatch, "protos differ")
	}
	return nil
}

// compareBinding makes the last comparison.
func (l *link) compareBinding(m *codec.Ready) error {
	own, other := l.roles()
	switch {
	case l.agreed.Caps["tls.bind"] != true, l.has("takes-any-binding"), bytes.Equal(m.CB, l.binding(other)),
		l.has("takes-its-own-binding") && bytes.Equal(m.CB, l.binding(own)):
		return nil
	}
	return linkFault("READY-015", codec.CodeUnauthenticated, "cb is missing or wrong")
}

// strangeKey tells whether a map has another key than these.
func strangeKey(body []byte, known ...string) bool {
	v, err := codec.ParseValue(body)
	if err != nil {
		return false
	}
	for it := v.Iter(); it.Next(); {
		if !slices.Contains(known, string(it.Key())) {
			return true
		}
	}
	return false
}
