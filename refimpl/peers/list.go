package peers

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	gosync "sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// List is the list. Its methods may be called by any goroutine.
type List struct {
	store store.Store

	saving gosync.Mutex // held over the commit of the list; before mu

	mu    gosync.Mutex // guards the fields below
	peers map[string]Peer
	known map[string]*State
}

// State is what the sessions with a peer have come to since the process began.
type State struct {
	Sessions  uint64     `json:"sessions"`            // that have ended
	Outcome   string     `json:"outcome,omitempty"`   // of the last one: whole, partial or failed
	LastWhole *time.Time `json:"last_whole,omitzero"` // when the last whole one has ended
	Error     string     `json:"error,omitempty"`     // why the last one has failed
}

// Entry is a peer with its state.
type Entry struct {
	Peer
	State
}

// cursorPeers is the name of the cursor of the store that keeps the list.
const cursorPeers = "sync/peers"

// maxPeers bounds the list.
const maxPeers = 1024

// Open reads the list. The store stays the caller's.
func Open(s store.Store) (*List, error) {
	l := &List{store: s, peers: map[string]Peer{}, known: map[string]*State{}}
	b, err := s.Cursor(cursorPeers)
	if store.CodeOf(err) == store.CodeNotFound {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	var saved []Peer
	if err := json.Unmarshal(b, &saved); err != nil {
		return nil, err
	}
	for _, p := range saved {
		l.peers[p.Name] = p
	}
	return l, nil
}

// Add takes a peer in, or another state of one that is there, and returns when that is durable. The error wraps ErrPeer or ErrMany, or is the store's.
func (l *List) Add(ctx context.Context, p Peer) error {
	if err := p.Validate(); err != nil {
		return err
	}
	return l.change(ctx, func(peers map[string]Peer) error {
		if _, ok := peers[p.Name]; !ok && len(peers) >= maxPeers {
			return ErrMany
		}
		peers[p.Name] = p
		return nil
	})
}

// Remove takes a peer out, and returns when that is durable. The error is ErrNoPeer, or the store's.
func (l *List) Remove(ctx context.Context, name string) error {
	return l.change(ctx, func(peers map[string]Peer) error {
		if _, ok := peers[name]; !ok {
			return ErrNoPeer
		}
		delete(peers, name)
		return nil
	})
}

// change stores the list as do leaves it, and takes it over when it is durable.
func (l *List) change(ctx context.Context, do func(map[string]Peer) error) error {
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	peers := maps.Clone(l.peers)
	l.mu.Unlock()
	if err := do(peers); err != nil {
		return err
	}
	b, err := json.Marshal(sorted(peers))
	if err != nil {
		return err
	}
	if err := l.store.Update(ctx, func(tx store.Tx) error { return tx.SetCursor(cursorPeers, b) }); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peers = peers
	maps.DeleteFunc(l.known, func(name string, _ *State) bool { _, ok := peers[name]; return !ok })
	return nil
}

func sorted(peers map[string]Peer) []Peer {
	return slices.SortedFunc(maps.Values(peers), func(a, b Peer) int { return strings.Compare(a.Name, b.Name) })
}

// All gives the list, by name.
func (l *List) All() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Entry, 0, len(l.peers))
	for _, p := range sorted(l.peers) {
		e := Entry{Peer: p}
		if s := l.known[p.Name]; s != nil {
			e.State = *s
		}
		list = append(list, e)
	}
	return list
}

// Get gives one peer.
func (l *List) Get(name string) (Peer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.peers[name]
	return p, ok
}

// Sync gives those that are dialled, for sync.ManagerConfig.
func (l *List) Sync() []sync.Peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []sync.Peer
	for _, p := range sorted(l.peers) {
		if p.Address != "" {
			list = append(list, sync.Peer{Name: p.Name, Node: p.ID()})
		}
	}
	return list
}

// Note takes the end of a session with a peer; one that is not in the list is left out.
func (l *List) Note(name string, r *sync.Report, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.peers[name]; !ok {
		return
	}
	s := l.known[name]
	if s == nil {
		s = &State{}
		l.known[name] = s
	}
	s.Sessions++
	s.Outcome, s.Error = r.Outcome.Word(), ""
	if err != nil {
		s.Error = err.Error()
	}
	if r.Outcome == sync.OK {
		s.LastWhole = new(time.Now())
	}
}

// Admit is for link.Config: an id that is bound to a key belongs to who has proved the key, and who has proved one has its ids and no others (TLS-011).
// proved is empty where TLS has proved nothing.
func (l *List) Admit(proved string, h *codec.Hello) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var mine, node, cluster, nodeTaken, clusterTaken, nodes, clusters bool
	for _, p := range l.peers {
		if p.Key == "" {
			continue
		}
		own := p.Key == proved
		mine = mine || own
		nodes, clusters = nodes || own && p.Node != "", clusters || own && p.Cluster != ""
		if is(p.Node, h.Node) {
			node, nodeTaken = node || own, true
		}
		if is(p.Cluster, h.Cluster) {
			cluster, clusterTaken = cluster || own, true
		}
	}
	switch {
	case nodeTaken && !node:
		return errors.New("the node id belongs to another key")
	case clusterTaken && !cluster:
		return errors.New("the cluster id belongs to another key")
	case mine && nodes && !node:
		return errors.New("the key belongs to another node id")
	case mine && clusters && !cluster:
		return errors.New("the key belongs to another cluster id")
	}
	return nil
}
