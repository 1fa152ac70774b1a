package mutant

import (
	"math"
	"strings"
	"time"

	"handfast/codec"
)

// The bounds of this peer, between those of chapter 15. A window begins with its first frame, so that the bounds hold for any 10 s, of
// which the end of one window and the beginning of the next may share.
const (
	mostIdleFrames = 2000
	mostResets     = 200
	calmWindow     = 10 * time.Second
)

// calm counts frames of one kind in a window of time.
type calm struct {
	most  int
	since time.Time
	count int
}

// calms makes the counters of idle frames and of early RESETs.
func (p *peer) calms() (idle, resets calm) {
	idle, resets = calm{most: mostIdleFrames}, calm{most: mostResets}
	switch {
	case p.has("closes-on-a-hundred-idle-frames"):
		idle.most = 100
	case p.has("closes-on-nine-hundred-idle-frames"):
		idle.most = 900
	case p.has("bears-eleven-thousand-idle-frames"):
		idle.most = 11_000
	case p.has("bears-idle-frames"):
		idle.most = math.MaxInt
	case p.has("closes-on-ten-early-resets"):
		resets.most = 10
	case p.has("closes-on-ninety-early-resets"):
		resets.most = 90
	case p.has("bears-eleven-hundred-early-resets"):
		resets.most = 1100
	case p.has("bears-early-resets"):
		resets.most = math.MaxInt
	}
	return idle, resets
}

// over counts one more and tells whether that is too many.
func (c *calm) over(now time.Time) bool {
	if now.Sub(c.since) > calmWindow {
		c.since, c.count = now, 0
	}
	c.count++
	return c.count > c.most
}

// onIdle counts a frame that changes nothing.
func (l *link) onIdle(f codec.Frame) error {
	finished := codec.KnownType(f.Type) && f.Stream != 0 && l.stream(f.Stream) == nil
	if l.has("bears-idle-"+kindOf(f)) || finished && l.has("bears-frames-of-finished-streams") {
		return nil
	}
	if l.idle.over(time.Now()) {
		return linkFault("CALM-002", codec.CodeCalm, "%d idle frames", l.idle.count)
	}
	return nil
}

// kindOf names the kind of an idle frame.
func kindOf(f codec.Frame) string {
	if !codec.KnownType(f.Type) {
		return "unknown"
	}
	return strings.ToLower(f.Type.String())
}

// onEarlyReset counts a RESET of a stream to which this side has not sent its end.
func (l *link) onEarlyReset() error {
	if l.resets.over(time.Now()) {
		return linkFault("CALM-004", codec.CodeCalm, "%d early RESETs", l.resets.count)
	}
	return nil
}
