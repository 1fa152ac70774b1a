package link

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"handfast/codec"
)

// fail ends the link with e, once: CLOSE is said if this side found the reason, streams end, and the transport is ended
// when the other side has ended it or LINGER has passed (CLOSE-001, CLOSE-002, CLOSE-003). It does not wait.
func (l *Link) fail(e *Error) {
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return
	}
	l.err = e
	streams := make([]*Stream, 0, len(l.streams))
	for _, s := range l.streams {
		streams = append(streams, s)
	}
	l.slotCond.Broadcast()
	l.empty.Broadcast()
	l.mu.Unlock()

	l.stopTick()
	l.logEnd(e)
	said := false
	switch {
	case e.Remote: // CLOSE was received: nothing more is sent
		l.w.stop(net.ErrClosed)
	case e.broken:
		l.w.stop(e)
	default:
		said = true
		l.w.queueLast(func(b []byte) []byte {
			return codec.Close{Code: e.Code, Text: reasonText(e)}.AppendFrame(b)
		})
		l.linger()
	}
	for _, s := range streams {
		s.end(e, nil)
	}
	if !said { // last, because closing a transport may wait
		l.endTransport()
	}
}

// reasonText is the text of CLOSE, REJECT and RESET: the requirement and what was wrong, for the author of the other side.
func reasonText(e *Error) string {
	if e.Req == "" {
		return e.Text
	}
	return e.Req + ": " + e.Text
}

// linger ends the transport after LINGER, if the other side has not ended it by then.
func (l *Link) linger() {
	t := time.AfterFunc(codec.Linger*time.Millisecond, l.endTransport)
	l.beatMu.Lock()
	l.last = t
	l.beatMu.Unlock()
}

// writerEnded is called once, when the writer has written CLOSE or the transport has failed it. It may wait: closing TLS
// says so to the other side. Its caller holds no lock.
func (l *Link) writerEnded(err error, last bool) {
	if !last { // the reader, which sees the end, does the rest
		_ = l.conn.Close()
		return
	}
	// The other side reads to the end of what was sent; this side goes on reading (CLOSE-003).
	if c, ok := l.conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

// brokenBy is the end of a link whose transport has ended without CLOSE. That must never look like the end of a stream: a
// plain io.EOF is what Recv returns after FIN.
func brokenBy(err error) *Error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &Error{Code: codec.CodeInternal, Scope: codec.ScopeLink, broken: true, Text: "the transport ended", Err: err}
}

// stall ends the link whose transport takes nothing (BEAT-013).
func (l *Link) stall() {
	l.fail(&Error{Code: codec.CodeSendStall, Scope: codec.ScopeLink, Req: "BEAT-013", Text: "the transport takes nothing", broken: true})
}

// readError turns the end of reading into the end of the link.
func (l *Link) readError(err error) *Error {
	if _, ok := errors.AsType[*codec.Error](err); ok {
		return linkError(err)
	}
	if failed := l.w.failed(); failed != nil {
		err = failed
	}
	return brokenBy(err)
}

// readOut reads and drops until the transport ends, so that CLOSE is not lost in a reset (CLOSE-003).
func (l *Link) readOut() {
	buf := make([]byte, 4<<10)
	for {
		if _, err := l.conn.Read(buf); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
				l.log.Debug("transport ended", "err", err)
			}
			l.endTransport()
			return
		}
	}
}

// endTransport closes the transport, once.
func (l *Link) endTransport() {
	l.endOnce.Do(func() {
		close(l.ending)
		l.w.stop(net.ErrClosed)
		_ = l.conn.Close()
	})
}

// endedError is why nothing can be queued any more.
func (l *Link) endedError() error {
	if err := l.Err(); err != nil {
		return err
	}
	return brokenBy(net.ErrClosed)
}

func (l *Link) logEnd(e *Error) {
	args := []any{"code", e.Code.String(), "remote", e.Remote, "dur_ms", time.Since(l.opened).Milliseconds()}
	if e.Req != "" {
		args = append(args, "req", e.Req)
	}
	if e.Text != "" {
		args = append(args, "text", e.Text)
	}
	if e.Err != nil {
		args = append(args, "err", e.Err)
	}
	switch {
	case e.Code == codec.CodeNoError || e.broken && e.Code == codec.CodeInternal:
		l.log.Info("link ended", args...)
	default:
		l.log.Warn("link ended", args...)
	}
}
