package realtime

import (
	"cmp"
	"slices"

	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// Debt is a CHECK that is owed with one side.
type Debt struct {
	Remote string     // the remote; empty: it is owed with a source
	Node   string     // identity of the source; empty: it is owed with a remote
	Link   *link.Link // the newest link to that side that lives; nil: there is none
}

// Debts lists the CHECKs that are owed, those with remotes first, each by name. The error is that of the store.
func (r *Replicated) Debts() ([]Debt, error) {
	var list []Debt
	for _, m := range r.Remotes() {
		if m.CheckOwed {
			list = append(list, Debt{Remote: m.Name})
		}
	}
	sources, err := r.Sources()
	for _, s := range sources {
		if s.CheckOwed && !slices.ContainsFunc(list, func(d Debt) bool { return d.Node == s.Node }) {
			list = append(list, Debt{Node: s.Node})
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range list {
		d := &list[i]
		if d.Remote != "" {
			d.Link = alive(r.links[d.Remote])
		} else {
			d.Link = alive(r.from[d.Node])
		}
	}
	slices.SortFunc(list, func(a, b Debt) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Remote, b.Remote)) })
	return list, err
}

func alive(l *link.Link) *link.Link {
	if l == nil || l.Err() != nil {
		return nil
	}
	return l
}

// Owing has a value when a CHECK may have come to be owed, or a link may have come over which a repair can run. It has room for one: who reads it
// looks at Debts. Where only an answer to OPEN owes a CHECK at the sender, none may come: look now and then as well.
func (r *Replicated) Owing() <-chan struct{} { return r.owing }

func (r *Replicated) owes() {
	select {
	case r.owing <- struct{}{}:
	default:
	}
}

// attached remembers over which link a source sends. It is called by the sink.
func (r *Replicated) attached(key delivery.Key, l *link.Link) {
	r.mu.Lock()
	for node, old := range r.from {
		if alive(old) == nil {
			delete(r.from, node)
		}
	}
	r.from[key.Node] = l
	r.mu.Unlock()
	r.owes()
}
