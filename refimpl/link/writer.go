package link

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	"handfast/codec"
)

// Sizes of the output side, in bytes.
const (
	fillMany  = 16 << 10  // a stream's send buffer while many streams are active
	fillOne   = 64 << 10  // a stream's send buffer otherwise
	manyAt    = 16        // active streams from which on fillMany holds
	copyBelow = 8 << 10   // frames up to this are copied into one write, larger ones are written from where they are
	roundMax  = 256 << 10 // one round of writing; what is ready beyond it waits for the next
	ctlMax    = 256 << 10 // queued control frames and small messages above which senders wait
)

// maxFrameCharge bounds the charge in one send buffer. It is below the smallest link_credit that a peer may state, so
// that a full buffer can always be sent at last.
const maxFrameCharge = 128 << 10

// writer queues what a link has to say and writes it. Whoever fills a buffer writes it; otherwise a goroutine does, once
// it was kicked, and yields once before so that others can add to the same write. There is no timer.
type writer struct {
	conn net.Conn
	link *Link

	mu      sync.Mutex
	room    sync.Cond // on mu: ctl is below ctlMax again, or the writer has ended
	ctl     []byte    // whole frames in the order in which they were queued, at most ctlMax and one round of replies
	ctlHeld int       // what messages in ctl hold of unsent, in bytes
	spare   []byte
	replies replies
	grants  []*Stream // streams that owe a CREDIT, each once
	acks    []*Stream // streams that owe an ACK, each once
	ready   []*Stream // streams that have data to send, each once, in turn
	parked  []*Stream // streams whose data waits for credit of the link, each once
	taken   []*Stream // kept to be reused as ready
	granted []*Stream // kept to be reused as grants
	acked   []*Stream // kept to be reused as acks
	writing bool      // somebody runs a round
	kicked  bool
	last    bool  // CLOSE is queued: nothing may follow it (CLOSE-002)
	err     error // the transport failed, or everything was written after last

	unsent unsent        // memory of messages that wait for the transport
	kick   chan struct{} // capacity 1; sent by whoever queues something, received by run
	max    atomic.Uint64 // link credit granted by the other side
	used   atomic.Uint64 // link credit used, at most max
	since  atomic.Int64  // monotonic ns since when a write is under way that has taken nothing; 0: none
	asked  atomic.Bool   // ask has interrupted a write, and goesOn has not seen it
	active atomic.Int32  // streams in ready or parked, or that wait for unsent
	adds   atomic.Uint32 // changes whenever something is queued
	bytes  atomic.Uint64
	writes atomic.Uint64
	vec    net.Buffers                          // owned by whoever is writing
	owned  []*[]byte                            // buffers in vec, to give back after the write
	head   [codec.HeaderSize + pieceHeader]byte // owned by whoever is writing, like tail
	tail   [codec.TrailerSize]byte
	grease int // frames until the next grease frame; owned by whoever is writing
}

func newWriter(l *Link, conn net.Conn, credit uint64, maxUnsent int) *writer {
	w := &writer{conn: conn, link: l, kick: make(chan struct{}, 1), unsent: newUnsent(maxUnsent)}
	w.room.L = &w.mu
	w.max.Store(credit)
	w.grease = l.nextGrease()
	return w
}

// run writes what was queued until the writer ends. It is the link's second goroutine.
func (w *writer) run() {
	for range w.kick {
		w.gather()
		w.mu.Lock()
		w.kicked = false
		if !w.writing {
			w.writing = true
			for w.pending() && w.err == nil {
				w.round()
			}
			w.writing = false
		}
		ended := w.err != nil
		w.mu.Unlock()
		if ended {
			return
		}
	}
}

// gather lets others add to the same write: it yields once, and again while that has brought something, a few times at
// most. What waits at a write follows the load by itself.
func (w *writer) gather() {
	for range 4 {
		before := w.adds.Load()
		runtime.Gosched()
		if w.adds.Load() == before {
			return
		}
	}
}

// wake makes run look. It is called with mu held.
func (w *writer) wake() {
	w.adds.Add(1)
	if w.kicked || w.writing {
		return
	}
	w.kicked = true
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

func (w *writer) pending() bool {
	r := &w.replies
	return len(w.ctl) > 0 || len(w.ready) > 0 || len(w.grants) > 0 || len(w.acks) > 0 || r.ping || r.pong || r.credit || r.streams
}

// flush runs one round on the caller's goroutine if nobody else writes. Callers hold no lock and are not the reader.
func (w *writer) flush() {
	w.mu.Lock()
	if !w.writing && w.err == nil {
		w.writing = true
		w.round()
		w.writing = false
		if w.pending() {
			w.wake()
		}
	}
	w.mu.Unlock()
}

// fill is how much a stream may buffer before it is written, in bytes.
func (w *writer) fill() int {
	if w.active.Load() > manyAt {
		return fillMany
	}
	return fillOne
}
