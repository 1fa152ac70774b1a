package mutant

import (
	"errors"
	"time"

	"handfast/codec"
)

// onFrame makes the checks 5 to 12 of chapter 14, and does what the frame says.
func (l *link) onFrame(f codec.Frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return errEnd
	}
	l.frames++
	if l.living(f.Type) {
		l.alive = time.Now()
	}
	if err := l.checkState(f); err != nil {
		if l.skips(f) {
			return nil
		}
		return l.beforeState(f, err)
	}
	switch {
	case !l.known(f.Type):
		return l.onUnknown(f)
	case l.has("closes-on-reserved-bits") && f.Reserved != 0,
		l.has("closes-on-undefined-flags") && undefined(f) != 0,
		l.has("closes-on-critical-frames-that-it-knows") && f.Flags&codec.FlagMustUnderstand != 0:
		return linkFault("FRAME-008", codec.CodeProtocol, "flags %02X, reserved %04X", uint8(f.Flags), f.Reserved)
	}
	if err := l.checkStream(f); err != nil {
		return err
	}
	if l.has("ignores-stream-frames-on-stream-0") && codec.CheckStream(f.Header) != nil {
		return l.onIdle(f)
	}
	return l.onMessage(l.reshaped(f))
}

// living tells whether a whole frame is a sign of life (BEAT-008).
func (l *link) living(t codec.Type) bool {
	switch {
	case l.has("counts-known-frames-as-life"):
		return l.known(t)
	case l.has("counts-pongs-as-life"):
		return t == codec.TypePong || t == codec.TypeReady
	}
	return true
}

// touch notes a sign of life.
func (l *link) touch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alive = time.Now()
}

// checkState makes check 5.
func (l *link) checkState(f codec.Frame) error {
	switch {
	case !l.ready && f.Type != codec.TypeReady && (f.Type != codec.TypeClose || l.has("refuses-close-before-ready")):
		return linkFault("READY-002", codec.CodeState, "%v before READY", f.Type)
	case l.ready && f.Type == codec.TypeReady:
		return linkFault("READY-003", codec.CodeState, "second READY")
	}
	return nil
}

// checkStream makes check 7.
func (l *link) checkStream(f codec.Frame) error {
	err := codec.CheckStream(f.Header)
	switch {
	case err == nil,
		l.has("takes-link-frames-on-streams") && f.Stream != 0,
		l.has("ignores-stream-frames-on-stream-0") && f.Stream == 0:
		return nil
	case l.has("looks-at-the-form-before-the-scope"):
		other := f
		other.Stream = 1 - min(f.Stream, 1) // where it belongs, for codec looks at that first
		if _, err := codec.ParseMessage(other); err != nil {
			return err
		}
	}
	return err
}

// undefined gives the flags that a frame's type does not define.
func undefined(f codec.Frame) codec.Flags {
	info, _ := f.Type.Info()
	rest := f.Flags &^ codec.FlagMustUnderstand
	for _, flag := range info.Flags {
		rest &^= flag.Flag
	}
	return rest
}

// reshaped gives a frame the size that its type allows, for peers that do not look at sizes.
func (l *link) reshaped(f codec.Frame) codec.Frame {
	info, _ := f.Type.Info()
	size := len(f.Payload)
	switch {
	case l.has("takes-fixed-frames-of-any-size") && info.Body == "fixed":
		size = info.MinPayload
	case l.has("takes-short-endings") && info.Body == "ending":
		size = max(size, info.MinPayload)
	case l.has("takes-long-endings") && info.Body == "ending":
		size = min(size, info.MaxPayload)
	}
	if size == len(f.Payload) {
		return f
	}
	payload := make([]byte, size)
	copy(payload, f.Payload)
	f.Payload = payload
	return f
}

// onMessage serves a frame by its type. Each method checks the payload's form first and the state of the link or stream then.
func (l *link) onMessage(f codec.Frame) error {
	if wrong := l.beforeMessage(f); wrong != nil {
		return wrong
	}
	switch f.Type {
	case codec.TypeReady:
		return l.onReady(f)
	case codec.TypePing:
		return l.onPing(f)
	case codec.TypePong:
		return l.onPong(f)
	case codec.TypeCredit:
		return l.onCredit(f)
	case codec.TypeStreams:
		return l.onStreams(f)
	case codec.TypeDrain:
		return l.onDrain(f)
	case codec.TypeClose:
		return l.onClose(f)
	case codec.TypeOpen:
		return l.onOpen(f)
	case codec.TypeAccept, codec.TypeReject:
		return l.onAnswer(f)
	case codec.TypeReset:
		return l.onReset(f)
	case codec.TypeRecords:
		err := l.onRecords(f)
		if errors.Is(err, errSettled) {
			return nil
		}
		return err
	case codec.TypeGap:
		return l.onGap(f)
	case codec.TypeAck:
		return l.onAck(f)
	default:
		return l.onData(f)
	}
}

// known tells whether frames of a type mean anything on this link: those of delivery do where it was selected (FRAME-015).
func (l *link) known(t codec.Type) bool {
	switch t {
	case codec.TypeRecords, codec.TypeAck, codec.TypeGap:
		return l.delivers()
	}
	return codec.KnownType(t)
}

// onUnknown skips a frame of unknown type, unless it must be understood.
func (l *link) onUnknown(f codec.Frame) error {
	critical := f.Flags&codec.FlagMustUnderstand != 0
	open := l.stream(f.Stream) != nil
	switch {
	case l.has("closes-on-unknown-types") && !codec.IsGreaseType(f.Type),
		l.has("closes-on-unknown-types-on-streams") && f.Stream != 0:
		return linkFault("FRAME-005", codec.CodeUnknownCritical, "frame type %v", f.Type)
	case l.has("knows-frames-of-delivery") && codec.KnownType(f.Type):
		return linkFault("FRAME-015", codec.CodeState, "%v without delivery", f.Type)
	case !critical,
		l.has("skips-critical-frames") && f.Stream == 0,
		l.has("skips-critical-frames-of-delivery") && codec.KnownType(f.Type),
		l.has("skips-critical-frames-of-finished-streams") && f.Stream != 0 && !open,
		l.has("skips-critical-frames-of-open-streams") && open:
		return l.onIdle(f)
	case !open:
		return linkFault("FRAME-006", codec.CodeUnknownCritical, "frame type %v", f.Type)
	}
	return &fault{req: "FRAME-007", code: codec.CodeUnknownCritical, stream: f.Stream, text: f.Type.String()}
}
