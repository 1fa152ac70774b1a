package fuzz

import (
	stdcontext "context"
	"slices"
	"time"

	"handfast/conformance/driver"
	"handfast/testdata"
)

// recentBatches is how many lines are kept to repeat what only happens behind other inputs.
const recentBatches = 6

// worker fuzzes with one driver.
type worker struct {
	*engine
	generator
	target *target
	cutsOK bool

	counted  int64     // executions that the engine knows of
	began    int       // drivers that the engine knows of
	seeds    []input   // not asked yet
	recent   [][]input // the last lines, the newest last
	recentOf int       // the driver that they were asked
	memory   watch
	pace     pace
}

func (e *engine) newWorker(i uint64) *worker {
	w := &worker{engine: e, target: &target{start: e.begin, patience: e.config.Timeout}, cutsOK: slices.Contains(e.features, driver.FeatureCuts)}
	w.generator = generator{random: newRandom(e.config.Seed, i), plain: e.config.Plain}
	if i == 0 && !e.config.Plain { // the vectors first
		for _, v := range e.vectors {
			if slices.Contains(e.config.What, v.Op) {
				w.seeds = append(w.seeds, input{context: contextOf(v), b: v.Bytes()})
			}
		}
		for _, s := range e.config.Inputs {
			w.seeds = append(w.seeds, input{context: contextOf(s.Vector), b: s.Bytes})
		}
	}
	return w
}

// run asks until the end. The error is that of ctx or of starting a driver.
func (w *worker) run(ctx stdcontext.Context) error {
	for !w.over() {
		if err := w.round(ctx, w.batch()); err != nil {
			return err
		}
		if err := w.leaks(ctx); err != nil {
			return err
		}
		w.tell()
	}
	return nil
}

// tell gives the engine the numbers.
func (w *worker) tell() {
	w.count(w.target.asked-w.counted, int64(max(0, w.target.began-1)-w.began))
	w.counted, w.began = w.target.asked, max(0, w.target.began-1)
}

// batch makes the next inputs, which share a context.
func (w *worker) batch() []input {
	if len(w.seeds) > 0 {
		n := 1
		for n < min(len(w.seeds), batchSize) && w.seeds[n].context == w.seeds[0].context {
			n++
		}
		list := w.seeds[:n]
		w.seeds = w.seeds[n:]
		return w.pieces(list)
	}
	c := of(w.random, w.contexts)
	w.mu.Lock()
	corpus := w.corpus[c]
	w.mu.Unlock() // what is in it never changes
	list := make([]input, 0, batchSize)
	size := 0
	for len(list) < batchSize && size < batchBytes {
		in := input{context: c}
		if w.plain || len(corpus) > 0 && w.one(2) {
			if len(corpus) == 0 {
				corpus = [][]byte{{0}}
			}
			pick := corpus[w.IntN(len(corpus))]
			if w.one(2) { // the newer, the more often
				pick = corpus[len(corpus)-1-w.IntN(1+len(corpus)/4)]
			}
			in.b = w.mutate(c, pick, corpus[w.IntN(len(corpus))])
		} else {
			in.b = w.make(c)
		}
		list = append(list, in)
		size += len(in.b)
	}
	return w.pieces(list)
}

// pieces asks for one input in six in pieces.
func (w *worker) pieces(list []input) []input {
	if !w.cutsOK {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		if n := len(list[i].b); n > 1 && w.one(6) {
			list[i].cuts = w.cuts(n)
		}
	}
	return list
}

