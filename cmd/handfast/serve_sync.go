package main

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/spf13/pflag"

	"handfast/codec"
	"handfast/refimpl"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// syncFlags make a peer begin sessions of sync.
type syncFlags struct {
	with  []string
	every time.Duration
}

func (f *syncFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.with, "sync-with", nil, "keep the objects the same as those of the peer at `ADDR`; may be given several times, and each time one of them is chosen at random")
	flags.DurationVar(&f.every, "sync-every", time.Minute, "mean time between two sessions of sync; they come up to a quarter earlier or later")
}

// syncCells is how many cells a store keeps of each namespace: enough for 6,000 changed objects, in 512 KiB.
const syncCells = 16_384

// serveSync lets other peers make their stores and this one the same.
func serveSync(cfg *refimpl.Config, s store.Store) {
	sync.OfferCells(&cfg.Link, s)
	if cfg.Link.Handlers == nil {
		cfg.Link.Handlers = map[string]link.Handler{}
	}
	cfg.Link.Handlers[sync.Proto] = sync.NewHandler(sync.Settings{Store: s, Logger: cfg.Link.Logger})
}

// manager begins sessions with the peers of the flags; nil where there are none.
func (f *syncFlags) manager(cfg link.Config, s store.Store, namespaces []string, secure *tls.Config) (*sync.Manager, error) {
	if len(f.with) == 0 {
		return nil, nil
	}
	var peers []sync.Peer
	for _, addr := range f.with {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return nil, usageError("--sync-with %q is not HOST:PORT", addr)
		}
		peers = append(peers, sync.Peer{Name: addr})
	}
	cfg.Handlers, cfg.Delivery = nil, false // a link for one session
	cfg.Protos = map[string][]uint16{sync.Proto: {sync.Version}}
	m, err := sync.NewManager(sync.ManagerConfig{
		Store: s, Namespaces: namespaces, Self: cfg.Node, Peers: func() []sync.Peer { return peers },
		Link: func(ctx context.Context, p sync.Peer) (*link.Link, func(), error) {
			conn, err := dial.Transport(ctx, p.Name, secure)
			if err != nil {
				return nil, nil, err
			}
			l, err := link.Dial(ctx, conn, cfg)
			if err != nil {
				return nil, nil, err
			}
			return l, func() { _ = l.Close(codec.CodeNoError, "") }, nil
		},
		Interval: f.every, Sigma: f.every / 12, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return m, nil
}
