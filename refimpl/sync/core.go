package sync

import (
	"bytes"
	"slices"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/store"
)

// Reader is what the cores ask the store. Store.Store is one.
type Reader interface {
	Against(k store.Key, dots []clock.Dot) (s clock.Set, gone []clock.Dot, err error)
	Probe(namespace string, p digest.Prefix, depth int) ([]digest.Summary, error)
	List(namespace string, p digest.Prefix, after *digest.Item, most int) (items []digest.Item, more bool, err error)
	Find(namespace string, kh [8]byte) ([]store.Key, error)
	ClockIn(namespace string) *clock.Node
	Salt() [16]byte
}

// Effect is what the owner of a core has to do, in the order in which effects are given: Send, SendSince, SendObject, SendAll, Merge, Observe or Finish.
type Effect interface{ effect() }

// Send sends a message.
type Send struct{ Msg codec.SyncMessage }

// SendSince sends SINCE, with the store's clock.
type SendSince struct{}

// SendObject sends an object by REPAIR, if it has news for a peer that has the version Theirs, and ERROR if it cannot be read. What is known of
// writes that are gone is added.
type SendObject struct {
	Key    string
	Theirs clock.Version
}

// SendAll sends every object that shows a dot which Have does not cover, and then CLOCK with ALL.
type SendAll struct{ Have *clock.Node }

// Merge merges objects in one transaction, and is answered by a call of Merged.
type Merge struct {
	Items  []Item
	Sender *clock.Node // what the other side has stated
}

// Observe adds a clock to the store's.
type Observe struct{ Clock *clock.Node }

// Finish sends FIN: nothing follows.
type Finish struct{}

func (Send) effect()       {}
func (SendSince) effect()  {}
func (SendObject) effect() {}
func (SendAll) effect()    {}
func (Merge) effect()      {}
func (Observe) effect()    {}
func (Finish) effect()     {}

// Item is one REPAIR that was received.
type Item struct {
	Number uint64
	Key    string
	Set    clock.Set
	Fault  codec.Code // why it is not merged; 0: it is
}

// maxBad bounds the dots of refused objects that are remembered. Beyond it no clock of the other side is taken over.
const maxBad = 4096

// side is what both cores keep of a session.
type side struct {
	ns      string
	read    Reader
	theirs  *clock.Node // what the other side has stated; nil: nothing yet
	last    *clock.Node // the clock that it has stated last; nil: none yet
	pending []Item
	size    int    // bytes of pending
	merging []Item // that Flush has given, and Merged not yet taken the results of

	counts   codec.SyncComplete // Sent and Errors are counted by who sends
	answered uint64             // REPAIRs that RESULT was sent about
	bad      []clock.Dot        // siblings of refused objects
	careless bool               // more of them than are remembered
	failed   *codec.SyncError   // the other side has ended the session
	cells    int                // that were agreed for the link; 0: none
	named    [16]byte           // fingerprint of the empty prefix that the session has named last
}

// Pending gives the number of REPAIRs that wait for Flush, and their bytes.
func (c *side) Pending() (items, bytes int) { return len(c.pending), c.size }

// Counts gives what COMPLETE would say now, but for Count and Fingerprint.
func (c *side) Counts() codec.SyncComplete { return c.counts }

// NoteSent counts a REPAIR that was sent, and gives its number.
func (c *side) NoteSent() uint64 {
	c.counts.Sent++
	return c.counts.Sent
}

// NoteError counts an ERROR that was sent.
func (c *side) NoteError() { c.counts.Errors++ }

// Failure gives the ERROR by which the other side has ended the session, or nil.
func (c *side) Failure() *codec.SyncError { return c.failed }

// Flush gives the effect that merges what has been received. Its results come before the next call.
func (c *side) Flush() []Effect {
	if len(c.pending) == 0 {
		return nil
	}
	c.merging, c.pending, c.size = c.pending, nil, 0
	return []Effect{Merge{c.merging, c.theirs}}
}

// merged counts the results of what Flush gave, and answers them.
func (c *side) merged(results []codec.SyncEntry) (effects []Effect, items []Item) {
	items, c.merging = c.merging, nil
	for i, r := range results {
		switch r.Outcome {
		case codec.SyncNoOp:
			c.counts.NoOps++
		case codec.SyncApplied:
			c.counts.Applied++
		case codec.SyncSiblings:
			c.counts.Siblings++
		default:
			c.counts.Rejected++
			c.refused(items[i])
		}
	}
	for part := range slices.Chunk(results, codec.MaxSyncResults) {
		effects = append(effects, Send{codec.SyncResult{First: uint8(c.answered + 1), Entries: part}})
		c.answered += uint64(len(part))
	}
	return effects, items
}

// refused remembers which writes were not taken in.
func (c *side) refused(it Item) {
	if it.Fault != 0 || len(c.bad)+it.Set.Len() > maxBad {
		c.careless = true // of an object that is none, nobody knows the dots
		return
	}
	for _, one := range it.Set.Siblings() {
		c.bad = append(c.bad, one.Dot)
	}
}

// repair takes a REPAIR.
func (c *side) repair(m codec.SyncRepair) error {
	switch {
	case c.theirs == nil:
		return fault("SYNC-017", "REPAIR before a clock was stated")
	case m.Number != uint8(c.counts.Received+1):
		return fault("SYNC-016", "a REPAIR that has not the next number")
	}
	c.counts.Received++
	it := Item{Number: c.counts.Received, Key: string(m.Key)}
	var err error
	if it.Set, err = clock.Decode(m.Object, clock.GreatestLimits()); err != nil {
		it.Fault = codec.CodeSyncCorrupt
	}
	c.pending = append(c.pending, it)
	c.size += len(m.Object)
	return nil
}

