package link

import (
	"handfast/codec"
)

// read is the link's first goroutine: it acts on frames until the link ends. It never waits for writing (CRED-011).
func (l *Link) read() {
	err := l.readFrames()
	l.fail(err)
	l.readOut()
	l.wg.Wait()
	l.stopTick()
	close(l.done)
}

func (l *Link) readFrames() *Error {
	var now int64
	fresh := true // the next frame comes from a new read
	for {
		f, err := l.r.Next()
		if err != nil {
			return l.readError(err)
		}
		if fresh {
			now = l.now()
			l.beatMu.Lock()
			l.beat.Heard(now)
			l.beatMu.Unlock()
			l.stats.bytesIn.Store(uint64(l.r.Count()))
		}
		l.stats.framesIn.Add(1)
		if e := l.act(f, now); e != nil {
			return e
		}
		if fresh = !l.r.Buffered(); fresh && len(l.drying) > 0 {
			l.dry()
		}
	}
}

// act does what one frame says, in the order of checks of chapter 14 from step 5 on.
func (l *Link) act(f codec.Frame, now int64) *Error {
	if f.Type == codec.TypeData {
		return l.onData(f)
	}
	if !l.knows(f.Type) {
		return l.onUnknown(f, now)
	}
	if f.Type == codec.TypeRecords && f.Stream != 0 {
		return l.onRecords(f)
	}
	if f.Type == codec.TypeReady {
		return fault(codec.CodeState, "READY-003", "a second READY")
	}
	if err := codec.CheckStream(f.Header); err != nil {
		return linkError(err)
	}
	useful, err := l.onFrame(f, now)
	if err != nil {
		return linkError(err)
	}
	if !useful && !l.idleFrames.Count(now) {
		return fault(codec.CodeCalm, "CALM-002", "too many frames that change nothing")
	}
	return nil
}

// knows says whether a frame type may be used on this link (FRAME-015).
func (l *Link) knows(t codec.Type) bool {
	if !codec.KnownType(t) {
		return false
	}
	switch t {
	case codec.TypeRecords, codec.TypeAck, codec.TypeGap:
		return l.delivery
	}
	return true
}

// onFrame acts on every known frame but READY and DATA. It says whether the frame changed anything.
func (l *Link) onFrame(f codec.Frame, now int64) (useful bool, err error) {
	switch f.Type {
	case codec.TypePing:
		p, err := codec.ParsePing(f)
		if err != nil {
			return false, err
		}
		return true, orNil(l.onPing(p, now))
	case codec.TypePong:
		p, err := codec.ParsePong(f)
		return err == nil && l.onPong(p, now), err
	case codec.TypeCredit:
		c, err := codec.ParseCredit(f)
		if err != nil {
			return false, err
		}
		return l.onCredit(c)
	case codec.TypeStreams:
		m, err := codec.ParseStreams(f)
		return err == nil && l.onStreams(m.Max), err
	case codec.TypeDrain:
		d, err := codec.ParseDrain(f)
		if err != nil {
			return false, err
		}
		return l.onDrain(d)
	case codec.TypeClose:
		c, err := codec.ParseClose(f)
		if err != nil {
			return false, err
		}
		return true, &Error{Code: c.Code, Scope: codec.ScopeLink, Remote: true, Retry: retryOf(c.RetryMS), Text: c.Text}
	case codec.TypeOpen:
		return true, orNil(l.onOpen(f))
	case codec.TypeAck:
		return l.onAck(f)
	case codec.TypeGap:
		return l.onGap(f)
	default:
		return l.onStreamFrame(f, now)
	}
}

