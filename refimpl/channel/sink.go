package channel

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// SinkConfig says where a Sink puts what it takes. Exactly one of Transactional and Plain is set.
type SinkConfig struct {
	Transactional Transactional
	Plain         Plain
	// Inline says that the store does not wait for anything: records are applied on the goroutine that reads the link, and the memory of
	// a batch is that of the frame. Without effect where there is a Delay. Default: a goroutine applies what has arrived meanwhile.
	Inline bool
	// MaxMessage is the limit max_message that links state. Default: that of the specification.
	MaxMessage uint64
	// MaxBatch bounds the payload of one commit, in bytes. One record may be larger. Default: 4 MiB.
	MaxBatch int
	// RetryMin and RetryMax bound the wait before the store is tried again where there is no going on without it. It doubles.
	// Default: 100 ms and 10 s.
	RetryMin, RetryMax time.Duration
	// OnLost is told of numbers that will never come (GAP-004), after the store has noted it. It must not block. Default: none.
	OnLost func(key delivery.Key, lost []codec.Range)
	// Delay tells how long after its arrival a record is applied at the earliest, and what is behind it. It is called where frames
	// are read. Default: none.
	Delay func(key delivery.Key, data []byte) time.Duration
	// OnAttach is told of each ACCEPT that lets records flow, behind it, and of the link. It must not wait for the other side. Default: none.
	OnAttach func(key delivery.Key, l *link.Link)
	// OnFinish is told when all of a stream that the sender has ended by FIN was applied, and of the link. It must not wait for the
	// other side. Default: none.
	OnFinish func(key delivery.Key, l *link.Link)
	// Logger takes what happens to channels. Default: none.
	Logger *slog.Logger
}

// Sink takes channels of other peers. It is a link.ChannelHandler for any number of links and sub-protocols; a link on which the
// same channel comes anew takes it from the older one (CHAN-029). Its methods may be called by any goroutine.
type Sink struct {
	cfg   SinkConfig
	store Cursors
	log   *slog.Logger
	start time.Time
	stop  chan struct{}  // closed by Close
	wg    sync.WaitGroup // workers

	mu      sync.Mutex // guards the fields below
	core    *delivery.Channels
	work    map[delivery.Key]*keyed
	intakes map[uint64]*intake // streams, by attachment
	last    uint64             // newest attachment
	sweeper *time.Timer        // set once
	closed  bool
}

// keyed is what a Sink has of one key beside the core. It is guarded by Sink.mu.
type keyed struct {
	key     delivery.Key
	todo    []task
	head    int  // tasks before it were taken
	running bool // its worker runs
	timer   *time.Timer
	due     time.Duration // when timer strikes; 0: it is not set
	top     uint64        // greatest number that was handed on since the last ACCEPT
	stats   SinkStats

	// of whoever runs it
	batch  Batch
	taken  []task // that batch was made of
	joined []Item // the items of batch, where they are of several tasks
}

// task is one thing for the worker: to keep the cursor, to forget it, to answer an OPEN, or items to apply.
type task struct {
	from     *intake // nil for a cursor alone
	position *codec.Position
	keep     bool
	forget   bool
	batch    *chunk // nil: none
}

// NewSink reads the stored cursors and is ready. Close it.
func NewSink(cfg SinkConfig) (*Sink, error) {
	if (cfg.Transactional == nil) == (cfg.Plain == nil) {
		return nil, errors.New("channel: exactly one of Transactional and Plain is to be set")
	}
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = codec.DefaultLimits().MaxMessage
	}
	if cfg.MaxBatch <= 0 {
		cfg.MaxBatch = 4 << 20
	}
	if cfg.RetryMin <= 0 {
		cfg.RetryMin = 100 * time.Millisecond
	}
	if cfg.RetryMax <= 0 {
		cfg.RetryMax = 10 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Sink{
		cfg: cfg, log: cfg.Logger, start: time.Now(), stop: make(chan struct{}),
		core: delivery.NewChannels(delivery.ReceiverConfig{Transactional: cfg.Transactional != nil, MaxMessage: cfg.MaxMessage}),
		work: map[delivery.Key]*keyed{}, intakes: map[uint64]*intake{},
	}
	if s.store = cfg.Transactional; cfg.Plain != nil {
		s.store = cfg.Plain
	}
	stored, err := s.store.Cursors()
	if err != nil {
		return nil, err
	}
	for key, c := range stored {
		s.core.Load(key, c, 0)
		s.work[key] = newKeyed(key)
	}
	s.mu.Lock()
	s.sweeper = time.AfterFunc(forgetEvery, s.sweep)
	s.mu.Unlock()
	return s, nil
}

func newKeyed(key delivery.Key) *keyed { return &keyed{key: key, stats: SinkStats{Key: key}} }

