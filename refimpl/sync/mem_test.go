package sync

import (
	"context"
	"slices"
	"strings"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/store"
)

// mem is a store of one namespace in memory, small enough to be obviously right. Like Bolt it walks through its log in steps, between
// which it may change.
type mem struct {
	store.Store // what sessions do not need is not there
	ns          string
	last        bool // keeps the last writer
	actor       clock.Actor
	counter     uint64
	objects     map[string]clock.Set
	node        *clock.Node
	broken      map[string]bool // cannot be read
	full        bool            // refuses writes
	lost        int
	cached      *digest.Tree // nil: objects have changed
	behind      bool         // a fault: the walk takes a write that came behind it for sent
	greedy      bool         // a fault: clocks are taken over before their objects are merged
}

func newMem(id byte) *mem {
	return &mem{ns: "n", actor: clock.Actor{id}, objects: map[string]clock.Set{}, node: new(clock.Node), broken: map[string]bool{}}
}

func (m *mem) Salt() [16]byte             { return [16]byte{} }
func (m *mem) ClockIn(string) *clock.Node { return m.node.Clone() }
func (m *mem) tx(f func(store.Tx) error) error {
	if m.full {
		return &store.Error{Code: store.CodeFull}
	}
	return f(&memTx{m: m})
}

func (m *mem) Update(_ context.Context, f func(store.Tx) error) error { return m.tx(f) }

func (m *mem) Get(k store.Key) (clock.Set, error) {
	switch s, ok := m.objects[k.Name]; {
	case k.Namespace != m.ns:
		return clock.Set{}, &store.Error{Code: store.CodeDenied}
	case m.broken[k.Name]:
		return clock.Set{}, &store.Error{Code: store.CodeCorrupt}
	case !ok:
		return clock.Set{}, &store.Error{Code: store.CodeNotFound}
	default:
		return s, nil
	}
}

func (m *mem) Against(k store.Key, dots []clock.Dot) (clock.Set, []clock.Dot, error) {
	s, err := m.Get(k)
	if store.CodeOf(err) == store.CodeNotFound {
		err = nil
	}
	return s, slices.DeleteFunc(slices.Clone(dots), func(d clock.Dot) bool { return !m.node.Has(d) || s.Has(d) }), err
}

func (m *mem) tree() *digest.Tree {
	if m.cached != nil {
		return m.cached
	}
	t := new(digest.Tree)
	m.cached = t
	for k, s := range m.objects {
		if !m.broken[k] {
			t.Add(s.Item([16]byte{}, m.ns, k), 0)
		}
	}
	return t
}

func (m *mem) root() digest.Summary { return m.tree().Summary(nil) }

func (m *mem) Probe(_ string, p digest.Prefix, depth int) ([]digest.Summary, error) {
	if depth == 0 {
		return []digest.Summary{m.tree().Summary(p)}, nil
	}
	return m.tree().Probe(p, depth)
}

func (m *mem) List(_ string, p digest.Prefix, after *digest.Item, most int) ([]digest.Item, bool, error) {
	items, more := m.tree().List(p, after, most)
	return items, more, nil
}

func (m *mem) Find(_ string, kh [8]byte) (keys []store.Key, err error) {
	for k := range m.objects {
		if clock.KeyHash([16]byte{}, m.ns, k) == kh {
			keys = append(keys, store.Key{Namespace: m.ns, Name: k})
		}
	}
	return keys, nil
}

// SinceIn walks by dots, and sees what changes meanwhile.
func (m *mem) SinceIn(_ string, have *clock.Node, f func(store.Key, clock.Set) error) (*clock.Node, []store.Key, error) {
	upTo := m.node.Clone()
	var damaged []store.Key
	var at clock.Dot
	for {
		var next clock.Dot
		name, found := "", false
		for k, s := range m.objects {
			for _, one := range s.Siblings() {
				if one.Dot.Compare(at) > 0 && upTo.Has(one.Dot) && !have.Has(one.Dot) && (!found || one.Dot.Compare(next) < 0) {
					next, name, found = one.Dot, k, true
				}
			}
		}
		if !found {
			return upTo, damaged, nil
		}
		at = next
		if m.broken[name] {
			upTo.Remove(next)
			damaged = append(damaged, store.Key{Namespace: m.ns, Name: name})
			continue
		}
		first := true
		for _, one := range m.objects[name].Siblings() {
			first = first && !(one.Dot.Compare(next) < 0 && !have.Has(one.Dot) && (m.behind || upTo.Has(one.Dot)))
		}
		if first {
			if err := f(store.Key{Namespace: m.ns, Name: name}, m.objects[name]); err != nil {
				return nil, nil, err
			}
		}
	}
}

