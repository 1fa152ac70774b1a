package channel

import (
	"errors"
	"slices"
	"time"

	"handfast/refimpl/delivery"
)

// run is the worker of one channel: it does its tasks in their order, and ends when there are none. Then nothing has arrived that was not
// applied, and an ACK that is owed is sent; inline OnDry does that.
func (s *Sink) run(k *keyed, inline bool) {
	defer s.wg.Done()
	for {
		s.mu.Lock()
		if s.closed || k.head == len(k.todo) {
			k.running = false
			var out outcome
			if !inline && !s.closed {
				s.effects(k.key, delivery.Drained{}, nil, nil, &out)
			}
			s.mu.Unlock()
			out.run()
			return
		}
		t := k.todo[k.head]
		if t.batch != nil {
			until := s.collect(k)
			s.mu.Unlock()
			err := s.apply(k, until)
			if err != nil && inline { // to find out what the store has may take long
				s.wg.Add(1)
				go func() {
					s.settle(k, err)
					s.run(k, false)
				}()
				return
			}
			s.settle(k, err)
			continue
		}
		k.take()
		s.mu.Unlock()
		switch {
		case t.keep:
			s.keep(k)
		case t.forget:
			s.forget(k)
		case t.position != nil:
			if t.from.stream.AcceptChannel(*t.position) && s.cfg.OnAttach != nil {
				s.cfg.OnAttach(k.key, t.from.stream.Link())
			}
			s.mu.Lock()
			done := t.from.taskDone()
			s.mu.Unlock()
			if done != nil {
				done()
			}
		}
	}
}

// take removes the first task.
func (k *keyed) take() task {
	t := k.todo[k.head]
	k.todo[k.head] = task{}
	if k.head++; k.head == len(k.todo) {
		k.todo, k.head = k.todo[:0], 0
	}
	return t
}

// keep stores the cursor as it is now: whatever was committed since it was asked for is in it. There is no going on without, and
// so it is tried until it is done or the Sink closes.
func (s *Sink) keep(k *keyed) {
	s.insist(k, func() error {
		s.mu.Lock()
		var c delivery.Cursor
		known := false
		if r := s.core.Receiver(k.key); r != nil {
			c, known = r.Cursor()
		}
		s.mu.Unlock()
		if !known {
			return nil
		}
		return s.store.Keep(k.key, c)
	})
}

// insist tries until do has succeeded. False: the Sink was closed before.
func (s *Sink) insist(k *keyed, do func() error) bool {
	for wait := s.cfg.RetryMin; ; wait = min(2*wait, s.cfg.RetryMax) {
		err := do()
		if err == nil {
			return true
		}
		s.log.Error("the store has failed", "proto", k.key.Proto, "name", k.key.Name, "err", err)
		s.mu.Lock()
		k.stats.Failures++
		s.mu.Unlock()
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-s.stop:
			t.Stop()
			return false
		}
	}
}

// apply commits what was collected, not before a time on Sink.now.
func (s *Sink) apply(k *keyed, until time.Duration) error {
	for _, t := range k.taken { // they have moved here, and others may come
		t.from.stream.Consume(t.batch.charge)
	}
	if err := s.hold(until); err != nil {
		return err
	}
	return s.commit(k, &k.batch)
}

// settle says what became of what was applied.
func (s *Sink) settle(k *keyed, err error) {
	taken, items := k.taken, k.batch.Items
	if errors.Is(err, ErrClosed) {
		s.leave(taken)
		return
	}
	var has func(uint64) bool // nil: all of it
	if err != nil {
		s.log.Error("records could not be applied", "proto", k.key.Proto, "name", k.key.Name, "first", items[0].Record.Seq, "err", err)
		if has = s.stored(k); has == nil { // closed: what is not known is not said
			s.leave(taken)
			return
		}
	}
	var out outcome
	s.mu.Lock()
	if err == nil {
		k.stats.Commits++
	} else {
		k.stats.Failures++
	}
	odd := has != nil || slices.ContainsFunc(taken, func(t task) bool { return t.batch.odd })
	if odd {
		k.stats.count(items, has)
	} else {
		k.stats.Applied += uint64(len(items))
	}
	if has == nil {
		s.applied(k, items, &out)
	} else {
		s.inPart(k, items, has, err, &out)
	}
	for _, t := range taken {
		out.then(t.from.taskDone())
	}
	s.mu.Unlock()
	out.run()
	if odd {
		s.lost(k.key, items, has)
	}
	for _, t := range taken {
		t.batch.free()
	}
	if len(taken) > 1 {
		clear(items)
	}
	clear(taken)
}

