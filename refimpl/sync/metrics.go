package sync

import (
	gosync "sync"
	"time"
)

// Perspective says which side of a session a peer was.
type Perspective string

// The perspectives.
const (
	Asked    Perspective = "initiator"
	Answered Perspective = "responder"
)

// Metrics counts sessions. The zero Metrics counts from nothing; nil counts nothing. It may be used by many sessions.
type Metrics struct {
	mu  gosync.Mutex
	all map[Perspective]*Totals
}

// Totals are sums over the sessions of one perspective.
type Totals struct {
	Sessions                map[Outcome]uint64
	Unequal                 uint64 // sessions that ended OK with different fingerprints: somebody wrote meanwhile
	Versions                uint64 // messages received: clocks, digests, versions and objects
	Pushes                  uint64 // objects sent
	Pulls                   uint64 // objects received
	NoOps                   uint64 // of Pulls: known already
	Siblings                uint64 // of Pulls: left more than one sibling
	Rejected                uint64 // of Pulls
	Lost                    uint64 // writes that a last writer has won against
	BytesIn, BytesOut       uint64
	Turns                   uint64 // round trips; of the initiator
	Took                    Latency
	Since, Walk, Completing Latency // phases; of the initiator
	LastOK                  time.Time
}

// Latency is a sum of durations with its greatest.
type Latency struct {
	Count    uint64
	Sum, Max time.Duration
}

func (l *Latency) note(d time.Duration) {
	l.Count++
	l.Sum += d
	l.Max = max(l.Max, d)
}

// Note counts a session that this peer has begun. Handler counts those of others itself.
func (m *Metrics) Note(r *Report) { m.note(Asked, r) }

func (m *Metrics) note(p Perspective, r *Report) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[Perspective]*Totals{}
	}
	t := m.all[p]
	if t == nil {
		t = &Totals{Sessions: map[Outcome]uint64{}}
		m.all[p] = t
	}
	t.Sessions[r.Outcome]++
	if r.Outcome == OK {
		t.LastOK = time.Now()
		if !r.Equal {
			t.Unequal++
		}
	}
	c := r.Mine
	t.Versions += r.In.Messages
	t.Pushes += c.Sent
	t.Pulls += c.Received
	t.NoOps += c.NoOps
	t.Siblings += c.Siblings
	t.Rejected += c.Rejected
	t.Lost += uint64(r.Lost)
	t.BytesIn += r.In.Bytes
	t.BytesOut += r.Out.Bytes
	t.Turns += uint64(r.Turns)
	t.Took.note(r.Took)
	if p == Asked {
		t.Since.note(r.Since)
		t.Walk.note(r.Walk)
		t.Completing.note(r.Completing)
	}
}

// Totals gives a copy of the sums of one perspective.
func (m *Metrics) Totals(p Perspective) Totals {
	out := Totals{Sessions: map[Outcome]uint64{}}
	if m == nil {
		return out
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.all[p]; t != nil {
		sessions := out.Sessions
		out = *t
		out.Sessions = sessions
		for o, n := range t.Sessions {
			out.Sessions[o] = n
		}
	}
	return out
}
