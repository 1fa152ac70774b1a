package channel

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// Queue is a bounded queue of package delivery.
type Queue interface {
	delivery.Queue
	// Bytes gives what the records count, and the bound.
	Bytes() (have, limit uint64)
}

// Full says what Push does when the queue has no room.
type Full int

const (
	// DropOldest makes room: what is dropped becomes a GAP.
	DropOldest Full = iota
	// Refuse returns ErrFull.
	Refuse
	// Wait waits until the receiver has made enough durable.
	Wait
)

// ErrFull is what Push returns where the queue is full and is not to drop anything.
var ErrFull = errors.New("channel: the queue is full")

// ErrClosed is what is returned after Close.
var ErrClosed = errors.New("channel: closed")

// SourceConfig says what a Source sends.
type SourceConfig struct {
	// Queue holds the records. It stays the caller's, who closes it after the Source; nobody else uses it meanwhile.
	Queue Queue
	// Proto is the sub-protocol whose records these are, Params what its OPEN says.
	Proto  string
	Params []byte
	// WhenFull says what Push does then. Default: DropOldest.
	WhenFull Full
	// RetryMin and RetryMax bound the wait before a stream is opened again on a link that lives. It doubles. Default: 100 ms and
	// 10 s.
	RetryMin, RetryMax time.Duration
	// Logger takes what happens to the channel. Default: none.
	Logger *slog.Logger
}

// Source sends the records of one channel, over one link after the other. Its methods may be called by any goroutine.
type Source struct {
	cfg  SourceConfig
	log  *slog.Logger
	kick chan struct{}  // capacity 1; sent by whoever changes something, received by run
	done chan struct{}  // closed when run has returned
	due  chan struct{}  // capacity 1; sent by whoever makes something to send, received by the newest attachment's send
	wg   sync.WaitGroup // send of each attachment

	mu       sync.Mutex // guards the fields below
	core     *delivery.Sender
	want     *link.Link         // the newest link; nil: none that lives
	stale    bool               // a newer process has the channel: want is of no use
	cur      *attachment        // nil: detached
	opening  context.CancelFunc // ends the OpenChannel that runs; nil: none runs
	backoff  time.Duration
	retry    *time.Timer // nil: none is set
	resting  bool        // retry has not struck
	owes     bool        // a CHECK is owed, and the queue could not note it
	closed   bool
	reserved uint64        // what pushes that run will add to the queue
	changed  chan struct{} // closed and made anew when stable grows, or at the end
	waiters  int           // who wait on changed
	counts   SourceStats   // only the counters
}

// attachment is the channel on one stream. It takes what arrives there.
type attachment struct {
	src  *Source
	link *link.Link
	over chan struct{} // closed when the stream has ended

	// guarded by Source.mu
	stream   *link.Stream // nil while OpenChannel runs
	answered bool         // ACCEPT has come
	position *codec.Position
	taken    bool // and was given to the core
	ended    bool
	err      error
}

// NewSource begins. Close it.
func NewSource(cfg SourceConfig) *Source {
	if cfg.RetryMin <= 0 {
		cfg.RetryMin = 100 * time.Millisecond
	}
	if cfg.RetryMax <= 0 {
		cfg.RetryMax = 10 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Source{
		cfg: cfg, log: cfg.Logger, core: delivery.NewSender(cfg.Queue), backoff: cfg.RetryMin,
		kick: make(chan struct{}, 1), due: make(chan struct{}, 1), done: make(chan struct{}), changed: make(chan struct{}),
	}
	go s.run() // ends with Close, which waits for it
	return s
}

// Push gives a record to the queue, which takes data over, and returns its number: when it is durable, where the queue is. It
// waits where the queue is full and WhenFull is Wait. The error is ErrFull, ErrClosed, that of ctx, delivery.ErrTooLarge, or that
// of the disk: then the record is not in the queue.
func (s *Source) Push(ctx context.Context, data []byte) (seq uint64, err error) {
	size := uint64(len(data)) + delivery.RecordOverhead
	if err := s.reserve(ctx, size); err != nil {
		return 0, err
	}
	seq, err = s.cfg.Queue.Append(data)
	if errors.Is(err, delivery.ErrExhausted) {
		if err = s.renew(); err == nil {
			seq, err = s.cfg.Queue.Append(data)
		}
	}
	if s.cfg.WhenFull != DropOldest {
		s.mu.Lock()
		s.reserved -= size
		if err != nil {
			s.notify()
		}
		s.mu.Unlock()
	}
	s.poke()
	return seq, err
}

// reserve sees to it that the queue has room for a record, as WhenFull says.
func (s *Source) reserve(ctx context.Context, size uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed {
			return ErrClosed
		}
		if s.cfg.WhenFull == DropOldest {
			return nil
		}
		have, limit := s.cfg.Queue.Bytes()
		if size > limit || have+s.reserved+size <= limit { // over the limit: ErrTooLarge is the queue's
			s.reserved += size
			return nil
		}
		if s.cfg.WhenFull == Refuse {
			s.counts.Refused++
			return ErrFull
		}
		if err := s.await(ctx); err != nil {
			return err
		}
	}
}

