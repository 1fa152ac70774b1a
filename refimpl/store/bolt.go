package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"handfast/refimpl/boltfile"
	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
)

// lockTimeout is how long Open waits for another process to leave the file.
const lockTimeout = time.Second

// Bolt is a Store in one file. One goroutine, which Close waits for, makes all changes: calls of Update that wait while it syncs share the
// next commit.
type Bolt struct {
	// Immutable after Open.
	cfg Config
	db  *bolt.DB
	// commit ends a transaction; tests put faults in its place.
	commit func(*bolt.Tx) error
	// queue holds calls of Update: capacity MaxQueue, sent to under gate, never closed.
	queue chan *request
	// done is closed by Close.
	done chan struct{}
	wg   sync.WaitGroup

	// gate guards closed against calls that are about to queue.
	gate   sync.RWMutex
	closed bool

	// Owned by run.
	actor   clock.Actor
	counter uint64
	work    clocks   // pub, and what the batch has added
	renewed bool     // the actor was changed since Open
	failed  error    // why no write is taken any more
	held    *request // came while a batch was made that it cannot share

	// mu guards what was committed last.
	mu       sync.Mutex
	pub      clocks
	pubActor clock.Actor
	index    indexes

	stats counters
}

var _ Store = (*Bolt)(nil)

type counters struct {
	objects, dead, commits, updates, busy, applied, noOps, siblings, rejected, lost, collisions, aside atomic.Uint64
}

// Open opens or makes a store, and reads all objects to build the digest: about 2 s for each million. Faults of cfg are reported all at once.
// Otherwise the error is an *Error: CodeBusy where another process has the file, CodeCorrupt where it is damaged or of another format, CodeFull, CodeDisk.
func Open(cfg Config) (*Bolt, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Bolt{
		cfg: cfg.withDefaults(), commit: (*bolt.Tx).Commit, done: make(chan struct{}),
		work: clocks{}, index: indexes{},
	}
	s.queue = make(chan *request, *s.cfg.MaxQueue)
	_, missing := os.Stat(s.cfg.Path)
	// The freelist is found again by a scan, and Open reads everything anyway: so no commit has to write it.
	db, err := boltfile.Open(s.cfg.Path, 0o600, bolt.Options{Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, openError(err)
	}
	s.db = db
	err = s.load()
	if err == nil && missing != nil {
		err = syncFolder(filepath.Dir(s.cfg.Path))
	}
	if err != nil {
		return nil, errors.Join(openError(err), db.Close())
	}
	s.cfg.Logger.Info("store opened", "path", s.cfg.Path, "actor", s.actor, "objects", s.stats.objects.Load())
	s.wg.Go(s.run) // ends after Close has closed done
	return s, nil
}

// syncFolder makes the name of a new file durable: syncs of the file are not said to do that.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// openError gives an error of the engine a code.
func openError(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return &Error{Code: CodeBusy, Detail: "another process has the file", Err: err}
	case errors.Is(err, boltfile.ErrDamaged), errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return &Error{Code: CodeCorrupt, Detail: "not a store", Err: err}
	case isFull(err):
		return &Error{Code: CodeFull, Err: err}
	default:
		return &Error{Code: CodeDisk, Err: err}
	}
}

// load reads the file into memory, and writes what a new one lacks.
func (s *Bolt) load() error {
	err := s.db.Update(func(bt *bolt.Tx) error {
		anything, _ := bt.Cursor().First()
		for _, name := range buckets() { // made together: without objects, clocks would say that all of them were deleted
			switch {
			case anything == nil:
				if _, err := bt.CreateBucket(name); err != nil {
					return err
				}
			case bt.Bucket(name) == nil:
				return fail(CodeCorrupt, "no bucket "+string(name))
			}
		}
		if anything != nil && bt.Bucket(bucketMeta).Get(metaFormat) == nil {
			return fail(CodeCorrupt, "no format")
		}
		return s.loadMeta(bt.Bucket(bucketMeta))
	})
	if err != nil {
		return err
	}
	if err := s.db.Update(s.loadSeen); err != nil {
		return err
	}
	return s.db.View(func(bt *bolt.Tx) error {
		s.pub, s.pubActor = s.work.clone(), s.actor
		return s.loadObjects(bt)
	})
}

func (s *Bolt) loadMeta(meta *bolt.Bucket) error {
	switch format := meta.Get(metaFormat); {
	case format == nil:
		if err := meta.Put(metaFormat, []byte{fileFormat}); err != nil {
			return err
		}
	case !slices.Equal(format, []byte{fileFormat}):
		return fail(CodeCorrupt, "another format of the file")
	}
	actor, counter := meta.Get(metaActor), meta.Get(metaCounter)
	if actor == nil || s.cfg.Restored {
		fresh, err := s.newActor()
		if err != nil {
			return err
		}
		actor, counter = fresh[:], u64(0)
		if err := errors.Join(meta.Put(metaActor, actor), meta.Put(metaCounter, counter)); err != nil {
			return err
		}
	}
	if len(actor) != 16 || len(counter) != 8 {
		return fail(CodeCorrupt, "the actor")
	}
	d, _ := dotOf(slices.Concat(actor, counter))
	s.actor, s.counter = d.Actor, d.Counter
	return nil
}

