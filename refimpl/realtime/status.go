package realtime

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"

	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/store"
)

// RemoteStatus is a snapshot of a remote. Counters begin with the process, those of the channel with Start.
type RemoteStatus struct {
	Name         string        `json:"name"`
	Cluster      string        `json:"cluster,omitempty"` // hexadecimal; empty: never seen
	Started      bool          `json:"started"`
	Attached     bool          `json:"attached"`
	Behind       bool          `json:"behind"`        // the queue has failed
	QueueBytes   uint64        `json:"queue_bytes"`   // records and 64 bytes for each
	QueueLimit   uint64        `json:"queue_limit"`   // bytes
	QueueRecords uint64        `json:"queue_records"` // not yet stable
	Next         uint64        `json:"next"`          // the number that the next record gets
	Stable       uint64        `json:"stable"`        // every number up to this one is durable at the remote, or given up
	CheckOwed    bool          `json:"check_owed"`
	Queued       uint64        `json:"queued"`    // records
	TooLarge     uint64        `json:"too_large"` // objects that the queue cannot hold
	Sent         uint64        `json:"sent"`      // records, or pieces of large ones
	PossibleDups uint64        `json:"possible_dups"`
	Gaps         gapCounts     `json:"gaps"`      // numbers that the remote was told will not come, by reason
	Positions    positionCount `json:"positions"` // answers to OPEN; kept is a resume
}

// SourceStatus is a snapshot of a channel that is taken. Counters begin with the process.
type SourceStatus struct {
	Node         string        `json:"node"` // identity of the sender
	Name         string        `json:"name"` // its name for the channel
	Attached     bool          `json:"attached"`
	Stable       uint64        `json:"stable"` // every number up to this one is durable here, or given up
	CheckOwed    bool          `json:"check_owed"`
	Waiting      int           `json:"waiting"` // records that wait for the store
	Commits      uint64        `json:"commits"`
	Failures     uint64        `json:"failures"` // commits
	PossibleDups uint64        `json:"possible_dups"`
	Gaps         gapCounts     `json:"gaps"`
	Positions    positionCount `json:"positions"`
	IntakeCounts
}

type gapCounts struct {
	Overflow uint64 `json:"overflow"`
	Restart  uint64 `json:"restart"`
	Expired  uint64 `json:"expired"`
	Filtered uint64 `json:"filtered"`
	Operator uint64 `json:"operator"`
	Other    uint64 `json:"other"`
}

type positionCount struct {
	Kept     uint64 `json:"kept"`
	Lost     uint64 `json:"lost"`
	Diverged uint64 `json:"diverged"`
	Foreign  uint64 `json:"foreign"`
}

// Remotes reads the state of every remote, by name.
func (r *Replicated) Remotes() []RemoteStatus {
	type known struct {
		m   *remote
		src *channel.Source
	}
	var list []RemoteStatus
	r.mu.Lock()
	all := map[string]known{}
	for name, m := range r.remotes {
		all[name] = known{m, m.src}
		s := RemoteStatus{Name: name, Started: m.src != nil, Behind: m.behind, Queued: m.counts.queued, TooLarge: m.counts.large}
		if m.cluster != ([16]byte{}) {
			s.Cluster = hex.EncodeToString(m.cluster[:])
		}
		list = append(list, s)
	}
	r.mu.Unlock()
	for i := range list {
		s := &list[i]
		k := all[s.Name]
		h := k.m.queue.Head()
		s.Next, s.Stable, s.CheckOwed, s.QueueRecords = h.Next, h.Stable, h.Checks > h.Checked, h.Next-h.First
		s.QueueBytes, s.QueueLimit = k.m.queue.Bytes()
		if k.src == nil {
			continue
		}
		st := k.src.Stats()
		s.Attached, s.Sent, s.PossibleDups = st.Attached, st.Sent, st.PossibleDups
		s.Gaps, s.Positions = gapCounts(st.Gaps), positionCount(st.Positions)
	}
	slices.SortFunc(list, func(a, b RemoteStatus) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Sources reads the state of every channel that is taken, by node and name. The error is that of the store.
func (r *Replicated) Sources() ([]SourceStatus, error) {
	var list []SourceStatus
	for _, st := range r.sink.Stats() {
		owed, err := readOwed(r.Store, st.Key)
		if err != nil {
			return nil, err
		}
		list = append(list, SourceStatus{
			Node: st.Key.Node, Name: st.Key.Name, Attached: st.Attached, Stable: st.Stable, CheckOwed: st.CheckOwed || owed.Checks > owed.Checked,
			Waiting: st.Waiting, Commits: st.Commits, Failures: st.Failures, PossibleDups: st.PossibleDups,
			Gaps: gapCounts(st.Gaps), Positions: positionCount(st.Positions), IntakeCounts: r.in.of(st.Key),
		})
	}
	slices.SortFunc(list, func(a, b SourceStatus) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name)) })
	return list, nil
}

// Checks is how often a CHECK was owed with one side, when it was asked. A repair that ends gives it back.
type Checks struct {
	remote string       // of a remote
	key    delivery.Key // of a source
	sink   uint64       // of the cursor
	owed   uint64       // of the queue, or of the store
}

// RemoteChecks reads how often a CHECK was owed with a remote, before a repair begins. owed says that one is.
func (r *Replicated) RemoteChecks(name string) (c Checks, owed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.remotes[name]
	if m == nil {
		return c, false, ErrNoRemote
	}
	m.asked = true
	h := m.queue.Head()
	return Checks{remote: name, owed: h.Checks}, h.Checks > h.Checked, nil
}

// SourceChecks is RemoteChecks for the channels of a node that are taken.
func (r *Replicated) SourceChecks(node string) (list []Checks, owed bool, err error) {
	for _, st := range r.sink.Stats() {
		if st.Key.Node != node {
			continue
		}
		s, err := readOwed(r.Store, st.Key)
		if err != nil {
			return nil, false, err
		}
		list = append(list, Checks{key: st.Key, sink: st.Checks, owed: s.Checks})
		owed = owed || st.CheckOwed || s.Checks > s.Checked
	}
	return list, owed, nil
}

// Repaired says that a repair with this side has ended that began when c was read (CHAN-021).
func (r *Replicated) Repaired(ctx context.Context, c Checks) error {
	if c.remote != "" {
		r.mu.Lock()
		m := r.remotes[c.remote]
		r.mu.Unlock()
		if m == nil {
			return ErrNoRemote
		}
		return m.queue.Repaired(c.owed)
	}
	r.sink.Repaired(c.key, c.sink)
	return r.Store.Update(ctx, func(tx store.Tx) error {
		s, err := readOwed(tx, c.key)
		if err != nil || c.owed <= s.Checked {
			return err
		}
		s.Checked = min(c.owed, s.Checks)
		return writeOwed(tx, c.key, s)
	})
}
