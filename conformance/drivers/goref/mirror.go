package goref

import (
	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
)

// offerMirror adds the capability delivery and the sub-protocol mirror to what a link offers. What mirror keeps outlives links, and ends
// with reset.
func (d *Driver) offerMirror(cfg *link.Config) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mirror == nil {
		m, err := mirror.New(mirror.Config{MaxMessage: cfg.Limits.MaxMessage})
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

// forgetMirror ends what mirror keeps, when the links have ended.
func (d *Driver) forgetMirror() {
	d.mu.Lock()
	m := d.mirror
	d.mirror = nil
	d.mu.Unlock()
	if m != nil {
		m.Close()
	}
}
