package main

import (
	"math"

	"handfast/testdata"
)

// heartbeatArea is chapter 9 of SPEC.md.
func heartbeatArea() *area {
	a := &area{name: "heartbeat", op: testdata.OpFrame}
	const (
		now   = 1_700_000_000_123_456_789
		stuck = "a fixed layout has one size: what is shorter was cut, and what is longer is another layout"
	)
	a.about("BEAT-001")
	a.frame("ping", "a PING", "twin of PINGs of other sizes; t1 is over 2^53", ping(1, now, 250))
	a.frame("ping-of-zeros", "a PING of zeros", "zero is a time, an echo and an error bound", ping(0, 0, 0))
	a.frame("ping-greatest", "the greatest echo and time", "echo is opaque: who reads it as a number must keep 64 unsigned bits", ping(math.MaxUint64, math.MaxInt64, math.MaxUint32))
	a.frame("ping-echo-2-53-and-1", "echo 2^53+1", "a reader that keeps numbers in doubles sends another echo back, and the PING is never answered", ping(1<<53+1, now, 0))
	a.frame("ping-echo-2-63", "echo 2^63", "negative in 64 signed bits", ping(1<<63, now, 0))
	a.frame("ping-before-1970", "t1 of -1 ns", "times are signed", ping(1, -1, 0))
	a.frame("ping-least-time", "t1 of -2^63 ns", "the differences of times overflow", ping(1, math.MinInt64, 0))
	a.frame("ping-error-unknown", "err_us FFFFFFFF", "unknown, and not 4295 s", ping(1, now, math.MaxUint32))
	a.about("FRAME-008")
	a.strange("ping-reserved-set", "a PING whose last field is set", "reserved is ignored", said{ping(1, now, 250).short(4).long("ffffffff"), ping(1, now, 250).form})

	a.about("BEAT-001", "BEAT-003")
	a.frame("pong", "a PONG", "twin of PONGs of other sizes; its times are over 2^53", pong(1, now, now+5_000_000, now+5_010_000, 10, 250, 0))
	a.frame("pong-greatest", "the greatest of each field", "each keeps all of its bits", pong(math.MaxUint64, math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxUint32, math.MaxUint32, 1))
	a.frame("pong-least-times", "times of -2^63", "times are signed", pong(0, math.MinInt64, math.MinInt64, math.MinInt64, 0, 0, 0))
	a.frame("pong-stepped", "a PONG of a clock that was stepped", "t3 lies before t2: no fault, and a sample to be dropped", pong(1, now, now, now-1, 10, 250, 1))
	a.frame("pong-long-hold", "a PONG that waited 71 minutes", "hold_us is unsigned", pong(1, now, now, now, math.MaxUint32, 0, 0))
	a.about("FRAME-008")
	a.strange("pong-other-clock-bits", "a PONG with clock FFFFFFFE", "only bit 1 means something: it is not set here",
		said{pong(1, now, now, now, 0, 0, math.MaxUint32-1).frame, pong(1, now, now, now, 0, 0, 0).form})
	a.strange("pong-reserved-set", "a PONG whose last field is set", "reserved is ignored", said{pong(1, now, now, now, 0, 0, 1).short(4).long("00000001"), pong(1, now, now, now, 0, 0, 1).form})

	a.about()
	size := encoding("FRAME-010", 4)
	p, q := ping(1, now, 250).frame, pong(1, now, now+5_000_000, now+5_010_000, 10, 250, 0).frame
	a.no("ping-of-0", "ping", size, "a PING without payload", "PINGs of other protocols carry nothing", p.saying("").hexed())
	a.no("ping-of-8", "ping", size, "a PING of 8 bytes", "PINGs of HTTP/2 carry 8 bytes", p.short(16).hexed())
	a.no("ping-of-20", "ping", size, "a PING without reserved", "an encoder that leaves out what means nothing", p.short(4).hexed())
	a.no("ping-of-23", "ping", size, "a PING of 23 bytes", stuck, p.short(1).hexed())
	a.no("ping-of-25", "ping", size, "a PING of 25 bytes", stuck, p.long("00").hexed())
	a.no("ping-of-48", "ping", size, "a PING of the size of a PONG", stuck, p.long(rep("00", 24)).hexed())
	a.no("pong-of-0", "pong", size, "a PONG without payload", stuck, q.saying("").hexed())
	a.no("pong-of-24", "pong", size, "a PONG of the size of a PING", "the PING sent back as it came", q.short(24).hexed())
	a.no("pong-of-47", "pong", size, "a PONG of 47 bytes", stuck, q.short(1).hexed())
	a.no("pong-of-49", "pong", size, "a PONG of 49 bytes", stuck, q.long("00").hexed())
	return a
}
