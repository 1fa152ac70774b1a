package channel

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
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
	// OnStable is told whenever everything up to a greater number has become durable at the receiver, or was given up. It must neither
	// block nor use the Source. Default: none.
	OnStable func(stable uint64)
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
	finish   bool               // the stream on want ends by FIN behind what is in the queue, and no other is opened there
	cur      *attachment        // nil: detached
	opening  context.CancelFunc // ends the OpenChannel that runs; nil: none runs
	backoff  time.Duration
	retry    *time.Timer // nil: none is set
	resting  bool        // retry has not struck
	owes     bool        // a CHECK is owed, and the queue could not note it
	reserved uint64      // what pushes that run will add to the queue
	waiters  map[*waiter]struct{}
	spare    *waiter     // to be used again; nil: none
	counts   SourceStats // only the counters

	closed atomic.Bool   // set with mu held
	stable atomic.Uint64 // not above that of the queue; set with mu held
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
		kick: make(chan struct{}, 1), due: make(chan struct{}, 1), done: make(chan struct{}), waiters: map[*waiter]struct{}{},
	}
	go s.run() // ends with Close, which waits for it
	return s
}

// Attach goes on with the channel on a link, and leaves the one before. It does not wait. Every new link to the receiver is to be
// given to it; when a link ends, the Source waits for the next.
func (s *Source) Attach(l *link.Link) {
	s.mu.Lock()
	if s.closed.Load() || s.want == l && !s.finish {
		s.mu.Unlock()
		return
	}
	s.want, s.stale, s.finish = l, false, false
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

// Close ends the Source at once, and waits for its goroutines: where a transport takes nothing, until its link has ended. What was
// not acknowledged stays in the queue.
func (s *Source) Close() {
	s.mu.Lock()
	s.closed.Store(true)
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
		if s.closed.Load() {
			return
		}
	}
}

// step does the next thing that can be done. False: nothing can, before somebody wakes.
func (s *Source) step() bool {
	s.mu.Lock()
	a := s.cur
	switch {
	case s.closed.Load():
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
	case a.link.Err() != nil || errors.Is(a.err, link.ErrDraining) || s.finish:
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
	if p := a.position; p != nil && p.State == codec.PositionForeign {
		s.stable.Store(0) // the numbers begin anew
	}
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
		if s.finish && fail == nil {
			fail = s.end(a.stream)
		}
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
