package link

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"handfast/codec"
)

// Link is one open link. Its methods may be called by any goroutine.
type Link struct {
	// immutable after the opening
	handlers    map[string]Handler
	maxWindow   uint64
	maxJoining  uint64
	grease      greaser
	greaseEvery int
	conn        net.Conn
	log         *slog.Logger
	dialer      bool
	agreed      codec.Agreement
	delivery    bool // RECORDS, ACK and GAP may be used
	peer        *codec.Hello
	limits      codec.Limits // own: bind the other side
	peerLimits  codec.Limits // bind this side
	maxPayload  int          // of the frames that this side sends
	maxCharge   uint64       // of a frame of theirs: half of the first grant, which is granted at last where it is waited for
	stallAfter  int64        // ns for which the transport may take nothing
	workTimeout time.Duration
	opened      time.Time

	r      *codec.Reader // owned by the reading goroutine, like the three below
	drying []*Stream     // have taken RECORDS since the last read that was used up; owned by read
	recent *Stream       // stream of the newest frame: the next one is often for it too
	open   openMemo
	ackIn  codec.Ack
	w      *writer
	wg     sync.WaitGroup // the writer and handlers' work; the reader waits for them

	mu        sync.Mutex // guards the fields below
	streams   map[uint32]*Stream
	lastOwn   uint32    // greatest id opened by this side, 0: none
	lastPeer  uint32    // greatest id opened by the other side, 0: none
	mayOpen   uint64    // streams that this side may open in all
	slotCond  sync.Cond // on mu: mayOpen rose, or an end
	granted   uint64    // streams that the other side may open in all
	returned  uint64    // streams of the other side whose slot was given back
	slotsOwed bool      // STREAMS waits to be sent
	drainIn   uint32    // last of the newest DRAIN received
	drained   bool      // DRAIN was received
	final     bool      // the final DRAIN was sent
	draining  bool      // DRAIN was sent or received
	empty     sync.Cond // on mu: no stream is open any more, or an end
	err       *Error    // why the link has ended, or is about to

	creditMu sync.Mutex // guards window
	window   Window

	beatMu sync.Mutex // guards the fields below
	beat   Heartbeat
	asked  int64 // when a write under way was last asked whether it moves
	clock  ClockFilter
	timer  *time.Timer
	next   int64       // when timer is due
	armed  bool        // and it has not struck
	still  bool        // the link is ending: no more ticks
	last   *time.Timer // ends the transport after LINGER

	joinMu  sync.Mutex // guards joins; taken after everything else
	joins   map[*Stream]struct{}
	joining atomic.Int64 // bytes of messages that are being joined

	resetMu   sync.Mutex // guards pace and late; taken before writer.mu
	pace      resetPace
	late      []lateReset  // RESETs that wait, the oldest first
	lateCount atomic.Int32 // length of late

	workMu sync.Mutex // guards work; taken after everything else
	work   map[*running]struct{}

	idleFrames  Calm // owned by the reading goroutine
	earlyResets Calm

	done    chan struct{} // closed when the link has ended and everything it started has returned
	ending  chan struct{} // closed when the transport may be ended
	endOnce sync.Once
	stats   counters
}

// now is monotonic time in ns since the opening, from 1 on.
func (l *Link) now() int64  { return int64(time.Since(l.opened)) + 1 }
func (l *Link) wall() int64 { return time.Now().UnixNano() }

// start begins the link's life after the opening.
func (l *Link) start() {
	now := l.now()
	l.beat = NewHeartbeat(l.limits, l.peerLimits, now)
	l.stallAfter = 2 * l.beat.silence
	l.slotCond.L, l.empty.L = &l.mu, &l.mu
	l.wg.Go(l.w.run)
	go l.read() // ends when the transport does, waits for everything else, and closes done
	l.beatMu.Lock()
	l.next, l.armed = now, true
	l.timer = time.AfterFunc(0, l.tick)
	l.beatMu.Unlock()
}

// Done is closed when the link has ended and every goroutine that it started has returned.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err is why the link has ended, nil while it lives. After an end in good order its code is NO_ERROR.
func (l *Link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		return nil
	}
	return l.err
}

// Peer is the other side's HELLO. What it says is a claim (TLS-005). It must not be changed.
func (l *Link) Peer() *codec.Hello { return l.peer }

// Agreed is what both sides stated in READY. It must not be changed.
func (l *Link) Agreed() codec.Agreement { return l.agreed }

// RemoteAddr is the transport's address of the other side.
func (l *Link) RemoteAddr() net.Addr { return l.conn.RemoteAddr() }

