package conformance

import (
	"time"

	"handfast/codec"
)

// Slack is what a case grants on top of a time that the peer states: for its scheduler, its timers' grain and a busy machine.
const Slack = time.Second

// PingInterval is the peer's effective PING interval: the greater of its ping_ms and the suite's ping_min_ms (SPEC.md chapter 9).
func (c *Conn) PingInterval() time.Duration {
	return time.Duration(max(c.Peer().Limits.PingMS, c.Self().Limits.PingMinMS)) * time.Millisecond
}

// SilenceLimit is the peer's effective silence limit: the greater of its idle_ms and three PING intervals.
func (c *Conn) SilenceLimit() time.Duration {
	return max(time.Duration(c.Peer().Limits.IdleMS)*time.Millisecond, 3*c.PingInterval())
}

// MessageLimit is how long the peer lets a message take from its first piece to its last.
func (c *Conn) MessageLimit() time.Duration {
	return time.Duration(c.Peer().Limits.MessageMS) * time.Millisecond
}

// OpeningLimit is how long the peer waits for an opening and READY.
func (t *T) OpeningLimit() time.Duration {
	if t.target.OpenTimeout > 0 {
		return t.target.OpenTimeout
	}
	return codec.OpenTimeout * time.Millisecond
}

// Drip sends a packet in small pieces, for longer than the peer may wait for an opening, and keeps the last byte back.
func (c *Conn) Drip(p Packet) {
	const most = 60 // pieces; rounded up to whole bytes there are fewer, which have to take as long
	whole, long := len(p.bytes), c.t.OpeningLimit()+Slack
	c.t.mayWait(long)
	size := whole/most + 1
	pieces := (whole - 1 + size - 1) / size
	c.SendSlowly(size, long/time.Duration(pieces), p.Truncate("it never becomes whole", whole-1))
}

// WithholdPongs stops answering PINGs.
func (c *Conn) WithholdPongs() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opts.NoPong = true
}

// WithholdCredit stops granting charge again.
func (c *Conn) WithholdCredit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opts.NoCredit = true
}

// GrantCredit grants charge again, on the link and on streams, as it was granted before WithholdCredit.
func (c *Conn) GrantCredit(streams ...*Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opts.NoCredit = false
	c.oweCredit(0)
	for _, s := range streams {
		c.oweCredit(s.ID)
	}
	notify(c.wake)
}
