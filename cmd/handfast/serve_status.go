package main

import (
	"sync/atomic"
	"time"

	"handfast/refimpl"
	"handfast/refimpl/call"
	"handfast/refimpl/status"
)

// reporter answers the method status of a peer.
type reporter struct {
	peer  atomic.Pointer[refimpl.Peer] // nil: not yet made
	began time.Time
	node  [16]byte
	kept  *replica
}

// report adds the method status to what a peer serves. The peer is told later, when it was made.
func report(cfg *refimpl.Config, kept *replica) *reporter {
	r := &reporter{began: time.Now(), node: cfg.Link.Node, kept: kept}
	methods := cfg.Methods
	cfg.Methods = func(srv *call.Server) {
		if methods != nil {
			methods(srv)
		}
		status.Add(srv, r.read)
	}
	return r
}

func (r *reporter) read() (*status.Report, error) {
	s := &status.Report{Node: status.ID(r.node)}
	s.Uptime(r.began)
	if p := r.peer.Load(); p != nil {
		s.Foreign = p.Stats().Kinds
		for _, l := range p.Links() {
			s.Links = append(s.Links, status.LinkOf(l, ""))
		}
	}
	return s, r.kept.report(s)
}

// report adds what a replica knows.
func (r *replica) report(s *status.Report) (err error) {
	if r == nil {
		return nil
	}
	s.Cluster, s.Store = status.ID(r.cluster), status.StoreOf(r.store.Stats())
	for _, m := range r.rt.Remotes() {
		one := status.Remote{RemoteStatus: m}
		if d := r.dialers[m.Name]; d != nil {
			st := d.State()
			one.Address, one.Tries = r.addrs[m.Name], st.Tries
			if st.Link != nil {
				s.Links = append(s.Links, status.LinkOf(st.Link, m.Name))
			} else if st.Err != nil {
				one.Error = st.Err.Error()
			}
		}
		s.Remotes = append(s.Remotes, one)
	}
	s.Peers = r.peers.All()
	if r.repairs != nil {
		s.Repairs = r.repairs.Status()
	}
	s.Sources, err = r.rt.Sources()
	return err
}
