package repair

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	gosync "sync"
	"time"

	"handfast/refimpl/link"
	"handfast/refimpl/realtime"
	"handfast/refimpl/sync"
)

// Config says what a Repairer carries out.
type Config struct {
	Realtime *realtime.Replicated // required
	Sync     *sync.Manager        // runs the sessions; required
	// Namespaces are those that realtime sends or takes. A repair is one session about each. Required.
	Namespaces []string
	// RetryMin and RetryMax bound the wait behind a repair that was not whole. It doubles; a new link ends it. Default: 1 s and 5 min.
	RetryMin, RetryMax time.Duration
	// Look is how often it looks for a CHECK of which realtime has not told. Default: 1 s.
	Look time.Duration
	// Logger takes repairs (Info) and failures (Warn). Default: none.
	Logger *slog.Logger
}

// Repairer runs a repair at once where a CHECK is owed and there is a link to the side that it is owed with. Its methods may be called by any
// goroutine.
type Repairer struct {
	cfg   Config
	ended chan struct{} // capacity 1: a repair has ended
	wg    gosync.WaitGroup

	mu    gosync.Mutex // guards the fields below
	sides map[string]*side
}

// side is a peer that a CHECK was owed with since the process began.
type side struct {
	Status
	link *link.Link // of the last try
	next time.Time  // of the next one over this link
	wait time.Duration
}

// Status is what is known of the repairs with one side, for spec/access.md.
type Status struct {
	Peer     string `json:"peer"`            // identity
	Running  bool   `json:"running"`         // one goes on
	Tries    uint64 `json:"tries"`           // repairs begun
	Repaired uint64 `json:"repaired"`        // of them, those that were whole
	Error    string `json:"error,omitempty"` // why the last one was not
}

// New makes a Repairer. Run it.
func New(cfg Config) (*Repairer, error) {
	if cfg.Realtime == nil || cfg.Sync == nil || len(cfg.Namespaces) == 0 {
		return nil, errors.New("repair: Realtime, Sync and Namespaces are required")
	}
	if cfg.RetryMin <= 0 {
		cfg.RetryMin = time.Second
	}
	if cfg.RetryMax <= 0 {
		cfg.RetryMax = 5 * time.Minute
	}
	if cfg.Look <= 0 {
		cfg.Look = time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Repairer{cfg: cfg, ended: make(chan struct{}, 1), sides: map[string]*side{}}, nil
}

// Run carries out what is owed until ctx ends, and returns when the repairs that go on have ended.
func (r *Repairer) Run(ctx context.Context) {
	defer r.wg.Wait()
	for {
		timer := time.NewTimer(r.look(ctx))
		select {
		case <-r.cfg.Realtime.Owing():
		case <-r.ended:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// look begins what is due, and says when to look again.
func (r *Repairer) look(ctx context.Context) time.Duration {
	debts, err := r.cfg.Realtime.Debts()
	if err != nil {
		r.cfg.Logger.Warn("what is owed cannot be read", "err", err)
	}
	owed := map[string][]realtime.Debt{} // by the identity of the other side: one repair answers for all that is owed with it
	for _, d := range debts {
		if d.Link != nil && d.Link.Agreed().Protos[sync.Proto] != 0 {
			peer := d.Link.Identity()
			owed[peer] = append(owed[peer], d)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := r.cfg.Look
	for peer, list := range owed {
		s := r.sides[peer]
		if s == nil {
			s = &side{Status: Status{Peer: peer}}
			r.sides[peer] = s
		}
		l := list[len(list)-1].Link
		if s.link != l {
			s.next, s.wait = time.Time{}, 0
		}
		if s.Running {
			continue
		}
		if left := time.Until(s.next); left > 0 {
			wait = min(wait, left)
			continue
		}
		s.link, s.Running = l, true
		s.Tries++
		r.wg.Go(func() { r.pay(ctx, s, l, list) })
	}
	return wait
}

// pay runs one repair.
func (r *Repairer) pay(ctx context.Context, s *side, l *link.Link, list []realtime.Debt) {
	err := r.repair(ctx, l, list)
	if err != nil {
		r.cfg.Logger.Warn("not repaired", "peer", l.Identity(), "err", err)
	} else {
		r.cfg.Logger.Info("repaired", "peer", l.Identity())
	}
	r.mu.Lock()
	s.Running = false
	if err != nil {
		s.Error = err.Error()
		s.wait = min(max(2*s.wait, r.cfg.RetryMin), r.cfg.RetryMax)
		s.next = time.Now().Add(s.wait)
	} else {
		s.Error, s.wait, s.next = "", 0, time.Time{}
		s.Repaired++
	}
	r.mu.Unlock()
	select {
	case r.ended <- struct{}{}:
	default:
	}
}

// errPartial says that a session was not whole.
var errPartial = errors.New("repair: the session was partial")

// repair runs a session about each namespace, and says to realtime what it answers for: what was owed before the first one began (REAL-041).
func (r *Repairer) repair(ctx context.Context, l *link.Link, list []realtime.Debt) error {
	var checks []realtime.Checks
	for _, d := range list {
		if d.Remote != "" {
			c, _, err := r.cfg.Realtime.RemoteChecks(d.Remote)
			if err != nil {
				return err
			}
			checks = append(checks, c)
			continue
		}
		some, _, err := r.cfg.Realtime.SourceChecks(d.Node)
		if err != nil {
			return err
		}
		checks = append(checks, some...)
	}
	for _, ns := range r.cfg.Namespaces {
		report, err := r.cfg.Sync.Over(ctx, sync.Peer{Name: "repair " + l.Identity(), Node: l.Peer().Node}, l, sync.Options{Namespace: ns})
		if err == nil && report.Outcome != sync.OK {
			err = errPartial
		}
		if err != nil {
			return fmt.Errorf("%s: %w", ns, err)
		}
	}
	for _, c := range checks {
		if err := r.cfg.Realtime.Repaired(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// Status lists the sides that a CHECK was owed with since the process began, in no order.
func (r *Repairer) Status() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Status, 0, len(r.sides))
	for _, s := range r.sides {
		list = append(list, s.Status)
	}
	return list
}
