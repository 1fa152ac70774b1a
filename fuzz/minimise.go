package fuzz

import (
	stdcontext "context"
	"slices"

	"handfast/conformance/driver"
)

// minimise gives the shortest input that was found to differ for the same cause. Parts are left out, with lengths and checksums mended behind that and without, and then what is left becomes zero where
// that changes nothing.
func (w *worker) minimise(ctx stdcontext.Context, in input, d *difference) (input, error) {
	m := minimiser{w: w, best: in, key: d.key(in.context), budget: 3000, step: batchSize}
	switch d.class {
	case Crash, Broken: // each try may cost a driver
		m.budget, m.step = 120, 1
	case Hang:
		m.budget, m.step = 16, 1
		w.target.patience = min(w.config.Timeout, hasty)
	case Oracle:
		return in, nil
	}
	for before := -1; len(m.best.b) != before && m.budget > 0; {
		before = len(m.best.b)
		if err := m.reduce(ctx); err != nil {
			return m.best, err
		}
		for n := (len(m.best.b) + 1) / 2; n >= 1; n /= 2 {
			if err := m.shrink(ctx, n); err != nil {
				return m.best, err
			}
		}
	}
	if err := m.zero(ctx); err != nil || d.class != Cut {
		return m.best, err
	}
	whole := m.best
	whole.cuts = nil
	if other, err := w.again(ctx, whole, want(&whole)); err != nil || other != nil {
		return in, err // became another one
	}
	return m.best, nil
}

type minimiser struct {
	w      *worker
	best   input
	key    string
	budget int // inputs that may be asked
	step   int // inputs in a line
}

// reduce takes parts of the structure away.
func (m *minimiser) reduce(ctx stdcontext.Context) error {
	for m.budget > 0 {
		edits := reductions(m.best.context, m.best.b)
		found := false
		for part := range slices.Chunk(edits, m.step) {
			var tries []input
			size := 0
			for i := range part {
				if b := part[i].apply(m.best.context, m.best.b); len(b) < len(m.best.b) && size < batchBytes {
					tries = append(tries, m.with(b))
					size += len(b)
				}
			}
			i, err := m.first(ctx, tries)
			if err != nil {
				return err
			}
			if i >= 0 {
				m.best, found = tries[i], true
				break
			}
			if m.budget <= 0 {
				break
			}
		}
		if !found {
			return nil
		}
	}
	return nil
}

// shrink leaves out n bytes wherever it can.
func (m *minimiser) shrink(ctx stdcontext.Context, n int) error {
	for at := 0; at < len(m.best.b) && m.budget > 0; {
		var tries []input
		var ends []int
		for ; at < len(m.best.b) && len(tries) < m.step; at += n {
			less := slices.Delete(slices.Clone(m.best.b), at, min(at+n, len(m.best.b)))
			for _, b := range [][]byte{repair(m.best.context, slices.Clone(less), true), repair(m.best.context, slices.Clone(less), false), less} {
				if len(b) < len(m.best.b) {
					tries, ends = append(tries, m.with(b)), append(ends, at)
				}
			}
		}
		i, err := m.first(ctx, tries)
		if err != nil {
			return err
		}
		if i >= 0 {
			m.best, at = tries[i], ends[i]
		}
	}
	return nil
}

// zero makes bytes zero.
func (m *minimiser) zero(ctx stdcontext.Context) error {
	for at := 0; at < min(len(m.best.b), 512) && m.budget > 0; {
		var tries []input
		var ends []int
		for ; at < len(m.best.b) && len(tries) < m.step; at++ {
			if m.best.b[at] == 0 {
				continue
			}
			b := slices.Clone(m.best.b)
			b[at] = 0
			for _, b := range [][]byte{repair(m.best.context, slices.Clone(b), false), b} {
				if !slices.Equal(b, m.best.b) && b[at] == 0 {
					tries, ends = append(tries, m.with(b)), append(ends, at)
				}
			}
		}
		i, err := m.first(ctx, tries)
		if err != nil {
			return err
		}
		if i >= 0 {
			m.best, at = tries[i], ends[i]+1
		}
	}
	return nil
}

// with gives the best input with other bytes; cuts that are not inside go.
func (m *minimiser) with(b []byte) input {
	in := m.best
	in.b = b
	in.cuts = nil
	for _, at := range m.best.cuts {
		if at < len(b) {
			in.cuts = append(in.cuts, at)
		}
	}
	return in
}

// first asks about inputs, at most a line of them, and gives the first that differs for the cause, -1 for none.
func (m *minimiser) first(ctx stdcontext.Context, tries []input) (int, error) {
	tries = tries[:min(len(tries), batchSize)]
	if len(tries) == 0 {
		return -1, nil
	}
	m.budget -= len(tries)
	answers, fault, err := m.w.target.ask(ctx, tries)
	if err != nil {
		return -1, err
	}
	for i := range tries {
		got := answer{fault: fault}
		switch {
		case fault == nil:
			got.Answer = answers[i]
		case len(tries) > 1: // one of them; each alone
			if got, err = m.w.target.alone(ctx, tries[i]); err != nil {
				return -1, err
			}
		}
		if m.same(&tries[i], &got) {
			return i, nil
		}
	}
	return -1, nil
}

// same tells whether an answer differs for the cause.
func (m *minimiser) same(in *input, got *answer) bool {
	right := want(in)
	if right.Kind == driver.KindBroken {
		return false
	}
	d := compare(in, right, got)
	if d == nil {
		return false
	}
	if d.key(in.context) == m.key {
		return true
	}
	d.inPieces()
	return len(in.cuts) > 0 && d.key(in.context) == m.key
}
