package store

import (
	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
)

// Sketcher is a Store that keeps cells beside its digest (spec/cells.md).
type Sketcher interface {
	Store

	// Sketch gives a copy of the first cells of the sketch of a namespace: the objects as they were last committed. nil where the store
	// keeps none.
	Sketch(namespace string, cells int) *sketch.Sketch

	// Cells gives the number of cells of each sketch; 0 where the store keeps none.
	Cells() int
}

var _ Sketcher = (*Bolt)(nil)

// Cells implements Sketcher.
func (s *Bolt) Cells() int { return s.cfg.Cells }

// Sketch implements Sketcher.
func (s *Bolt) Sketch(namespace string, cells int) *sketch.Sketch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.index.of(namespace).cells; own != nil {
		return own.Prefix(cells)
	}
	return nil
}

// pageSketched is how many items are taken out of a tree at once.
const pageSketched = 4096

// sketch makes the sketches of all namespaces, out of their trees.
func (x indexes) sketch(cfg *Config) error {
	if cfg.Cells == 0 {
		return nil
	}
	for ns := range cfg.Namespaces {
		one := x.at(ns)
		cells, err := sketch.New(cfg.Salt, cfg.Cells)
		if err != nil {
			return err
		}
		var after *digest.Item
		for more := true; more; {
			var items []digest.Item
			if items, more = one.tree.List(nil, after, pageSketched); len(items) > 0 {
				after = &items[len(items)-1]
			}
			for _, it := range items {
				cells.Add(it)
			}
		}
		one.cells = cells
	}
	return nil
}
