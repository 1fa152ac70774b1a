package realtime

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

// remote is a cluster that writes are sent to. Its queue takes them while the remote is enabled; its source sends them while it is started.
type remote struct {
	name    string
	queue   channel.Queue
	durable *delivery.Durable // queue, where it is in a file; nil otherwise
	parting sync.Mutex        // held while the PARTs of an object are queued

	// guarded by Replicated.mu
	src      *channel.Source // nil: stopped
	link     *link.Link      // the newest one; nil: none was given
	cluster  [16]byte        // zero: never seen
	queued   *clock.Node     // what the queue was given for sure; nil for a queue in memory
	unsaved  bool            // queued has grown since it was stored
	behind   bool            // the queue has failed: what is written is not given to it until a catch-up
	catching bool            // a catch-up runs
	dropped  uint64          // greatest number of which the loss was noted
	asked    bool            // somebody has asked since then whether a CHECK is owed, and may have begun a repair
	counts   remoteCounts
}

type remoteCounts struct {
	queued, large uint64
}

// The names of cursors of the store.
const (
	cursorRemotes = "realtime/remotes"
	cursorQueued  = "realtime/queued/"
)

// savedRemote is what the store keeps of an enabled remote.
type savedRemote struct {
	Started bool   `json:"started"`
	Cluster string `json:"cluster,omitempty"` // hexadecimal; empty: never seen
	Rules   Rules  `json:"rules"`             // Config.Send when it was written
}

func loadRemotes(s store.Store) (map[string]savedRemote, error) {
	saved := map[string]savedRemote{}
	b, err := s.Cursor(cursorRemotes)
	switch {
	case store.CodeOf(err) == store.CodeNotFound:
		return saved, nil
	case err != nil:
		return nil, err
	}
	return saved, json.Unmarshal(b, &saved)
}

// save stores which remotes are enabled. with is done in the same transaction.
func (r *Replicated) save(with func(store.Tx) error) error {
	r.saving.Lock() // so that an older state does not come behind a newer one
	defer r.saving.Unlock()
	r.mu.Lock()
	saved := make(map[string]savedRemote, len(r.remotes))
	for name, m := range r.remotes {
		s := savedRemote{Started: m.src != nil, Rules: r.cfg.Send}
		if m.cluster != ([16]byte{}) {
			s.Cluster = hex.EncodeToString(m.cluster[:])
		}
		saved[name] = s
	}
	r.mu.Unlock()
	b, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	return r.Store.Update(context.Background(), func(tx store.Tx) error {
		return errors.Join(tx.SetCursor(cursorRemotes, b), with(tx))
	})
}

// maxName bounds the name of a remote, which is also that of its channel and part of a file's.
const maxName = 32

func validName(name string) bool {
	if len(name) == 0 || len(name) > maxName || name[0] == '.' {
		return false
	}
	return (store.Key{Namespace: name, Name: "k"}).Validate() == nil
}

// open opens the queue of a remote.
func (r *Replicated) open(name string) (*remote, error) {
	if r.cfg.Dir == "" {
		return &remote{name: name, queue: delivery.NewVolatile(name, *r.cfg.QueueBytes)}, nil
	}
	if err := os.MkdirAll(r.cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	q, err := delivery.OpenDurable(r.path(name), name, *r.cfg.QueueBytes)
	if err != nil {
		return nil, err
	}
	return &remote{name: name, queue: q, durable: q, queued: &clock.Node{}}, nil
}

func (r *Replicated) path(name string) string { return filepath.Join(r.cfg.Dir, "queue-"+name) }

// start makes the source of a remote. It is called with mu held, or before anybody else knows the remote.
func (r *Replicated) start(m *remote) {
	m.src = channel.NewSource(channel.SourceConfig{
		Queue: m.queue, Proto: Proto, RetryMin: r.cfg.RetryMin, RetryMax: r.cfg.RetryMax, Logger: r.log,
	})
	if m.link != nil {
		m.src.Attach(m.link)
	}
}

// reopen goes on with a remote that was enabled when the process ended.
func (r *Replicated) reopen(name string, saved savedRemote) error {
	m, err := r.open(name)
	if err != nil {
		return err
	}
	r.remotes[name] = m // Close sees to it from now on
	if b, err := hex.DecodeString(saved.Cluster); err == nil && len(b) == len(m.cluster) {
		copy(m.cluster[:], b)
	}
	if m.durable != nil {
		b, err := r.Store.Cursor(cursorQueued + name)
		if err == nil {
			m.queued, err = clock.DecodeNode(b, clock.NodeLimits{Actors: 1 << 16, Ranges: 1 << 24})
		}
		if err != nil {
			return err
		}
		if !saved.Rules.equal(&r.cfg.Send) {
			if err := r.sift(m); err != nil {
				return err
			}
		}
		if err := r.oweLoss(m); err != nil {
			return err
		}
		if err := r.catchUp(m); err != nil {
			return err
		}
	}
	if saved.Started {
		r.start(m)
	}
	return nil
}

// Enable makes a remote known: what is written from now on is queued for it. What was written before, a repair has to bring. It is started too.
// For one that is enabled it only starts it.
func (r *Replicated) Enable(name string) error {
	if !validName(name) {
		return ErrName
	}
	r.orders.Lock()
	defer r.orders.Unlock()
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return ErrClosed
	}
	_, known := r.remotes[name]
	r.mu.Unlock()
	if known {
		return r.resume(name)
	}
	m, err := r.open(name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return errors.Join(m.close(), ErrClosed)
	}
	r.remotes[name] = m
	if m.durable != nil { // who has not found the remote had committed before: that is in the clock, and older than this
		m.queued, m.unsaved = r.Store.Clock(), true
	}
	r.start(m)
	l := r.links[name]
	r.mu.Unlock()
	err = r.save(func(tx store.Tx) error {
		r.note(tx)
		return nil
	})
	if err != nil || l == nil || l.Err() != nil {
		return err
	}
	return r.Attach(name, l) // it was disabled while the link goes on
}

