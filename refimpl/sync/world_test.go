package sync

import (
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
)

// What befalls stores in the simulation beside writes and sessions: partitions, ends of processes, copies, backups, and wall clocks that are wrong.

// image is what is durable of a store.
type image struct {
	actor   clock.Actor
	counter uint64
	node    []byte
	objects map[string][]byte
}

// image writes down what is durable.
func (m *mem) image() image {
	img := image{actor: m.actor, counter: m.counter, objects: map[string][]byte{}}
	img.node = must(m.node.AppendBinary(nil))
	for k, s := range m.objects {
		img.objects[k] = must(s.AppendBinary(nil))
	}
	return img
}

// reopen is the end of the process, and the next one: all that the store has is what the image says.
func (m *mem) reopen(img image) error {
	node, err := clock.DecodeNode(img.node, clock.NodeLimits{Actors: 1 << 16, Ranges: 1 << 24})
	if err != nil {
		return err
	}
	m.actor, m.counter, m.node, m.objects, m.cached = img.actor, img.counter, node, map[string]clock.Set{}, nil
	for k, b := range img.objects {
		if m.objects[k], err = clock.Decode(b, clock.DefaultLimits()); err != nil {
			return err
		}
	}
	return nil
}

// befall lets one of these things happen.
func (w *world) befall() error {
	i := w.rng.IntN(len(w.stores))
	s := w.stores[i]
	switch w.rng.IntN(6) {
	case 0: // some cannot reach the others for a while
		w.partitions++
		for j := range w.side {
			w.side[j] = w.rng.IntN(2)
		}
	case 1, 2:
		clear(w.side)
	case 3:
		w.restarts++
		w.skew[i] = w.rng.IntN(2_000_000) - 1_000_000
		return s.reopen(s.image())
	case 4: // a copy of the file goes on under a new actor, since the one that it was copied from might too
		w.backups[i] = s.image()
		w.incarnate(i)
	default: // an older copy goes on: what nobody else has seen since then is gone with the disk
		if w.backups[i].objects == nil {
			return nil
		}
		return w.restore(i)
	}
	return nil
}

// holds tells whether a store has a write.
func (m *mem) holds(k string, d clock.Dot) bool {
	return slices.ContainsFunc(m.objects[k].Siblings(), func(one clock.Sibling) bool { return one.Dot == d })
}

// incarnate gives a store a new actor.
func (w *world) incarnate(i int) {
	w.incarnations++
	s := w.stores[i]
	s.actor = clock.Actor{byte(i + 1), byte(w.incarnations >> 8), byte(w.incarnations)}
	s.counter = 0
}

// restore takes a store back to its backup, and what went with its disk out of what is true.
func (w *world) restore(i int) error {
	was := w.stores[i].node.Clone()
	if err := w.stores[i].reopen(w.backups[i]); err != nil {
		return err
	}
	w.incarnate(i)
	w.restores++
	for k, writes := range w.truth {
		var lost []map[string]bool
		for n, past := range writes {
			d := w.dots[n]
			known := slices.ContainsFunc(w.stores, func(s *mem) bool { return s.node.Has(d) })
			if was.Has(d) && !known {
				lost = append(lost, past)
				delete(writes, n)
			}
		}
		for n := range writes { // what a lost write had replaced before anybody was sent it went with the disk too
			replaced := slices.ContainsFunc(lost, func(past map[string]bool) bool { return past[n] })
			if d := w.dots[n]; replaced && was.Has(d) && !slices.ContainsFunc(w.stores, func(s *mem) bool { return s.holds(k, d) }) {
				delete(writes, n)
			}
		}
	}
	return nil
}

// stamp is the wall clock of a store, in seconds.
func (w *world) stamp(i int) string {
	w.clock++
	return fmt.Sprint("@", w.clock+w.skew[i])
}

// meets tells whether two stores can reach each other.
func (w *world) meets(a, b int) bool { return w.side[a] == w.side[b] }

// TestNoWallClock: whatever decides what a store holds reads no wall clock, and so no skew can matter: neither the packages of objects and digests nor
// the cores of sync import package time.
func TestNoWallClock(t *testing.T) {
	files := []string{"core.go", "initiator.go", "responder.go", "cells.go", "sender.go"}
	for _, dir := range []string{"../clock", "../digest", "../sketch"} {
		list, err := filepath.Glob(dir + "/*.go")
		require.NoError(t, err)
		files = append(files, list...)
	}
	checked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, one := range f.Imports {
			require.NotEqual(t, `"time"`, one.Path.Value, file)
		}
		checked++
	}
	require.Greater(t, checked, 10)
}