func (s *Sink) now() time.Duration { return time.Since(s.start) }

// Close ends the streams and waits for what is being applied. What waits is not applied, and comes again.
func (s *Sink) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.wg.Wait()
		return
	}
	s.closed = true
	s.sweeper.Stop()
	close(s.stop)
	var streams []*link.Stream
	for _, in := range s.intakes {
		streams = append(streams, in.stream)
	}
	for _, k := range s.work {
		if k.timer != nil {
			k.timer.Stop()
		}
	}
	s.mu.Unlock()
	for _, st := range streams {
		if !st.RejectChannel(codec.CodeShutdown, "") {
			st.Reset(codec.CodeShutdown, "")
		}
	}
	s.wg.Wait()
	var do []func()
	s.mu.Lock()
	for _, k := range s.work { // the links may go on without the Sink
		for k.head < len(k.todo) {
			t := k.take()
			if t.batch != nil {
				t.from.stream.Consume(t.batch.charge)
			}
			if t.from != nil {
				if done := t.from.taskDone(); done != nil {
					do = append(do, done)
				}
			}
		}
	}
	s.mu.Unlock()
	for _, f := range do {
		f()
	}
}

// Cursor gives what is known of a channel, and whether anything is.
func (s *Sink) Cursor(key delivery.Key) (delivery.Cursor, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.core.Receiver(key); r != nil {
		return r.Cursor()
	}
	return delivery.Cursor{}, false
}

// Repaired says that a repair has ended that began when SinkStats.Checks was checks: no CHECK is owed for them (CHAN-021).
func (s *Sink) Repaired(key delivery.Key, checks uint64) {
	s.mu.Lock()
	out := s.step(key, delivery.Repaired{Checks: checks})
	s.mu.Unlock()
	out.run()
}

// Stats reads the counters of every channel.
func (s *Sink) Stats() []SinkStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]SinkStats, 0, len(s.work))
	for key, k := range s.work {
		st := k.stats
		if r := s.core.Receiver(key); r != nil {
			c, _ := r.Cursor()
			st.Attached, st.Stable, st.Checks, st.CheckOwed = r.Attachment() != 0, c.Stable, c.Checks, c.CheckOwed()
		}
		for _, t := range k.todo[k.head:] {
			if t.batch != nil {
				st.Waiting += len(t.batch.items)
			}
		}
		list = append(list, st)
	}
	return list
}

// HandleStream is never called: a Sink is a link.ChannelHandler.
func (s *Sink) HandleStream(st *link.Stream, _ []byte) { st.Reject(codec.CodeProtocol, "CHAN-003") }

// HandleChannel takes an OPEN.
func (s *Sink) HandleChannel(st *link.Stream, _ []byte, ch *codec.Channel) link.ChannelReceiver {
	s.mu.Lock()
	s.last++
	in := &intake{sink: s, stream: st, id: s.last, key: delivery.Key{Node: st.Link().Identity(), Proto: st.Proto(), Name: ch.Name}}
	if s.closed {
		s.mu.Unlock()
		st.RejectChannel(codec.CodeShutdown, "")
		return in
	}
	s.intakes[in.id] = in
	if r := s.core.Receiver(in.key); r != nil {
		if known, _ := r.Cursor(); delayed(known, s.work[in.key].top, ch) {
			s.mu.Unlock()
			st.RejectChannel(errDelayed.Code, errDelayed.Req+": "+errDelayed.Detail)
			return in
		}
	}
	out := s.step(in.key, delivery.Offered{Attachment: in.id, Stream: st.ID(), Channel: ch})
	s.mu.Unlock()
	out.run()
	return in
}

// outcome is what a step asks for that is done without mu: it may call back.
type outcome struct {
	idle   bool
	inline bool         // the caller applies what waits for the key
	fail   *codec.Error // for the stream whose frame it was
	do     []func()
}

// then adds something to do; f may be nil.
func (o *outcome) then(f func()) {
	if f != nil {
		o.do = append(o.do, f)
	}
}

func (o *outcome) run() {
	for _, f := range o.do {
		f()
	}
}

// step gives an event to a core and carries out what does not block. What may be slow or call back is left to the worker and to
// the outcome. It is called with mu held.
func (s *Sink) step(key delivery.Key, event delivery.ReceiverEvent) (out outcome) {
	s.effects(key, event, nil, nil, &out)
	return out
}