// result takes a RESULT.
func (c *side) result(m codec.SyncResult) error {
	n := uint64(len(m.Entries))
	if m.First != uint8(c.counts.Acked+1) || n > c.counts.Sent-c.counts.Acked {
		return fault("SYNC-019", "a RESULT for other REPAIRs than those that wait for one")
	}
	c.counts.Acked += n
	return nil
}

// clock takes a CLOCK. With ALL it gives what may be taken over.
func (c *side) clock(m codec.SyncClock) (all *clock.Node, err error) {
	n := c.last
	switch {
	case len(m.Clock) > 0:
		if n, err = clock.DecodeNode(m.Clock, clock.DefaultNodeLimits()); err != nil {
			return nil, fault("SYNC-005", "CLOCK: "+err.Error())
		}
		c.states(n)
	case n == nil:
		return nil, fault("SYNC-047", "a CLOCK that leaves out a clock which was never stated")
	}
	if !m.All {
		return nil, nil
	}
	return n, nil
}

// states notes a clock of the other side.
func (c *side) states(n *clock.Node) {
	c.last = n
	all := new(clock.Node)
	if c.theirs != nil {
		all = c.theirs.Clone() // a Merge that goes on has the other one
	}
	all.Join(n)
	c.theirs = all
}

// clockCheck gives the check of the store's clock.
func (c *side) clockCheck() ([8]byte, error) { return checkOf(c.read, c.ns) }

// observe gives the effect that takes a clock over, without what was refused: nobody would send that again (SYNC-014).
func (c *side) observe(n *clock.Node) []Effect {
	if c.careless {
		return nil
	}
	n = n.Clone()
	for _, d := range c.bad {
		n.Remove(d)
	}
	return []Effect{Observe{n}}
}

// root gives what the store has now.
func (c *side) root() (digest.Summary, error) { return c.summary(codec.SyncPrefix{}) }

func (c *side) summary(p codec.SyncPrefix) (digest.Summary, error) {
	list, err := c.read.Probe(c.ns, p.Halves(), 0)
	if err != nil {
		return digest.Summary{}, err
	}
	return list[0], nil
}

// items gives all items of the store under a prefix.
func (c *side) items(p codec.SyncPrefix) ([]digest.Item, error) {
	const page = 4096
	var all []digest.Item
	for {
		var after *digest.Item
		if len(all) > 0 {
			after = &all[len(all)-1]
		}
		list, more, err := c.read.List(c.ns, p.Halves(), after, page)
		all = append(all, list...)
		if err != nil || !more || len(list) == 0 {
			return all, err
		}
	}
}

// complete gives COMPLETE, with what it leaves out (SYNC-046).
func (c *side) complete() (codec.SyncComplete, error) {
	root, err := c.root()
	c.counts.Count, c.counts.Fingerprint, c.counts.Root = root.Count, root.FP, root.FP != c.named
	c.named = root.FP
	return c.counts, err
}

// completed fills in what a COMPLETE of the other side leaves out.
func (c *side) completed(m codec.SyncComplete) (codec.SyncComplete, error) {
	if m.Root {
		c.named = m.Fingerprint
		return m, nil
	}
	root, err := c.root()
	m.Fingerprint = c.named
	if root.FP == c.named { // otherwise nobody has said how many there are
		m.Count = root.Count
	}
	return m, err
}

// sent gives COMPLETE as it is sent.
func sent(m codec.SyncComplete) codec.SyncComplete {
	if !m.Root {
		m.Count, m.Fingerprint = 0, [16]byte{}
	}
	return m
}

// News gives what has to be sent of an object to a peer that has a version of it: the object, with a context that covers the
// writes of theirs that are known to be gone. ok is false where there is nothing to say.
func News(read Reader, k store.Key, theirs clock.Version) (s clock.Set, ok bool, err error) {
	s, gone, err := read.Against(k, theirs.Dots())
	if err != nil {
		return s, false, err
	}
	return withGone(s, gone, theirs), withGone(s, gone, theirs).News(theirs), nil
}

// withGone adds to the context of an object the writes of theirs that are gone here. A context covers all earlier writes of its actor too: so it
// goes no further than to the first of theirs that is not known here.
func withGone(s clock.Set, gone []clock.Dot, theirs clock.Version) clock.Set {
	var stop clock.Actor
	stopped := false
	for _, one := range theirs.Siblings { // ascending by actor, then counter
		d := one.Dot
		switch {
		case stopped && d.Actor == stop, s.Context().Has(d):
		case slices.Contains(gone, d):
			s = s.Knowing(d)
		default:
			stop, stopped = d.Actor, true
		}
	}
	return s
}

// unreadable says that an object cannot be read.
func unreadable(key string) codec.SyncError {
	return codec.SyncError{Code: codec.CodeSyncUnreadable, RetryMS: 60_000, Key: []byte(key)}
}

// prefixOf gives the prefix of all of a key hash.
func prefixOf(kh [8]byte) codec.SyncPrefix {
	return codec.SyncPrefix{Length: codec.MaxSyncPrefix, Bytes: kh}
}

// version encodes the version of an object.
func version(s clock.Set) ([]byte, error) { return s.Version().AppendBinary(nil) }

// sameKey tells whether an answer is about the key that was asked for.
func sameKey(key string, got []byte) bool { return bytes.Equal([]byte(key), got) }
