package goref

import (
	"errors"
	"os"
	"path/filepath"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// kept is a store in a folder.
type kept struct {
	*store.Bolt
	temporary string // folder that ends with it; "" for one that stays
}

// close closes the store.
func (k *kept) close() error {
	err := k.Bolt.Close()
	if k.temporary != "" {
		err = errors.Join(err, os.RemoveAll(k.temporary))
	}
	return err
}

// storeDir is the folder of the store that stays, "" for none.
func (d *Driver) storeDir() string {
	if d.config.Dir == "" {
		return ""
	}
	return filepath.Join(d.config.Dir, "objects")
}

// offerSync adds the sub-protocol sync to what a link offers.
func (d *Driver) offerSync(cfg *link.Config) {
	cfg.Protos[sync.Proto] = []uint16{sync.Version}
	cfg.Handlers[sync.Proto] = (*sessions)(d)
	cfg.Caps[sync.CapCells] = int64(cells)
}

// cells is how many of them the store keeps.
const cells = 1024

// sessions answers sessions from the driver's store, which the first one makes, so that links without one cost no file.
type sessions Driver

// HandleStream implements link.Handler.
func (h *sessions) HandleStream(st *link.Stream, params []byte) {
	s, err := (*Driver)(h).storage()
	if err != nil {
		st.Reject(codec.CodeInternal, err.Error())
		return
	}
	sync.NewHandler(sync.Settings{Store: s}).HandleStream(st, params)
}

// storage gives the store, which outlives links and ends with reset.
func (d *Driver) storage() (*store.Bolt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.store != nil {
		return d.store.Bolt, nil
	}
	dir, k := d.storeDir(), new(kept)
	var err error
	if dir == "" {
		dir, err = os.MkdirTemp("", "handfast-driver-")
		k.temporary = dir
	} else {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, err
	}
	k.Bolt, err = store.Open(store.Config{
		Path: filepath.Join(dir, "store"), Namespaces: map[string]store.Namespace{driver.SyncNamespace: namespace()}, Cells: cells,
	})
	if err != nil {
		if k.temporary != "" {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return nil, err
	}
	d.store = k
	return k.Bolt, nil
}

// synced runs a session as its initiator.
func (d *Driver) synced(h *held, args map[string]string) driver.Answer {
	s, err := d.storage()
	if err != nil {
		return driver.Brokenf("%v", err)
	}
	report, err := sync.Run(h.ctx, h.l, sync.Options{Store: s, Namespace: args["namespace"]})
	a := driver.Answer{Kind: driver.KindSession, End: report.Outcome.String(), Code: codec.CodeNoError.String()}
	if report.Outcome == sync.OK {
		a.End = "whole"
	}
	if err != nil {
		a.By, a.Code = byOf(err)
	}
	return a
}

// closeStore ends the store, when the links have ended.
func (d *Driver) closeStore() {
	d.mu.Lock()
	s := d.store
	d.store = nil
	d.mu.Unlock()
	if s != nil {
		_ = s.close() // nobody sees it again, or the next session finds what is wrong
	}
}