// Open opens a stream for a sub-protocol that both sides speak. It waits while the other side grants no more streams
// (STRM-018), and while many streams were reset too shortly ago for the other side to tolerate more (CALM-003). The stream is reset with CANCELLED or DEADLINE when ctx ends.
func (l *Link) Open(ctx context.Context, proto string, params []byte) (*Stream, error) {
	s, err := l.OpenWith(ctx, proto, params, nil, nil)
	if err != nil {
		return nil, err
	}
	s.watch(ctx)
	return s, nil
}

// OpenWith opens a stream whose messages go to r, if r is not nil, and sends first and FIN with it, if first is not nil. A
// small first goes out in the same write as OPEN. The stream is not tied to ctx, which bounds only the waits for a slot and
// for credit. With an error nothing was opened, and r is not called; what goes wrong later, and be it the sending of first,
// ends the stream, and r is told.
func (l *Link) OpenWith(ctx context.Context, proto string, params []byte, r Receiver, first []byte) (*Stream, error) {
	ver, ok := l.agreed.Protos[proto]
	if !ok {
		return nil, streamFault(codec.CodeUnknownProto, "STRM-004", "the other side does not speak "+proto)
	}
	if len(params) > maxParams {
		return nil, streamFault(codec.CodeFrameSize, "FRAME-018", "params do not fit into OPEN")
	}
	l.w.awaitRoom(ctx)
	l.mu.Lock()
	if err := l.waitSlot(ctx); err != nil {
		l.mu.Unlock()
		return nil, err
	}
	id := l.nextID()
	s := newStream(l, id, proto, true)
	s.receiver = r
	charge, held := chargeOf(len(first)), len(first)+lastOverhead
	direct := first != nil && len(first) <= copyBelow && len(first)+pieceHeader <= l.maxPayload && charge <= s.grant.Free() && l.w.unsent.take(held)
	if direct && !l.w.use(charge) {
		direct = false
		l.w.unsent.give(held)
	}
	if direct {
		s.grant.Use(charge)
		s.fin, s.finSent = true, true
	}
	l.lastOwn = id
	l.streams[id] = s
	// mu is held over the queueing so that ids go out in order (STRM-002).
	err := l.w.queue(func(b []byte) []byte {
		b = appendOpen(b, id, proto, ver, params)
		if direct {
			l.w.ctlHeld += held
			b = appendLast(b, id, first)
		}
		return b
	})
	if err != nil {
		delete(l.streams, id)
		l.mu.Unlock()
		return nil, l.endedError()
	}
	if id >= lastID {
		l.drainIDs()
	}
	l.mu.Unlock()
	if first != nil && !direct {
		s.watch(ctx)
		err := s.Send(first)
		if err == nil {
			err = s.CloseSend()
		}
		s.unwatch()
		if err != nil {
			s.end(err, func(b []byte) []byte { return codec.Reset{Stream: id, Code: codec.CodeCancelled}.AppendFrame(b) })
		}
	}
	return s, nil
}

// maxParams is what surely fits into OPEN and ACCEPT beside their other keys.
const maxParams = codec.MaxControl - 128

// drainIDs says DRAIN when the last stream id was used (STRM-019). It is called with mu held.
func (l *Link) drainIDs() {
	l.draining = true
	l.slotCond.Broadcast()
	if l.final { // said already
		return
	}
	_ = l.w.queue(func(b []byte) []byte {
		return codec.Drain{Last: drainNotice, Code: codec.CodeIDExhausted, DeadlineMS: drainNotice}.AppendFrame(b)
	})
}

func appendOpen(b []byte, id uint32, proto string, ver uint16, params []byte) []byte {
	b, _ = (&codec.Open{Stream: id, Proto: proto, Ver: ver, Params: params}).AppendFrame(b)
	return b
}

// nextID is the id after the greatest one opened by this side (STRM-001, STRM-002). It is called with mu held.
func (l *Link) nextID() uint32 {
	if l.lastOwn != 0 {
		return l.lastOwn + 2
	}
	if l.dialer {
		return 1
	}
	return 2
}

