package link

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	spare   []byte
	replies replies
	grants  []*Stream // streams that owe a CREDIT, each once
	ready   []*Stream // streams that have data to send, each once, in turn
	parked  []*Stream // streams whose data waits for credit of the link, each once
	taken   []*Stream // kept to be reused as ready
	granted []*Stream // kept to be reused as grants
	writing bool      // somebody runs a round
	kicked  bool
	last    bool  // CLOSE is queued: nothing may follow it (CLOSE-002)
	err     error // the transport failed, or everything was written after last

	kick   chan struct{} // capacity 1; sent by whoever queues something, received by run
	max    atomic.Uint64 // link credit granted by the other side
	used   atomic.Uint64 // link credit used, at most max
	since  atomic.Int64  // monotonic ns since when a write is under way that has taken nothing; 0: none
	asked  atomic.Bool   // ask has interrupted a write, and goesOn has not seen it
	active atomic.Int32  // streams in ready or parked
	adds   atomic.Uint32 // changes whenever something is queued
	bytes  atomic.Uint64
	writes atomic.Uint64
	vec    net.Buffers                          // owned by whoever is writing
	owned  []*[]byte                            // buffers in vec, to give back after the write
	head   [codec.HeaderSize + pieceHeader]byte // owned by whoever is writing, like tail
	tail   [codec.TrailerSize]byte
	grease int // frames until the next grease frame; owned by whoever is writing
}

// replies are what this peer owes the other as a reply: one place for each, the newest wins (CRED-010, BEAT-002).
type replies struct {
	ping, pong, credit, streams bool

	pingFrame codec.Ping
	pongFrame codec.Pong
	pongAt    int64 // monotonic ns at which the PING was read
	creditMax uint64
}

func newWriter(l *Link, conn net.Conn, credit uint64) *writer {
	w := &writer{conn: conn, link: l, kick: make(chan struct{}, 1)}
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
	return len(w.ctl) > 0 || len(w.ready) > 0 || len(w.grants) > 0 || r.ping || r.pong || r.credit || r.streams
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

// round takes what is queued, writes it, and comes back. It is called with mu held and writing set, and returns with mu
// held; mu is not held over the write.
func (w *writer) round() {
	b := w.takeQueued()
	w.mu.Unlock()
	w.compose(&b)
	var left []*Stream
	var err error
	b.ctl, left, err = w.writeRound(b.ctl, b.ready, b.last)
	w.mu.Lock()
	w.settle(b, left, err)
}

// batch is what one round of writing takes.
type batch struct {
	ctl           []byte
	replies       replies
	grants, ready []*Stream
	last          bool
}

// takeQueued empties the queues. It is called with mu held.
func (w *writer) takeQueued() batch {
	b := batch{ctl: w.ctl, replies: w.replies, grants: w.grants, ready: w.ready, last: w.last}
	w.ctl, w.replies = w.spare[:0], replies{}
	w.grants, w.ready = w.granted[:0], w.taken[:0]
	return b
}

// compose adds to the queued frames what is owed; nothing follows CLOSE.
func (w *writer) compose(b *batch) {
	if b.last {
		return
	}
	b.ctl = w.appendReplies(b.ctl, &b.replies)
	for _, s := range b.grants {
		b.ctl = s.appendCredit(b.ctl)
	}
	b.ctl = w.appendGrease(b.ctl)
}

// settle keeps the batch's memory for the next, and streams that were not come to. It is called with mu held.
func (w *writer) settle(b batch, left []*Stream, err error) {
	w.spare = keepBuffer(b.ctl)
	clear(b.grants)
	w.granted = b.grants[:0]
	if len(left) > 0 { // before those that became ready meanwhile, so that every stream has its turn
		w.ready = slices.Insert(w.ready, 0, left...)
	}
	clear(b.ready)
	w.taken = b.ready[:0]
	if err == nil && b.last {
		err = net.ErrClosed
	}
	if err != nil && w.err == nil {
		w.err = err
		w.link.writerEnded(err, b.last)
	}
	w.room.Broadcast()
}

// writeRound writes ctl and then the ready streams in turn, up to roundMax. It returns ctl's memory and the streams that
// it did not come to.
func (w *writer) writeRound(ctl []byte, ready []*Stream, last bool) ([]byte, []*Stream, error) {
	w.vec = w.vec[:0]
	flat, total, i := 0, len(ctl), 0
	for ; i < len(ready) && total < roundMax && !last; i++ {
		frame := ready[i].take(w)
		if frame == nil {
			continue
		}
		total += len(*frame)
		if len(*frame) <= copyBelow {
			ctl = append(ctl, *frame...)
			putBuffer(frame)
			continue
		}
		if flat < len(ctl) {
			w.vec = append(w.vec, ctl[flat:len(ctl):len(ctl)])
			flat = len(ctl)
		}
		w.vec = append(w.vec, *frame)
		w.owned = append(w.owned, frame)
	}
	var err error
	switch {
	case total == 0:
	case len(w.vec) == 0:
		err = w.write(ctl)
	case len(w.vec) == 1 && flat == len(ctl):
		err = w.write(w.vec[0])
	default:
		if flat < len(ctl) {
			w.vec = append(w.vec, ctl[flat:])
		}
		err = w.writeVec(total)
	}
	for _, b := range w.owned {
		putBuffer(b)
	}
	w.owned = w.owned[:0]
	return ctl, ready[i:], err
}

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
	w.since.Store(now)
	_ = w.conn.SetWriteDeadline(time.Time{})
	w.asked.Store(false)
	return true
}