// await waits for a change of stable. It is called with mu held, which it releases meanwhile.
func (s *Source) await(ctx context.Context) error {
	ch := s.changed
	s.waiters++
	s.mu.Unlock()
	var err error
	select {
	case <-ch:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	s.mu.Lock()
	s.waiters--
	return err
}

// notify tells those who wait. It is called with mu held.
func (s *Source) notify() {
	if s.waiters > 0 {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// AwaitStable waits until the record of this number, and all before it, are durable at the receiver or given up.
func (s *Source) AwaitStable(ctx context.Context, seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.cfg.Queue.Head().Stable < seq {
		if s.closed {
			return ErrClosed
		}
		if err := s.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// renew goes on with a new channel when every number was given (CHAN-012).
func (s *Source) renew() error {
	s.mu.Lock()
	old := s.detach()
	err := s.cfg.Queue.Renew()
	s.mu.Unlock()
	old.reset()
	return err
}

// Attach goes on with the channel on a link, and leaves the one before. It does not wait. Every new link to the receiver is to be
// given to it; when a link ends, the Source waits for the next.
func (s *Source) Attach(l *link.Link) {
	s.mu.Lock()
	if s.closed || s.want == l {
		s.mu.Unlock()
		return
	}
	s.want, s.stale = l, false
	s.calm()
	old := s.detach()
	s.mu.Unlock()
	old.reset()
	s.wake()
}

// detach leaves the stream. What it returns is to be reset without mu; it may be nil. It is called with mu held.
func (s *Source) detach() *attachment {
	if s.opening != nil {
		s.opening()
	}
	old := s.cur
	if old != nil {
		s.cur = nil
		s.core.Step(delivery.Detached{}, 0)
	}
	return old
}

// reset ends the stream of an attachment that was left. a may be nil.
func (a *attachment) reset() {
	if a == nil {
		return
	}
	a.src.mu.Lock()
	stream := a.stream
	a.src.mu.Unlock()
	if stream != nil {
		stream.Reset(codec.CodeCancelled, "")
	}
}

// Close ends the Source at once, and waits for its goroutines: where a transport takes nothing, until its link has ended. What was
// not acknowledged stays in the queue.
func (s *Source) Close() {
	s.mu.Lock()
	s.closed = true
	s.calm()
	old := s.detach()
	s.notify()
	s.mu.Unlock()
	old.reset()
	s.wake()
	<-s.done
	s.wg.Wait()
}

// wake makes run look.
func (s *Source) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// poke makes the newest attachment look for something to send.
func (s *Source) poke() {
	select {
	case s.due <- struct{}{}:
	default:
	}
}

// calm forgets the wait for the next try. It is called with mu held.
func (s *Source) calm() {
	if s.retry != nil {
		s.retry.Stop()
	}
	s.resting, s.backoff = false, s.cfg.RetryMin
}

// rest waits before the next try, for at least as long as the other side asks. It is called with mu held.
func (s *Source) rest(asked time.Duration) {
	d := max(s.backoff, asked)
	s.backoff = min(2*s.backoff, s.cfg.RetryMax)
	s.resting = true
	if s.retry == nil {
		s.retry = time.AfterFunc(d, s.rested)
		return
	}
	s.retry.Reset(d)
}

func (s *Source) rested() {
	s.mu.Lock()
	s.resting = false
	s.mu.Unlock()
	s.wake()
}

// run opens streams and looks at their ends. It never waits for a transport, so that one that hangs does not keep the channel from
// the next link.
func (s *Source) run() {
	defer close(s.done)
	for range s.kick {
		for s.step() {
		}
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
	}
}

// step does the next thing that can be done. False: nothing can, before somebody wakes.
func (s *Source) step() bool {
	s.mu.Lock()
	a := s.cur
	switch {
	case s.closed:
	case a == nil && s.want != nil && !s.resting && !s.stale && s.owes:
		return s.owe() // unlocks
	case a == nil && s.want != nil && !s.resting && !s.stale:
		return s.open() // unlocks
	case a == nil:
	case a.ended:
		s.ended(a)
		s.mu.Unlock()
		return true
	case a.answered && !a.taken:
		return s.accepted(a) // unlocks
	}
	s.mu.Unlock()
	return false
}

// send fills the stream of an attachment, until it has ended.
func (s *Source) send(a *attachment) {
	for {
		select {
		case <-s.due:
		case <-a.over:
			s.poke() // what was taken here may have been meant for the next
			return
		}
		runtime.Gosched() // let others push into the same frame
		for s.pump(a) {
		}
	}
}

// owe notes what the queue could not note when ACCEPT said so: the next one may say `kept`, and nobody would ever know (CHAN-020). It
// is called with mu held and unlocks.
func (s *Source) owe() bool {
	s.mu.Unlock()
	err := s.cfg.Queue.OweCheck()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.log.Error("the queue has failed", "proto", s.cfg.Proto, "err", err)
		s.rest(0)
		return true
	}
	s.owes = false
	return true
}

// open opens a stream for the channel. It is called with mu held and unlocks.
func (s *Source) open() bool {
	l := s.want
	a := &attachment{src: s, link: l, over: make(chan struct{})}
	var offer *codec.Channel
	for _, e := range s.core.Step(delivery.Attach{}, 0) {
		offer = e.(delivery.SendOpen).Channel
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cur, s.opening = a, cancel
	s.mu.Unlock()

	stream, err := l.OpenChannel(ctx, s.cfg.Proto, s.cfg.Params, offer, a)
	cancel()

	s.mu.Lock()
	s.opening = nil
	a.stream = stream
	left := s.cur != a
	if err != nil && !left {
		a.ended, a.err = true, err
	}
	s.mu.Unlock()
	if left && stream != nil { // meanwhile, by somebody who could not reset it
		stream.Reset(codec.CodeCancelled, "")
	}
	return true
}

// ended looks at why a stream has ended, and whether the link serves another. It is called with mu held.
func (s *Source) ended(a *attachment) {
	s.cur = nil
	s.core.Step(delivery.Detached{}, 0)
	if s.want != a.link {
		return
	}
	e, _ := errors.AsType[*link.Error](a.err)
	switch {
	case a.link.Err() != nil || errors.Is(a.err, link.ErrDraining):
		s.want = nil
	case e != nil && (e.Code == codec.CodeEpochStale || e.Retry < 0):
		s.log.Error("the channel is refused", "proto", s.cfg.Proto, "err", a.err)
		s.stale = true
	default:
		s.log.Warn("the channel's stream has ended", "proto", s.cfg.Proto, "err", a.err)
		var asked time.Duration
		if e != nil {
			asked = e.Retry
		}
		s.rest(asked)
	}
}

// accepted gives ACCEPT to the core. It is called with mu held and unlocks.
func (s *Source) accepted(a *attachment) bool {
	a.taken = true
	effects := s.core.Step(delivery.Accepted{
		Stream: a.stream.ID(), Position: a.position, MaxFrame: uint32(a.link.MaxFrame()), MaxMessage: a.link.Peer().Limits.MaxMessage,
	}, 0)
	if p := a.position; p != nil {
		s.counts.Positions.add(p.State)
		s.log.Info("attached", "proto", s.cfg.Proto, "state", string(p.State), "stable", p.Stable)
		if p.State == codec.PositionKept {
			s.backoff = s.cfg.RetryMin
		}
	}
	var fail *codec.Error
	for _, e := range effects {
		switch e := e.(type) {
		case delivery.SendFin:
			_ = a.stream.CloseSend() // its error is that the stream has ended
		case delivery.NewChannel:
			s.cur = nil
		case delivery.Abort:
			fail = e.Err
		case delivery.Broken:
			fail = s.broken(e.Err)
			s.owes = s.owes || a.position.State == codec.PositionLost || a.position.State == codec.PositionDiverged
		}
	}
	s.notify()
	if s.core.Attached() {
		s.wg.Go(func() { s.send(a) })
		s.poke()
	}
	s.mu.Unlock()
	if fail != nil {
		a.stream.Fail(fail)
	}
	return true
}

// broken is what the other side is told of a queue that could not keep something. The stream is opened again later.
func (s *Source) broken(err error) *codec.Error {
	s.log.Error("the queue has failed", "proto", s.cfg.Proto, "err", err)
	return &codec.Error{Code: codec.CodeInternal, Scope: codec.ScopeStream, Req: "CHAN-020", Detail: "the queue has failed", Err: err}
}

// pump fills one buffer of the stream with what is due. False: nothing is.
func (s *Source) pump(a *attachment) bool {
	s.mu.Lock()
	idle := s.cur != a || a.ended || !s.core.Attached() || s.core.Idle()
	s.mu.Unlock()
	if idle {
		return false
	}
	want := 1 << 20
	if have, _ := s.cfg.Queue.Bytes(); have < uint64(want) {
		want = int(have)
	}
	room, err := a.stream.AwaitRoom(want)
	if err != nil {
		return false // OnEnd wakes
	}
	s.mu.Lock()
	if s.cur != a || a.ended {
		s.mu.Unlock()
		return true
	}
	effects := s.core.Step(delivery.Room{Charge: room.Charge, Bytes: room.Bytes}, 0)
	charge, frames, fin := 0, 0, false
	var fail *codec.Error
	for _, e := range effects {
		switch e := e.(type) {
		case delivery.SendRecords:
			frames++
			charge += int(e.Records.Pieces.Charge())
			s.counts.sent(e.Records)
		case delivery.SendGap:
			frames++
			s.counts.Gaps.add(e.Gap)
		case delivery.SendFin:
			fin = true
		case delivery.Broken:
			fail = s.broken(e.Err)
		}
	}
	if frames > 0 {
		a.stream.SendFrames(charge, func(b []byte) []byte {
			for _, e := range effects {
				switch e := e.(type) {
				case delivery.SendRecords:
					b = e.Records.AppendFrame(b)
				case delivery.SendGap:
					b = e.Gap.AppendFrame(b)
				}
			}
			return b
		})
	} else {
		a.stream.GiveRoom()
	}
	if fin {
		_ = a.stream.CloseSend() // its error is that the stream has ended
	}
	s.mu.Unlock()
	if fail != nil {
		a.stream.Fail(fail)
		return true
	}
	if frames > 0 {
		a.stream.Flush()
	}
	return frames > 0
}

// OnAccept takes ACCEPT.
func (a *attachment) OnAccept(st *link.Stream, p *codec.Position) {
	a.src.mu.Lock()
	a.stream, a.answered, a.position = st, true, p
	a.src.mu.Unlock()
	a.src.wake()
}

// OnAck takes an ACK.
func (a *attachment) OnAck(_ *link.Stream, ack codec.Ack) (idle bool, fail *codec.Error) {
	s := a.src
	s.mu.Lock()
	if s.cur != a || a.ended {
		s.mu.Unlock()
		return false, nil
	}
	if !a.taken { // ACCEPT was read before, and comes first
		s.accepted(a) // unlocks
		s.mu.Lock()
		if s.cur != a || a.ended || !s.core.Attached() { // it was an ACCEPT that ends the stream
			s.mu.Unlock()
			return false, nil
		}
	}
	freed := false
	for _, e := range s.core.Step(delivery.GotAck{Ack: ack}, 0) {
		switch e := e.(type) {
		case delivery.Freed:
			freed = true
			s.counts.Acked++
		case delivery.Idle:
			idle = true
		case delivery.Abort:
			fail = e.Err
		case delivery.Broken:
			fail = s.broken(e.Err)
		}
	}
	if freed {
		s.notify()
	}
	busy := freed && s.core.Attached() && !s.core.Idle()
	s.mu.Unlock()
	if busy { // the window may have room again
		s.poke()
	}
	return idle, fail
}

// OnFin takes FIN of the receiver.
func (a *attachment) OnFin(*link.Stream) (fail *codec.Error) {
	s := a.src
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cur != a {
		return nil
	}
	for _, e := range s.core.Step(delivery.GotEnd{}, 0) {
		if e, ok := e.(delivery.Abort); ok {
			fail = e.Err
		}
	}
	return fail
}

// OnDrain ends the stream behind what is in the queue now. What is pushed later goes over the next link.
func (a *attachment) OnDrain(st *link.Stream) {
	s := a.src
	s.mu.Lock()
	var fail *codec.Error
	if s.cur == a && !a.ended {
		for _, e := range s.core.Step(delivery.Finish{}, 0) {
			switch e := e.(type) {
			case delivery.SendFin:
				_ = st.CloseSend() // its error is that the stream has ended
			case delivery.Abort:
				fail = e.Err
			}
		}
	}
	s.mu.Unlock()
	if fail != nil {
		st.Fail(fail)
	}
	s.poke()
}

// OnEnd takes the end of the stream.
func (a *attachment) OnEnd(_ *link.Stream, err error) {
	a.src.mu.Lock()
	a.ended, a.err = true, err
	a.src.mu.Unlock()
	close(a.over)
	a.src.wake()
}
