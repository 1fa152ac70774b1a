package fast

import "time"

// Sum is a checksum of a text.
func Sum(c Checksum, text []byte) uint32 { return c.sum(text) }

// NextID is the allocator of ids.
var NextID = nextID

// StartAt lets the next request of a client have the id after last.
func (c *Client) StartAt(last uint32) {
	c.mu.Lock()
	c.last = last
	c.mu.Unlock()
}

// ValidValue is the check of values before they are sent.
var ValidValue = validValue

// SpinTime is the time of a look that a configuration asks for.
var SpinTime = spinTime

// Chance decides whether to look.
type Chance = chance

// NewChance makes one of a window.
var NewChance = newChance

// Begin says whether to look now.
func (c *chance) Begin() bool { return c.begin() }

// End tells how a look has ended.
func (c *chance) End(found bool) { c.end(found) }

// Waited tells of a wait without a look.
func (c *chance) Waited(d time.Duration) { c.waited(d) }

// None tells that messages come together.
func (c *chance) None() { c.none() }
