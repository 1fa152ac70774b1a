package conformance

import (
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Send writes packets in one piece, as a peer would that had all of them ready.
func (c *Conn) Send(packets ...Packet) { c.send(0, 0, packets) }

// SendCut writes packets in pieces of n bytes, each a write of its own (FRAME-014).
func (c *Conn) SendCut(n int, packets ...Packet) { c.send(n, 0, packets) }

// SendSlowly writes packets in pieces of n bytes, with a pause after each.
func (c *Conn) SendSlowly(n int, pause time.Duration, packets ...Packet) { c.send(n, pause, packets) }

// send takes the packets into the state of the link and writes them.
//
// A transport that has ended takes no bytes; that is not reported here, because what the peer sent before its end says more, and
// the next expectation finds it. A transport that takes no bytes and has not ended is reported.
func (c *Conn) send(cut int, pause time.Duration, packets []Packet) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	b, v := c.say(packets)
	if v != nil {
		c.t.Harness("the suite broke %v", v)
	}
	if cut <= 0 {
		cut = max(len(b), 1)
	}
	for len(b) > 0 {
		n := min(cut, len(b))
		_ = c.nc.SetWriteDeadline(time.Now().Add(c.t.timeout)) // an ended transport fails the write instead
		if _, err := c.nc.Write(b[:n]); err != nil {
			if isTimeout(err) && !c.hasEnded() {
				c.t.stop(&Failure{Verdict: Timeout, Expected: "a peer that reads", Actual: "the transport took no bytes for " + c.t.timeout.String()})
			}
			return
		}
		b = b[n:]
		if pause > 0 && len(b) > 0 {
			c.t.Sleep(pause)
		}
	}
}

// sendMany is Send for thousands of packets without a fault, which the trace has as one.
func (c *Conn) sendMany(what string, packets []Packet) {
	var b []byte
	for _, p := range packets {
		b = append(b, p.bytes...)
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	now := time.Now()
	c.mu.Lock()
	c.t.trace.add(Entry{Link: c.n, Dir: Out, What: what, faultAt: -1}, b, now)
	var wrong *wire.Violation
	for _, p := range packets {
		if v := c.said(p, now); v != nil && !c.tainted && wrong == nil {
			wrong = v
		}
	}
	c.mu.Unlock()
	if wrong != nil {
		c.t.Harness("the suite broke %v", wrong)
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.t.timeout))
	if _, err := c.nc.Write(b); err != nil && isTimeout(err) && !c.hasEnded() {
		c.t.stop(&Failure{Verdict: Timeout, Expected: "a peer that reads", Actual: "the transport took no bytes for " + c.t.timeout.String()})
	}
}

// say records packets as said, before they are written: the peer may answer at once, and the checker must know by then what it
// answers. It returns the first thing that is wrong and was not declared.
func (c *Conn) say(packets []Packet) (b []byte, wrong *wire.Violation) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range packets {
		entry := c.t.trace.add(Entry{Link: c.n, Dir: Out, What: describePacket(p), Fault: p.fault, opening: p.opening, faultAt: p.faultAt}, p.bytes, now)
		v := c.said(p, now)
		switch {
		case p.fault != "":
			if c.faulty == nil {
				c.faulty = entry
			}
			c.tainted = c.tainted || !p.opening
		case v != nil && !c.tainted && wrong == nil:
			wrong = v
			c.t.trace.mark(entry, v.String(), v.Offset)
		}
		b = append(b, p.bytes...)
	}
	return b, wrong
}

// said takes one packet into the state of the link. Of a packet that was damaged on purpose the state takes what a receiver can
// still read.
func (c *Conn) said(p Packet, now time.Time) *wire.Violation {
	if p.opening {
		o, n, err := codec.ParseOpening(p.bytes)
		if err != nil {
			return wire.Unreadable(err)
		}
		if o.Hello != nil {
			c.t.census.ownHello(o.Hello)
		}
		return c.wire.Opening(c.own, p.bytes[:n], o)
	}
	f, _, err := codec.ParseFrame(p.bytes, c.wire.MaxPayload(c.own))
	if err != nil {
		return wire.Unreadable(err)
	}
	v := c.wire.Frame(c.own, f, now)
	if v != nil && p.fault != "" && f.Type == codec.TypeOpen {
		c.wire.Open(f.Stream, c.own) // a peer that takes it answers on this stream, and that is for the case to judge
	}
	return v
}
