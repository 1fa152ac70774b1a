package mutant

import (
	"maps"

	"handfast/codec"
	"handfast/conformance"
)

// A readyLeniency is a bug that takes a READY of another form than the table says. It mends the one fault that it does not mind by what
// this side has computed.
type readyLeniency struct {
	conformance.Mutant

	mend func(m, own map[string]any)
}

func readyLeniencies() []readyLeniency {
	const req = "READY-009"
	bug := func(name, doc string, mend func(m, own map[string]any)) readyLeniency {
		return readyLeniency{conformance.Mutant{Name: name, Req: req, Doc: doc}, mend}
	}
	return []readyLeniency{
		bug("takes-readies-of-another-form", "It takes whatever comes in a READY for what it should be, if that is no map.", nil),
		bug("takes-readies-with-missing-keys", "It does not compare what is not in READY.", func(m, own map[string]any) {
			for key, v := range own {
				if _, ok := m[key]; !ok {
					m[key] = v
				}
			}
		}),
		bug("takes-ready-values-of-another-type", "It passes over values of READY of another type.", func(m, own map[string]any) {
			own = maps.Clone(own)
			own["cb"] = []byte{}
			retype(m, own)
			if cb, ok := m["cb"].([]byte); ok && len(cb) == 0 {
				delete(m, "cb")
			}
		}),
		bug("takes-ready-hashes-of-any-size", "It takes th and cb of any size.", func(m, own map[string]any) {
			if th, ok := m["th"].([]byte); ok && len(th) != 32 {
				m["th"] = own["th"]
			}
			if cb, ok := m["cb"].([]byte); ok && len(cb) != 32 {
				delete(m, "cb")
			}
		}),
		bug("takes-ready-versions-of-any-size", "It passes over a ver that is no u16.", func(m, own map[string]any) {
			if n, ok := m["ver"].(int64); ok && (n < 0 || n > 0xFFFF) {
				m["ver"] = own["ver"]
			}
		}),
	}
}

// mendReady gives the payload of the dialer's READY as this peer reads it.
func (l *link) mendReady(payload []byte) []byte {
	payload = l.p.overlook(payload)
	for _, b := range readyLeniencies() {
		if !l.has(b.Name) {
			continue
		}
		mended, err := codec.DecodeValue(l.ownReady())
		own, ok := mended.(map[string]any)
		if err != nil || !ok {
			return payload
		}
		if b.mend != nil {
			return inMap(payload, func(m map[string]any) { b.mend(m, own) })
		}
		if v, err := codec.DecodeValue(payload); err == nil {
			if _, isMap := v.(map[string]any); isMap {
				return payload
			}
		}
		return l.ownReady()
	}
	return payload
}

// ownReady is the payload that the other side's READY should have.
func (l *link) ownReady() []byte {
	_, other := l.roles()
	b, err := codec.NewReady(l.agreed, l.th, l.binding(other)).AppendFrame(nil)
	if err != nil || len(b) < codec.HeaderSize+codec.TrailerSize {
		return nil
	}
	return b[codec.HeaderSize : len(b)-codec.TrailerSize]
}
