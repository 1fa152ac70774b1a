package sync

import (
	"context"
	"errors"
	"io"
	"slices"
	gosync "sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

const (
	// A batch of REPAIRs is merged in one transaction.
	batchItems = 4096
	batchBytes = 4 << 20
	// maxQueue bounds what waits to be sent: more means that the other side sends without end and does not read.
	maxQueue = 1 << 16
)

// DefaultTimeout bounds a session for which nothing else was said.
const DefaultTimeout = 10 * time.Minute

// Options say what a session is about.
type Options struct {
	Store     store.Store // required
	Namespace string      // required: one that the store has
	Plan      Plan
	// Timeout bounds the session. Default: DefaultTimeout; the context bounds it too.
	Timeout time.Duration
	// Progress is called now and then, on one goroutine, with what has happened so far. It must not block. Default: none.
	Progress func(Progress)
}

// Progress is what has happened so far.
type Progress struct {
	Phase    string // a state of the initiator: START, SINCE, SETTLING, LAST, WALK, COMPLETING or OVER
	Sent     uint64 // objects
	Received uint64 // objects
	Asked    uint64 // questions
}

// Run opens a session on a link and runs it to its end. The report is always filled with what is known. The error says why a session has failed: a
// *link.Error of the stream, a *codec.Error for a fault of the other side, an *EndedError, or one of the store. A session that is
// partial has no error.
func Run(ctx context.Context, l *link.Link, o Options) (*Report, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	r := &Report{Namespace: o.Namespace}
	if _, err := o.Store.Get(store.Key{Namespace: o.Namespace, Name: "-"}); store.CodeOf(err) == store.CodeDenied {
		return r, err
	}
	params := codec.SyncParams{SaltCheck: codec.SyncSaltCheck(o.Store.Salt()), Namespace: o.Namespace}
	st, err := l.Open(ctx, Proto, params.Append(nil))
	if err != nil {
		return r, err
	}
	s := newSession(o, st, r)
	return r, s.run(ctx)
}

// session is an initiator on a stream. One goroutine reads, merges and decides; another one sends: reading never waits for sending, so that two peers
// that send much cannot wait for each other (SYNC-006).
type session struct {
	o      Options
	stream *link.Stream
	report *Report
	send   *sender
	began  time.Time
	shown  time.Time // when progress was told last; the reader's
	held   []Effect  // objects to be sent behind the next flush; the reader's
	merger gosync.WaitGroup

	mu     gosync.Mutex // guards the fields below
	core   *Initiator
	queue  []Effect
	busy   bool // the sender works
	merges bool // the merger works
	stop   bool
	taking bool  // what a message has led to is not in the queue yet
	err    error // why sending has ended
	asked  uint64
	walked time.Time // when SINCE was over
	done   time.Time // when COMPLETE, or CHECK with LAST, was sent
	wake   *gosync.Cond
	merged *gosync.Cond // the merger has taken a batch, or has ended
}

func newSession(o Options, st *link.Stream, r *Report) *session {
	s := &session{o: o, stream: st, report: r, began: time.Now(), core: NewInitiator(o.Namespace, o.Store, o.Plan)}
	s.core.UseCells(agreedCells(st.Link()))
	s.wake, s.merged = gosync.NewCond(&s.mu), gosync.NewCond(&s.mu)
	s.send = &sender{
		store: o.Store, ns: o.Namespace, count: s.core, stated: new(clock.Node), most: maxMessage(st),
		write: func(msg []byte) error {
			s.mu.Lock()
			s.report.Out.note(msg)
			s.mu.Unlock()
			return st.Send(msg)
		},
		lock: func(f func()) {
			s.mu.Lock()
			defer s.mu.Unlock()
			f()
		},
	}
	return s
}

// maxMessage is what the other side takes.
func maxMessage(st *link.Stream) int {
	return int(min(st.Link().Peer().Limits.MaxMessage, clock.MaxBytes+1<<16))
}

func (s *session) run(ctx context.Context) error {
	effects, err := s.core.Begin()
	if err != nil {
		s.stream.Reset(codec.CodeInternal, "")
		return err
	}
	s.enqueue(effects)
	var wg gosync.WaitGroup
	wg.Go(s.sending)
	err = s.receiving(ctx)
	s.mu.Lock()
	s.stop = true
	s.wake.Signal()
	s.mu.Unlock()
	if err != nil {
		s.reset(err)
	}
	wg.Wait()
	s.merger.Wait()
	if err == nil {
		_ = s.stream.CloseSend() // may have been sent already; what else waited is of no use
		select {                 // the end of ctx would overtake FIN
		case <-s.stream.Context().Done():
		case <-ctx.Done():
		}
	}
	return s.end(err)
}

// reset ends the stream because of an error.
func (s *session) reset(err error) {
	resetBy(s.stream, err)
}

// resetBy ends a stream because of an error.
func resetBy(st *link.Stream, err error) {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		st.Reset(e.Code, e.Req+": "+e.Detail)
		return
	}
	st.Reset(codec.CodeInternal, "")
}

