package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"handfast/refimpl/channel"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

// Proto is the sub-protocol's name, and Version the version of it that this package speaks.
const (
	Proto   = "realtime"
	Version = 1
)

// Config says what is replicated.
type Config struct {
	// Store is what the sink writes into and what is sent from. It stays the caller's, who closes it after the Replicated. Required.
	Store store.Store
	// Cluster is the id that links state, and which stands in the path of what is sent. Must not be zero.
	Cluster [16]byte
	// Dir holds the queues of remotes, a file each. Default: queues in memory, whose content ends with the process.
	Dir string
	// QueueBytes bounds the queue of each remote, in bytes (REAL-020). Zero keeps nothing. Nil: 100 MiB.
	QueueBytes *uint64
	// Send says which namespaces go to remotes, Take which are taken from sources. Default: all.
	Send, Take Rules
	// MaxObject is the greatest limit max_object of the store's namespaces, in bytes: what comes in parts is held against it before it is kept
	// (REAL-030). Default: that of the specification.
	MaxObject int
	// MaxMessage is the limit max_message that links state. Default: that of the specification.
	MaxMessage uint64
	// RetryMin and RetryMax bound the wait before a store or queue that has failed is tried again. It doubles. Default: 100 ms and 10 s.
	RetryMin, RetryMax time.Duration
	// Logger takes life-cycle events (Info), refused records (Warn) and faults of this side (Error). Default: none.
	Logger *slog.Logger
}

// Replicated is a store whose writes go to remotes, and the sink of what others send. Its methods may be called by any goroutine. Locks: mu is
// never held over a commit or a wait.
type Replicated struct {
	store.Store
	cfg   Config
	log   *slog.Logger
	sink  *channel.Sink
	in    *intake
	stop  chan struct{}  // closed by Close
	wg    sync.WaitGroup // catch-ups
	owing chan struct{}  // capacity 1; see Owing

	orders sync.Mutex // held over Enable, Disable, Start and Stop: one after the other; before saving and mu
	saving sync.Mutex // held over the commit of which remotes there are; before mu

	mu      sync.Mutex // guards the fields below, and those of each remote but for what is set once
	remotes map[string]*remote
	links   map[string]*link.Link // the newest one of each remote that is or was enabled
	from    map[string]*link.Link // the newest one of each source that has attached a channel, by its identity
	writes  writes
	closed  bool
}

// New makes a Replicated and goes on with the remotes that were enabled: what the store has and their queues may lack is queued before it
// returns. Close it.
func New(cfg Config) (*Replicated, error) {
	if cfg.Store == nil || cfg.Cluster == ([16]byte{}) {
		return nil, errors.New("realtime: Store and Cluster are required")
	}
	if cfg.QueueBytes == nil {
		cfg.QueueBytes = new(uint64(delivery.DefaultQueueBytes))
	}
	if cfg.MaxObject <= 0 {
		cfg.MaxObject = clock.DefaultBytes
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
	r := &Replicated{
		Store: cfg.Store, cfg: cfg, log: cfg.Logger, stop: make(chan struct{}),
		remotes: map[string]*remote{}, links: map[string]*link.Link{}, from: map[string]*link.Link{}, owing: make(chan struct{}, 1), writes: writes{active: map[uint64]struct{}{}},
	}
	r.in = newIntake(r)
	saved, err := loadRemotes(cfg.Store)
	if err != nil {
		return nil, err
	}
	for name, s := range saved {
		if err := r.reopen(name, s); err != nil {
			return nil, errors.Join(fmt.Errorf("realtime: remote %s: %w", name, err), r.Close())
		}
	}
	r.sink, err = channel.NewSink(channel.SinkConfig{
		Transactional: r.in, MaxMessage: cfg.MaxMessage, RetryMin: cfg.RetryMin, RetryMax: cfg.RetryMax, OnAttach: r.attached, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Sink takes the channels of sources. It is for link.Config.Handlers.
func (r *Replicated) Sink() link.Handler { return r.sink }

// Close ends the sink and the sources, and closes the queues. What was not acknowledged stays in them. It does not close the store.
func (r *Replicated) Close() error {
	if r.sink != nil {
		r.sink.Close()
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	close(r.stop)
	remotes := slices.Collect(maps.Values(r.remotes))
	r.mu.Unlock()
	r.wg.Wait()
	err := r.flush(context.Background())
	for _, m := range remotes {
		err = errors.Join(err, r.shut(m))
	}
	return err
}

// Update is that of store.Store. What f changes is queued for every remote when it returns.
func (r *Replicated) Update(ctx context.Context, f func(store.Tx) error) error {
	return r.update(ctx, func(tx *txn) error { return f(tx) })
}

// update runs f in a transaction, and queues what it has changed.
func (r *Replicated) update(ctx context.Context, f func(*txn) error) error {
	t, err := r.begin()
	if err != nil {
		return err
	}
	defer r.end(t)
	w := &txn{actor: r.Store.Actor()}
	err = r.Store.Update(ctx, func(tx store.Tx) error {
		w.Tx = tx
		if err := f(w); err != nil {
			return err
		}
		r.note(tx)
		return nil
	})
	w.Tx = nil
	if err != nil {
		return err
	}
	r.spread(w.changes)
	return nil
}
