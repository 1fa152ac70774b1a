package conformance

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"handfast/codec"
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
		c.in = append(c.in, buf[:n]...)
		c.parse(at)
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

// parse turns what has arrived into events. The caller holds mu.
func (c *Conn) parse(at time.Time) {
	for len(c.in) > 0 && !c.lost {
		n, err := c.parseOne(at)
		if errors.Is(err, codec.ErrShort) {
			return
		}
		if err != nil {
			c.lose(receiverRules(parsing(err)), at)
			return
		}
		c.in = c.in[n:]
	}
}

// parseOne takes what is next from the front of the bytes: an opening, then frames, and nothing after the last word of the peer.
func (c *Conn) parseOne(at time.Time) (int, error) {
	switch said := &c.wire.ends[peer]; {
	case said.opening == nil:
		return c.parseOpening(at)
	case said.refused:
		return 0, &codec.Error{Req: "HELLO-021", Detail: "bytes after REFUSE"}
	case said.closed:
		return 0, &codec.Error{Req: "CLOSE-002", Detail: "bytes after CLOSE"}
	}
	return c.parseFrame(at)
}

// parseOpening takes an opening from the front of the bytes.
func (c *Conn) parseOpening(at time.Time) (int, error) {
	o, n, err := codec.ParseOpening(c.in)
	if err != nil {
		return 0, err
	}
	raw := slices.Clone(c.in[:n])
	entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: describeOpening(o), opening: true, faultAt: -1}, raw, at)
	c.judge(c.wire.openingFrom(peer, raw, o), entry)
	if o.Hello != nil {
		c.judge(c.t.census.peerHello(o.Hello), entry)
	} else {
		c.due.hangUp = !c.opts.NoHangUp // HELLO-022
		notify(c.wake)
	}
	c.file(Event{Time: at, Opening: &o, entry: entry})
	return n, nil
}

// parseFrame takes a frame from the front of the bytes.
func (c *Conn) parseFrame(at time.Time) (int, error) {
	f, n, err := codec.ParseFrame(c.in, c.wire.maxPayload(peer))
	if err != nil {
		return 0, err
	}
	raw := slices.Clone(c.in[:n])
	f.Payload = raw[min(n, codec.HeaderSize):max(codec.HeaderSize, n-codec.TrailerSize)]
	if n == codec.HeaderSize {
		f.Payload = nil
	}
	entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: describeFrame(f), faultAt: -1}, raw, at)
	v := c.wire.frame(peer, f, at)
	c.judge(v, entry)
	e := Event{Time: at, Frame: &f, entry: entry}
	if codec.KnownType(f.Type) {
		if m, err := codec.ParseMessage(f); err == nil {
			e.Message = m
		}
	}
	if f.Type == codec.TypeData && v == nil {
		e.Messages = c.join(f)
	}
	c.owe(f, at)
	c.file(e)
	return n, nil
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

// lose gives up after bytes that cannot be read, or that may not be there: nothing behind them means anything.
func (c *Conn) lose(v *violation, at time.Time) {
	c.lost = true
	opening := c.wire.ends[peer].opening == nil
	entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: "bytes that are no frame", opening: opening, faultAt: v.offset}, c.in, at)
	if opening {
		entry.What = "bytes that are no opening"
	}
	c.judge(v, entry)
	c.file(Event{Time: at, Frame: &codec.Frame{}, entry: entry})
}

// finish files the end of the transport.
func (c *Conn) finish(err error, at time.Time) {
	c.ended = true
	what := "end of the transport"
	if !errors.Is(err, io.EOF) {
		what = "end of the transport (reset)"
	}
	if rest := len(c.in); rest > 0 && !c.lost {
		what += ", in the middle of a frame"
	}
	entry := c.t.trace.add(Entry{Link: c.n, Dir: In, What: what, faultAt: -1}, nil, at)
	c.file(Event{Time: at, End: err, entry: entry})
}

// judge keeps the first violation of the link. It is reported by the next expectation, or at the end of the case.
func (c *Conn) judge(v *violation, entry *Entry) {
	if v == nil {
		return
	}
	c.t.trace.mark(entry, v.String(), v.offset)
	if c.found == nil {
		c.found, c.foundIn = v, entry
	}
}

// file keeps an event for the case.
func (c *Conn) file(e Event) {
	if len(c.events) >= maxEvents {
		c.judge(broke("", "more than %d frames that nobody asked for", maxEvents), e.entry)
		return
	}
	c.events = append(c.events, e)
}
