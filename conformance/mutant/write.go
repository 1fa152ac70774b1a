package mutant

import (
	"errors"
	"net"
	"os"
	"time"

	"handfast/codec"
)

// fullQueue is how many bytes may wait to be written before calls have to wait.
const fullQueue = 64 << 10

// out is what waits to be written. What is owed as a reply is state with one place each and never a queue (CRED-010); the queue holds DATA,
// which waits for room, and one or two frames for each stream that was granted.
type out struct {
	queue []byte

	pong    *codec.Ping // newest PING that is not answered
	pongAt  time.Time   // when it was read
	ping    bool        // a PING is due
	credits map[uint32]bool
	kept    []byte          // ACKs of a peer that keeps every one
	acks    map[uint32]bool // streams whose intake has one that is due
	slots   bool            // STREAMS is due
	granted uint64          // streams that were granted
	last    bool            // the queue ends with CLOSE
}

// pushFin queues a DATA with FIN and nothing else, which costs nothing.
func (l *link) pushFin(id uint32) {
	l.push(codec.Data{Stream: id, Pieces: codec.NewPieces(codec.FlagFin)}.AppendFrame(nil))
}

// push queues a frame. The caller holds mu.
func (l *link) push(b []byte) {
	if l.last {
		return // nothing follows CLOSE (CLOSE-002)
	}
	l.queue = append(l.queue, b...)
	l.changed.Broadcast()
}

// owes tells whether there is something to write.
func (o *out) owes() bool {
	return len(o.queue) > 0 || o.pong != nil || o.ping || o.slots || len(o.credits) > 0 || len(o.acks) > 0
}

// write writes what is due until the link is gone, or CLOSE was written, or the transport takes nothing any more.
func (l *link) write() {
	for {
		b, last := l.collect()
		if b == nil {
			return
		}
		if !l.put(b) {
			l.abort() // ends the reader
			return
		}
		if last {
			return
		}
	}
}

// collect waits until something is due and turns all of it into bytes; nil when the link is gone.
func (l *link) collect() (b []byte, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(b) == 0 { // what is owed may have become needless
		for !l.owes() && !l.gone {
			l.changed.Wait()
		}
		if l.gone {
			return nil, false
		}
		b = append(l.appendReplies(nil), l.queue...)
		l.queue = nil
	}
	l.changed.Broadcast() // there is room again
	return b, l.last
}

// appendReplies appends what is owed. A grant counts from the moment in which it is written.
func (l *link) appendReplies(b []byte) []byte {
	if l.pong != nil {
		b = append(b, l.makePong()...)
		l.pong = nil
	}
	if l.ping {
		b = l.appendPing(b)
		l.ping = false
	}
	if l.slots {
		l.granted = l.self.Limits.Streams + l.ended
		b = codec.Streams{Max: l.granted}.AppendFrame(b)
		l.slots = false
	}
	for id := range l.credits {
		if c := l.creditOf(id); c != nil {
			b = codec.Credit{Stream: id, Max: c.grant()}.AppendFrame(b)
		}
	}
	clear(l.credits)
	b, l.kept = append(b, l.kept...), nil
	for id := range l.acks {
		if s := l.stream(id); s != nil && s.intake.ack != nil {
			if more, err := s.intake.ack.AppendFrame(b); err == nil {
				b = more
			}
			s.intake.ack = nil
		}
	}
	clear(l.acks)
	return b
}

// abort ends a transport that takes no bytes, and what the kernel still keeps for it, which would never arrive.
func (l *link) abort() {
	raw := l.nc
	if l.secure != nil {
		raw = l.secure.NetConn()
		if p, ok := raw.(peeked); ok {
			raw = p.Conn
		}
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = raw.Close()
}

// put writes bytes. It gives up when the transport has taken none for twice the silence limit (BEAT-013). To see when the last byte was
// taken it writes for a moment at a time, but for TLS, where a write that was interrupted cannot go on.
func (l *link) put(b []byte) bool {
	limit := 2 * l.silence()
	slice := min(limit, 4*tick)
	if l.secure != nil {
		slice = limit
	}
	for last := time.Now(); len(b) > 0; {
		_ = l.nc.SetWriteDeadline(time.Now().Add(slice))
		n, err := l.nc.Write(b)
		b = b[n:]
		if n > 0 {
			last = time.Now()
		}
		stalled := time.Since(last) >= limit && !l.has("waits-for-ever-to-write")
		if err != nil && (stalled || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return false
		}
	}
	return true
}
