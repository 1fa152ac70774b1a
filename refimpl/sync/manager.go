package sync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	gosync "sync"
	"time"

	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

// Errors of a Manager.
var (
	ErrDisabled = errors.New("sync: switched off")
	ErrClosed   = errors.New("sync: the manager is closed")
	ErrBusy     = errors.New("sync: a session with this peer about this namespace goes on")
	ErrNoPeer   = errors.New("sync: there is no peer to choose")
)

// Peer is somebody whose store is kept equal to this one.
type Peer struct {
	Name string   // unique
	Node [16]byte // zero: not known
}

// ManagerConfig says which sessions a Manager begins, and when.
type ManagerConfig struct {
	Store      store.Store // required
	Namespaces []string    // that sessions are about; required
	// Self is left out of the choice of a peer.
	Self [16]byte
	// Peers gives the peers of the moment. It must not block. Required.
	Peers func() []Peer
	// Through gives the store as a session over this link reads and writes it, and which has the same objects. Default: Store.
	Through func(*link.Link) store.Store
	// Link gives a link to a peer, which release gives back. It ends with ctx. Required.
	Link func(ctx context.Context, p Peer) (l *link.Link, release func(), err error)
	// Interval is the mean time between two sessions that the manager begins by itself, Sigma its standard deviation: so peers that were started
	// together do not stay in step. Range 100 ms to 24 h and 0 to a quarter of Interval. Default: 60 s and 5 s. A session is given
	// Interval less twice Sigma.
	Interval, Sigma time.Duration
	// Disabled begins no sessions, until Enable is called.
	Disabled bool
	// OnEnd is called behind each session. It must not block. Default: none.
	OnEnd func(Peer, *Report, error)
	// Metrics counts the sessions. Default: none.
	Metrics *Metrics
	// Rand chooses peers and times. Default: a random seed.
	Rand *rand.Rand
	// Logger takes ends of sessions (Info) and failures (Warn). Default: none.
	Logger *slog.Logger
}

// Manager begins sessions, which leave START out where this store has new writes since the last one: by itself at jittered times with a random peer, and when it is told to. Its methods may be called by any goroutine.
type Manager struct {
	cfg  ManagerConfig
	ctx  context.Context
	stop context.CancelFunc
	wg   gosync.WaitGroup
	met  met

	mu       gosync.Mutex // guards the fields below, and cfg.Rand
	enabled  bool
	closed   bool
	last     uint64
	sessions map[uint64]*running
	changed  chan struct{} // closed and made anew when enabled changes
}

type running struct {
	Exchange
	cancel context.CancelFunc
}

// Exchange is a session that goes on.
type Exchange struct {
	ID        uint64
	Peer      Peer
	Namespace string
	Began     time.Time
	Progress  Progress
}

