package mutant

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"handfast/codec"
)

// store is the objects of a peer in the namespace of the suite. It lives in memory, and ends with the peer.
type store struct {
	mu      sync.Mutex // guards the fields below; no other lock is taken under it
	objects map[string]object
	items   map[string]item
	clock   nodeClock
	stuck   bool // of a peer that serves no session behind one that was aborted

	// Of peers with other bugs.
	replaced    []item            // in the estimate still
	before      map[string]object // what is not durable replaced this; nil: everything is
	clockBefore nodeClock
}

// nodeClock gives a copy of the store's.
func (p *peer) nodeClock() nodeClock {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	n := nodeClock{}
	n.join(p.store.clock)
	return n
}

// object gives the object under a key, the zero value for none, and those dots of a version that the store knows to be gone.
func (p *peer) object(key string, version object) (o object, gone []dot) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	o = p.store.objects[key]
	for _, s := range version.siblings {
		if _, has := o.find(s.dot); !has && p.store.clock.has(s.dot) {
			gone = append(gone, s.dot)
		}
	}
	return o.clone(), gone
}

// items gives all items, ascending.
func (p *peer) items() []item {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.store.items), func(a, b item) int { return bytes.Compare(a[:], b[:]) })
}

// keys gives those for which the choice is true, in any order.
func (p *peer) keys(choice func(key string, o object) bool) (list []string) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	for key, o := range p.store.objects {
		if choice(key, o) {
			list = append(list, key)
		}
	}
	return list
}

// observe adds to the node clock.
func (p *peer) observe(n nodeClock) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	p.clockOfStore().join(n)
}

// clockOfStore gives the node clock, which is made when it is needed first. The caller holds the lock of the store.
func (p *peer) clockOfStore() nodeClock {
	if p.store.clock == nil {
		p.store.clock = nodeClock{}
	}
	return p.store.clock
}

// merge takes an object into the store (OBJ-008), and says what became of it.
func (p *peer) merge(key string, came object) codec.SyncEntry {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	return p.mergeInto(key, came, p.store.objects[key])
}

// mergeInto is merge with the state that stands for what the store has. The caller holds the lock of the store.
func (p *peer) mergeInto(key string, came, own object) codec.SyncEntry {
	if p.collides(own, came) {
		code := codec.CodeSyncCollision
		switch {
		case p.has("refuses-collisions-as-corrupt"):
			code = codec.CodeSyncCorrupt
		case p.has("takes-half-of-a-collision"):
			came.siblings = slices.DeleteFunc(slices.Clone(came.siblings), func(s sibling) bool { _, has := own.find(s.dot); return has })
			p.put(key, p.merged(own, came, func(dot) bool { return false }))
		}
		return codec.SyncEntry{Outcome: codec.SyncRejected, Code: code}
	}
	clock := p.clockOfStore()
	p.remembers(key)
	merged := p.merged(own, came, func(d dot) bool { // known, and gone
		_, has := own.find(d)
		return !has && clock.has(d)
	})
	for _, s := range came.siblings {
		clock.add(s.actor, s.counter, s.counter)
	}
	for actor, counter := range came.context {
		clock.add(actor, counter, counter)
	}
	changed := !merged.equal(own) && (len(merged.siblings) > 0 || len(own.siblings) > 0)
	p.put(key, merged)
	e := codec.SyncEntry{Siblings: uint16(len(merged.siblings))}
	switch {
	case p.has("counts-no-siblings"):
		e.Siblings = 1
	case p.has("reports-no-ops-as-applied"):
		changed = true
	}
	switch {
	case !changed:
	case len(merged.siblings) > 1:
		e.Outcome = codec.SyncSiblings
	default:
		e.Outcome = codec.SyncApplied
	}
	return e
}

// put keeps an object. One without siblings is not there any more.
func (p *peer) put(key string, o object) {
	if old, ok := p.store.items[key]; ok && p.has("leaves-what-was-replaced-in-its-estimate") {
		p.store.replaced = append(p.store.replaced, old)
	}
	if p.store.objects == nil {
		p.store.objects, p.store.items = map[string]object{}, map[string]item{}
	}
	if len(o.siblings) == 0 {
		delete(p.store.objects, key)
		delete(p.store.items, key)
		return
	}
	p.store.objects[key], p.store.items[key] = o, p.itemOf(key, o)
}

// collides tells whether two objects have one dot with two values (OBJ-009).
func (p *peer) collides(own, came object) bool {
	if p.has("takes-two-values-of-one-dot") {
		return false
	}
	return slices.ContainsFunc(came.siblings, func(s sibling) bool {
		have, ok := own.find(s.dot)
		return ok && !have.same(s)
	})
}

// merged gives the merge of what the store has with what came.
func (p *peer) merged(own, came object, gone func(d dot) bool) object {
	o := object{context: own.clone().context}
	for actor, counter := range came.context {
		o.context[actor] = max(o.context[actor], counter)
	}
	switch {
	case p.has("keeps-the-last-that-came"):
		return object{o.context, came.siblings}
	case p.has("keeps-its-own-context") && len(own.siblings) > 0:
		o.context = own.clone().context
		for _, s := range came.siblings {
			o.context[s.actor] = max(o.context[s.actor], s.counter)
		}
	}
	for _, s := range own.siblings {
		if _, both := came.find(s.dot); both || !came.covers(s.dot) || p.has("keeps-what-was-replaced") {
			o.siblings = append(o.siblings, s)
		}
	}
	for _, s := range came.siblings {
		_, both := own.find(s.dot)
		if both {
			if p.has("takes-two-values-of-one-dot") {
				i := slices.IndexFunc(o.siblings, func(one sibling) bool { return one.dot == s.dot })
				o.siblings[i] = s
			}
			continue
		}
		if !(own.covers(s.dot) || gone(s.dot)) || p.has("takes-what-was-replaced") {
			o.siblings = append(o.siblings, s)
		}
	}
	slices.SortFunc(o.siblings, func(a, b sibling) int { return a.compare(b.dot) })
	if p.has("keeps-one-of-concurrent-writes") && len(o.siblings) > 1 {
		o.siblings = o.siblings[len(o.siblings)-1:]
	}
	return o
}

// news gives what has to be sent of an object to a peer that has a version of it, with a context that covers the writes of the version that are known to
// be gone (SYNC-029); false where there is nothing to say.
func (p *peer) news(key string, version object) (object, bool) {
	o, gone := p.object(key, version)
	var stop [16]byte
	stopped := false
	for _, s := range version.siblings {
		switch {
		case stopped && s.actor == stop && !p.has("covers-writes-that-it-does-not-know"), o.covers(s.dot):
		case slices.Contains(gone, s.dot):
			if !p.has("says-nothing-of-gone-writes") {
				o.context[s.actor] = max(o.context[s.actor], s.counter)
			}
		default:
			stop, stopped = s.actor, true
		}
	}
	return o, p.hasNews(o, version)
}

// hasNews tells whether merging an object would change what has the version (spec/sync.md, Words).
func (p *peer) hasNews(o, version object) bool {
	for actor, counter := range o.context {
		if counter > version.context[actor] && !p.has("overlooks-wider-contexts") {
			return true
		}
	}
	for _, s := range o.siblings {
		if have, ok := version.find(s.dot); ok && !have.same(s) || !ok && !version.covers(s.dot) {
			return true
		}
	}
	return slices.ContainsFunc(version.siblings, func(s sibling) bool {
		_, has := o.find(s.dot)
		return !has && o.covers(s.dot) && !p.has("overlooks-siblings-that-are-replaced")
	})
}
