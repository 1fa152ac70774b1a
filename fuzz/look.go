package fuzz

import (
	stdcontext "context"
	"slices"
	"time"

	"handfast/conformance/driver"
)

// look decides what a difference is, once for each cause: it is asked again alone and in a new driver, and behind the inputs that came before it, and then made small.
func (w *worker) look(ctx stdcontext.Context, list []input, i int, right driver.Answer, d *difference) error {
	key := d.key(list[i].context)
	if !w.claim(key) {
		return nil
	}
	f, err := w.confirm(ctx, list, i, right, d)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if f == nil { // time is over; what is known is said
		f = w.finding(&list[i], d)
		f.Unconfirmed = true
	}
	if f.Class == Hang { // it will come again, and was given its time once
		w.target.patience = min(w.config.Timeout, hasty)
	}
	w.tell()
	w.settle(key, f)
	return nil
}

// hasty is how long is waited after an input was found to hang. It is long for a parser and short for a run.
const hasty = 400 * time.Millisecond

// claim tells whether a cause is new, and counts it otherwise.
func (e *engine) claim(key string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	f, known := e.groups[key]
	if f != nil {
		f.Count++
	}
	if known {
		return false
	}
	e.groups[key] = nil
	return true
}

// settle files a finding, and joins it with one that turned out to have the same cause.
func (e *engine) settle(key string, f *Finding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, other := range e.order {
		if other.ID == f.ID {
			other.Count++
			e.groups[key] = other
			return
		}
	}
	e.groups[key] = f
	e.order = append(e.order, f)
	if e.config.Stop != nil && e.config.Stop(f) {
		e.finished = true
	}
}

// confirm repeats a difference.
func (w *worker) confirm(ctx stdcontext.Context, list []input, i int, right driver.Answer, d *difference) (*Finding, error) {
	in := list[i]
	if d.cause == "unsupported" || d.class == Slow || d.class == Memory || d.class == Leak {
		f := w.finding(&in, d)
		return f, nil
	}
	recent := slices.Clone(w.recent)
	for _, renew := range []bool{false, true} {
		if renew {
			if err := w.target.renew(ctx); err != nil {
				return nil, err
			}
		}
		again, err := w.again(ctx, in, right)
		if err != nil {
			return nil, err
		}
		if again == nil || again.key(in.context) != d.key(in.context) {
			return w.history(ctx, recent, list[:i+1], right, d)
		}
		d = again
	}
	if len(in.cuts) > 0 && d.class != Oracle {
		whole := in
		whole.cuts = nil
		switch again, err := w.again(ctx, whole, right); {
		case err != nil:
			return nil, err
		case again == nil:
			d.inPieces()
		default:
			in = whole
		}
	}
	small, err := w.minimise(ctx, in, d)
	if err != nil {
		return nil, err
	}
	f := w.finding(&small, d)
	f.Original = len(in.b)
	return f, nil
}

// again asks about an input alone and compares.
func (w *worker) again(ctx stdcontext.Context, in input, right driver.Answer) (*difference, error) {
	got, err := w.target.alone(ctx, in)
	if err != nil {
		return nil, err
	}
	return compare(&in, right, &got), nil
}

// maxHistories is how many differences are repeated by their history. A parser that keeps what it should forget gives any number of them.
const maxHistories = 4

// history repeats a difference by the inputs that came before it, and leaves out of them what can be left out.
func (w *worker) history(ctx stdcontext.Context, recent [][]input, line []input, right driver.Answer, d *difference) (*Finding, error) {
	in := line[len(line)-1]
	before := slices.Clone(line[:len(line)-1])
	w.mu.Lock()
	w.overlap++
	many := w.overlap > maxHistories
	w.mu.Unlock()
	h := *d
	h.class, h.cause = History, ""
	h.expected = "the same answer whatever was asked before: " + d.expected
	if many {
		f := w.finding(&in, &h)
		f.Unconfirmed = true
		return f, nil
	}
	fails := func(before []input) (bool, error) {
		if err := w.target.renew(ctx); err != nil {
			return false, err
		}
		for part := range slices.Chunk(before, batchSize) {
			if _, fault, err := w.target.ask(ctx, part); err != nil {
				return false, err
			} else if fault != nil {
				return d.class == Crash || d.class == Hang || d.class == Broken, nil
			}
		}
		again, err := w.again(ctx, in, right)
		return again != nil && again.class == d.class, err
	}
	ok, err := fails(before)
	if err != nil {
		return nil, err
	}
	if !ok && len(recent) > 0 { // from further back
		var all []input
		for _, l := range recent[:len(recent)-1] {
			all = append(all, l...)
		}
		before = append(all, before...)
		if ok, err = fails(before); err != nil {
			return nil, err
		}
	}
	if ok {
		if before, err = shorten(before, fails); err != nil {
			return nil, err
		}
	}
	f := w.finding(&in, &h)
	f.Unconfirmed = !ok
	for _, b := range before[:min(len(before), 16)] {
		if ok {
			f.Before = append(f.Before, b)
		}
	}
	return f, nil
}

// shorten leaves out of a list what is not needed for it to fail.
func shorten(list []input, fails func([]input) (bool, error)) ([]input, error) {
	budget := 24 // each costs a driver
	for n := (len(list) + 1) / 2; n >= 1 && budget > 0; n /= 2 {
		for at := 0; at < len(list) && budget > 0; budget-- {
			less := slices.Concat(list[:at], list[min(at+n, len(list)):])
			ok, err := fails(less)
			if err != nil {
				return nil, err
			}
			if ok {
				list = less
			} else {
				at += n
			}
		}
	}
	return list, nil
}
