package mutant

import (
	"context"
	"strings"
	"time"

	"handfast/codec"
)

// stream is one stream of the dialer. Fields are guarded by mu of the link.
type stream struct {
	l      *link
	id     uint32
	born   time.Time
	finIn  bool // the dialer has sent FIN
	finOut bool // this side has sent FIN
	dead   bool // one side has sent RESET

	ctx       context.Context // of the call; ends with the stream
	cancel    context.CancelFunc
	requested bool // the REQUEST has come
	working   bool // a method runs
	wantsArgs bool // and takes ARGs
	sending   bool // it is in the middle of a message
	stopping  bool // of a peer that stops at the other's FIN
	inbox     []message

	caller *caller // of a stream that this side has opened, nil for others
	intake *intake // of a stream on which the other side sends a channel
	outlet *outlet // of a stream on which this side sends a channel

	session *session // of a stream of sync

	credit  credit
	held    uint64 // charge on the link of what was received and not consumed
	late    uint64 // charge of joined pieces, of a peer that grants it late
	partial []byte
	joining bool
	since   time.Time // arrival of the first piece of partial
}

// message is one whole message with what its consumption gives back.
type message struct {
	bytes  []byte
	charge uint64
}

// over tells whether both directions have ended.
func (s *stream) over() bool { return s.dead || s.finIn && s.finOut }

// stream finds a stream that is open; nil for one that was never opened or is finished.
func (l *link) stream(id uint32) *stream {
	s := l.streams[id]
	if s == nil || s.over() {
		return nil
	}
	return s
}

// unopened tells ids that nobody has opened.
func (l *link) unopened(id uint32) bool {
	switch {
	case l.has("takes-even-ids") && l.streams[id] != nil:
		return false
	case l.own(id):
		return id == 0 || id > l.ownLast
	}
	return id > l.lastID
}

// own tells an id that this side opens: even for an acceptor, odd for a dialer.
func (l *link) own(id uint32) bool { return (id%2 == 1) == l.dialer }

// onUnopened answers a frame on a stream that was never opened.
func (l *link) onUnopened(f codec.Frame) error {
	own := l.own(f.Stream)
	if own && l.has("ignores-frames-of-its-own-ids") || !own && l.has("ignores-"+strings.ToLower(f.Type.String())+"-of-unopened-streams") {
		return l.onIdle(f)
	}
	return linkFault("STRM-012", codec.CodeState, "%v on stream %d, which was never opened", f.Type, f.Stream)
}

// freeSlot grants one more stream.
func (l *link) freeSlot() {
	l.ended++
	l.slots = !l.has("never-grants-streams")
	l.changed.Broadcast()
}

// settle forgets a stream that is finished and whose work has ended, and frees its slot (STRM-009, STRM-010).
func (s *stream) settle() {
	if !s.over() {
		return
	}
	s.leaveChannel()
	s.cancel()
	s.inbox, s.partial, s.joining = nil, nil, false
	if !s.l.has("keeps-the-charge-of-dropped-data") {
		s.l.back(&s.l.credit, 0, s.held) // what is left of it was dropped
	}
	s.held = 0
	if !s.working && s.l.streams[s.id] == s {
		delete(s.l.streams, s.id)
		if s.caller == nil && (!s.dead || !s.l.has("keeps-the-slots-of-reset-streams")) {
			s.l.freeSlot()
		}
	}
	s.l.changed.Broadcast()
}

// reset ends a stream with RESET.
func (l *link) reset(s *stream, f *fault) {
	if s.intake != nil {
		l.p.shelf.mu.Lock()
		if !l.has("applies-on-after-its-reset") {
			s.intake.dropped()
		}
		l.p.shelf.mu.Unlock()
	}
	code, _ := l.p.twist(f)
	b := codec.Reset{Stream: s.id, Code: code, RetryMS: codec.RetryNever, Text: f.req + " " + f.text}.AppendFrame(nil)
	if l.has("resets-with-broken-text") {
		b = brokenEnding(codec.TypeReset, s.id, code, brokenText)
	}
	l.push(b)
	if s.intake != nil && l.has("applies-on-after-its-reset") {
		return
	}
	if l.has("sends-after-reset") {
		l.pushFin(s.id)
	}
	s.conclude(outcome{"self", f.code, "maybe"})
	s.dead = true
	s.settle()
	if l.has("ends-all-streams-by-one") {
		l.resetAll()
	}
}

// resetAll ends every stream.
func (l *link) resetAll() {
	for _, s := range l.streams {
		if !s.over() {
			l.push(codec.Reset{Stream: s.id, Code: codec.CodeCancelled}.AppendFrame(nil))
			s.conclude(outcome{"self", codec.CodeCancelled, "maybe"})
			s.dead = true
			s.settle()
		}
	}
}

// resetFor answers a stream error.
func (l *link) resetFor(f *fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.stream(f.stream); s != nil {
		l.reset(s, f)
	}
}

func (l *link) onReset(f codec.Frame) error {
	m, wrong := codec.ParseReset(f)
	if wrong != nil {
		return wrong
	}
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil && l.has("closes-on-reset-of-finished-streams"):
		return linkFault("STRM-014", codec.CodeState, "RESET of a finished stream")
	case s == nil:
		return l.onIdle(f)
	}
	if l.has("answers-reset-with-reset") {
		l.push(codec.Reset{Stream: s.id, Code: codec.CodeCancelled}.AppendFrame(nil))
	}
	var err error
	if s.caller == nil && !s.finOut {
		err = l.onEarlyReset()
	}
	s.conclude(outcome{"peer", m.Code, "maybe"})
	s.dead = true
	s.settle()
	return err
}
