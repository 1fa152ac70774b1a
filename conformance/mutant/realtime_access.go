package mutant

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"

	"handfast/codec"
	"handfast/conformance/driver"
)

// The methods of spec/access.md by which the suite looks at what became of records: object.get, without piece, and status, as far as it is about sources.

// shares tells whether the store has a namespace.
func (p *peer) shares(namespace string) bool { return namespace == driver.SyncNamespace }

// objectGet answers with an object.
func objectGet(ctx context.Context, s *stream, args []byte) error {
	p := s.l.p
	m, ok := argMap(args)
	ns, okNS := m["ns"].(string)
	key, okKey := m["key"].([]byte)
	if !ok || !okNS || !okKey {
		return s.badArgument("object.get wants ns and key")
	}
	absent := func(name string) error {
		return &failed{codec.CallError{Code: codec.CodeCallFailed, Name: name, Processed: codec.ProcessedNo}}
	}
	name := string(key)
	if !p.shares(ns) {
		if name = foreignKey(ns, name); !p.has("keeps-objects-of-any-namespace") {
			return absent("NS_DENIED")
		}
	}
	o, _ := p.object(name, object{})
	if len(o.siblings) == 0 {
		return absent("NOT_FOUND")
	}
	var seen []byte
	for _, actor := range o.actors() {
		seen = binary.BigEndian.AppendUint64(append(seen, actor[:]...), o.context[actor])
	}
	head, err := codec.AppendValue(nil, map[string]any{"context": seen, "siblings": len(o.siblings)})
	if err == nil {
		err = s.reply(ctx, head)
	}
	for _, one := range o.siblings {
		if err != nil {
			return err
		}
		flags := byte(0)
		if one.gone {
			flags = 1
		}
		b := append(binary.BigEndian.AppendUint64(slices.Clone(one.actor[:]), one.counter), flags, 0, 0, 0, 0, 0, 0, 0)
		err = s.reply(ctx, append(b, one.value...))
	}
	return err
}

// sourceStatus is an entry of sources.
type sourceStatus struct {
	Name    string `json:"name"`
	Applied uint64 `json:"applied"`
	NoOps   uint64 `json:"no_ops"`
	Denied  uint64 `json:"denied"`
	Refused uint64 `json:"refused"`
}

// status answers with what became of the records of each channel of realtime.
func status(ctx context.Context, s *stream, _ []byte) error {
	report := struct {
		Format  int            `json:"format"`
		Sources []sourceStatus `json:"sources"`
	}{Format: 1, Sources: []sourceStatus{}}
	shelf := &s.l.p.shelf
	shelf.mu.Lock()
	for key, h := range shelf.held {
		if t := &h.taken; key.proto == realtimeProto {
			report.Sources = append(report.Sources, sourceStatus{key.name, t.applied, t.noOps, t.denied, t.refused})
		}
	}
	shelf.mu.Unlock()
	slices.SortFunc(report.Sources, func(a, b sourceStatus) int { return cmp.Compare(a.Name, b.Name) })
	b, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return s.reply(ctx, b)
}
