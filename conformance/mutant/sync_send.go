package mutant

import (
	"slices"

	"handfast/codec"
)

// say sends messages, and waits for credit.
func (x *session) say(messages ...codec.SyncMessage) error {
	for _, m := range messages {
		b, err := x.encode(m)
		if err != nil {
			return err
		}
		if err := x.s.send(x.s.l.ctx, b, false); err != nil {
			return err
		}
	}
	return nil
}

// encode makes the bytes of a message, and counts it.
func (x *session) encode(m codec.SyncMessage) ([]byte, error) {
	if _, ok := m.(codec.SyncError); ok {
		x.mu.Lock()
		x.counts.Errors++
		x.mu.Unlock()
	}
	b, err := m.AppendBinary(nil)
	if err == nil {
		b = x.p.garbleSync(m, b)
	}
	return b, err
}

// state gives the encoding of a clock that this side is about to state.
func (x *session) state(n nodeClock) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stated.join(n)
	return n.encode()
}

// sendObject sends an object, or ERROR in its place. Before it goes a CLOCK where none that was stated reaches its context.
func (x *session) sendObject(key string, o object) (sent bool, err error) {
	x.mu.Lock()
	reached := true
	for actor, counter := range o.context {
		reached = reached && x.stated.reaches(actor, counter)
	}
	x.mu.Unlock()
	if !reached && !x.p.has("sends-contexts-beyond-its-clock") {
		if err := x.say(codec.SyncClock{Clock: x.state(x.p.nodeClock())}); err != nil {
			return false, err
		}
	}
	const head = 12
	b := o.append(nil, true)
	if most := x.s.l.other.Limits.MaxMessage; uint64(head+len(key)+len(b)) > most {
		if x.p.has("leaves-large-objects-out") {
			return false, nil
		}
		return false, x.say(codec.SyncError{Code: codec.CodeSyncTooLarge, RetryMS: codec.RetryNever, Key: []byte(key)})
	}
	x.mu.Lock()
	x.counts.Sent++
	number := uint8(x.counts.Sent)
	x.mu.Unlock()
	if x.p.has("numbers-objects-from-0") {
		number--
	}
	return true, x.say(codec.SyncRepair{Number: number, Key: []byte(key), Object: b})
}

// sendAll sends every object that shows a write which a clock has not, and behind them CLOCK with ALL.
func (x *session) sendAll(have nodeClock) error {
	own := x.p.nodeClock() // before it begins to look (SYNC-040)
	if !x.p.has("sends-contexts-beyond-its-clock") {
		if err := x.say(codec.SyncClock{Clock: x.state(own)}); err != nil {
			return err
		}
	}
	missing := func(_ string, o object) bool {
		if x.p.has("looks-at-contexts-alone") {
			for actor, counter := range o.context {
				if !have.reaches(actor, counter) {
					return true
				}
			}
			return false
		}
		return x.p.has("sends-everything-always") || slices.ContainsFunc(o.siblings, func(s sibling) bool { return !have.has(s.dot) })
	}
	var left []dot
	for _, key := range x.p.keys(missing) {
		o, _ := x.p.object(key, object{})
		if x.p.has("sends-tombstones-to-nobody") && len(o.siblings) == 1 && o.siblings[0].gone {
			continue
		}
		sent, err := x.sendObject(key, o)
		if err != nil {
			return err
		}
		if !sent && !x.p.has("claims-what-it-could-not-send") {
			for _, s := range o.siblings {
				left = append(left, s.dot)
			}
		}
	}
	if x.p.has("takes-its-clock-behind-its-objects") {
		own = x.p.nodeClock()
	}
	return x.say(codec.SyncClock{All: !x.p.has("never-says-all"), Clock: x.state(own.without(left...))})
}

// complete makes this side's COMPLETE.
func (x *session) complete() codec.SyncComplete {
	items := x.p.items()
	x.mu.Lock()
	defer x.mu.Unlock()
	m := x.counts
	m.Count, m.Fingerprint = uint64(len(items)), x.p.fingerprint(items, codec.SyncPrefix{})
	m.Root = m.Fingerprint != x.named && !x.p.has("leaves-its-fingerprint-out") // SYNC-046
	x.named = m.Fingerprint
	switch {
	case x.p.has("forgets-what-it-has-received"):
		m.Received, m.NoOps, m.Applied, m.Siblings, m.Rejected = 0, 0, 0, 0, 0
	case x.p.has("states-the-count-of-the-opening"):
		m.Root, m.Count, m.Fingerprint = true, 0, [16]byte{}
	}
	switch {
	case x.p.has("states-another-fingerprint"):
		m.Root = true
		m.Fingerprint[0]++
	case !m.Root:
		m.Count, m.Fingerprint = 0, [16]byte{}
	}
	return m
}
