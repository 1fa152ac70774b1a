package main

import (
	"errors"
	"os"
	"path/filepath"

	"handfast/conformance/driver"
	"handfast/refimpl"
	"handfast/refimpl/access"
	"handfast/refimpl/call"
	"handfast/refimpl/realtime"
	"handfast/refimpl/status"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// storeFor gives a reference peer under test an empty store with the namespace of the profiles sync and realtime, and what shows it. Done closes and
// removes it, behind the last link.
func storeFor(cfg *refimpl.Config) (done func() error, err error) {
	dir, err := os.MkdirTemp("", "handfast-conform-")
	if err != nil {
		return nil, err
	}
	s, err := store.Open(store.Config{
		Path: filepath.Join(dir, "store"), Namespaces: map[string]store.Namespace{driver.SyncNamespace: store.DefaultNamespace()}, Cells: syncCells,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	cfg.Link.Cluster = cfg.Link.Node
	rt, err := realtime.New(realtime.Config{Store: s, Cluster: cfg.Link.Cluster, MaxMessage: maxMessage(cfg)})
	if err != nil {
		return nil, errors.Join(err, s.Close(), os.RemoveAll(dir))
	}
	cfg.Link.Handlers[realtime.Proto] = rt.Sink()
	serveSync(cfg, sync.Settings{Store: s})
	cfg.Methods = func(srv *call.Server) {
		access.Add(srv, rt, store.DefaultNamespace().MaxValue)
		status.Add(srv, func() (r *status.Report, err error) {
			r = &status.Report{Node: status.ID(cfg.Link.Node), Store: status.StoreOf(s.Stats())}
			r.Sources, err = rt.Sources()
			return r, err
		})
	}
	return func() error { return errors.Join(rt.Close(), s.Close(), os.RemoveAll(dir)) }, nil
}
