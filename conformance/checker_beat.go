package conformance

import (
	"time"

	"handfast/codec"
)

// clockSlack is how much less than ping_min_ms may lie between the stamps of two PINGs: the stamp is taken before the frame is
// written, and timers are coarse.
const clockSlack = 3 * time.Millisecond

// The years between which a wall clock is believed (SPEC.md chapter 9, Offset).
func believable(ns int64) bool {
	at := time.Unix(0, ns).UTC()
	return at.Year() >= 2020 && at.Year() < 2200
}

func (l *link) pingFrame(from side, f codec.Frame, at time.Time) *violation {
	m, err := codec.ParsePing(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.ends[from]
	before := e.ping
	e.ping = pinging{waiting: true, sent: true, at: at, t1: m.T1}
	e.pings[m.Echo] = m
	switch {
	case before.waiting && before.strayed:
		return broke("BEAT-012", "PING behind a PONG with another echo than that of the one before it, as if that were answered")
	case before.waiting:
		return broke("BEAT-005", "PING while the one before it is unanswered")
	case before.sent && l.early(from, before, m.T1, at):
		return broke("BEAT-006", "PING %v after the one before it, where ping_min_ms is %d",
			time.Duration(m.T1-before.t1), l.ends[from.other()].hello.Limits.PingMinMS)
	}
	return nil
}

// early reports that a PING left too soon. The time of arrival alone proves nothing, because a network bunches and a busy suite
// reads late; so the sender's own stamps have to say the same.
func (l *link) early(from side, before pinging, t1 int64, at time.Time) bool {
	reader := l.ends[from.other()].hello
	if reader == nil {
		return false
	}
	least := time.Duration(reader.Limits.PingMinMS) * time.Millisecond
	return at.Sub(before.at) < least && time.Duration(t1-before.t1) < least-clockSlack
}

// pongFrame holds a PONG against the PING that it answers. An echo that was never sent is a PONG that answers nothing.
func (l *link) pongFrame(from side, f codec.Frame) *violation {
	m, err := codec.ParsePong(f)
	if err != nil {
		return parsing(err)
	}
	asked := &l.ends[from.other()]
	ping, ok := asked.pings[m.Echo]
	if !ok {
		asked.ping.strayed = true
		return brokeAt(codec.HeaderSize, "BEAT-001", "PONG with echo %016X, which no PING had", m.Echo)
	}
	if m.T1 != ping.T1 {
		return brokeAt(codec.HeaderSize+8, "BEAT-001", "PONG with t1 %d, where the PING had %d", m.T1, ping.T1)
	}
	asked.ping.waiting = false
	const stepped = 1
	switch {
	case !believable(m.T2) || !believable(m.T3):
		return brokeAt(codec.HeaderSize+16, "BEAT-003", "t2 %d or t3 %d is no time between 2020 and 2200 in nanoseconds", m.T2, m.T3)
	case m.T3 < m.T2 && m.Clock&stepped == 0:
		return brokeAt(codec.HeaderSize+24, "BEAT-003", "t3 is %v before t2", time.Duration(m.T2-m.T3))
	}
	return nil
}
