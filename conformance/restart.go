package conformance

import "context"

// killer gives what kills an acceptor that the suite has started and that keeps channels, and starts it again; nil for others.
func (r *runner) killer(ctx context.Context) func() (Target, error) {
	k, ok := r.config.Reviver.(Killer)
	if !ok || !r.config.Target.Durable {
		return nil
	}
	return func() (Target, error) {
		target, err := k.Kill(ctx)
		if err != nil {
			r.dead.Store(true)
			return target, err
		}
		r.config.Target = target
		r.census = newCensus() // its incarnation is another one
		return target, nil
	}
}

// restart kills the driver of a seat and starts another one, which takes its place.
func (p *seats) restart(ctx context.Context, s *seat) error {
	s.p.Kill()
	_ = s.p.Close() // how it ends is no question
	d, err := begin(ctx, p.start)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, s.p)
	s.p, s.census = d, newCensus()
	p.all[d] = s
	return nil
}

// Restart kills the peer and starts it again. The links of the case are over.
func (t *T) Restart() {
	target, err := t.restarts()
	if err != nil {
		t.stop(&Failure{Verdict: Crash, Expected: "a peer that can be started again after SIGKILL", Actual: err.Error()})
	}
	t.target = target
	if t.seat != nil {
		t.census = t.seat.census
	} else {
		t.census = newCensus()
	}
}