// effects is step for an event that comes from a frame of in, whose charge goes along with what is to be applied of it.
func (s *Sink) effects(key delivery.Key, event delivery.ReceiverEvent, in *intake, charge *link.Charge, out *outcome) {
	list := s.core.Step(key, event, s.now())
	k := s.work[key]
	if k == nil {
		if k = newKeyed(key); s.core.Receiver(key) != nil {
			s.work[key] = k
		}
	}
	var over []*intake
	for _, e := range list {
		switch e := e.(type) {
		case delivery.StoreCursor:
			k.todo = append(k.todo, task{keep: true})
		case delivery.SendAccept:
			to := s.intakes[e.Attachment]
			k.stats.Positions.add(e.Position.State)
			if to == nil {
				break
			}
			if e.Position.State == codec.PositionForeign {
				to.foreign = true
				out.do = append(out.do, func() { to.stream.AcceptChannel(e.Position) })
				break
			}
			k.top = 0
			to.tasks++
			k.todo = append(k.todo, task{from: to, position: &e.Position})
		case delivery.Reject:
			if to := s.intakes[e.Attachment]; to != nil {
				out.do = append(out.do, func() { to.stream.RejectChannel(e.Err.Code, e.Err.Req+": "+e.Err.Detail) })
			}
		case delivery.Apply:
			k.top = e.Items[len(e.Items)-1].Record.Seq
			switch {
			case in.copied.to != nil:
				s.core.Receiver(key).Keep(k.takeCopied(in, e.Items, charge))
			case s.inline(k):
				s.core.Receiver(key).Keep(k.newChunk(in).take(e.Items, charge))
				k.running, out.inline = true, true
				s.wg.Add(1)
			case s.cfg.Delay == nil:
				k.chunkFor(in).add(e.Items, charge)
			default:
				for i := range e.Items {
					s.addLate(k, in, e.Items[i:i+1], charge)
				}
			}
		case delivery.NoteGap:
			c := k.chunkFor(in)
			k.top = e.Gap.To
			c.items, c.odd = append(c.items, Item{Gap: &e}), true
		case delivery.SendAck:
			if to := s.intakes[e.Attachment]; to != nil {
				to.stream.SendAck(e.Ack)
			}
		case delivery.SendEnd:
			if to := s.intakes[e.Attachment]; to != nil {
				_ = to.stream.CloseSend() // its error is that the stream has ended
				if s.cfg.OnFinish != nil {
					out.do = append(out.do, func() { s.cfg.OnFinish(key, to.stream.Link()) })
				}
			}
		case delivery.End:
			to := s.intakes[e.Attachment]
			if to == nil {
				break
			}
			over = append(over, to)
			if to == in {
				out.fail = e.Err
			} else {
				out.do = append(out.do, func() { to.stream.Fail(e.Err) })
			}
		case delivery.ChannelLost:
			s.log.Warn("a channel was closed as lost", "proto", key.Proto, "name", key.Name)
		case delivery.Idle:
			out.idle = true
		}
	}
	for _, one := range over {
		s.dropQueued(k, one, out)
	}
	s.goOn(k)
}

// dropQueued forgets what a stream has brought and the worker has not taken: it ends by RESET, and nothing of it may be applied
// any more (CHAN-030). With nil it forgets what any stream has brought.
func (s *Sink) dropQueued(k *keyed, in *intake, out *outcome) {
	var failed []codec.Range
	kept := k.todo[:k.head]
	for _, t := range k.todo[k.head:] {
		if t.batch == nil || in != nil && t.from != in {
			kept = append(kept, t)
			continue
		}
		_, no := ranges(t.batch.items, func(uint64) bool { return false })
		failed = append(failed, no...)
		t.from.stream.Consume(t.batch.charge)
		t.batch.free()
		out.then(t.from.taskDone())
	}
	clear(k.todo[len(kept):])
	k.todo = kept
	for _, r := range failed {
		s.effects(k.key, delivery.Failed{First: r.First, Last: r.Last, Err: errDropped}, nil, nil, out)
	}
}

var errDropped = errors.New("channel: the stream has ended before")

// goOn sees to it that what waits is done: tasks by a worker, an ACK by the timer. It is called with mu held.
func (s *Sink) goOn(k *keyed) {
	if s.closed {
		return
	}
	if len(k.todo) > k.head && !k.running {
		k.running = true
		s.wg.Add(1)
		go s.run(k, false) // Close waits for it
	}
	r := s.core.Receiver(k.key)
	if r == nil {
		return
	}
	due, ok := r.Deadline()
	if !ok || k.due != 0 && k.due <= due {
		return
	}
	k.due = due
	if d := max(due-s.now(), 0); k.timer == nil {
		k.timer = time.AfterFunc(d, func() { s.tick(k) })
	} else {
		k.timer.Reset(d)
	}
}

// tick is the timer of a channel: an ACK may be due.
func (s *Sink) tick(k *keyed) {
	s.mu.Lock()
	k.due = 0
	var out outcome
	if !s.closed {
		out = s.step(k.key, delivery.Tick{})
	}
	s.mu.Unlock()
	out.run()
}