func (w *writer) appendReplies(b []byte, r *replies) []byte {
	if r.pong {
		r.pongFrame.T3 = w.link.wall()
		r.pongFrame.HoldUS = uint32(min((w.link.now()-r.pongAt)/1000, 1<<32-1))
		b = r.pongFrame.AppendFrame(b)
	}
	if r.ping {
		r.pingFrame.T1 = w.link.wall()
		w.link.pingSent()
		b = r.pingFrame.AppendFrame(b)
	}
	if r.credit {
		b = codec.Credit{Max: r.creditMax}.AppendFrame(b)
	}
	if r.streams {
		b = codec.Streams{Max: w.link.grantSlots()}.AppendFrame(b)
	}
	return b
}

// appendGrease puts a grease frame before the next round now and then (EXT-003).
func (w *writer) appendGrease(b []byte) []byte {
	if w.grease < 0 {
		return b
	}
	if w.grease > 0 {
		w.grease--
		return b
	}
	w.grease = w.link.nextGrease()
	return w.link.appendGrease(b)
}

// queue appends whole frames. Senders that may wait pass wait; the reader never does (CRED-011), and what it queues is
// bounded by the number of streams. After CLOSE nothing is queued.
func (w *writer) queue(wait bool, add func(b []byte) []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wait && len(w.ctl) >= ctlMax && w.err == nil && !w.last {
		w.room.Wait()
	}
	if w.err != nil || w.last {
		return net.ErrClosed
	}
	w.ctl = add(w.ctl)
	w.wake()
	return nil
}

// use takes credit of the link. False means that there is not enough.
func (w *writer) use(charge uint64) bool {
	for {
		used := w.used.Load()
		if w.max.Load()-used < charge {
			return false
		}
		if w.used.CompareAndSwap(used, used+charge) {
			return true
		}
	}
}

// queueData appends a DATA frame of one message with FIN, if that neither waits nor goes beyond the link's credit.
func (w *writer) queueData(stream uint32, msg []byte, charge uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.last || len(w.ctl) >= ctlMax || !w.use(charge) {
		return false
	}
	w.ctl = appendLast(w.ctl, stream, msg)
	w.wake()
	return true
}

// appendLast appends a DATA frame of one message with FIN.
func appendLast(b []byte, stream uint32, msg []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, codec.HeaderSize)...)
	b = codec.AppendPiece(b, msg)
	b = append(b, 0, 0, 0, 0)
	codec.SealFrame(b[at:], codec.Header{Type: codec.TypeData, Flags: codec.FlagFin, Stream: stream})
	return b
}

// queueLast appends CLOSE and lets nothing follow it.
func (w *writer) queueLast(add func(b []byte) []byte) {
	w.mu.Lock()
	if w.err == nil && !w.last {
		w.ctl = add(w.ctl)
		w.last = true
		w.ready, w.parked, w.grants = nil, nil, nil
		w.replies = replies{}
		w.wake()
	}
	w.room.Broadcast()
	w.mu.Unlock()
}

// stop ends run without writing anything more.
func (w *writer) stop(err error) {
	w.mu.Lock()
	if w.err == nil {
		w.err = err
	}
	w.room.Broadcast()
	w.mu.Unlock()
	select {
	case w.kick <- struct{}{}:
	default: // run has a kick to take already
	}
}

// failed is why the transport has failed the writer, nil if it has not.
func (w *writer) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// reply changes the places for replies.
func (w *writer) reply(set func(r *replies)) {
	w.mu.Lock()
	if !w.last {
		set(&w.replies)
		w.wake()
	}
	w.mu.Unlock()
}

// enqueue adds a stream that has data to send; the stream sees to it that it is added once.
func (w *writer) enqueue(s *Stream) {
	w.mu.Lock()
	if !w.last {
		w.active.Add(1)
		w.ready = append(w.ready, s)
		w.wake()
	}
	w.mu.Unlock()
}

// owe adds a stream that owes a CREDIT; the stream sees to it that it is added once.
func (w *writer) owe(s *Stream) {
	w.mu.Lock()
	if !w.last {
		w.grants = append(w.grants, s)
		w.wake()
	}
	w.mu.Unlock()
}

// park keeps a stream until the link has more credit. It is called by whoever is writing.
func (w *writer) park(s *Stream, need uint64) {
	w.mu.Lock()
	switch {
	case s.gone.Load(): // it ended meanwhile, and unpark has looked already
		w.active.Add(-1)
	case w.max.Load()-w.used.Load() >= need: // it came meanwhile
		w.ready = append(w.ready, s)
	default:
		w.parked = append(w.parked, s)
	}
	w.mu.Unlock()
}

// unpark forgets a stream that has ended while it waited for credit of the link. The link has forgotten it before.
func (w *writer) unpark(s *Stream) {
	w.mu.Lock()
	if i := slices.Index(w.parked, s); i >= 0 {
		w.parked = slices.Delete(w.parked, i, i+1)
		w.active.Add(-1)
	}
	w.mu.Unlock()
}

// raise takes a CREDIT of the link (CRED-005).
func (w *writer) raise(to uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to <= w.max.Load() {
		return false
	}
	w.max.Store(to)
	w.ready = append(w.ready, w.parked...)
	clear(w.parked)
	w.parked = w.parked[:0]
	if len(w.ready) > 0 {
		w.wake()
	}
	return true
}

// fill is how much a stream may buffer before it is written, in bytes.
func (w *writer) fill() int {
	if w.active.Load() > manyAt {
		return fillMany
	}
	return fillOne
}