// cuts chooses where an input of n bytes is cut: byte by byte, at one place, or at a few, all of them near the beginning most of the time.
func (w *worker) cuts(n int) []int {
	var list []int
	if n <= 200 && w.one(4) {
		for at := 1; at < n; at++ {
			list = append(list, at)
		}
		return list
	}
	for range 1 + w.IntN(3) {
		reach := n - 1
		if w.one(2) {
			reach = min(reach, 40)
		}
		list = append(list, 1+w.IntN(reach))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// round asks about the inputs of one line and looks at the answers.
func (w *worker) round(ctx stdcontext.Context, list []input) error {
	if _, err := w.target.running(ctx); err != nil {
		return err
	}
	w.made(len(list))
	w.baseline()
	wants := make([]driver.Answer, len(list))
	judged := make(chan struct{})
	go func() { // ends with the list
		defer close(judged)
		for i := range list {
			wants[i] = want(&list[i])
		}
	}()
	started := time.Now()
	answers, fault, err := w.target.ask(ctx, list)
	took := time.Since(started)
	<-judged
	w.remember(list)
	switch {
	case err != nil:
		return err
	case fault != nil:
		return w.faulted(ctx, list, wants, fault)
	}
	for i := range list {
		got := answer{Answer: answers[i]}
		d := compare(&list[i], wants[i], &got)
		if d == nil {
			d = w.evades(&list[i], wants[i], &answers[i])
		}
		if d != nil {
			if err := w.look(ctx, list, i, wants[i], d); err != nil {
				return err
			}
			continue
		}
		w.learn(&list[i], wants[i], &answers[i])
	}
	if err := w.slow(ctx, list, took); err != nil {
		return err
	}
	return w.heavy(ctx, list)
}

// evades finds an input that the driver answers unsupported though it accepted others of the form: it may leave a form or a type of frame out, and never single inputs.
func (e *engine) evades(in *input, want driver.Answer, got *driver.Answer) *difference {
	subject := in.what + in.turn
	if in.what == testdata.OpFrame && len(in.b) > 0 {
		subject += string(in.b[:1])
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if got.Kind == driver.KindAccept {
		e.takes[subject] = true
	}
	if got.Kind != driver.KindUnsupported || !e.takes[subject] || want.Kind == driver.KindUnsupported {
		return nil
	}
	return &difference{class: Verdict, cause: "unsupported", expected: said(want), actual: "unsupported, though others like it are accepted", req: want.Req}
}

// remember keeps a line for findings that need what came before.
func (w *worker) remember(list []input) {
	if w.recentOf != w.target.began {
		w.recent, w.recentOf = nil, w.target.began
	}
	if len(w.recent) == recentBatches {
		w.recent = slices.Delete(w.recent, 0, 1)
	}
	w.recent = append(w.recent, list)
}

// maxCorpus is how many inputs of a context are kept.
const maxCorpus = 4096

// learn takes an input that did something new into the corpus.
func (w *worker) learn(in *input, want driver.Answer, got *driver.Answer) {
	h := behaviourOf(in, want, got)
	if got.Kind != driver.KindUnsupported && h%8 == 0 {
		w.memory.note(in, &want)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if got.Kind == driver.KindUnsupported {
		w.stats.Unanswered++
	}
	if w.seen[h] {
		return
	}
	w.seen[h] = true
	if got.Kind != driver.KindUnsupported {
		w.memory.note(in, &want)
	}
	if list := w.corpus[in.context]; len(list) < maxCorpus && len(in.b) < maxMutated {
		w.corpus[in.context] = append(list, in.b)
	}
}

// faulted finds the input of a line for which the driver died, hung or fell out of its role.
func (w *worker) faulted(ctx stdcontext.Context, list []input, wants []driver.Answer, fault *driver.Fault) error {
	found := false
	for i := range list {
		got, err := w.target.alone(ctx, list[i])
		if err != nil {
			return err
		}
		d := compare(&list[i], wants[i], &got)
		if d == nil {
			continue
		}
		found = found || got.fault != nil
		if err := w.look(ctx, list[i:i+1], 0, wants[i], d); err != nil {
			return err
		}
	}
	if found {
		return nil
	}
	return w.look(ctx, list, len(list)-1, wants[len(list)-1], ofFault(wants[len(list)-1], fault))
}

// pace knows how long a line takes.
type pace struct {
	usual time.Duration // of an input, on average
	lines int
}

// slow looks for inputs that take far longer than others.
func (w *worker) slow(ctx stdcontext.Context, list []input, took time.Duration) error {
	const least, times = 150 * time.Millisecond, 40
	p := &w.pace
	each := took / time.Duration(len(list))
	if p.lines < 20 || each < times*p.usual || took < least {
		if p.lines++; p.lines == 1 || each < 4*p.usual {
			p.usual += (each - p.usual) / time.Duration(min(p.lines, 50))
		}
		return nil
	}
	for i := range list {
		fastest := time.Hour
		for range 3 {
			got, err := w.target.alone(ctx, list[i])
			if err != nil {
				return err
			}
			fastest = min(fastest, got.took)
			if fastest < least {
				break
			}
		}
		if fastest < least {
			continue
		}
		d := &difference{class: Slow, expected: "an answer within " + least.String(), actual: "an answer after " + fastest.Round(time.Millisecond).String(), cause: ""}
		if err := w.look(ctx, list[i:i+1], 0, want(&list[i]), d); err != nil {
			return err
		}
	}
	return nil
}
