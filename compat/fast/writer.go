package fast

import (
	"net"
	"sync"
	"time"
)

// maxUnsent bounds what waits for a transport, in bytes. Whoever sends beyond it waits.
const maxUnsent = 256 << 10

// writer takes messages of many goroutines for one transport, and has one goroutine of its own that writes. What comes while it
// writes, or before it has begun to, goes out together: most of what a request costs are system calls.
type writer struct {
	conn    net.Conn
	done    chan struct{} // closed when the goroutine has ended
	mu      sync.Mutex
	work    sync.Cond // there is something to write, or the writer has failed
	room    sync.Cond // the buffer was taken, or the writer has failed
	buf     []byte    // not yet given to the transport
	spare   []byte
	busy    bool // a write goes on
	waiting int  // goroutines that wait for room
	held    bool // the reading goroutine has more to do before anything is written
	err     error
}

// newWriter starts a writer. It ends with fail.
func newWriter(conn net.Conn) *writer {
	w := &writer{conn: conn, done: make(chan struct{})}
	w.work.L, w.room.L = &w.mu, &w.mu
	go w.run()
	return w
}

// run writes until the writer fails.
func (w *writer) run() {
	defer close(w.done)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for w.err == nil && (w.busy || len(w.buf) == 0 || w.held && len(w.buf) <= maxUnsent) {
			w.work.Wait()
		}
		if w.err != nil {
			return
		}
		w.write()
	}
}

// write writes what there is. The caller holds mu, which is free meanwhile, and nobody else writes.
func (w *writer) write() {
	b := w.buf
	w.buf, w.spare, w.busy = w.spare[:0], nil, true
	w.mu.Unlock()
	_, err := w.conn.Write(b)
	w.mu.Lock()
	if w.busy = false; cap(b) <= 2*maxUnsent {
		w.spare = b[:0]
	}
	if err != nil && w.err == nil {
		w.err = &TransportError{Text: "unexpected error on transport", Err: err}
		// The reading side finds the end by itself, behind what has already arrived; this bounds how long it looks for it.
		_ = w.conn.SetReadDeadline(time.Now().Add(time.Second))
	}
	if w.waiting > 0 {
		w.room.Broadcast()
	}
}

// begin waits for room and gives the buffer to append whole messages to; commit or cancel has to follow. With an error there is
// neither.
func (w *writer) begin() ([]byte, error) {
	w.mu.Lock()
	for w.err == nil && len(w.buf) > maxUnsent {
		w.work.Signal() // it may be held, by a reader that is itself waiting here
		w.wait()
	}
	if w.err != nil {
		w.mu.Unlock()
		return nil, w.err
	}
	return w.buf, nil
}

// commit ends what begin has begun.
func (w *writer) commit(b []byte) {
	w.buf = b
	if !w.busy && !w.held {
		w.work.Signal()
	}
	w.mu.Unlock()
}

// commitNow is commit for a goroutine that has nothing better to do than to write itself: that saves waking another. It waits for
// the transport.
func (w *writer) commitNow(b []byte) {
	w.buf = b
	if !w.busy && !w.held && w.err == nil {
		w.write()
		if w.err != nil || len(w.buf) > 0 { // came meanwhile
			w.work.Signal()
		}
	}
	w.mu.Unlock()
}

// wait waits for room.
func (w *writer) wait() {
	w.waiting++
	w.room.Wait()
	w.waiting--
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
	if !w.busy && len(w.buf) > 0 && w.err == nil {
		w.write()
		if w.err != nil || len(w.buf) > 0 {
			w.work.Signal()
		}
	}
	w.mu.Unlock()
}

// fail makes every later message fail with err, and ends the writer. What is being written is not stopped: closing the transport
// does that.
func (w *writer) fail(err error) {
	w.mu.Lock()
	if w.err == nil {
		w.err = err
	}
	w.buf = nil
	w.work.Signal()
	w.room.Broadcast()
	w.mu.Unlock()
}

// drain waits until everything was written, or the transport has failed.
func (w *writer) drain() {
	w.mu.Lock()
	for w.err == nil && (w.busy || len(w.buf) > 0) {
		w.wait()
	}
	w.mu.Unlock()
}

// failure is what a write has returned, or what fail was called with.
func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
