package main

import (
	"handfast/refimpl"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// serveSync lets other peers make their stores and this one the same.
func serveSync(cfg *refimpl.Config, s store.Store) {
	if cfg.Link.Handlers == nil {
		cfg.Link.Handlers = map[string]link.Handler{}
	}
	cfg.Link.Handlers[sync.Proto] = sync.NewHandler(sync.Settings{Store: s, Logger: cfg.Link.Logger})
}