// applied tells the core of items that were applied. It is called with mu held.
func (s *Sink) applied(k *keyed, items []Item, out *outcome) {
	for len(items) > 0 {
		first, last, n := span(items)
		s.effects(k.key, delivery.Applied{First: first, Last: last}, nil, nil, out)
		items = items[n:]
	}
}

// inPart tells the core of items of which some were not applied. It is called with mu held.
func (s *Sink) inPart(k *keyed, items []Item, has func(uint64) bool, err error, out *outcome) {
	yes, no := ranges(items, has)
	for _, r := range yes {
		s.effects(k.key, delivery.Applied{First: r.First, Last: r.Last}, nil, nil, out)
	}
	for _, r := range no {
		s.effects(k.key, delivery.Failed{First: r.First, Last: r.Last, Err: err}, nil, nil, out)
	}
	if len(no) > 0 { // what follows them must not come before them (REC-009)
		s.dropQueued(k, nil, out)
	}
}

// collect takes the first tasks that are applied together into taken, as many as MaxBatch allows, and their items into batch. It gives the
// time before which they are not to be applied. It is called with mu held.
func (s *Sink) collect(k *keyed) (until time.Duration) {
	k.taken, k.batch.Key = k.taken[:0], k.key
	for size := 0; until == 0 && k.head < len(k.todo) && k.todo[k.head].batch != nil; {
		c := k.todo[k.head].batch
		if size += c.size; len(k.taken) > 0 && (size > s.cfg.MaxBatch || c.until > 0) {
			break
		}
		until = c.until
		k.taken = append(k.taken, k.take())
	}
	if k.batch.Items = k.taken[0].batch.items; len(k.taken) == 1 {
		return until
	}
	k.joined = k.joined[:0]
	for _, t := range k.taken {
		k.joined = append(k.joined, t.batch.items...)
	}
	k.batch.Items = k.joined
	return until
}

// leave gives up what was taken, because the Sink was closed.
func (s *Sink) leave(taken []task) {
	s.mu.Lock()
	var out outcome
	for _, t := range taken {
		out.then(t.from.taskDone())
	}
	s.mu.Unlock()
	out.run()
}

// hold waits until a time on Sink.now. The error is ErrClosed.
func (s *Sink) hold(until time.Duration) error {
	d := until - s.now()
	if until == 0 || d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.stop:
		return ErrClosed
	}
}

// commit carries out a batch in the store.
func (s *Sink) commit(k *keyed, b *Batch) error {
	if s.cfg.Transactional != nil {
		return s.cfg.Transactional.Commit(b)
	}
	s.mu.Lock()
	c, _ := s.core.Receiver(k.key).Cursor()
	s.mu.Unlock()
	addAll(&c, b.Items)
	if err := s.cfg.Plain.Apply(b); err != nil {
		return err
	}
	return s.store.Keep(k.key, c)
}

// stored tells what of a batch that failed has become durable all the same: the end of a commit that a disk has failed is not
// known before it was read again. Nil: the Sink was closed before.
func (s *Sink) stored(k *keyed) (has func(uint64) bool) {
	var c delivery.Cursor
	ok := s.insist(k, func() error {
		all, err := s.store.Cursors()
		c = all[k.key]
		return err
	})
	if !ok {
		return nil
	}
	return c.Has
}

// count counts what was applied.
func (c *SinkStats) count(items []Item, has func(uint64) bool) {
	for i := range items {
		one := &items[i]
		if first, _ := numbers(one); has != nil && !has(first) {
			continue
		}
		switch {
		case one.Gap == nil:
			c.Applied++
			if one.Record.PossibleDup {
				c.PossibleDups++
			}
		default:
			for _, r := range one.Gap.Lost {
				g := one.Gap.Gap
				g.From, g.To = r.First, r.Last
				c.Gaps.add(g)
			}
		}
	}
}

// lost tells of numbers that will never come.
func (s *Sink) lost(key delivery.Key, items []Item, has func(uint64) bool) {
	if s.cfg.OnLost == nil {
		return
	}
	for i := range items {
		if first, _ := numbers(&items[i]); items[i].Gap != nil && len(items[i].Gap.Lost) > 0 && (has == nil || has(first)) {
			s.cfg.OnLost(key, items[i].Gap.Lost)
		}
	}
}
