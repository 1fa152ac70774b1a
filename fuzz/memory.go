package fuzz

import (
	"cmp"
	stdcontext "context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// Bounds of memory.
const (
	spike     = 64 << 20        // address space that one line may add before it is looked into, bytes
	heavyItem = 48 << 20        // address space that one input may add, bytes
	leakEvery = 2000            // inputs between two measures of what is kept
	leakStart = 40 << 20        // growth of the resident memory by which a leak is looked for, bytes
	leakHint  = 96 << 10        // growth in each part of a search by which it goes on, bytes
	leakLeast = 1 << 20         // growth in each part that counts, of one input, bytes
	leakAsked = 6000            // inputs in each part of the last step of a search
	leakGroup = 16              // inputs that are searched together: of more, each is asked too rarely to be seen
	leakShare = 4               // no more of a run than the fourth part goes to searches
	leakEach  = 190             // times that each of a group is asked in a part
	leakTime  = 8 * time.Second // for a search, where a run has a number of inputs and no time
)

// watch is what is known of the memory of the driver.
type watch struct {
	driver   int       // the driver that the numbers are of
	peak     uint64    // greatest address space so far, bytes
	first    uint64    // resident memory after the first inputs, bytes; 0 before
	allowed  uint64    // growth before the next search for a leak, bytes
	since    int64     // inputs at the last measure
	alarms   int       // spikes that no input was found for
	searches int       // of those that a run has anyway, how many are done
	until    time.Time // end of a search
	spent    time.Duration
	suspects []input // what a search that ran out of time had narrowed the leak down to
	kinds    map[kind]input
}

// kind is what inputs have in common for which a parser may forget to give memory back: what it is, and what became of it.
type kind struct {
	context context
	typed   bool
	of      byte // type of a frame, 0 for those that are not known; instead of the rule
	answer  string
	rule    string
}

// note keeps the longest input of each kind: most of what is forgotten grows with its input.
func (k *watch) note(in *input, want *driver.Answer) {
	const most = 2048 // bytes of one
	if len(in.b) > most {
		return
	}
	if k.kinds == nil {
		k.kinds = make(map[kind]input)
	}
	keep := func(one kind) {
		if last, ok := k.kinds[one]; !ok || len(last.b) < len(in.b) {
			k.kinds[one] = input{context: in.context, b: in.b}
		}
	}
	keep(kind{context: in.context, answer: want.Kind, rule: want.Req})
	if in.what == testdata.OpFrame && len(in.b) > 0 {
		t := in.b[0]
		if !codec.KnownType(codec.Type(t)) {
			t = 0
		}
		keep(kind{context: in.context, answer: want.Kind, of: t, typed: true})
	}
}

// heavy looks for inputs for which the driver takes far more memory than they are long.
func (w *worker) heavy(ctx stdcontext.Context, list []input) error {
	p := w.target.p
	if p == nil || p.PID() == 0 || p.Fault() != nil {
		return nil
	}
	m, ok := readMemory(p.PID())
	if !ok {
		return nil
	}
	k := &w.memory
	grown := m.peak - min(k.peak, m.peak)
	k.peak = max(k.peak, m.peak)
	if grown < spike<<min(k.alarms/2, 6) {
		return nil
	}
	if err := w.target.renew(ctx); err != nil {
		return err
	}
	if _, _, err := w.target.ask(ctx, w.warm(list[0].context)); err != nil {
		return err
	}
	found := false
	for i := range list {
		p, err := w.target.running(ctx)
		if err != nil {
			return err
		}
		before, _ := readMemory(p.PID())
		if _, err := w.target.alone(ctx, list[i]); err != nil {
			return err
		}
		after, ok := readMemory(p.PID())
		if !ok || after.peak < before.peak+heavyItem+64*uint64(len(list[i].b)) {
			continue
		}
		found = true
		right := want(&list[i])
		d := &difference{
			class: Memory, expected: "memory in proportion to the input", cause: right.Kind + " " + right.Req, req: right.Req,
			actual: fmt.Sprintf("%d MiB for an input of %d bytes", (after.peak-before.peak)>>20, len(list[i].b)),
		}
		if err := w.look(ctx, list[i:i+1], 0, right, d); err != nil {
			return err
		}
	}
	if !found {
		k.alarms++
	}
	return nil
}

// baseline measures a driver that was not asked anything yet.
func (w *worker) baseline() {
	k := &w.memory
	if k.driver == w.target.began || w.target.p == nil || w.target.p.PID() == 0 {
		return
	}
	if m, ok := readMemory(w.target.p.PID()); ok {
		k.driver, k.peak, k.first = w.target.began, m.peak, 0
	}
}

// warm gives good inputs, which make a driver take the memory that it always takes.
func (w *worker) warm(c context) []input {
	var list []input
	for _, v := range w.vectors {
		if contextOf(v) == c && v.Verdict == testdata.Accept && len(list) < batchSize {
			list = append(list, input{context: c, b: v.Bytes()})
		}
	}
	return list
}

// leaks looks for memory that is not given back: where the driver has grown much, and twice in a run anyway.
func (w *worker) leaks(ctx stdcontext.Context) error {
	k := &w.memory
	if w.target.asked < k.since+leakEvery || w.target.p == nil || w.target.p.PID() == 0 {
		return nil
	}
	k.since = w.target.asked
	m, ok := readMemory(w.target.p.PID())
	if !ok {
		return nil
	}
	if k.first == 0 {
		k.first, k.allowed = m.resident, max(k.allowed, leakStart)
	}
	part := 8 >> (2 * k.searches) // an eighth of the run, and half of it
	now := w.now()
	if part > 0 && k.spent <= now.Elapsed/leakShare && (w.config.Time > 0 && now.Elapsed > w.config.Time/time.Duration(part) || w.config.Runs > 0 && now.Executions > w.config.Runs/int64(part)) {
		k.searches++
	} else if len(k.suspects) > 0 && k.spent < now.Elapsed/leakShare {
		// goes on where it ran out of time
	} else if m.resident < k.first+k.allowed {
		return nil
	}
	k.allowed *= 2
	w.tell()
	defer func() { w.counted = w.target.asked }() // what is repeated is no execution of its own
	return w.searchLeak(ctx)
}

// leakTime is how long a search may take: an eighth of a run.
func (w *worker) leakTime() time.Duration {
	if w.config.Time > 0 {
		return w.config.Time / 8
	}
	return min(leakTime, w.now().Elapsed/4)
}

// searchLeak asks inputs of each kind again and again in a new driver, a group at a time, and halves the group by which the driver grows, down to one input.
func (w *worker) searchLeak(ctx stdcontext.Context) error {
	k := &w.memory
	began := time.Now()
	defer func() {
		took := time.Since(began)
		k.spent += took
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stats.Searched += took / time.Duration(w.config.Jobs)
	}()
	k.until = began.Add(w.leakTime())
	groups := slices.Collect(slices.Chunk(k.suspects, leakGroup))
	if len(groups) == 0 {
		groups = slices.Collect(slices.Chunk(w.sample(), leakGroup))
	}
	k.suspects = nil
	for i, group := range groups {
		grown, err := w.growth(ctx, group, leakHint)
		if err != nil {
			return err
		}
		if grown < 0 { // time is over: the rest comes next
			k.suspects = slices.Concat(groups[i:]...)
			return nil
		}
		if grown == 0 {
			continue
		}
		if found, err := w.narrow(ctx, group); err != nil || found {
			return err
		}
	}
	return nil
}

// narrow halves a list by which the driver grows down to one input.
func (w *worker) narrow(ctx stdcontext.Context, list []input) (found bool, err error) {
	grown := 1.0
	for grown > 0 && len(list) > 1 {
		half := len(list) / 2
		if grown, err = w.growth(ctx, list[:half], leakHint); err != nil || grown < 0 {
			break
		}
		if grown > 0 {
			list = list[:half]
			continue
		}
		if grown, err = w.growth(ctx, list[half:], leakHint); err != nil || grown <= 0 {
			break
		}
		list = list[half:]
	}
	if err == nil && grown > 0 {
		grown, err = w.growth(ctx, list, leakLeast)
	}
	if err == nil && grown < 0 {
		w.memory.suspects = list
	}
	if err != nil || grown <= 0 {
		return false, err
	}
	right := want(&list[0])
	d := &difference{
		class: Leak, expected: "memory that does not grow with the number of inputs", cause: right.Kind + " " + right.Req, req: right.Req,
		actual: fmt.Sprintf("%.0f bytes more for each time that an input of %d bytes is asked", grown, len(list[0].b)),
	}
	return true, w.look(ctx, list, 0, right, d)
}

// sample gives an input of each kind, those of a context beside each other, and then some of what did something new.
func (w *worker) sample() []input {
	const most = 16 // of a context, beside those of each kind
	order := func(a, b kind) int {
		return cmp.Or(strings.Compare(fmt.Sprint(a.typed), fmt.Sprint(b.typed)), strings.Compare(a.context.what+a.context.turn, b.context.what+b.context.turn), cmp.Compare(a.context.maxFrame, b.context.maxFrame), strings.Compare(a.answer, b.answer),
			strings.Compare(a.rule, b.rule), cmp.Compare(a.of, b.of), len(a.rule)-len(b.rule))
	}
	var sample []input
	for _, k := range slices.SortedFunc(maps.Keys(w.memory.kinds), order) {
		if !k.context.beforeReady && k.context.maxFrame == 0 {
			sample = append(sample, w.memory.kinds[k])
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	done := make(map[context]bool)
	for _, c := range w.contexts {
		all := w.corpus[c]
		for i := range min(most, len(all)) {
			if b := all[i*len(all)/min(most, len(all))]; len(b) <= 4096 && !done[c] {
				sample = append(sample, input{context: c, b: b})
			}
		}
		done[c] = true
	}
	return sample
}

// lines makes lines of inputs, each as often as it takes to fill one line at least.
func lines(list []input) [][]input {
	times := (batchSize + len(list) - 1) / len(list)
	var all [][]input
	var line []input
	for _, in := range list {
		for range times {
			if len(line) == batchSize || len(line) > 0 && line[0].context != in.context {
				all, line = append(all, line), nil
			}
			line = append(line, in)
		}
	}
	return append(all, line)
}

// growth asks inputs again and again in a new driver and gives the bytes that it keeps of each, 0 where it gives them back, or keeps less than least in one part of the search. A driver that
// dies meanwhile keeps nothing. It gives a negative number where time is over.
func (w *worker) growth(ctx stdcontext.Context, list []input, least uint64) (float64, error) {
	if len(list) == 0 {
		return 0, nil
	}
	if err := w.target.renew(ctx); err != nil {
		return 0, err
	}
	all := lines(list)
	most := leakAsked
	if least < leakLeast {
		most = leakEach * len(list)
	}
	each, last := math.Inf(1), uint64(0)
	for part := range 4 {
		asked := 0
		for asked < most {
			for _, line := range all {
				if _, fault, err := w.target.ask(ctx, line); err != nil || fault != nil {
					return 0, err
				}
				asked += len(line)
			}
			if time.Now().After(w.memory.until) {
				return -1, nil
			}
		}
		m, ok := readMemory(w.target.p.PID())
		if !ok {
			return 0, nil
		}
		if part > 0 { // the first warms up
			if m.resident < last+least {
				return 0, nil
			}
			each = min(each, float64(m.resident-last)/float64(asked))
		}
		last = m.resident
	}
	return each, nil
}
