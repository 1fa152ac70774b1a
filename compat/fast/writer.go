package fast

import (
	"net"
	"sync"
	"time"
)

// maxUnsent bounds what waits for a transport, in bytes. Whoever sends beyond it waits.
const maxUnsent = 256 << 10

// writer takes messages of many goroutines for one transport. Whoever finds no write going on writes, and what comes meanwhile
// goes into the next write.
type writer struct {
	conn  net.Conn
	mu    sync.Mutex
	room  sync.Cond // the buffer was taken, or the transport has failed
	buf   []byte    // not yet given to the transport
	spare []byte
	busy  bool // somebody writes
	held  bool // the reading goroutine has more to do before it writes
	err   error
}

func newWriter(conn net.Conn) *writer {
	w := &writer{conn: conn}
	w.room.L = &w.mu
	return w
}

// begin waits for room and gives the buffer to append whole messages to; commit or cancel has to follow. With an error there is
// neither.
func (w *writer) begin() ([]byte, error) {
	w.mu.Lock()
	for w.err == nil && len(w.buf) > maxUnsent {
		if !w.busy { // held by a reader that is itself waiting for room
			w.flush()
			continue
		}
		w.room.Wait()
	}
	if w.err != nil {
		w.mu.Unlock()
		return nil, w.err
	}
	return w.buf, nil
}

// commit ends what begin has begun, and writes unless another does. It waits for the transport.
func (w *writer) commit(b []byte) {
	w.buf = b
	if !w.busy && !w.held {
		w.flush()
	}
	w.mu.Unlock()
}

// cancel ends what begin has begun without a message.
func (w *writer) cancel() { w.mu.Unlock() }

// hold keeps messages back until release, because more are to come at once.
func (w *writer) hold() {
	w.mu.Lock()
	w.held = true
	w.mu.Unlock()
}

func (w *writer) release() {
	w.mu.Lock()
	w.held = false
	if !w.busy && len(w.buf) > 0 {
		w.flush()
	}
	w.mu.Unlock()
}

// flush writes until nothing is left. The caller holds mu, which is free during writes.
func (w *writer) flush() {
	w.busy = true
	for len(w.buf) > 0 && w.err == nil {
		b := w.buf
		w.buf, w.spare = w.spare[:0], nil
		w.mu.Unlock()
		_, err := w.conn.Write(b)
		w.mu.Lock()
		if cap(b) <= 2*maxUnsent {
			w.spare = b[:0]
		}
		if err != nil && w.err == nil {
			w.err = &TransportError{Text: "unexpected error on transport", Err: err}
			// The reading side finds the end by itself, behind what has already arrived; this bounds how long it looks for it.
			_ = w.conn.SetReadDeadline(time.Now().Add(time.Second))
		}
		w.room.Broadcast()
	}
	w.busy = false
	w.room.Broadcast()
}

// fail makes every later message fail with err. What is being written is not stopped: closing the transport does that.
func (w *writer) fail(err error) {
	w.mu.Lock()
	if w.err == nil {
		w.err = err
	}
	w.buf = nil
	w.room.Broadcast()
	w.mu.Unlock()
}

// drain waits until everything was written, or the transport has failed.
func (w *writer) drain() {
	w.mu.Lock()
	for w.err == nil && (w.busy || len(w.buf) > 0) {
		if !w.busy {
			w.flush()
			continue
		}
		w.room.Wait()
	}
	w.mu.Unlock()
}

// failure is what a write has returned, or what fail was called with.
func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
