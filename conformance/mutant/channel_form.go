package mutant

import (
	"encoding/binary"
	"slices"

	"handfast/codec"
)

// channelLeniency is a bug that takes a malformed channel: it mends the one fault that it does not mind.
type channelLeniency struct {
	name, doc string
	answer    bool // channel of ACCEPT, else of OPEN
	mend      func(c map[string]any)
}

// channelLeniencies are those of CHAN-004.
func channelLeniencies() []channelLeniency {
	list := func(c map[string]any, key string) []any { l, _ := c[key].([]any); return l }
	return []channelLeniency{
		{"takes-names-over-64-bytes", "It cuts a name of a channel after 64 bytes.", false, func(c map[string]any) {
			if name, ok := c["name"].(string); ok && len(name) > 64 {
				c["name"] = name[:64]
			}
		}},
		{"takes-lineages-of-any-length", "It drops the oldest entries of a lineage of more than 8.", false, func(c map[string]any) {
			if l := list(c, "lineage"); len(l) > codec.MaxLineage {
				c["lineage"] = l[len(l)-codec.MaxLineage:]
			}
		}},
		{"takes-epochs-that-jump", "It takes a lineage whose epochs leave one out.", false, func(c map[string]any) {
			var last int64
			for _, one := range list(c, "lineage") {
				if e, ok := one.([]any); ok && len(e) == 3 {
					n, _ := e[0].(int64)
					if last > 0 && n > last+1 {
						e[0] = last + 1
					}
					last, _ = e[0].(int64)
				}
			}
		}},
		{"takes-a-first-above-next", "It takes first for next where it is above.", false, func(c map[string]any) {
			first, _ := c["first"].(int64)
			if next, ok := c["next"].(int64); ok && first > next {
				c["first"] = next
			}
		}},
		{"takes-a-stable-at-next", "It takes a channel whose stable is next.", false, func(c map[string]any) {
			stable, _ := c["stable"].(int64)
			if next, ok := c["next"].(int64); ok && stable >= next && next > 0 {
				c["stable"] = next - 1
			}
		}},
		{"takes-channels-without-a-name", "It takes a channel without name for one whose name is empty.", false, func(c map[string]any) {
			if _, ok := c["name"]; !ok {
				c["name"] = ""
			}
		}},
		{"takes-any-state-for-kept", "It takes a state that it does not know for kept.", true, func(c map[string]any) {
			if s, ok := c["state"].(string); ok && s != "kept" && s != "lost" && s != "diverged" && s != "foreign" {
				c["state"] = "kept"
			}
		}},
		{"takes-positions-without-dup", "It takes a position without dup for one whose dup is 0.", true, func(c map[string]any) {
			if _, ok := c["dup"]; !ok {
				c["dup"] = int64(0)
			}
		}},
		{"takes-more-than-64-ranges", "It takes the first 64 ranges of a position.", true, func(c map[string]any) {
			if l := list(c, "ranges"); len(l) > codec.MaxRanges {
				c["ranges"] = l[:codec.MaxRanges]
			}
		}},
		{"takes-empty-ranges", "It takes ranges without a range.", true, func(c map[string]any) {
			if l, ok := c["ranges"].([]any); ok && len(l) == 0 {
				delete(c, "ranges")
			}
		}},
		{"takes-foreign-with-a-position", "It takes foreign with a stable of its own.", true, func(c map[string]any) {
			if c["state"] == "foreign" {
				c["stable"], c["dup"] = int64(0), int64(0)
				delete(c, "ranges")
			}
		}},
	}
}

// mendChannel changes the channel of an OPEN or ACCEPT so that a peer with a bug takes it.
func (l *link) mendChannel(payload []byte, answer bool) []byte {
	for _, one := range channelLeniencies() {
		if one.answer == answer && l.has(one.name) {
			return inMap(payload, func(m map[string]any) {
				if c, ok := m["channel"].(map[string]any); ok {
					one.mend(c)
				}
			})
		}
	}
	return payload
}

// parseChannel reads an OPEN.
func (l *link) parseChannel(f codec.Frame) (codec.Open, error) {
	if !l.delivers() && !l.has("reads-channels-without-delivery") {
		return codec.ParsePlainOpen(f)
	}
	f.Payload = l.mendChannel(f.Payload, false)
	m, err := codec.ParseOpen(f)
	switch wrong := asFault(err, 0); {
	case wrong != nil && l.has("takes-channels-of-any-form"):
		if m, err = codec.ParsePlainOpen(f); err == nil {
			m.Channel = &codec.Channel{ID: [16]byte{1}, Name: "mended", Lineage: codec.Lineage{{Epoch: 1, Nonce: 1, First: 1}}, First: 1, Next: 1}
		}
	case err == nil && m.Channel != nil && l.has("refuses-unknown-keys-of-channel") && strangeInner(f.Payload, "first", "id", "lineage", "name", "next", "stable"):
		return m, linkFault("CHAN-005", codec.CodeEncoding, "a key that nobody knows")
	}
	return m, err
}

