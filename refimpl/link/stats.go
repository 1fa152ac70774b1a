package link

import (
	"sync/atomic"
	"time"

	"handfast/codec"
)

type counters struct {
	framesIn, bytesIn, streamsIn atomic.Uint64
}

// Stats is a snapshot of one link.
type Stats struct {
	Open       time.Duration // since the opening
	Streams    int           // open now
	StreamsIn  uint64        // opened by the other side so far
	StreamsOut uint64        // opened by this side so far
	FramesIn   uint64
	BytesIn    uint64
	BytesOut   uint64
	Writes     uint64 // calls of the transport
	Unread     uint64 // charge that has arrived and was not consumed
	Unsent     int    // bytes of Config.MaxUnsent that messages hold which the transport has not taken
	Clock      Clock
	Suspect    bool // a whole PING interval has passed without PONG
	Draining   bool
}

// Stats reads the counters. They are not taken at one instant.
func (l *Link) Stats() Stats {
	now := l.now()
	l.beatMu.Lock()
	clock, suspect := l.clock.Clock(now), l.beat.Suspect(now)
	l.beatMu.Unlock()
	l.creditMu.Lock()
	unread := l.window.Outstanding()
	l.creditMu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{
		Open: time.Since(l.opened), Streams: len(l.streams), StreamsIn: l.stats.streamsIn.Load(), StreamsOut: (uint64(l.lastOwn) + 1) / 2,
		FramesIn: l.stats.framesIn.Load(), BytesIn: l.stats.bytesIn.Load(), BytesOut: l.w.bytes.Load(), Writes: l.w.writes.Load(),
		Unread: unread, Unsent: l.w.unsent.held(), Clock: clock, Suspect: suspect, Draining: l.draining,
	}
}

// Limits are what this side has stated in HELLO.
func (l *Link) Limits() codec.Limits { return l.limits }
