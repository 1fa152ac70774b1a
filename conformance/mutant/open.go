package mutant

import (
	"cmp"
	"context"
	"errors"
	"time"

	"handfast/codec"
)

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
	case l.final && !l.has("serves-after-drain"):
		return l.reject(&fault{req: "DRAIN-005", code: codec.CodeDraining, stream: f.Stream})
	case !ok && !l.has("serves-every-protocol"):
		return l.reject(&fault{req: "STRM-004", code: codec.CodeUnknownProto, stream: f.Stream})
	case ok && m.Ver != ver && !l.has("serves-every-version"):
		return l.reject(&fault{req: "STRM-005", code: codec.CodeProtoVersion, stream: f.Stream})
	}
	if wrong := l.checkChannel(m); wrong != nil {
		return l.reject(wrong)
	}
	if m.Proto == syncProto {
		if wrong := l.checkSync(m); wrong != nil {
			return l.reject(wrong)
		}
	}
	if carriesChannels(m.Proto) && m.Channel != nil {
		l.offer(m)
		return nil
	}
	return l.accept(m)
}

// checkID holds the id of a new stream against those before it.
func (l *link) checkID(id uint32) *fault {
	next := l.lastID + 2
	switch {
	case l.lastID == 0 && l.dialer:
		next = 2
	case l.lastID == 0:
		next = 1
	}
	own := l.own(id)
	switch {
	case own && !l.has("takes-even-ids"):
		return linkFault("STRM-001", codec.CodeStreamID, "stream %d is this side's", id)
	case !own && id > next && !l.has("takes-gaps-between-ids"), !own && id < next && !l.has("takes-ids-again"):
		return linkFault("STRM-002", codec.CodeStreamID, "stream %d, where %d is next", id, next)
	}
	return nil
}

// count counts a new stream.
func (l *link) count(id uint32) {
	l.opened++
	if !l.own(id) {
		l.lastID = max(l.lastID, id)
	}
}

// parseOpen makes check 8 for OPEN.
func (l *link) parseOpen(f codec.Frame) (codec.Open, error) {
	f.Payload = l.p.overlook(f.Payload)
	m, err := l.parseChannel(f)
	switch {
	case err == nil && l.has("refuses-unknown-keys-of-open") && strangeKey(f.Payload, "channel", "params", "proto", "ver"):
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
	l.push(l.rejectFrame(f))
	if !l.has("keeps-the-slots-of-rejected-streams") {
		l.freeSlot()
	}
	return nil
}

// rejectFrame makes REJECT.
func (l *link) rejectFrame(f *fault) []byte {
	code, _ := l.p.twist(f)
	if l.has("rejects-with-broken-text") {
		return brokenEnding(codec.TypeReject, f.stream, code, brokenText)
	}
	return codec.Reject{Stream: f.stream, Code: code, RetryMS: codec.RetryNever}.AppendFrame(nil)
}

// accept answers an OPEN with ACCEPT.
func (l *link) accept(m codec.Open) error {
	b, err := codec.Accept{Stream: m.Stream}.AppendFrame(nil)
	if err != nil {
		return err
	}
	s := l.newStream(m.Stream)
	if m.Proto == syncProto {
		s.beginSync()
	}
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

// newStream makes a stream of the other side.
func (l *link) newStream(id uint32) *stream {
	s := &stream{l: l, id: id, born: time.Now(), credit: newCredit(l.self.Limits.StreamCredit, l.other.Limits.StreamCredit)}
	s.ctx, s.cancel = context.WithCancel(l.ctx)
	l.streams[s.id] = s
	return s
}

// onAnswer serves ACCEPT and REJECT, which nobody owes an acceptor.
func (l *link) onAnswer(f codec.Frame) error {
	var err error
	var at *codec.Position
	if f.Type == codec.TypeAccept {
		var m codec.Accept
		m, err = l.parseAccept(f)
		at = m.Channel
	} else {
		_, err = codec.ParseReject(f)
	}
	s := l.stream(f.Stream)
	switch {
	case err != nil && !l.has("looks-at-the-state-before-accept"):
		return err
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s != nil && s.caller != nil:
		return s.onOwnAnswer(f, at)
	case s == nil && l.has("closes-on-answers-of-finished-streams"):
		return linkFault("STRM-014", codec.CodeState, "%v of a finished stream", f.Type)
	case s == nil, l.has("takes-accept-from-the-opener") && f.Type == codec.TypeAccept:
		return l.onIdle(f)
	case l.has("takes-reject-from-the-opener") && f.Type == codec.TypeReject:
		s.dead = true
		s.settle()
		return nil
	}
	return linkFault("STRM-016", codec.CodeState, "%v from the opener of stream %d", f.Type, f.Stream)
}
