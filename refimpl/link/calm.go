package link

import "handfast/codec"

// Calm counts what a peer may do only so often in ten seconds: idle frames and early RESETs (CALM-001 to CALM-004). It is
// a pure core. It keeps ten counters of one second each, so that "in any 10 s" errs by at most one second towards
// tolerance: a peer within the lower bound is never cut, and one beyond the upper bound always is, because this peer
// acts at the geometric middle of the two (OPT-005).
type Calm struct {
	limit int
	slots [10]uint16
	sum   int
	at    int64 // second of the newest slot
}

// The places between the two bounds at which this peer acts.
const (
	idleFrameLimit  = 3 * codec.IdleFramesMin
	earlyResetLimit = 3 * codec.ResetsMin
)

// NewCalm gives a counter that is exceeded by the event after limit in ten seconds.
func NewCalm(limit int) Calm { return Calm{limit: limit} }

// Count takes one event at the monotonic time now (ns) and says whether it is still tolerated.
func (c *Calm) Count(now int64) bool {
	sec := now / 1_000_000_000
	if d := sec - c.at; d > 0 {
		for i := int64(1); i <= min(d, int64(len(c.slots))); i++ {
			k := (c.at + i) % int64(len(c.slots))
			c.sum -= int(c.slots[k])
			c.slots[k] = 0
		}
		c.at = sec
	}
	c.slots[sec%int64(len(c.slots))]++
	c.sum++
	return c.sum <= c.limit
}
