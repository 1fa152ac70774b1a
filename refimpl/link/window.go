package link

import "handfast/codec"

// Window is the receiver's side of credit, for one stream or for a link: what was granted, what has arrived, what was
// consumed, and when to grant again (chapter 11). It is a pure core; its owner serialises calls. All figures are charge
// from the beginning.
//
// Invariant: consumed <= received <= granted.
type Window struct {
	granted  uint64 // stated to the other side
	received uint64
	consumed uint64
	size     uint64 // how much may be outstanding
	max      uint64 // how far size may grow
	last     int64  // monotonic ns of the last grant, for growth
}

// NewWindow begins with the grant that HELLO stated; size may grow to max.
func NewWindow(first, max uint64) Window {
	return Window{granted: first, size: first, max: max}
}

// Receive takes charge that has arrived. False means that it goes beyond what was granted (CRED-001, CRED-002).
func (w *Window) Receive(charge uint64) bool {
	if charge > w.granted-w.received {
		return false
	}
	w.received += charge
	return true
}

// fastGrant is the time between two grants of half a window below which the sender is taken to wait for credit, so that
// the window doubles: 10 ms. A window that lasts longer than that is not what limits the sender.
const fastGrant = 10_000_000

// Consume takes charge that was consumed, dropped or joined. True means that half of the window is free and that Grant
// is due: smaller grants would cost the other side a frame for each of them (CRED-009).
func (w *Window) Consume(charge uint64) bool {
	w.consumed += charge
	return w.granted-w.consumed <= w.size/2
}

// Grant gives the total to grant at the monotonic time now (ns).
func (w *Window) Grant(now int64) uint64 {
	if w.last != 0 && now-w.last < fastGrant && w.size < w.max {
		w.size = min(2*w.size, w.max)
	}
	w.last = now
	w.granted = w.consumed + w.size
	return w.granted
}

// Shut says that nothing more may be sent, because what has arrived waits to be consumed.
func (w *Window) Shut() bool { return w.granted-w.received <= codec.MessageCharge }

// Outstanding is the charge that has arrived and was not consumed: an upper bound of the memory it holds.
func (w *Window) Outstanding() uint64 { return w.received - w.consumed }

// Grant is the sender's side of credit. It is a pure core; its owner serialises calls.
//
// Invariant: used <= max.
type Grant struct {
	used uint64
	max  uint64
}

// Raise takes a CREDIT. It says whether the grant rose; one that does not is ignored and counted as idle (CRED-005).
func (g *Grant) Raise(to uint64) bool {
	if to <= g.max {
		return false
	}
	g.max = to
	return true
}

// Free is the charge that may still be sent.
func (g *Grant) Free() uint64 { return g.max - g.used }

// Use takes charge that is sent. It must not exceed Free.
func (g *Grant) Use(charge uint64) { g.used += charge }

// chargeOf is what a piece of n bytes costs.
func chargeOf(n int) uint64 { return uint64(n) + codec.MessageCharge }
