package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"handfast/codec"
	"handfast/refimpl"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
	"handfast/refimpl/peers"
	"handfast/refimpl/realtime"
	"handfast/refimpl/repair"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// syncFlags make a peer begin sessions of sync.
type syncFlags struct {
	with   []string
	every  time.Duration
	repair bool
}

func (f *syncFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.with, "sync-with", nil, "keep the objects the same as those of the peer at `ADDR`, as of those that handfast peer has added; may be given several times, and each time one of them is chosen at random")
	flags.DurationVar(&f.every, "sync-every", time.Minute, "mean time between two sessions of sync; they come up to a quarter earlier or later")
	flags.BoolVar(&f.repair, "realtime-repair", true, "where realtime owes a CHECK, begin a session of sync with that peer at once")
}

// syncCells is how many cells a store keeps of each namespace: enough for 6,000 changed objects, in 512 KiB.
const syncCells = 16_384

// serveSync lets other peers make their stores and that of the settings the same.
func serveSync(cfg *refimpl.Config, set sync.Settings) {
	sync.OfferCells(&cfg.Link, set.Store)
	set.Logger = cfg.Link.Logger
	if cfg.Link.Handlers == nil {
		cfg.Link.Handlers = map[string]link.Handler{}
	}
	cfg.Link.Handlers[sync.Proto] = sync.NewHandler(set)
}

// through gives the store as a session over a link sees it: what the session brings goes on to other remotes.
func (r *replica) through(l *link.Link) store.Store { return r.rt.Through(l.Peer().Cluster) }

// begin makes what begins sessions: with the peers of the flags and of the list, and where realtime owes a CHECK.
func (f *syncFlags) begin(r *replica, cfg link.Config, namespaces []string, rules realtime.Rules, retryMax time.Duration, secure *tls.Config) error {
	var given []sync.Peer
	for _, addr := range f.with {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return usageError("--sync-with %q is not HOST:PORT", addr)
		}
		given = append(given, sync.Peer{Name: addr})
	}
	cfg.Handlers, cfg.Delivery = nil, false // a link for one session
	cfg.Protos = map[string][]uint16{sync.Proto: {sync.Version}}
	var err error
	r.syncs, err = sync.NewManager(sync.ManagerConfig{
		Store: r.rt, Through: r.through, Namespaces: namespaces, Self: cfg.Node,
		Peers: func() []sync.Peer { return append(slices.Clone(given), r.peers.Sync()...) },
		Link: func(ctx context.Context, p sync.Peer) (*link.Link, func(), error) {
			return r.reach(ctx, p, cfg, secure)
		},
		Interval: f.every, Sigma: f.every / 12, Metrics: &r.sessions, Logger: cfg.Logger,
		OnEnd: func(p sync.Peer, report *sync.Report, err error) { r.peers.Note(p.Name, report, err) },
	})
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	shared := slices.DeleteFunc(slices.Clone(namespaces), func(ns string) bool { return !rules.Passes(ns) })
	if !f.repair || len(shared) == 0 {
		return nil
	}
	r.repairs, err = repair.New(repair.Config{
		Realtime: r.rt, Sync: r.syncs, Namespaces: shared, RetryMin: min(time.Second, retryMax), RetryMax: retryMax, Logger: cfg.Logger,
	})
	return err
}

// reach opens a link to a peer of the list, or to an address. Who answers in the place of a peer whose ids are known is refused.
func (r *replica) reach(ctx context.Context, p sync.Peer, cfg link.Config, secure *tls.Config) (*link.Link, func(), error) {
	addr, known := p.Name, peers.Peer{}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		var ok bool
		if known, ok = r.peers.Get(p.Name); !ok {
			return nil, nil, fmt.Errorf("%w: %s", peers.ErrNoPeer, p.Name)
		}
		addr = known.Address
	}
	cfg.Admit = func(proved string, h *codec.Hello) error {
		return errors.Join(known.Expect(proved, h), r.peers.Admit(proved, h))
	}
	conn, err := dial.Transport(ctx, addr, secure)
	if err != nil {
		return nil, nil, err
	}
	l, err := link.Dial(ctx, conn, cfg)
	if err != nil {
		return nil, nil, err
	}
	return l, func() { _ = l.Close(codec.CodeNoError, "") }, nil
}