// waitSlot waits until this side may open a stream. It may not while many RESETs wait to be sent: whoever opens and gives up
// goes on as fast as every receiver tolerates. It is called with mu held.
func (l *Link) waitSlot(ctx context.Context) error {
	var stop func() bool
	for {
		switch {
		case l.err != nil:
			return l.err
		case l.lastOwn >= lastID:
			return fault(codec.CodeIDExhausted, "STRM-019", "no stream ids are left")
		case l.draining:
			return ErrDraining
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case (uint64(l.lastOwn)+1)/2 < l.mayOpen && l.lateCount.Load() < maxLate:
			return nil
		}
		if stop == nil && ctx.Done() != nil {
			stop = context.AfterFunc(ctx, func() {
				l.mu.Lock()
				l.slotCond.Broadcast()
				l.mu.Unlock()
			})
			defer stop()
		}
		l.slotCond.Wait()
	}
}

// lastID is the greatest stream id that is used (STRM-019).
const lastID = 1<<32 - 3

// forget removes a stream that has ended.
func (l *Link) forget(s *Stream) {
	s.gone.Store(true)
	l.mu.Lock()
	delete(l.streams, s.id)
	if len(l.streams) == 0 {
		l.empty.Broadcast()
	}
	l.mu.Unlock()
}

// returnSlot gives the slot of a finished stream of the other side back (STRM-009).
func (l *Link) returnSlot() {
	l.mu.Lock()
	l.returned++
	l.oweSlots()
	l.mu.Unlock()
}

// oweSlots sees to it that STREAMS is sent when a quarter of what may be open at once was given back, so that a stream
// does not cost a frame more; or anything, where the other side has used all that it was granted. It is called with mu
// held.
func (l *Link) oweSlots() {
	free := l.mayGrant() - l.granted
	if l.slotsOwed || free == 0 || free < max(l.limits.Streams/4, 1) && (uint64(l.lastPeer)+1)/2 < l.granted {
		return
	}
	l.slotsOwed = true
	l.w.reply(func(r *replies) { r.streams = true })
}

// mayGrant is the number of streams that the other side may open in all. It is called with mu held.
func (l *Link) mayGrant() uint64 { return min(l.returned+l.limits.Streams, codec.MaxStreams) }

// grantSlots grants what STREAMS is about to state. That is not done before: a peer that does not read, and so lets
// answers to its streams wait here, could open more of them otherwise (LIM-001).
func (l *Link) grantSlots() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slotsOwed = false
	l.granted = max(l.granted, l.mayGrant())
	return l.granted
}

// receive takes charge of the link (CRED-002).
func (l *Link) receive(charge uint64) bool {
	l.creditMu.Lock()
	defer l.creditMu.Unlock()
	return l.window.Receive(charge)
}

// shut says that the window of the link is used up by what waits to be consumed.
func (l *Link) shut() bool {
	l.creditMu.Lock()
	defer l.creditMu.Unlock()
	return l.window.Shut()
}

// consume grants charge again on the link (CRED-007).
func (l *Link) consume(charge uint64) {
	if charge == 0 {
		return
	}
	l.creditMu.Lock()
	due := l.window.Consume(charge)
	var to uint64
	if due {
		to = l.window.Grant(l.now())
	}
	l.creditMu.Unlock()
	if due {
		l.grantLink(to)
	}
}

// pass takes charge of the link that is consumed at once.
func (l *Link) pass(charge uint64) bool {
	l.creditMu.Lock()
	ok := l.window.Receive(charge)
	due := ok && l.window.Consume(charge)
	var to uint64
	if due {
		to = l.window.Grant(l.now())
	}
	l.creditMu.Unlock()
	if due {
		l.grantLink(to)
	}
	return ok
}

func (l *Link) grantLink(to uint64) {
	l.w.reply(func(r *replies) { r.credit, r.creditMax = true, max(to, r.creditMax) })
}

// drop takes charge of data that nobody wants (STRM-014).
func (l *Link) drop(charge uint64) *Error {
	if !l.pass(charge) {
		return fault(codec.CodeFlowViolation, "CRED-002", "data beyond the link's grant")
	}
	return nil
}

// joined changes the bytes held by messages that are being joined; false: beyond the bound (OPT-006).
func (l *Link) joined(n int) bool {
	if l.joining.Add(int64(n)) > int64(l.maxJoining) && n > 0 {
		l.joining.Add(int64(-n))
		return false
	}
	return true
}

func (l *Link) watchJoin(s *Stream) {
	l.joinMu.Lock()
	if l.joins == nil {
		l.joins = make(map[*Stream]struct{})
	}
	first := len(l.joins) == 0
	l.joins[s] = struct{}{}
	l.joinMu.Unlock()
	if first {
		l.tickIn(time.Duration(l.limits.MessageMS) * time.Millisecond)
	}
}

func (l *Link) unwatchJoin(s *Stream) {
	l.joinMu.Lock()
	delete(l.joins, s)
	l.joinMu.Unlock()
}