// end fills the report.
func (s *session) end(err error) error {
	r, now := s.report, time.Now()
	r.Took = now.Sub(s.began)
	r.Since = orNow(s.walked, now).Sub(s.began)
	r.Walk = orNow(s.done, now).Sub(orNow(s.walked, now))
	r.Completing = now.Sub(orNow(s.done, now))
	r.Turns = s.core.Rounds()
	r.Found, r.Echoes = s.core.Found(), s.core.Echoes()
	mine, theirs, ok := s.core.Result()
	if !ok {
		r.Mine = s.core.Counts()
		if f := s.core.Failure(); f != nil {
			return &EndedError{f.Code, f.RetryMS, f.Text}
		}
		if s.err != nil { // what sending has met came first
			return s.err
		}
		if err == nil {
			err = fault("SYNC-020", "the stream has ended without COMPLETE")
		}
		return err
	}
	r.Mine, r.Theirs = mine, theirs
	r.judge()
	return nil
}

func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}

// receiving takes messages until FIN.
func (s *session) receiving(ctx context.Context) error {
	for {
		msg, err := s.stream.Recv()
		if errors.Is(err, io.EOF) {
			return s.ended()
		}
		if err != nil {
			return err
		}
		s.noteIn(msg)
		m, err := codec.ParseSyncAnswer(msg)
		if err != nil {
			return err
		}
		version := false
		switch m.(type) {
		case codec.SyncRepair, codec.SyncResult:
		case codec.SyncVersion: // what it leads to is held until the object that came before it is merged
			version = true
		default:
			s.flush(ctx)
		}
		s.mu.Lock()
		s.taking = true
		effects, err := s.core.Receive(m)
		items, size := s.core.Pending()
		pull, since := s.core.PullIsNext(), s.core.Sinced()
		s.mu.Unlock()
		if err != nil {
			return err
		}
		effects = s.local(ctx, effects)
		if version && items > 0 {
			effects = s.hold(effects)
		}
		s.enqueue(effects)
		if since {
			s.flushBeside(ctx)
		} else if items > 0 && (items >= batchItems || size >= batchBytes || pull && version || !s.stream.Buffered()) {
			s.flush(ctx)
		}
		s.mu.Lock()
		s.taking = false
		s.mu.Unlock()
		if err := s.settle(); err != nil {
			return err
		}
		s.progress()
	}
}

// ended says whether the other side may send FIN now.
func (s *session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, ok := s.core.Result(); ok || s.core.Failure() != nil {
		return nil
	}
	return fault("SYNC-020", "the stream has ended without COMPLETE")
}

func (s *session) noteIn(msg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.In.note(msg)
}

// flush merges what has been received.
func (s *session) flush(ctx context.Context) {
	s.mu.Lock()
	for s.merges {
		s.merged.Wait()
	}
	effects := s.core.Flush()
	s.mu.Unlock()
	s.merge(ctx, effects)
	s.enqueue(s.held)
	s.held = nil
}

// merge carries out what Flush has given, and answers it.
func (s *session) merge(ctx context.Context, effects []Effect) {
	for _, e := range effects {
		results, lost := merge(ctx, s.o.Store, s.o.Namespace, e.(Merge)) //nolint:forcetypeassert // Flush gives nothing else
		s.mu.Lock()
		s.report.Lost += lost
		s.enqueueLocked(s.core.Merged(results)) // at once: otherwise nothing would seem to be left to do
		s.mu.Unlock()
	}
}

// flushBeside lets what has been received be merged while reading goes on: what comes during one commit is the next batch. It waits as long as there is
// a whole batch behind the one that is being merged.
func (s *session) flushBeside(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := func() bool {
		items, size := s.core.Pending()
		return items >= batchItems || size >= batchBytes
	}
	for s.merges && full() {
		s.merged.Wait()
	}
	if items, _ := s.core.Pending(); s.merges || items == 0 {
		return
	}
	s.merges = true
	s.merger.Go(func() { s.mergeAll(ctx) })
}

