package conformance

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// maxEvents bounds what a peer can make the suite keep on one link. No case lets that much arrive.
const maxEvents = 1 << 18

// Event is one thing that the peer did: an opening, a frame, or the end of the transport. FIN and RST are the same event: which of
// them a peer's kernel sends depends on whether bytes were left unread, which is nobody's decision.
type Event struct {
	Time     time.Time
	Opening  *codec.Opening
	Frame    *codec.Frame  // nil for other events
	Message  codec.Message // of Frame; nil for a type that codec does not know
	Messages [][]byte      // whole messages of the stream that this DATA has completed
	End      error         // the end of the transport: io.EOF, or what the kernel says
	entry    *Entry
}

// read takes in everything that the peer sends, until the transport ends. It never writes, so that reading waits for nobody.
func (c *Conn) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.nc.Read(buf)
		at := time.Now()
		if err != nil && isTimeout(err) {
			err = c.waitForResume() // only Pause sets a deadline for reading
		}
		if errors.Is(err, net.ErrClosed) {
			return // the suite's own end of the transport says nothing about the peer
		}
		c.mu.Lock()
		c.take(buf[:n], at)
		if err != nil {
			c.finish(err, at)
		}
		c.mu.Unlock()
		notify(c.arrived)
		if err != nil {
			return
		}
	}
}

// notify fills a channel of capacity 1, whose reader looks at the state and not at the number of notices.
func notify(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Pause stops the reading. What was read until then stays.
func (c *Conn) Pause() {
	c.mu.Lock()
	c.paused = true
	c.mu.Unlock()
	_ = c.nc.SetReadDeadline(time.Now()) // wakes the reader; an ended transport has no reader to wake
}

// Resume goes on reading.
func (c *Conn) Resume() {
	c.mu.Lock()
	was := c.paused
	c.paused = false
	c.mu.Unlock()
	if was {
		notify(c.resume)
	}
}

// waitForResume blocks the reader of a paused link.
func (c *Conn) waitForResume() error {
	select {
	case <-c.resume:
		return c.nc.SetReadDeadline(time.Time{})
	case <-c.stopped:
		return net.ErrClosed
	}
}

// take files what has arrived. The caller holds mu.
func (c *Conn) take(b []byte, at time.Time) {
	for _, item := range c.in.Feed(b, at) {
		switch {
		case item.Opening != nil:
			c.takeOpening(item)
		case item.Frame != nil:
			c.takeFrame(item)
		default: // nothing behind it means anything
			c.lost = true
			opening := c.wire.Ends[c.other].Opening == nil
			entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: item.What, opening: opening, faultAt: item.Violation.Offset}, item.Bytes, at)
			c.judge(item.Violation, entry)
			c.file(Event{Time: at, Frame: &codec.Frame{}, entry: entry})
		}
	}
}

// takeOpening files an opening.
func (c *Conn) takeOpening(item wire.Item) {
	entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: item.What, opening: true, faultAt: -1}, item.Bytes, item.At)
	c.judge(item.Violation, entry)
	if h := item.Opening.Hello; h != nil {
		c.judge(c.t.census.peerHello(h), entry)
	} else {
		c.due.hangUp = !c.opts.NoHangUp // HELLO-022
		notify(c.wake)
	}
	c.file(Event{Time: item.At, Opening: item.Opening, entry: entry})
}

// takeFrame files a frame and notes what it calls for.
func (c *Conn) takeFrame(item wire.Item) {
	f := *item.Frame
	entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: item.What, faultAt: -1}, item.Bytes, item.At)
	c.judge(item.Violation, entry)
	e := Event{Time: item.At, Frame: item.Frame, entry: entry}
	if codec.KnownType(f.Type) {
		if m, err := codec.ParseMessage(f); err == nil {
			e.Message = m
		}
	}
	if f.Type == codec.TypeData && item.Violation == nil {
		e.Messages = c.join(f)
	}
	c.owe(f, item.At)
	c.file(e)
}

// join completes messages from the pieces of a DATA that the checker found good.
func (c *Conn) join(f codec.Frame) [][]byte {
	pieces, err := codec.ParseData(f)
	if err != nil {
		return nil
	}
	var whole [][]byte
	more := f.Flags&codec.FlagMore != 0
	for i, count := 0, pieces.Count(); i < count; i++ {
		piece, _ := pieces.Next()
		message := append(c.partial[f.Stream], piece...)
		if i == count-1 && more {
			c.partial[f.Stream] = message
			break
		}
		delete(c.partial, f.Stream)
		whole = append(whole, bytes.Clone(message))
	}
	return whole
}

// finish files the end of the transport.
func (c *Conn) finish(err error, at time.Time) {
	c.ended = true
	what := "end of the transport"
	if !errors.Is(err, io.EOF) {
		what = "end of the transport (reset)"
	}
	if c.in.Rest() > 0 {
		what += ", in the middle of a frame"
	}
	entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: what, faultAt: -1}, nil, at)
	c.file(Event{Time: at, End: err, entry: entry})
}

// judge keeps the first violation of the link. It is reported by the next expectation, or at the end of the case.
func (c *Conn) judge(v *wire.Violation, entry *Entry) {
	if v == nil {
		return
	}
	c.t.trace.mark(entry, v.String(), v.Offset)
	if c.found == nil {
		c.found, c.foundIn = v, entry
	}
}

// file keeps an event for the case.
func (c *Conn) file(e Event) {
	if len(c.events) >= maxEvents {
		c.judge(wire.Broke("", "more than %d frames that nobody asked for", maxEvents), e.entry)
		return
	}
	c.events = append(c.events, e)
}
