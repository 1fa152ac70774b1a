package link

import (
	"math"
	"slices"
	"time"

	"handfast/codec"
)

// resetPace counts this side's early RESETs, so that an honest program that gives up many streams at once stays within
// what every receiver tolerates (CALM-003). It is a pure core.
type resetPace struct {
	sent []int64 // monotonic ns of the newest RESETS_MIN, a ring once it is full; nil until the first
	next int     // the oldest of a full ring
}

// resetWindow is the time in which RESETS_MIN early RESETs are sent: the receiver's 10 s, and 2 s for a path whose delay
// varies. Where RESETs are delayed by more than that and then arrive together, a receiver may still count too many.
const resetWindow = 12 * time.Second

// take says whether a RESET may be sent at the monotonic time now (ns), and counts it.
func (p *resetPace) take(now int64) bool {
	if len(p.sent) < codec.ResetsMin {
		p.sent = append(p.sent, now)
		return true
	}
	if now < p.due() {
		return false
	}
	p.sent[p.next] = now
	p.next = (p.next + 1) % len(p.sent)
	return true
}

// due is when the next one may be sent, in monotonic ns. It is asked for when take has refused.
func (p *resetPace) due() int64 { return p.sent[p.next] + int64(resetWindow) }

// lateReset is a RESET of a stream that has ended here, and waits to be said.
type lateReset struct {
	id  uint32
	say func(b []byte) []byte
}

// maxLate is how many RESETs may wait: with more of them no stream is opened.
const maxLate = codec.ResetsMin

// sayReset sends RESET, or keeps it until it may be sent. early says that the other side counts it: this side has opened the
// stream, and has not had an end from the other.
func (l *Link) sayReset(id uint32, early bool, say func(b []byte) []byte) {
	if !early {
		_ = l.w.queue(say)
		return
	}
	now := l.now()
	l.resetMu.Lock()
	if len(l.late) == 0 && l.pace.take(now) {
		l.resetMu.Unlock()
		_ = l.w.queue(say)
		return
	}
	l.late = append(l.late, lateReset{id, say})
	l.lateCount.Store(int32(len(l.late)))
	due := l.pace.due()
	l.resetMu.Unlock()
	l.tickIn(time.Duration(max(due-now, 0)))
}

// sendLate sends the RESETs that may be sent by now, and gives when the next may; a time that never comes if none waits.
func (l *Link) sendLate(now int64) int64 {
	if l.lateCount.Load() == 0 {
		return math.MaxInt64
	}
	l.resetMu.Lock()
	n := 0
	for n < len(l.late) && l.pace.take(now) {
		_ = l.w.queue(l.late[n].say)
		n++
	}
	l.late = slices.Delete(l.late, 0, n)
	l.lateCount.Store(int32(len(l.late)))
	next := int64(math.MaxInt64)
	if len(l.late) > 0 {
		next = l.pace.due()
	}
	l.resetMu.Unlock()
	l.lateSent()
	return next
}

// endedThere notes that the other side has ended its direction of a stream that this side has forgotten. A RESET that waits is
// not early any more; if the whole stream has ended there is nothing left to be reset.
func (l *Link) endedThere(id uint32, whole bool) {
	if l.lateCount.Load() == 0 {
		return
	}
	l.resetMu.Lock()
	i := slices.IndexFunc(l.late, func(r lateReset) bool { return r.id == id })
	if i < 0 {
		l.resetMu.Unlock()
		return
	}
	say := l.late[i].say
	l.late = slices.Delete(l.late, i, i+1)
	l.lateCount.Store(int32(len(l.late)))
	l.resetMu.Unlock()
	if !whole {
		_ = l.w.queue(say)
	}
	l.lateSent()
}

// lateSent wakes those who wait for RESETs to be sent: Open, and Drain.
func (l *Link) lateSent() {
	l.mu.Lock()
	l.slotCond.Broadcast()
	l.empty.Broadcast()
	l.mu.Unlock()
}
