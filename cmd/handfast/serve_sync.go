package main

import (
	"handfast/refimpl"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

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