// Disable forgets a remote, its queue and what lies there.
func (r *Replicated) Disable(name string) error {
	r.orders.Lock()
	defer r.orders.Unlock()
	r.mu.Lock()
	m := r.remotes[name]
	delete(r.remotes, name)
	r.mu.Unlock()
	if m == nil {
		return ErrNoRemote
	}
	err := r.save(func(tx store.Tx) error { return tx.SetCursor(cursorQueued+name, nil) })
	err = errors.Join(err, r.shut(m))
	if m.durable != nil && err == nil {
		err = os.Remove(r.path(name))
	}
	return err
}

// Start sends what lies in the queue of a remote, and what comes.
func (r *Replicated) Start(name string) error {
	r.orders.Lock()
	defer r.orders.Unlock()
	return r.resume(name)
}

// resume is Start with orders held.
func (r *Replicated) resume(name string) error {
	r.mu.Lock()
	m := r.remotes[name]
	if m == nil || r.closed {
		r.mu.Unlock()
		return ErrNoRemote
	}
	was := m.src != nil
	if !was {
		r.start(m)
	}
	r.mu.Unlock()
	if was {
		return nil
	}
	return r.save(func(store.Tx) error { return nil })
}

// Stop ends the sending to a remote. What is written goes on being queued.
func (r *Replicated) Stop(name string) error {
	r.orders.Lock()
	defer r.orders.Unlock()
	r.mu.Lock()
	m := r.remotes[name]
	if m == nil || r.closed {
		r.mu.Unlock()
		return ErrNoRemote
	}
	src := m.src
	m.src = nil
	r.mu.Unlock()
	if src == nil {
		return nil
	}
	src.Close()
	return r.save(func(store.Tx) error { return nil })
}

// shut ends what a remote has.
func (r *Replicated) shut(m *remote) error {
	r.mu.Lock()
	src := m.src
	m.src = nil
	m.behind = true // nothing is queued any more
	r.mu.Unlock()
	if src != nil {
		src.Close()
	}
	return m.close()
}

func (m *remote) close() error {
	if m.durable == nil {
		return nil
	}
	return m.durable.Close()
}

// Attach goes on with a remote over a link, which may be one that either side has dialled. Every new link to the remote is to be given to it. The
// error is ErrNoRemote, or that of the queue.
func (r *Replicated) Attach(name string, l *link.Link) error {
	cluster := l.Peer().Cluster
	r.mu.Lock()
	m := r.remotes[name]
	if m == nil || r.closed {
		r.mu.Unlock()
		return ErrNoRemote
	}
	learned := m.cluster != cluster
	m.cluster, m.link, r.links[name] = cluster, l, l
	r.mu.Unlock()
	defer r.owes()
	if learned { // what waits may have come from there
		if err := errors.Join(r.sift(m), r.save(func(store.Tx) error { return nil })); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.src != nil && m.link == l {
		m.src.Attach(l)
	}
	return nil
}

// sift drops from the queue what a rule holds back that did not when it was queued: these numbers become a GAP without loss.
func (r *Replicated) sift(m *remote) error {
	h := m.queue.Head()
	s := sifter{r: r, m: m}
	for seq := h.First; seq < h.Next; seq++ {
		first := seq
		for ; seq < h.Next; seq++ {
			data, ok := m.queue.Get(seq)
			if !ok || s.wants(data) {
				break
			}
		}
		if seq == first {
			continue
		}
		if err := m.queue.Drop(first, seq-1, codec.GapFiltered); err != nil {
			return err
		}
	}
	return nil
}

// wanted tells whether a remote is to have an object of a namespace that came through the clusters of path.
func (r *Replicated) wanted(m *remote, namespace string, path [][16]byte) bool {
	r.mu.Lock()
	cluster := m.cluster
	r.mu.Unlock()
	return r.cfg.Send.Passes(namespace) && !slices.Contains(path, cluster)
}

func (m *remote) saveQueued(tx store.Tx, c *clock.Node) error {
	b, err := c.AppendBinary(nil)
	if err != nil {
		return err
	}
	return tx.SetCursor(cursorQueued+m.name, b)
}
