package mutant

import (
	"cmp"
	"context"
	"errors"
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

// unopened tells ids that nobody has opened. This peer opens no streams, so that no even id was.
func (l *link) unopened(id uint32) bool {
	if l.has("takes-even-ids") && l.streams[id] != nil {
		return false
	}
	return id%2 == 0 || id > l.lastID
}

// onUnopened answers a frame on a stream that was never opened.
func (l *link) onUnopened(f codec.Frame) error {
	own := f.Stream%2 == 0
	if own && l.has("ignores-frames-of-its-own-ids") || !own && l.has("ignores-"+strings.ToLower(f.Type.String())+"-of-unopened-streams") {
		return l.onIdle()
	}
	return linkFault("STRM-012", codec.CodeState, "%v on stream %d, which was never opened", f.Type, f.Stream)
}

func (l *link) onOpen(f codec.Frame) error {
	m, err := l.parseOpen(f)
	if errors.Is(err, errSettled) {
		return nil
	}
	if err != nil {
		return err
	}
	if wrong := l.checkID(f.Stream); wrong != nil {
		return l.beforeID(m, wrong)
	}
	if l.opened >= l.granted && !l.has("serves-more-streams-than-granted") {
		if l.has("rejects-streams-beyond-the-grant") {
			l.count(f.Stream)
			return l.reject(&fault{req: "STRM-008", code: codec.CodeOverloaded, stream: f.Stream})
		}
		return l.beforeID(m, linkFault("STRM-008", codec.CodeStreamLimit, "stream number %d, where %d are granted", l.opened+1, l.granted))
	}
	l.count(f.Stream)
	ver, ok := l.agreed.Protos[m.Proto]
	switch {
	case !ok && !l.has("serves-every-protocol"):
		return l.reject(&fault{req: "STRM-004", code: codec.CodeUnknownProto, stream: f.Stream})
	case ok && m.Ver != ver && !l.has("serves-every-version"):
		return l.reject(&fault{req: "STRM-005", code: codec.CodeProtoVersion, stream: f.Stream})
	}
	return l.accept(m)
}

// checkID holds the id of a new stream against those before it.
func (l *link) checkID(id uint32) *fault {
	next := l.lastID + 2
	if l.lastID == 0 {
		next = 1
	}
	switch {
	case id%2 == 0 && !l.has("takes-even-ids"):
		return linkFault("STRM-001", codec.CodeStreamID, "stream %d is not the dialer's", id)
	case id%2 != 0 && id > next && !l.has("takes-gaps-between-ids"), id%2 != 0 && id < next && !l.has("takes-ids-again"):
		return linkFault("STRM-002", codec.CodeStreamID, "stream %d, where %d is next", id, next)
	}
	return nil
}

// count counts a new stream.
func (l *link) count(id uint32) {
	l.opened++
	if id%2 != 0 {
		l.lastID = max(l.lastID, id)
	}
}

// parseOpen makes check 8 for OPEN.
func (l *link) parseOpen(f codec.Frame) (codec.Open, error) {
	f.Payload = l.p.overlook(f.Payload)
	m, err := codec.ParseOpen(f)
	switch {
	case err == nil && l.has("refuses-unknown-keys-of-open") && strangeKey(f.Payload, "params", "proto", "ver"):
		return m, linkFault("FRAME-017", codec.CodeEncoding, "a key that nobody knows")
	case err != nil && l.has("skips-malformed-open"):
		return m, errSettled
	case err != nil && l.has("rejects-malformed-open"):
		l.count(f.Stream)
		return m, cmp.Or(l.reject(&fault{req: "FRAME-016", code: codec.CodeEncoding, stream: f.Stream}), errSettled)
	}
	return m, err
}

// errSettled says that a frame was dealt with.
var errSettled = errors.New("mutant: nothing is left to do")

// reject answers an OPEN with REJECT. The slot is free again at once: there was no work.
func (l *link) reject(f *fault) error {
	if l.p.widens(f) {
		return &fault{req: f.req, code: f.code}
	}
	code, _ := l.p.twist(f)
	b := codec.Reject{Stream: f.stream, Code: code, RetryMS: codec.RetryNever}.AppendFrame(nil)
	if l.has("rejects-with-broken-text") {
		b = brokenEnding(codec.TypeReject, f.stream, code, brokenText)
	}
	l.push(b)
	if !l.has("keeps-the-slots-of-rejected-streams") {
		l.freeSlot()
	}
	return nil
}

// accept answers an OPEN with ACCEPT.
func (l *link) accept(m codec.Open) error {
	b, err := codec.Accept{Stream: m.Stream}.AppendFrame(nil)
	if err != nil {
		return err
	}
	s := &stream{l: l, id: m.Stream, born: time.Now(), credit: newCredit(l.self.Limits.StreamCredit, l.other.Limits.StreamCredit)}
	s.ctx, s.cancel = context.WithCancel(l.ctx)
	l.streams[s.id] = s
	if !l.has("accepts-without-a-word") && !l.has("accepts-when-it-is-done") {
		l.push(b)
	}
	switch {
	case l.has("sends-frames-of-delivery"):
		l.push(codec.AppendFrame(nil, codec.Header{Type: codec.TypeAck, Stream: s.id}, make([]byte, 16)))
	case l.has("sends-unregistered-frames"):
		l.push(codec.AppendFrame(nil, codec.Header{Type: 0x40}, nil))
	}
	return nil
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
	s.cancel()
	s.inbox, s.partial, s.joining = nil, nil, false
	if !s.l.has("keeps-the-charge-of-dropped-data") {
		s.l.back(&s.l.credit, 0, s.held) // what is left of it was dropped
	}
	s.held = 0
	if !s.working && s.l.streams[s.id] == s {
		delete(s.l.streams, s.id)
		if !s.dead || !s.l.has("keeps-the-slots-of-reset-streams") {
			s.l.freeSlot()
		}
	}
	s.l.changed.Broadcast()
}

// reset ends a stream with RESET.
func (l *link) reset(s *stream, f *fault) {
	code, _ := l.p.twist(f)
	b := codec.Reset{Stream: s.id, Code: code, RetryMS: codec.RetryNever, Text: f.req + " " + f.text}.AppendFrame(nil)
	if l.has("resets-with-broken-text") {
		b = brokenEnding(codec.TypeReset, s.id, code, brokenText)
	}
	l.push(b)
	if l.has("sends-after-reset") {
		l.pushFin(s.id)
	}
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

// onAnswer serves ACCEPT and REJECT, which nobody owes this peer.
func (l *link) onAnswer(f codec.Frame) error {
	var err error
	if f.Type == codec.TypeAccept {
		_, err = codec.ParseAccept(f)
	} else {
		_, err = codec.ParseReject(f)
	}
	s := l.stream(f.Stream)
	switch {
	case err != nil && !l.has("looks-at-the-state-before-accept"):
		return err
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil, l.has("takes-accept-from-the-opener") && f.Type == codec.TypeAccept:
		return l.onIdle()
	case l.has("takes-reject-from-the-opener") && f.Type == codec.TypeReject:
		s.dead = true
		s.settle()
		return nil
	}
	return linkFault("STRM-016", codec.CodeState, "%v from the opener of stream %d", f.Type, f.Stream)
}

func (l *link) onReset(f codec.Frame) error {
	if _, err := codec.ParseReset(f); err != nil {
		return err
	}
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil && l.has("closes-on-reset-of-finished-streams"):
		return linkFault("STRM-014", codec.CodeState, "RESET of a finished stream")
	case s == nil:
		return l.onIdle()
	}
	if l.has("answers-reset-with-reset") {
		l.push(codec.Reset{Stream: s.id, Code: codec.CodeCancelled}.AppendFrame(nil))
	}
	var err error
	if !s.finOut {
		err = l.onEarlyReset()
	}
	s.dead = true
	s.settle()
	return err
}
