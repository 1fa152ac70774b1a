package goref

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
)

// offerMirror adds the capability delivery and the sub-protocol mirror to what a link offers. What mirror keeps outlives links, and ends
// with reset.
func (d *Driver) offerMirror(cfg *link.Config) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mirror == nil {
		m, err := mirror.New(mirror.Config{Dir: d.mirrorDir(), MaxMessage: cfg.Limits.MaxMessage})
		if err != nil {
			return err
		}
		d.mirror = m
	}
	cfg.Delivery = true
	cfg.Protos[mirror.Proto] = []uint16{mirror.Version}
	cfg.Handlers = map[string]link.Handler{mirror.Proto: d.mirror}
	return nil
}

// closeMirror ends mirror, when the links have ended.
func (d *Driver) closeMirror() {
	d.mu.Lock()
	m := d.mirror
	d.mirror = nil
	d.mu.Unlock()
	if m != nil {
		_ = m.Close() // what its files have cannot be told anybody here, and the next dial sees it
	}
}

// forget drops what is kept in the folder, but for the node: a peer that has forgotten everything is still the same.
func (d *Driver) forget() error {
	if d.config.Dir == "" {
		return nil
	}
	return errors.Join(os.RemoveAll(d.mirrorDir()), os.RemoveAll(d.storeDir()))
}

// mirrorDir is the folder of mirror, "" for none.
func (d *Driver) mirrorDir() string {
	if d.config.Dir == "" {
		return ""
	}
	return filepath.Join(d.config.Dir, "mirror")
}

// identify gives the driver its node: that of its folder, and at first a random one.
func (d *Driver) identify() error {
	_, _ = rand.Read(d.peer.Node[:]) // never fails
	if d.config.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(d.config.Dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(d.config.Dir, "node")
	stored, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(path+".new", d.peer.Node[:], 0o600); err != nil {
			return err
		}
		return os.Rename(path+".new", path) // so that a process that is killed leaves none, or all of it
	}
	if err == nil && len(stored) != len(d.peer.Node) {
		err = fmt.Errorf("%s: %d bytes, where a node id has %d", path, len(stored), len(d.peer.Node))
	}
	copy(d.peer.Node[:], stored)
	return err
}
