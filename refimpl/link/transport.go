package link

import (
	"crypto/tls"
	"errors"
	"os"
	"time"
)

func (w *writer) write(b []byte) error {
	size := len(b)
	w.since.Store(w.link.now())
	n, err := w.conn.Write(b)
	for err != nil && w.goesOn(int64(n), err) {
		b = b[n:]
		n, err = w.conn.Write(b)
	}
	w.since.Store(0)
	w.bytes.Add(uint64(size))
	w.writes.Add(1)
	return err
}

func (w *writer) writeVec(total int) error {
	w.since.Store(w.link.now())
	vec := w.vec
	n, err := w.vec.WriteTo(w.conn)
	for err != nil && w.goesOn(n, err) {
		n, err = w.vec.WriteTo(w.conn)
	}
	w.vec = vec[:0]
	w.since.Store(0)
	w.bytes.Add(uint64(total))
	w.writes.Add(1)
	return err
}

// ask interrupts a write that has lasted for long, to find out whether the transport has taken anything of it: a slow
// one is not a stalled one (BEAT-013). False: it was asked before and has not answered, or cannot be asked. A TLS
// connection cannot: after an interrupted write nothing more can be written on it.
func (w *writer) ask() bool {
	if _, secure := w.conn.(*tls.Conn); secure || w.asked.Swap(true) {
		return false
	}
	return w.conn.SetWriteDeadline(time.Unix(1, 0)) == nil
}

// goesOn judges a write that has ended early, after n bytes. True: it was interrupted by ask, and is to go on.
func (w *writer) goesOn(n int64, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || !w.asked.Load() {
		return false
	}
	now := w.link.now()
	if n == 0 && now-w.since.Load() >= w.link.stallAfter {
		w.link.stall()
		return false
	}
	if n > 0 {
		w.since.Store(now)
	}
	_ = w.conn.SetWriteDeadline(time.Time{})
	w.asked.Store(false)
	return true
}