// newActor mints an actor.
func (s *Bolt) newActor() (a clock.Actor, err error) {
	if _, err := io.ReadFull(s.cfg.Rand, a[:]); err != nil {
		return a, fmt.Errorf("store: no random bytes: %w", err)
	}
	return a, nil
}

// loadSeen reads the node clocks. A namespace that is new in the settings gets one.
func (s *Bolt) loadSeen(bt *bolt.Tx) error {
	seen := bt.Bucket(bucketSeen)
	err := seen.ForEach(func(first, last []byte) error {
		ns, d, ok := seenDot(first)
		if !ok || len(last) != 8 {
			return fail(CodeCorrupt, "the node clock")
		}
		s.work.at(ns).AddRange(d.Actor, clock.Range{First: d.Counter, Last: binary.BigEndian.Uint64(last)})
		return nil
	})
	s.counter = max(s.counter, s.work.of(everywhere).Max(s.actor))
	meta := bt.Bucket(bucketMeta)
	for ns := range s.cfg.Namespaces {
		if meta.Get(metaNamespace(ns)) != nil {
			continue
		}
		err = errors.Join(err, meta.Put(metaNamespace(ns), []byte{1}))
		if s.counter > 0 {
			s.work.at(ns).AddRange(s.actor, clock.Range{First: 1, Last: s.counter})
			err = errors.Join(err, seen.Put(seenKey(ns, clock.Dot{Actor: s.actor, Counter: 1}), u64(s.counter)))
		}
	}
	return err
}

// Salt implements Store.
func (s *Bolt) Salt() [16]byte { return s.cfg.Salt }

// loadObjects builds the digest. An object that cannot be read is left out, so that peers see that this store lacks it; Check finds it. Two
// goroutines, which end before it returns, decode and hash.
func (s *Bolt) loadObjects(bt *bolt.Tx) error {
	s.stats.aside.Store(uint64(bt.Bucket(bucketAside).Stats().KeyN))
	pages := make(chan []pair, 4) // sent to and closed here
	var found [2][][]loaded
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() {
			for page := range pages {
				found[i] = append(found[i], s.decode(page))
			}
		})
	}
	err := readPairs(bt, pages)
	close(pages)
	wg.Wait()
	all := map[string][]digest.Ref{}
	for _, page := range append(found[0], found[1]...) {
		for _, one := range page {
			s.stats.objects.Add(1)
			if one.dead {
				s.stats.dead.Add(1)
			}
			ns := one.key.Namespace
			all[ns] = append(all[ns], digest.Ref{Item: one.item, Ref: s.index.at(ns).note(one.entry)})
		}
	}
	for ns, list := range all {
		s.index.at(ns).tree = digest.Load(list)
	}
	return errors.Join(err, s.index.sketch(&s.cfg))
}

// pageLoaded is how many objects go from hand to hand at once.
const pageLoaded = 1024

// pair is a stored object, in memory of the transaction.
type pair struct{ raw, encoded []byte }

// loaded is an object as Open needs it.
type loaded struct {
	entry
	dead bool
}

// readPairs reads all objects, in pages.
func readPairs(bt *bolt.Tx, pages chan<- []pair) error {
	page := make([]pair, 0, pageLoaded)
	err := bt.Bucket(bucketObjects).ForEach(func(raw, encoded []byte) error {
		if page = append(page, pair{raw, encoded}); len(page) == pageLoaded {
			pages <- page
			page = make([]pair, 0, pageLoaded)
		}
		return nil
	})
	pages <- page
	return err
}

// decode gives what Open needs of a page.
func (s *Bolt) decode(page []pair) []loaded {
	list := make([]loaded, 0, len(page))
	for _, p := range page {
		k, ok := keyOf(p.raw)
		set, err := clock.DecodeOwned(p.encoded, clock.GreatestLimits())
		if !ok || err != nil || set.Len() == 0 {
			s.cfg.Logger.Error("a stored object cannot be read", "code", CodeCorrupt, "err", err)
			continue
		}
		list = append(list, loaded{entryOf(s.cfg.Salt, k, set), set.Deleted()})
	}
	return list
}

// Close implements Store.
func (s *Bolt) Close() error {
	s.gate.Lock()
	first := !s.closed
	s.closed = true
	s.gate.Unlock()
	if first {
		close(s.done)
	}
	s.wg.Wait()
	if err := s.db.Close(); err != nil { // waits for readers
		return openError(err)
	}
	return nil
}

// Actor implements Store.
func (s *Bolt) Actor() clock.Actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pubActor
}

// Stats implements Store.
func (s *Bolt) Stats() Stats {
	s.mu.Lock()
	ranges := s.pub.count()
	s.mu.Unlock()
	c := &s.stats
	return Stats{
		Objects: c.objects.Load(), Tombstones: c.dead.Load(), Ranges: uint64(ranges),
		Commits: c.commits.Load(), Updates: c.updates.Load(), Busy: c.busy.Load(),
		Applied: c.applied.Load(), NoOps: c.noOps.Load(), Siblings: c.siblings.Load(), Rejected: c.rejected.Load(),
		Lost: c.lost.Load(), Collisions: c.collisions.Load(), Quarantined: c.aside.Load(),
	}
}
