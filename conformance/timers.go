package conformance

import "time"

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