// strangeInner tells whether channel of an OPEN or ACCEPT has another key than these.
func strangeInner(payload []byte, known ...string) bool {
	strange := false
	inMap(payload, func(m map[string]any) {
		c, _ := m["channel"].(map[string]any)
		for key := range c {
			strange = strange || !slices.Contains(known, key)
		}
	})
	return strange
}

// mendGap changes a GAP so that a peer with a bug takes it.
func (l *link) mendGap(payload []byte) []byte {
	from, to := binary.BigEndian.Uint64(payload), binary.BigEndian.Uint64(payload[8:])
	mended := append([]byte(nil), payload...)
	switch {
	case l.has("takes-gaps-from-0") && from == 0:
		binary.BigEndian.PutUint64(mended, 1)
	case l.has("takes-gaps-that-end-before-they-begin") && to < from:
		binary.BigEndian.PutUint64(mended[8:], from)
	case l.has("takes-gaps-above-the-last-number") && to > codec.MaxSeq:
		binary.BigEndian.PutUint64(mended[8:], max(from, 1))
	}
	return mended
}

// mendAck leaves out of an ACK what cannot be, in a peer that does not mind.
func (l *link) mendAck(payload []byte) []byte {
	const head, size = 16, 16
	if !l.has("takes-acks-of-any-form") || len(payload) < head {
		return payload
	}
	mended := append([]byte(nil), payload[:head]...)
	below := binary.BigEndian.Uint64(mended)
	if below > codec.MaxSeq {
		below = 0
		binary.BigEndian.PutUint64(mended, 0)
	}
	count := uint16(0)
	for rest := payload[head:]; len(rest) >= size && count < codec.MaxRanges; rest = rest[size:] {
		first, last := binary.BigEndian.Uint64(rest), binary.BigEndian.Uint64(rest[8:])
		if first <= below || last < first || last > codec.MaxSeq || count > 0 && first < below+2 {
			continue
		}
		mended = append(mended, rest[:size]...)
		below = last
		count++
	}
	binary.BigEndian.PutUint16(mended[12:], count)
	return mended
}

// parseAccept reads an ACCEPT.
func (l *link) parseAccept(f codec.Frame) (codec.Accept, error) {
	if !l.delivers() && !l.has("reads-positions-without-delivery") {
		return codec.ParsePlainAccept(f)
	}
	f.Payload = l.mendChannel(f.Payload, true)
	m, err := codec.ParseAccept(f)
	switch wrong := asFault(err, 0); {
	case wrong != nil && l.has("takes-positions-of-any-form"):
		m, err = codec.Accept{Stream: f.Stream, Channel: &codec.Position{State: codec.PositionKept}}, nil
	case err == nil && m.Channel != nil && l.has("refuses-unknown-keys-of-position") && strangeInner(f.Payload, "dup", "ranges", "stable", "state"):
		return m, linkFault("CHAN-005", codec.CodeEncoding, "a key that nobody knows")
	}
	return m, err
}

// checkChannel tells whether the channel of an OPEN belongs there (CHAN-003, MIRR-005).
func (l *link) checkChannel(m codec.Open) *fault {
	uses := carriesChannels(m.Proto)
	switch {
	case uses && m.Channel == nil && !l.has("takes-opens-without-a-channel"):
		return &fault{req: "CHAN-003", code: codec.CodeProtocol, stream: m.Stream, text: "OPEN without channel"}
	case !uses && m.Channel != nil && !l.has("takes-channels-of-call"):
		return &fault{req: "CHAN-003", code: codec.CodeProtocol, stream: m.Stream, text: "OPEN with channel"}
	case m.Proto == mirrorProto && m.Channel != nil && len(m.Channel.Name) == 64 && m.Channel.Name[63] != mirrorSuffix[0] && !l.has("takes-names-that-leave-no-room"):
		return &fault{req: "MIRR-005", code: codec.CodeProtocol, stream: m.Stream, text: "the name is too long"}
	}
	return nil
}

// offer begins the stream of a channel, which the desk answers.
func (l *link) offer(m codec.Open) {
	s := l.newStream(m.Stream)
	s.intake = &intake{s: s, offer: m.Channel}
	key := channelKey{l.identity(), m.Proto, m.Channel.Name}
	if l.has("looks-at-names-alone") {
		key.node = ""
	}
	in := s.intake
	l.p.later(func() { l.p.offered(in, key) })
}
