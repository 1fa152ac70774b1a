package link

import (
	"time"

	"handfast/codec"
)

// Heartbeat decides when to PING, what a PONG says, and when the other side is gone (chapter 9). It is a pure core: it has
// no clock and no socket. Its owner serialises calls, passes the monotonic time in ns with each event, and calls
// [Heartbeat.Tick] at the latest at the time that the last call returned.
//
// The states are those of SPEC.md chapter 16: QUIET, WAITING, SUSPECT.
type Heartbeat struct {
	interval int64 // effective PING interval, ns
	silence  int64 // effective silence limit, ns
	early    int64 // a PING closer than this to the one before is early, ns

	lastHeard int64 // newest whole frame
	lastPing  int64 // newest PING of ours, or READY
	echo      uint64
	waiting   bool  // a PING is unanswered
	writing   int64 // since when bytes wait that the transport does not take; 0: none wait

	heardPing int64 // newest PING of the other side
	pinged    bool
	strikes   int
}

// strikeLimit is where this peer loses patience, between STRIKES_MIN and STRIKES_MAX (BEAT-010, BEAT-011, OPT-005).
const strikeLimit = 8

// NewHeartbeat begins at the monotonic time now (ns), which is when READY was read.
func NewHeartbeat(own, peer codec.Limits, now int64) Heartbeat {
	interval := max(own.PingMS, peer.PingMinMS)
	silence := max(own.IdleMS, 3*interval)
	return Heartbeat{
		interval:  int64(interval) * int64(time.Millisecond),
		silence:   int64(silence) * int64(time.Millisecond),
		early:     int64(own.PingMinMS) * int64(time.Millisecond) / 2,
		lastHeard: now,
		lastPing:  now,
	}
}

// Heard notes a whole frame (BEAT-008).
func (h *Heartbeat) Heard(now int64) { h.lastHeard = now }

// Writing notes since when bytes wait of which the transport has taken nothing; 0 when none wait.
func (h *Heartbeat) Writing(since int64) { h.writing = since }

// Ping takes a PING of the other side. False means that its PINGs are no longer tolerated: CLOSE(CALM).
func (h *Heartbeat) Ping(now int64) bool {
	early := h.pinged && now-h.heardPing < h.early
	h.pinged, h.heardPing = true, now
	if !early {
		h.strikes = 0
		return true
	}
	h.strikes++
	return h.strikes < strikeLimit
}

// Sent notes when a PING that Tick has asked for was written. A busy machine may take long for that, and neither the distance
// between two PINGs (BEAT-006) nor the round trip begins before.
func (h *Heartbeat) Sent(now int64) {
	if h.waiting {
		h.lastPing = now
	}
}

// Pong takes a PONG. It gives the round trip without the hold time, and true, when it answers the unanswered PING
// (BEAT-012).
func (h *Heartbeat) Pong(p codec.Pong, now int64) (rtt time.Duration, ok bool) {
	if !h.waiting || p.Echo != h.echo {
		return 0, false
	}
	h.waiting = false
	rtt = time.Duration(now-h.lastPing) - time.Duration(p.HoldUS)*time.Microsecond
	return max(rtt, time.Microsecond), true
}

// Beat is what a tick asks its owner to do.
type Beat struct {
	Ping bool       // send a PING with Echo
	Echo uint64     // opaque to the other side
	End  codec.Code // IDLE: send CLOSE; SEND_STALL: end the transport; NO_ERROR: go on
	Next int64      // monotonic time of the next tick, ns
}

// Suspect says whether a whole interval has passed without the PONG that is due.
func (h *Heartbeat) Suspect(now int64) bool { return h.waiting && now-h.lastPing >= h.interval }

// Tick looks at the time (BEAT-004, BEAT-005, BEAT-006, BEAT-007, BEAT-013).
func (h *Heartbeat) Tick(now int64) Beat {
	idleAt := h.lastHeard + h.silence
	if now >= idleAt {
		return Beat{End: codec.CodeIdle}
	}
	next := idleAt
	if h.writing != 0 {
		stallAt := h.writing + 2*h.silence
		if now >= stallAt {
			return Beat{End: codec.CodeSendStall}
		}
		next = min(next, stallAt)
	}
	b := Beat{}
	if !h.waiting && now >= h.lastPing+h.interval {
		h.waiting, h.lastPing = true, now
		h.echo++
		b.Ping, b.Echo = true, h.echo
	}
	if !h.waiting {
		next = min(next, h.lastPing+h.interval)
	}
	b.Next = next
	return b
}
