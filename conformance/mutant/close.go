package mutant

import (
	"encoding/binary"
	"strings"
	"time"

	"handfast/codec"
)

// fail ends the link with CLOSE.
func (l *link) fail(f *fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return
	}
	l.closing = true
	if l.end == nil {
		l.end = &outcome{"self", f.code, "maybe"}
	}
	l.cancel()
	l.changed.Broadcast()
	if l.has("ends-all-links-by-one") {
		time.AfterFunc(tick, l.p.drop) // soon, so that CLOSE gets out
	}
	code, mute := l.p.twist(f)
	if mute || l.has("ends-without-close") {
		_ = l.nc.Close()
		return
	}
	l.push(l.closeFrame(code, f))
	switch {
	case l.has("sends-on-after-close"):
		l.push(appendGrease(nil))
	case l.has("closes-twice"):
		l.push(l.closeFrame(code, f))
	}
	l.last = true
	_ = l.nc.SetReadDeadline(time.Now().Add(linger))
}

// brokenText is no UTF-8.
const brokenText = "\xC3("

// closeFrame makes CLOSE.
func (l *link) closeFrame(code codec.Code, f *fault) []byte {
	switch {
	case l.has("closes-with-internal"):
		code = codec.CodeInternal
	case l.has("closes-with-long-text"):
		return brokenEnding(codec.TypeClose, 0, code, strings.Repeat("x", codec.MaxText+1))
	case l.has("closes-with-broken-text"):
		return brokenEnding(codec.TypeClose, 0, code, brokenText)
	}
	return codec.Close{Code: code, RetryMS: codec.RetryNever, Text: f.req + " " + f.text}.AppendFrame(nil)
}

// brokenEnding makes a CLOSE, REJECT or RESET with any text.
func brokenEnding(t codec.Type, stream uint32, code codec.Code, text string) []byte {
	payload := binary.BigEndian.AppendUint32(nil, uint32(code))
	payload = binary.BigEndian.AppendUint32(payload, codec.RetryNever)
	return codec.AppendFrame(nil, codec.Header{Type: t, Stream: stream}, append(payload, text...))
}

func (l *link) onClose(f codec.Frame) error {
	m, err := codec.ParseClose(f)
	if err != nil {
		return err
	}
	if l.end == nil {
		l.end = &outcome{"peer", m.Code, "maybe"}
	}
	switch {
	case l.has("answers-close-with-close"):
		return linkFault("CLOSE-001", codec.CodeNoError, "CLOSE")
	case l.has("goes-on-after-close"):
		return nil
	}
	return errEnd
}

func (l *link) onDrain(f codec.Frame) error {
	m, err := codec.ParseDrain(f)
	if err != nil {
		return err
	}
	before := l.drained
	l.drained = &m.Last
	switch {
	case l.has("resets-streams-on-drain"):
		l.resetAll()
	case l.has("closes-on-drain"):
		return linkFault("DRAIN-002", codec.CodeNoError, "DRAIN")
	case l.has("takes-a-greater-last"):
		return nil
	case before != nil && m.Last > *before:
		return linkFault("DRAIN-004", codec.CodeState, "last is %d, and was %d", m.Last, *before)
	case before != nil && m.Last == *before:
		return l.onIdle(f)
	}
	return nil
}
