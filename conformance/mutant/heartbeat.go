package mutant

import (
	"math"
	mathrand "math/rand/v2"
	"time"

	"handfast/codec"
)

// tick is how often a link looks at the time.
const tick = 5 * time.Millisecond

// beat is the state of the heartbeat.
type beat struct {
	waiting  bool // a PING is unanswered
	echo     uint64
	lastPing time.Time // when the last PING was made; before the first, when READY came
	heard    time.Time // arrival of the other side's last PING
	early    int       // its early PINGs in a row
}

// interval is the effective PING interval.
func (l *link) interval() time.Duration {
	if l.has("pings-sooner-than-tolerated") {
		return time.Duration(l.self.Limits.PingMS) * time.Millisecond
	}
	return time.Duration(max(l.self.Limits.PingMS, l.other.Limits.PingMinMS)) * time.Millisecond
}

// silence is the effective silence limit.
func (l *link) silence() time.Duration {
	idle := time.Duration(l.self.Limits.IdleMS) * time.Millisecond
	if l.has("forgets-that-intervals-count") {
		return idle
	}
	return max(idle, 3*l.interval())
}

// watch does what the time asks for, until reading has ended.
func (l *link) watch() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			l.answer(l.onTime(now))
		case <-l.stopped:
			return
		}
	}
}

// onTime looks at every timer of the link. It takes mu by itself.
func (l *link) onTime(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ready || l.closing {
		return nil
	}
	if now.Sub(l.alive) > l.silence() && !l.has("bears-silence") {
		return linkFault("BEAT-007", codec.CodeIdle, "nothing has come for %v", l.silence())
	}
	if l.pingDue(now) {
		l.ping = true
		l.changed.Broadcast()
	}
	for _, s := range l.streams {
		if s.overdue(now) {
			return &fault{req: "DATA-007", code: codec.CodeMessageTimeout, stream: s.id, text: "the message is not complete"}
		}
	}
	return nil
}

// pingDue tells whether it is time for a PING (BEAT-004, BEAT-005).
func (l *link) pingDue(now time.Time) bool {
	if l.has("never-pings") || l.has("pings-once") && l.echo != 0 {
		return false
	}
	waiting := l.waiting && !l.has("pings-while-it-waits")
	return !waiting && !l.ping && now.Sub(l.lastPing) >= l.interval()
}

// appendPing makes a PING.
func (l *link) appendPing(b []byte) []byte {
	l.waiting, l.echo, l.lastPing = true, mathrand.Uint64(), time.Now()
	return codec.Ping{Echo: l.echo, T1: l.lastPing.UnixNano(), ErrUS: codec.UnknownError}.AppendFrame(b)
}

// makePong answers the newest PING.
func (l *link) makePong() []byte {
	hold := time.Since(l.pongAt)
	m := codec.Pong{
		Echo: l.pong.Echo, T1: l.pong.T1,
		T2: l.pongAt.UnixNano(), T3: l.pongAt.Add(hold).UnixNano(),
		HoldUS: uint32(hold.Microseconds()), ErrUS: codec.UnknownError,
	}
	switch {
	case l.has("answers-with-another-echo"):
		m.Echo ^= 1
	case l.has("answers-with-its-own-t1"):
		m.T1 = m.T2
	case l.has("states-microseconds"):
		m.T2, m.T3 = m.T2/1000, m.T3/1000
	case l.has("answers-before-it-was-asked"):
		m.T3 = m.T2 - int64(time.Millisecond)
	}
	b := m.AppendFrame(nil)
	switch {
	case l.has("leaves-pings-unanswered"):
		return nil
	case l.has("sends-reserved-bits"):
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypePong, Reserved: 1}, b[codec.HeaderSize:len(b)-codec.TrailerSize])
	case l.has("sends-undefined-flags"):
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypePong, Flags: 0x40}, b[codec.HeaderSize:len(b)-codec.TrailerSize])
	}
	return b
}

func (l *link) onPing(f codec.Frame) error {
	m, err := codec.ParsePing(f)
	if err != nil {
		return err
	}
	now := time.Now()
	least := time.Duration(l.self.Limits.PingMinMS) * time.Millisecond / 2
	if !l.heard.IsZero() && now.Sub(l.heard) < least {
		l.early++
	} else {
		l.early = 0
	}
	l.heard = now
	if l.early >= l.p.strikes() {
		return linkFault("BEAT-010", codec.CodeCalm, "%d PINGs in a row came early", l.early)
	}
	owe := func() {
		l.pong, l.pongAt = &m, now
		l.changed.Broadcast()
	}
	if l.has("answers-pings-late") {
		l.later(1500*time.Millisecond, owe)
		return nil
	}
	owe()
	return nil
}

// strikes is the number of early PINGs in a row that ends a link. The specification tolerates 3 and does not tolerate 16.
func (p *peer) strikes() int {
	switch {
	case p.has("bears-early-pings"):
		return math.MaxInt
	case p.has("bears-twenty-early-pings"):
		return 21
	case p.has("closes-on-the-third-early-ping"):
		return codec.StrikesMin
	case p.has("closes-on-the-first-early-ping"):
		return 1
	}
	return 8
}

// later does something after a time, unless the link has ended by then.
func (l *link) later(d time.Duration, do func()) {
	l.work.Go(func() { // ends after d, or with the link
		select {
		case <-time.After(d):
			l.mu.Lock()
			defer l.mu.Unlock()
			do()
		case <-l.ctx.Done():
		}
	})
}

func (l *link) onPong(f codec.Frame) error {
	m, err := codec.ParsePong(f)
	if err != nil {
		return err
	}
	if !l.waiting || m.Echo != l.echo && !l.has("takes-any-pong") {
		if l.has("closes-on-stray-pongs") {
			return linkFault("BEAT-012", codec.CodeState, "PONG without its PING")
		}
		return l.onIdle(f)
	}
	l.waiting = false
	return nil
}