// orNil keeps a nil *Error from becoming an error that is not nil.
func orNil(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

// find gives an open stream. Otherwise it says whether the id was ever opened (STRM-012).
func (l *Link) find(id uint32) (s *Stream, seen bool) {
	if s := l.recent; s != nil && s.id == id && !s.gone.Load() {
		return s, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.streams[id]; ok {
		l.recent = s
		return s, true
	}
	last := l.lastPeer
	if l.ownID(id) {
		last = l.lastOwn
	}
	return nil, id <= last
}

// ownID says whether an id is one that this side opens.
func (l *Link) ownID(id uint32) bool { return (id%2 == 1) == l.dialer }

func (l *Link) onData(f codec.Frame) *Error {
	if f.Stream == 0 {
		return fault(codec.CodeProtocol, "FRAME-009", "DATA on stream 0")
	}
	p, err := codec.ParseData(f)
	if err != nil {
		return linkError(err)
	}
	s, seen := l.find(f.Stream)
	if s != nil {
		return s.deliver(p, f)
	}
	if !seen {
		return fault(codec.CodeState, "STRM-012", "DATA for a stream that was never opened")
	}
	if p.Fin() {
		l.endedThere(f.Stream, false)
	}
	return l.drop(p.Charge())
}

// onOpen takes OPEN (STRM-001, STRM-002, STRM-004, STRM-005, STRM-008, DRAIN-005).
func (l *Link) onOpen(f codec.Frame) *Error {
	o, err := l.open.parse(f, l.delivery)
	if err != nil {
		return linkError(err)
	}
	l.mu.Lock()
	e := l.err // the link is ending: what arrives is dropped, and nobody would end a stream that begins now
	if e == nil {
		e = l.checkOpen(o.Stream)
	}
	if e != nil {
		l.mu.Unlock()
		return e
	}
	s := newStream(l, o.Stream, o.Proto, false)
	l.lastPeer = o.Stream
	l.oweSlots()
	l.streams[o.Stream] = s
	l.recent = s
	refuse := l.final
	l.mu.Unlock()
	l.stats.streamsIn.Add(1)

	ver, offered := l.agreed.Protos[o.Proto]
	h := l.handlers[o.Proto]
	switch {
	case refuse:
		s.Reject(codec.CodeDraining, "")
	case !offered:
		s.Reject(codec.CodeUnknownProto, "STRM-004: not in READY")
	case ver != o.Ver:
		s.Reject(codec.CodeProtoVersion, "STRM-005: not the version that READY states")
	case h == nil:
		s.Reject(codec.CodeRefused, "this side opens such streams but does not serve them")
	case s.offerChannel(h, o):
	default:
		h.HandleStream(s, o.Params)
	}
	return nil
}

// checkOpen is called with mu held.
func (l *Link) checkOpen(id uint32) *Error {
	if l.ownID(id) {
		return fault(codec.CodeStreamID, "STRM-001", "stream id of the wrong parity")
	}
	want := l.lastPeer + 2
	if l.lastPeer == 0 {
		want = 1
		if l.dialer {
			want = 2
		}
	}
	if id != want || want < l.lastPeer { // the last id of all was used
		return fault(codec.CodeStreamID, "STRM-002", "stream id out of order")
	}
	if (uint64(id)+1)/2 > l.granted {
		return fault(codec.CodeStreamLimit, "STRM-008", "more streams than were granted")
	}
	return nil
}

// onStreamFrame takes ACCEPT, REJECT and RESET.
func (l *Link) onStreamFrame(f codec.Frame, now int64) (useful bool, err error) {
	var reset codec.Reset
	var reject codec.Reject
	var position *codec.Position
	switch f.Type {
	case codec.TypeAccept:
		position, err = parseAccept(f, l.delivery)
	case codec.TypeReject:
		reject, err = codec.ParseReject(f)
	default:
		reset, err = codec.ParseReset(f)
	}
	if err != nil {
		return false, err
	}
	s, seen := l.find(f.Stream)
	if s == nil {
		if !seen {
			return false, fault(codec.CodeState, "STRM-012", f.Type.String()+" for a stream that was never opened")
		}
		if f.Type != codec.TypeAccept {
			l.endedThere(f.Stream, true)
		}
		return false, nil
	}
	switch f.Type {
	case codec.TypeAccept:
		return true, orNil(s.onAccept(position))
	case codec.TypeReject:
		return true, orNil(s.onReject(reject))
	}
	if s.onReset(reset) && !l.earlyResets.Count(now) {
		return true, fault(codec.CodeCalm, "CALM-004", "too many early RESETs")
	}
	return true, nil
}

// onUnknown takes a frame of a type that is unknown on this link (FRAME-005, FRAME-006, FRAME-007).
func (l *Link) onUnknown(f codec.Frame, now int64) *Error {
	if f.Flags&codec.FlagMustUnderstand != 0 {
		s, _ := l.find(f.Stream)
		if f.Stream == 0 || s == nil {
			return fault(codec.CodeUnknownCritical, "FRAME-006", "unknown frame type "+f.Type.String())
		}
		s.fail(streamFault(codec.CodeUnknownCritical, "FRAME-007", "unknown frame type "+f.Type.String()))
		return nil
	}
	if !l.idleFrames.Count(now) {
		return fault(codec.CodeCalm, "CALM-002", "too many frames that change nothing")
	}
	return nil
}

func (l *Link) onCredit(c codec.Credit) (useful bool, err error) {
	if c.Stream == 0 {
		return l.w.raise(c.Max), nil
	}
	s, seen := l.find(c.Stream)
	if s != nil {
		return s.onCredit(c.Max)
	}
	if !seen {
		return false, fault(codec.CodeState, "STRM-012", "CREDIT for a stream that was never opened")
	}
	return false, nil
}

func (l *Link) onStreams(max uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if max <= l.mayOpen {
		return false
	}
	l.mayOpen = max
	l.slotCond.Broadcast()
	return true
}