// NewManager makes a manager. It reports every faulty field at once. Run begins with its sessions.
func NewManager(cfg ManagerConfig) (*Manager, error) {
	var errs []error
	if cfg.Store == nil || cfg.Peers == nil || cfg.Link == nil || len(cfg.Namespaces) == 0 {
		errs = append(errs, errors.New("sync: Store, Peers, Link and Namespaces are required"))
	}
	if cfg.Interval == 0 && cfg.Sigma == 0 {
		cfg.Interval, cfg.Sigma = time.Minute, 5*time.Second
	}
	if cfg.Interval < 100*time.Millisecond || cfg.Interval > 24*time.Hour {
		errs = append(errs, fmt.Errorf("sync: Interval is %v, not within 100ms to 24h", cfg.Interval))
	}
	if cfg.Sigma < 0 || cfg.Sigma > cfg.Interval/4 {
		errs = append(errs, fmt.Errorf("sync: Sigma is %v, not within 0 to a quarter of Interval", cfg.Sigma))
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Manager{cfg: cfg, enabled: !cfg.Disabled, sessions: map[uint64]*running{}, changed: make(chan struct{})}
	m.ctx, m.stop = context.WithCancel(context.Background())
	return m, errors.Join(errs...)
}

// Run begins sessions until ctx ends or Close is called, and returns when they have ended.
func (m *Manager) Run(ctx context.Context) {
	defer context.AfterFunc(ctx, m.stop)()
	for m.pause() {
		p, err := m.choose()
		if err != nil {
			continue
		}
		for _, ns := range m.cfg.Namespaces {
			if err := m.session(m.ctx, p, Options{Namespace: ns, Timeout: m.deadline()}); err != nil && m.ctx.Err() != nil {
				break
			}
		}
	}
	m.wg.Wait()
}

func (m *Manager) deadline() time.Duration { return m.cfg.Interval - 2*m.cfg.Sigma }

// pause waits for the next session. It gives false at the end.
func (m *Manager) pause() bool {
	m.mu.Lock()
	wait := m.cfg.Interval + time.Duration(m.cfg.Rand.NormFloat64()*float64(m.cfg.Sigma))
	m.mu.Unlock()
	timer := time.NewTimer(max(wait, 0))
	defer timer.Stop()
	due := false
	for {
		m.mu.Lock()
		enabled, changed := m.enabled, m.changed
		m.mu.Unlock()
		if due && enabled {
			return true
		}
		select {
		case <-m.ctx.Done():
			return false
		case <-timer.C:
			due = true
		case <-changed:
		}
	}
}

// choose gives any peer but this one.
func (m *Manager) choose() (Peer, error) {
	list := slices.DeleteFunc(slices.Clone(m.cfg.Peers()), func(p Peer) bool { return p.Node != [16]byte{} && p.Node == m.cfg.Self })
	if len(list) == 0 {
		return Peer{}, ErrNoPeer
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return list[m.cfg.Rand.IntN(len(list))], nil
}

// Enable switches sessions on or off. Those that go on are not ended.
func (m *Manager) Enable(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enabled = on
	close(m.changed)
	m.changed = make(chan struct{})
}

// Start begins a session at once, and gives its id. A namespace that the manager does not have is an error of the store.
func (m *Manager) Start(p Peer, o Options) (id uint64, err error) {
	r, ctx, err := m.begin(m.ctx, p, o.Namespace)
	if err != nil {
		return 0, err
	}
	m.wg.Go(func() { _, _ = m.carry(ctx, r, o, m.cfg.Link) })
	return r.ID, nil
}

// Over runs a session over a link that is open, and gives its report; nil where none was begun. The link stays open. It ends with ctx, or with Close.
func (m *Manager) Over(ctx context.Context, p Peer, l *link.Link, o Options) (*Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()
	r, ctx, err := m.begin(ctx, p, o.Namespace)
	if err != nil {
		return nil, err
	}
	return m.carry(ctx, r, o, func(context.Context, Peer) (*link.Link, func(), error) { return l, func() {}, nil })
}

// List gives the sessions that go on, the oldest first.
func (m *Manager) List() []Exchange {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Exchange, 0, len(m.sessions))
	for _, r := range m.sessions {
		list = append(list, r.Exchange)
	}
	slices.SortFunc(list, func(a, b Exchange) int { return int(a.ID) - int(b.ID) })
	return list
}

// Cancel ends a session. What it has applied stays applied. ok is false where it does not go on.
func (m *Manager) Cancel(id uint64) (ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.sessions[id]
	if ok {
		r.cancel()
	}
	return ok
}

// Close ends all sessions, and waits for them.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.wg.Wait()
}

func (m *Manager) session(ctx context.Context, p Peer, o Options) error {
	r, ctx, err := m.begin(ctx, p, o.Namespace)
	if err != nil {
		return err
	}
	_, err = m.carry(ctx, r, o, m.cfg.Link)
	return err
}

// begin notes a session.
func (m *Manager) begin(ctx context.Context, p Peer, ns string) (*running, context.Context, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return nil, nil, ErrClosed
	case !m.enabled:
		return nil, nil, ErrDisabled
	}
	for _, r := range m.sessions {
		if r.Peer.Name == p.Name && r.Namespace == ns {
			return nil, nil, ErrBusy
		}
	}
	m.last++
	r := &running{Exchange: Exchange{ID: m.last, Peer: p, Namespace: ns, Began: time.Now()}}
	ctx, r.cancel = context.WithCancel(ctx)
	m.sessions[r.ID] = r
	return r, ctx, nil
}

// carry runs a session that was begun, over a link that is given back.
func (m *Manager) carry(ctx context.Context, r *running, o Options, dial func(context.Context, Peer) (*link.Link, func(), error)) (*Report, error) {
	defer func() {
		r.cancel()
		m.mu.Lock()
		delete(m.sessions, r.ID)
		m.mu.Unlock()
	}()
	if o.Timeout == 0 {
		o.Timeout = m.deadline()
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	o.Store = m.cfg.Store
	progress := o.Progress
	o.Progress = func(p Progress) {
		m.mu.Lock()
		r.Progress = p
		m.mu.Unlock()
		if progress != nil {
			progress(p)
		}
	}
	report := &Report{Namespace: r.Namespace}
	l, release, err := dial(ctx, r.Peer)
	if err == nil {
		if m.cfg.Through != nil {
			o.Store = m.cfg.Through(l)
		}
		o.Plan.NoStart = o.Plan.NoStart || m.met.grown(r.Peer.Name, r.Namespace, o.Store)
		report, err = Run(ctx, l, o)
		release()
		if report.Outcome == OK && report.Equal {
			m.met.note(r.Peer.Name, r.Namespace, o.Store)
		}
	}
	m.cfg.Metrics.Note(report)
	if err != nil {
		m.cfg.Logger.Warn("sync failed", "peer", r.Peer.Name, "namespace", r.Namespace, "err", err)
	} else {
		m.cfg.Logger.Info("sync", "peer", r.Peer.Name, "report", report.String())
	}
	if m.cfg.OnEnd != nil {
		m.cfg.OnEnd(r.Peer, report, err)
	}
	return report, err
}
