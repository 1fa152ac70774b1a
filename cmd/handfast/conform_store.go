package main

import (
	"errors"
	"os"
	"path/filepath"

	"handfast/conformance/driver"
	"handfast/refimpl"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// storeFor gives a reference peer under test an empty store with the namespace of the profile sync. Done closes and removes it, behind the last
// link.
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
	serveSync(cfg, sync.Settings{Store: s})
	return func() error { return errors.Join(s.Close(), os.RemoveAll(dir)) }, nil
}
