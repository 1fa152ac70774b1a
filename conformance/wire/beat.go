package wire

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

func (l *Link) pingFrame(from Side, f codec.Frame, at time.Time) *Violation {
	m, err := codec.ParsePing(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.Ends[from]
	before := e.Ping
	e.Ping = Pinging{Waiting: true, Sent: true, At: at, t1: m.T1}
	e.pings[m.Echo] = m
	switch {
	case before.Waiting && before.strayed:
		return Broke("BEAT-012", "PING behind a PONG with another echo than that of the one before it, as if that were answered")
	case before.Waiting:
		return Broke("BEAT-005", "PING while the one before it is unanswered")
	case before.Sent && l.early(from, before, m.T1, at):
		return Broke("BEAT-006", "PING %v after the one before it, where ping_min_ms is %d",
			time.Duration(m.T1-before.t1), l.Ends[from.Other()].Hello.Limits.PingMinMS)
	}
	return nil
}

// early reports that a PING left too soon. The time of arrival alone proves nothing, because a network bunches and a busy suite
// reads late; so the sender's own stamps have to say the same.
func (l *Link) early(from Side, before Pinging, t1 int64, at time.Time) bool {
	reader := l.Ends[from.Other()].Hello
	if reader == nil {
		return false
	}
	least := time.Duration(reader.Limits.PingMinMS) * time.Millisecond
	return at.Sub(before.At) < least && time.Duration(t1-before.t1) < least-clockSlack
}

// pongFrame holds a PONG against the PING that it answers. An echo that was never sent is a PONG that answers nothing.
func (l *Link) pongFrame(from Side, f codec.Frame) *Violation {
	m, err := codec.ParsePong(f)
	if err != nil {
		return parsing(err)
	}
	asked := &l.Ends[from.Other()]
	ping, ok := asked.pings[m.Echo]
	if !ok {
		asked.Ping.strayed = true
		return brokeAt(codec.HeaderSize, "BEAT-001", "PONG with echo %016X, which no PING had", m.Echo)
	}
	if m.T1 != ping.T1 {
		return brokeAt(codec.HeaderSize+8, "BEAT-001", "PONG with t1 %d, where the PING had %d", m.T1, ping.T1)
	}
	asked.Ping.Waiting = false
	const stepped = 1
	switch {
	case !believable(m.T2) || !believable(m.T3):
		return brokeAt(codec.HeaderSize+16, "BEAT-003", "t2 %d or t3 %d is no time between 2020 and 2200 in nanoseconds", m.T2, m.T3)
	case m.T3 < m.T2 && m.Clock&stepped == 0:
		return brokeAt(codec.HeaderSize+24, "BEAT-003", "t3 is %v before t2", time.Duration(m.T2-m.T3))
	}
	return nil
}
