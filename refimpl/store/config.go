package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"

	"handfast/refimpl/clock"
	"handfast/refimpl/sketch"
)

// Namespace holds the settings of one namespace. A zero in a limit is an error, and never the default; start with DefaultNamespace.
type Namespace struct {
	// MaxValue bounds a value, in bytes. Range 1 to 1 GiB and 16 MiB less 64 KiB; default 1 MiB.
	MaxValue int
	// MaxObject bounds the encoding of an object with all siblings, in bytes: the limit max_object. Range 1 KiB to 1 GiB and 16 MiB (OBJ-007); default
	// 4 MiB. While an object is written, memory holds it three times: its values, its encoding, and the engine's page of it.
	MaxObject int
	// MaxSiblings bounds the siblings of an object, tombstones included. Range 1 to 1,024; default 64. A write or merge that
	// would leave more is refused with CodeLimit, and so a store with a lower bound than its peers does not converge.
	MaxSiblings int
	// MaxActors bounds the actors in the context of an object. Range 1 to 1,024; default 256.
	MaxActors int
	// Resolver decides what becomes of siblings. Default: they are kept.
	Resolver Resolver
}

// DefaultNamespace gives the defaults.
func DefaultNamespace() Namespace {
	return Namespace{MaxValue: 1 << 20, MaxObject: 4 << 20, MaxSiblings: 64, MaxActors: 256}
}

// limits gives what an encoded object must keep.
func (n Namespace) limits() clock.Limits {
	return clock.Limits{Bytes: n.MaxObject, Actors: n.MaxActors, Siblings: n.MaxSiblings}
}

// Config says where a store is and what it takes. Open copies it.
type Config struct {
	// Path is the file, which is made where it is not there. Required.
	Path string
	// Namespaces lists those that the store has; all others are refused with CodeDenied. Required, at least one.
	Namespaces map[string]Namespace
	// Salt is mixed into the items of the digest (OBJ-013). All members of a cluster have the same, and may change it with a restart.
	// Default: zeros.
	Salt [16]byte
	// Restored says that the file came from a backup or a copy: the store goes on under a new actor, so that no dot is given twice
	// (OBJ-001). Default: false.
	Restored bool
	// MaxQueue bounds the calls of Update that wait; one more is refused with CodeBusy. Range 1 to 65,536. Nil: 4,096.
	MaxQueue *int
	// MaxBatch bounds the calls of Update that share a commit. Range 1 to 65,536. Nil: 1,024.
	MaxBatch *int
	// MaxCursorSize bounds the value of a cursor, in bytes. Range 1 to 16 MiB. Nil: 2 MiB, more than the cursor of a channel whose window
	// is full.
	MaxCursorSize *int
	// MaxRanges bounds the ranges of the node clock, 16 bytes of memory each; a merge that would make more is refused with CodeLimit.
	// Range 1 to 2^24. Nil: 2^20.
	MaxRanges *int
	// Cells is the number of cells of the sketch of each namespace, 24 bytes of memory each, by which peers that have the capability sync.cells
	// find a difference at once; each change of an object costs about 1 us more. An object that differs needs about 1.4 cells, and is asked for by up to
	// three. Range 0 to 65,535. Default: 0, no sketch.
	Cells int
	// Rand is the source of actors. Default: crypto/rand.
	Rand io.Reader
	// Logger takes life-cycle events (Info), faults of peers (Warn) and of this store (Error). Default: none.
	Logger *slog.Logger
}

// Validate reports every field outside its range at once. Fields that were left out are in range.
func (c *Config) Validate() error {
	var errs []error
	within := func(name string, got, lo, hi int) {
		if got < lo || got > hi {
			errs = append(errs, fmt.Errorf("store: %s is %d, not within %d to %d", name, got, lo, hi))
		}
	}
	optional := func(name string, got *int, hi int) {
		if got != nil {
			within(name, *got, 1, hi)
		}
	}
	if c.Path == "" {
		errs = append(errs, errors.New("store: Path is empty"))
	}
	if len(c.Namespaces) == 0 {
		errs = append(errs, errors.New("store: Namespaces is empty"))
	}
	for name, n := range c.Namespaces {
		if !isNamespace(name) {
			errs = append(errs, fmt.Errorf("store: %q is not a namespace", name))
		}
		within(name+": MaxValue", n.MaxValue, 1, clock.MaxBytes-64<<10)
		within(name+": MaxObject", n.MaxObject, 1<<10, clock.MaxBytes)
		within(name+": MaxSiblings", n.MaxSiblings, 1, clock.MaxSiblings)
		within(name+": MaxActors", n.MaxActors, 1, clock.MaxActors)
	}
	optional("MaxQueue", c.MaxQueue, 1<<16)
	optional("MaxBatch", c.MaxBatch, 1<<16)
	optional("MaxCursorSize", c.MaxCursorSize, 16<<20)
	optional("MaxRanges", c.MaxRanges, 1<<24)
	within("Cells", c.Cells, 0, sketch.MaxCells)
	return errors.Join(errs...)
}

// withDefaults gives a copy with every absent field filled.
func (c Config) withDefaults() Config {
	c.Namespaces = maps.Clone(c.Namespaces)
	fill := func(field **int, n int) {
		if *field == nil {
			*field = new(n)
		}
	}
	fill(&c.MaxQueue, 4096)
	fill(&c.MaxBatch, 1024)
	fill(&c.MaxCursorSize, 2<<20)
	fill(&c.MaxRanges, 1<<20)
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
