package sync

import (
	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
	"handfast/refimpl/store"
)

// mostItems is up to how many items a responder lists, instead of naming the parts.
const mostItems = 64

// Responder is the core of the side that has accepted a session. It answers, and begins nothing. Its owner serialises all calls, and
// calls Flush before it hands on a message that is no REPAIR.
type Responder struct {
	side
	since  bool
	done   bool
	peer   codec.SyncComplete
	sketch *sketch.Sketch // of the moment at which CELLS came first
	given  int            // cells
}

// NewResponder makes the core of a session about one namespace.
func NewResponder(namespace string, read Reader) *Responder {
	return &Responder{side: side{ns: namespace, read: read}}
}

// Merged takes the results of the Merge that Flush gave.
func (r *Responder) Merged(results []codec.SyncEntry) []Effect {
	effects, _ := r.merged(results)
	return effects
}

// Done says whether both sides have sent COMPLETE, and what the other one has said.
func (r *Responder) Done() (codec.SyncComplete, bool) { return r.peer, r.done }

// Receive takes a message. The error is a *codec.Error for what is answered with a stream error, else one of the store.
func (r *Responder) Receive(msg codec.SyncMessage) ([]Effect, error) {
	if r.done || r.failed != nil {
		return nil, fault("SYNC-021", "a message behind the last one")
	}
	switch m := msg.(type) {
	case codec.SyncSince:
		return r.sinceAsked(m)
	case codec.SyncClock:
		all, err := r.clock(m)
		if err != nil || all == nil {
			return nil, err
		}
		return r.observe(all), nil
	case codec.SyncCheck:
		return r.check(m)
	case codec.SyncCheckKey:
		return r.checkKey(m)
	case codec.SyncCells:
		return r.cellsAsked(m)
	case codec.SyncRepair:
		return nil, r.repair(m)
	case codec.SyncResult:
		return nil, r.result(m)
	case codec.SyncError:
		if m.Session {
			r.failed = &m
			return []Effect{Finish{}}, nil
		}
		return nil, nil
	case codec.SyncComplete:
		peer, err := r.completed(m)
		if err != nil {
			return nil, err
		}
		return r.end(peer)
	default:
		return nil, fault("SYNC-005", "a kind that an initiator does not send")
	}
}

// end takes what the initiator has said in its COMPLETE, or in a CHECK with LAST that takes its place, and answers it (SYNC-031, SYNC-048).
func (r *Responder) end(peer codec.SyncComplete) ([]Effect, error) {
	r.peer, r.done = peer, true
	own, err := r.complete()
	if err != nil {
		return nil, err
	}
	return []Effect{Send{sent(own)}, Finish{}}, nil
}

func (r *Responder) sinceAsked(m codec.SyncSince) ([]Effect, error) {
	if r.since || r.theirs != nil {
		return nil, fault("SYNC-007", "SINCE comes once, and before CLOCK")
	}
	have, err := clock.DecodeNode(m.Clock, clock.DefaultNodeLimits())
	if err != nil {
		return nil, fault("SYNC-005", "SINCE: "+err.Error())
	}
	r.since = true
	r.states(have)
	return []Effect{SendAll{have}}, nil
}

// check answers with what this store has, whatever was asked (SYNC-010).
func (r *Responder) check(m codec.SyncCheck) ([]Effect, error) {
	if m.Estimate && r.cells == 0 {
		return nil, fault("CELL-011", "ESTIMATE without the capability")
	}
	var effects []Effect
	if m.Pull {
		keys, err := r.read.Find(r.ns, m.Prefix.Bytes)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			effects = append(effects, SendObject{Key: k.Name})
		}
	}
	own, err := r.summary(m.Prefix)
	if err != nil {
		return nil, err
	}
	answer := codec.SyncDigest{Prefix: m.Prefix}
	if m.Prefix.Length == 0 {
		r.named = m.Fingerprint
	}
	if m.Clock {
		check, err := r.clockCheck()
		if err != nil {
			return nil, err
		}
		answer.SameClock = check == m.ClockCheck
	}
	switch {
	case own.FP == m.Fingerprint && m.Last && m.Clock == answer.SameClock:
		peer := m.Counts
		peer.Count, peer.Fingerprint = own.Count, own.FP
		return r.end(peer)
	case own.FP == m.Fingerprint:
		answer.Form = codec.SyncSame
	case m.Estimate:
		err = r.answerEstimate(&answer)
	case m.Brief:
		err = r.answerBrief(&answer)
	case own.Count <= mostItems || m.Prefix.Length == codec.MaxSyncPrefix:
		err = r.answerItems(&answer)
	default:
		err = r.answerParts(&answer)
	}
	return append(effects, Send{answer}), err
}

// answerItems lists the items. The store may have changed since they were counted.
func (r *Responder) answerItems(answer *codec.SyncDigest) error {
	list, err := r.items(answer.Prefix)
	if len(list) > mostItems && answer.Prefix.Length < codec.MaxSyncPrefix {
		return r.answerParts(answer)
	}
	answer.Form = codec.SyncItems
	for _, it := range list {
		answer.Entries = append(answer.Entries, it[:]...)
	}
	return err
}

func (r *Responder) answerParts(answer *codec.SyncDigest) error {
	list, err := r.read.Probe(r.ns, digest.Prefix(answer.Prefix.Halves()), 1)
	answer.Form = codec.SyncParts
	for _, one := range list {
		answer.Entries = append(answer.Entries, one.FP[:]...)
	}
	return err
}

func (r *Responder) answerBrief(answer *codec.SyncDigest) error {
	list, err := r.read.Probe(r.ns, nil, 1)
	answer.Form = codec.SyncBrief
	for _, one := range list {
		answer.Entries = append(answer.Entries, one.FP[0])
	}
	return err
}

// checkKey answers with the object, if that has news, and always with this store's own version, once (SYNC-012).
func (r *Responder) checkKey(m codec.SyncCheckKey) ([]Effect, error) {
	theirs, err := clock.DecodeVersion(m.Version, clock.DefaultLimits())
	if err != nil {
		return nil, fault("SYNC-005", "CHECK_KEY: "+err.Error())
	}
	key := string(m.Key)
	own, _, err := r.read.Against(store.Key{Namespace: r.ns, Name: key}, nil)
	if store.CodeOf(err) == store.CodeCorrupt {
		own, err = clock.Set{}, nil // SendObject says so
	}
	if err != nil {
		return nil, err
	}
	v, err := version(own)
	if err != nil {
		return nil, err
	}
	return []Effect{SendObject{key, theirs}, Send{codec.SyncVersion{Key: m.Key, Version: v}}}, nil
}