// mergeAll merges until nothing waits.
func (s *session) mergeAll(ctx context.Context) {
	for {
		s.mu.Lock()
		effects := s.core.Flush()
		s.merges = len(effects) > 0
		s.merged.Broadcast()
		s.mu.Unlock()
		if len(effects) == 0 {
			return
		}
		s.merge(ctx, effects)
	}
}

// hold keeps what sends objects until the next flush, and gives the rest.
func (s *session) hold(effects []Effect) []Effect {
	return slices.DeleteFunc(effects, func(e Effect) bool {
		_, ok := e.(SendObject)
		if ok {
			s.held = append(s.held, e)
		}
		return ok
	})
}

// local carries out the effects that send nothing, and gives the others.
func (s *session) local(ctx context.Context, effects []Effect) []Effect {
	return slices.DeleteFunc(effects, func(e Effect) bool {
		o, ok := e.(Observe)
		if ok {
			_ = observe(ctx, s.o.Store, s.o.Namespace, o.Clock)
		}
		return ok
	})
}

// enqueue hands effects to the sender. RESULTs that follow each other become one.
func (s *session) enqueue(effects []Effect) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enqueueLocked(effects)
}

// enqueueLocked is enqueue, with mu held.
func (s *session) enqueueLocked(effects []Effect) {
	for _, e := range effects {
		if one, ok := e.(Send); ok && s.join(one) {
			continue
		}
		s.queue = append(s.queue, e)
	}
	s.wake.Signal()
}

// join adds a RESULT to one that waits at the end of the queue.
func (s *session) join(one Send) bool {
	add, ok := one.Msg.(codec.SyncResult)
	if !ok || len(s.queue) == 0 {
		return false
	}
	last, ok := s.queue[len(s.queue)-1].(Send)
	if !ok {
		return false
	}
	have, ok := last.Msg.(codec.SyncResult)
	if !ok || len(have.Entries)+len(add.Entries) > codec.MaxSyncResults {
		return false
	}
	have.Entries = append(slices.Clip(have.Entries), add.Entries...)
	s.queue[len(s.queue)-1] = Send{have}
	return true
}

// sending carries out what waits, until FIN was sent or the session has ended.
func (s *session) sending() {
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.stop {
			s.wake.Wait()
		}
		if s.stop {
			s.mu.Unlock()
			return
		}
		e := s.queue[0]
		s.queue = s.queue[1:]
		s.busy = true
		s.mu.Unlock()
		err := s.carry(e)
		s.mu.Lock()
		s.busy = false
		s.mu.Unlock()
		if err == nil {
			err = s.settle()
		}
		if err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			s.reset(err)
			return
		}
	}
}

func (s *session) carry(e Effect) error {
	if _, ok := e.(Finish); ok {
		return s.stream.CloseSend()
	}
	if one, ok := e.(Send); ok {
		s.mu.Lock()
		switch m := one.Msg.(type) {
		case codec.SyncCheck, codec.SyncCheckKey, codec.SyncCells:
			if s.walked.IsZero() {
				s.walked = time.Now()
			}
			if check, ok := m.(codec.SyncCheck); ok && check.Last {
				s.done = time.Now()
			}
			s.asked++
		case codec.SyncComplete:
			s.done = time.Now()
		}
		s.mu.Unlock()
	}
	return s.send.do(e)
}

// settle goes on to the end of the session when nothing is left to do.
func (s *session) settle() error {
	s.mu.Lock()
	if len(s.queue) > maxQueue {
		s.mu.Unlock()
		return &codec.Error{Code: codec.CodeOverloaded, Scope: codec.ScopeStream, Detail: "the other side does not read"}
	}
	if len(s.queue) > 0 || s.busy || s.taking || !s.core.Quiet() {
		s.mu.Unlock()
		return nil
	}
	effects, err := s.core.Complete()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.enqueue(effects)
	return nil
}

// progressEvery is how often progress is told.
const progressEvery = 100 * time.Millisecond

func (s *session) progress() {
	now := time.Now()
	if s.o.Progress == nil || now.Sub(s.shown) < progressEvery {
		return
	}
	s.shown = now
	s.mu.Lock()
	counts := s.core.Counts()
	p := Progress{Phase: s.core.Phase(), Sent: counts.Sent, Received: counts.Received, Asked: s.asked}
	s.mu.Unlock()
	s.o.Progress(p)
}
