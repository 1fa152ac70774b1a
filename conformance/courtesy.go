package conformance

import (
	"slices"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// The driver does by itself what every peer owes: PONG, CREDIT, an answer to OPEN. As the specification asks (CRED-010),
// each debt is state with one place and not a queue, and it is paid by a goroutine that is not the reader's.

// duties are the debts of one link.
type duties struct {
	pong   *codec.Ping // newest PING
	at     time.Time   // when it was read
	grant  []uint32    // streams, 0 for the link, whose grant is to be raised
	reject []uint32    // streams that the peer opened; bounded by what the suite granted
	hangUp bool
}

// owe notes what a frame of the peer calls for. The caller holds mu.
func (c *Conn) owe(f codec.Frame, at time.Time) {
	switch f.Type {
	case codec.TypePing:
		if m, err := codec.ParsePing(f); err == nil && !c.opts.NoPong {
			c.due.pong, c.due.at = &m, at
		}
	case codec.TypeData, codec.TypeRecords:
		c.oweCredit(0)
		c.oweCredit(f.Stream)
	case codec.TypeOpen:
		if s := c.wire.Streams[f.Stream]; s != nil && s.Opener == c.other && !c.serves(f) {
			c.due.reject = append(c.due.reject, f.Stream)
		}
	case codec.TypeClose:
		c.due.hangUp = !c.opts.NoHangUp
	}
	notify(c.wake)
}

// serves tells an OPEN that the case itself answers, as the callee or responder, or as the receiver of a channel.
func (c *Conn) serves(f codec.Frame) bool {
	m, err := codec.ParseOpen(f)
	if err != nil {
		return false
	}
	switch m.Proto {
	case "call", syncProto:
		return c.own == wire.Acceptor
	case realtimeProto:
		return c.own == wire.Acceptor && m.Channel != nil
	}
	return m.Proto == mirrorProto && m.Channel != nil
}

// oweCredit raises a grant when half of its window is used.
func (c *Conn) oweCredit(id uint32) {
	if c.opts.NoCredit || slices.Contains(c.due.grant, id) {
		return
	}
	if grant, used, window, ok := c.window(id); ok && grant-min(grant, used) < window/2 {
		c.due.grant = append(c.due.grant, id)
	}
}

// window gives what the suite granted on a stream, or on the link, what the peer used of it, and the size of the first grant.
func (c *Conn) window(id uint32) (grant, used, window uint64, ok bool) {
	hello := c.wire.Ends[c.own].Hello
	if hello == nil {
		return 0, 0, 0, false
	}
	if id == 0 {
		return c.wire.Ends[c.own].LinkGrant, c.wire.Ends[c.other].LinkCharge, hello.Limits.LinkCredit, true
	}
	s := c.wire.Streams[id]
	if s == nil || s.Finished() || s.Halves[c.other].Fin {
		return 0, 0, 0, false
	}
	return s.Halves[c.own].Grant, s.Halves[c.other].Charge, hello.Limits.StreamCredit, true
}

// courtesies pays the debts of the link as they come up.
func (c *Conn) courtesies() {
	for {
		select {
		case <-c.wake:
		case <-c.stopped:
			return
		}
		packets, hangUp := c.settle()
		if len(packets) > 0 {
			c.oblige(packets)
		}
		if hangUp {
			c.HangUp()
		}
	}
}

// settle turns the debts into packets.
func (c *Conn) settle() (packets []Packet, hangUp bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.due
	c.due = duties{}
	if c.wire.Ends[c.own].Closed || c.wire.Ends[c.other].Closed {
		return nil, d.hangUp
	}
	if d.pong != nil {
		now := time.Now()
		packets = append(packets, Message(codec.Pong{
			Echo: d.pong.Echo, T1: d.pong.T1, T2: d.at.UnixNano(), T3: max(now.UnixNano(), d.at.UnixNano()),
			HoldUS: uint32(now.Sub(d.at).Microseconds()), ErrUS: codec.UnknownError,
		}))
	}
	for _, id := range d.grant {
		if _, used, window, ok := c.window(id); ok {
			packets = append(packets, Message(codec.Credit{Stream: id, Max: used + window}))
		}
	}
	for _, id := range d.reject {
		packets = append(packets, Message(codec.Reject{Stream: id, Code: codec.CodeRefused, RetryMS: codec.RetryNever}))
	}
	return packets, d.hangUp
}

// oblige writes courtesies. Unlike Send it reports nothing: it is not the case's goroutine, and a case that cares about the
// transport meets its end by itself.
func (c *Conn) oblige(packets []Packet) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.isClosed() {
		return // the case has sent CLOSE in between, after which nothing may follow
	}
	b, _ := c.say(packets)
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.t.timeout))
	_, _ = c.nc.Write(b)
}

// isClosed reports whether the suite has sent CLOSE.
func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wire.Ends[c.own].Closed
}
