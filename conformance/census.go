package conformance

import (
	"sync"

	"handfast/codec"
	"handfast/conformance/wire"
)

// census holds what must be the same, or different, in all openings of one run, whichever case met them.
type census struct {
	mu     sync.Mutex // guards the fields below
	node   *[16]byte
	born   uint64 // incarnation of the first HELLO
	nonces map[[32]byte]bool
	sw     string // what the peer calls itself
}

func newCensus() *census { return &census{nonces: make(map[[32]byte]bool)} }

// ownHello notes the nonce of the suite's own HELLO, which a peer that just sends it back would use again.
func (c *census) ownHello(h *codec.Hello) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nonces[h.Nonce] = true
}

// peerHello compares a HELLO of the peer with all earlier ones. A peer that was restarted during the run has another incarnation, which is
// right, so that only node is compared here; a case compares incarnations between two links that it holds at once.
func (c *census) peerHello(h *codec.Hello) *wire.Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nonces[h.Nonce] {
		return wire.Broke("HELLO-017", "nonce %x was in an earlier opening", h.Nonce[:8])
	}
	c.nonces[h.Nonce] = true
	if c.sw == "" {
		c.sw = h.SW
	}
	if c.node == nil {
		c.node, c.born = &h.Node, h.Incarnation
		return nil
	}
	if *c.node != h.Node {
		return wire.Broke("HELLO-025", "node is %x, and was %x in an earlier opening", h.Node, *c.node)
	}
	if h.Incarnation < c.born {
		return wire.Broke("HELLO-025", "incarnation is %d, and was %d in an earlier opening", h.Incarnation, c.born)
	}
	return nil
}

// peer gives what the peer calls itself, "" for nothing.
func (c *census) peer() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sw
}