// memTx is its transaction, which is not undone: nothing here fails half way.
type memTx struct {
	store.Tx
	m *mem
}

func (t *memTx) Merge(k store.Key, in clock.Set, sender *clock.Node) store.Result {
	m := t.m
	if m.greedy {
		m.node.Join(sender)
	}
	for _, d := range in.Context() {
		if sender != nil && d.Counter > sender.Max(d.Actor) || d.Actor == m.actor && d.Counter > m.counter {
			return store.Result{Outcome: store.Rejected, Code: store.CodeCorrupt}
		}
	}
	if m.broken[k.Name] {
		return store.Result{Outcome: store.Rejected, Code: store.CodeCorrupt}
	}
	was := m.objects[k.Name]
	now, err := was.Merge(in.Without(func(d clock.Dot) bool { return m.node.Has(d) && !was.Has(d) }))
	if err != nil {
		return store.Result{Outcome: store.Rejected, Code: store.CodeCollision, Err: err}
	}
	lost := 0
	if m.last && now.Len() > 1 {
		lost = now.Len() - 1
		now = now.LastWriter()
	}
	m.lost += lost
	m.see(in)
	if now.Equal(was) || now.Len() == 0 && was.Len() == 0 {
		return store.Result{Outcome: store.NoOp, Siblings: was.Len()}
	}
	m.keep(k.Name, now)
	if now.Len() > 1 {
		return store.Result{Outcome: store.Siblings, Siblings: now.Len(), Lost: lost}
	}
	return store.Result{Outcome: store.Applied, Siblings: now.Len(), Lost: lost}
}

func (t *memTx) ObserveIn(_ string, n *clock.Node) error {
	if n.Max(t.m.actor) > t.m.counter {
		return &store.Error{Code: store.CodeCorrupt}
	}
	t.m.node.Join(n)
	return nil
}

func (m *mem) see(s clock.Set) {
	for _, d := range s.Context() {
		m.node.Add(d)
	}
	for _, one := range s.Siblings() {
		m.node.Add(one.Dot)
	}
}

func (m *mem) keep(k string, s clock.Set) {
	m.cached = nil
	if s.Len() == 0 {
		delete(m.objects, k)
		return
	}
	m.objects[k] = s
}

// write puts a value, or a tombstone for "".
func (m *mem) write(k, value string, blind bool) {
	was := m.objects[k]
	seen := was.Context()
	if blind {
		seen = nil
	}
	m.counter++
	d := clock.Dot{Actor: m.actor, Counter: m.counter}
	var now clock.Set
	var err error
	if value == "" {
		now, err = was.Delete(seen, d)
	} else {
		now, err = was.Put(seen, d, []byte(value))
	}
	if err != nil {
		panic(err)
	}
	if m.last {
		now = now.LastWriter()
	}
	m.see(now)
	m.keep(k, now)
}

// reap drops the tombstones that all clocks cover (OBJ-018).
func (m *mem) reap(all []*mem) {
	for k, s := range m.objects {
		stable := s.Deleted()
		for _, o := range all {
			stable = stable && o.node.CoversContext(s.Context()) && !slices.ContainsFunc(s.Siblings(), func(one clock.Sibling) bool { return !o.node.Has(one.Dot) })
		}
		if stable {
			m.keep(k, clock.Set{})
		}
	}
}

// live gives the values of a key.
func (m *mem) live(k string) []string {
	var list []string
	for _, v := range m.objects[k].Values() {
		list = append(list, string(v))
	}
	slices.Sort(list)
	return list
}

func (m *mem) String() string {
	var b strings.Builder
	for k := range m.objects {
		b.WriteString(k + "=" + strings.Join(m.live(k), "|") + " ")
	}
	return b.String()
}
