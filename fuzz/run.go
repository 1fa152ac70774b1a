package fuzz

import (
	stdcontext "context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// Config says what to fuzz, and for how long. Zero values are the defaults.
type Config struct {
	Command driver.Command        // the driver
	Program func() driver.Program // makes a driver that runs in this process, instead of Command
	Target  string                // what the report calls it; default: the command

	Seed    uint64        // of all choices; 0 takes one from the clock. With one job the same seed makes the same inputs as long as the driver answers the same
	Time    time.Duration // default 60 s, unless Runs is set
	Runs    int64         // inputs; 0 is no limit
	Jobs    int           // drivers at the same time; default one for each processor
	Timeout time.Duration // longest wait for one answer; default 2 s
	What    []string      // msgpack, opening, frame, call; default all
	Plain   bool          // without grammar: one good input of each form, and mutation of bytes that mends nothing
	Inputs  []Seed        // further seeds, beside the vectors

	// Stop, if set, is asked about each finding, by one goroutine at a time, and ends the run where it says so.
	Stop func(*Finding) bool
	// Progress, if set, is called four times a second, from one goroutine.
	Progress func(Stats)
}

// Seed is an input to begin with.
type Seed struct {
	Vector *testdata.Vector // of which op, turn, max_frame and before_ready count
	Bytes  []byte
}

// Stats are the numbers of a run.
type Stats struct {
	Executions int64         `json:"executions"`
	Elapsed    time.Duration `json:"elapsed_ns"`
	Searched   time.Duration `json:"searched_ns"` // of it, for leaks, by inputs that are asked again and again and are no executions
	Behaviours int           `json:"behaviours"`
	Findings   int           `json:"findings"`
	Restarts   int           `json:"restarts"`
	Unanswered int64         `json:"unsupported"` // inputs that the driver does not parse
}

// Rate gives executions a second, outside searches for leaks.
func (s Stats) Rate() float64 {
	if s.Elapsed <= s.Searched {
		return 0
	}
	return float64(s.Executions) / (s.Elapsed - s.Searched).Seconds()
}

func (c Config) withDefaults() Config {
	if c.Time <= 0 && c.Runs == 0 {
		c.Time = time.Minute
	}
	if c.Jobs <= 0 {
		c.Jobs = runtime.GOMAXPROCS(0) // a driver and its worker wait for each other
	}
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Second
	}
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano())
	}
	if len(c.What) == 0 {
		c.What = []string{testdata.OpMsgpack, testdata.OpOpening, testdata.OpFrame, testdata.OpCall}
	}
	if c.Target == "" {
		c.Target = strings.Join(c.Command.Args, " ")
	}
	return c
}

// Run fuzzes a driver. The error is a *conformance.UsageError for an unknown what, and a *conformance.PreflightError where there is nothing to fuzz: the driver cannot be
// started, or does not accept a PING and refuse it with a wrong checksum. A ctx that ends gives the report so far.
func Run(ctx stdcontext.Context, config Config) (*Report, error) {
	config = config.withDefaults()
	e, err := newEngine(config)
	if err != nil {
		return nil, err
	}
	if err := e.preflight(ctx); err != nil {
		return nil, err
	}
	e.started = time.Now()
	end, cancel := stdcontext.WithCancel(ctx) // and no deadline, which would look like a driver that hangs
	defer cancel()
	if config.Time > 0 {
		defer time.AfterFunc(config.Time, cancel).Stop()
	}
	stop := e.report(end)
	var workers sync.WaitGroup
	for i := range config.Jobs {
		w := e.newWorker(uint64(i))
		workers.Go(func() { // ends with time, runs or the first finding
			defer w.target.close()
			e.fail(w.run(end))
		})
	}
	workers.Wait()
	stop()
	if e.err != nil && end.Err() == nil {
		return nil, e.err
	}
	return e.result(), nil
}

// engine is one run. The fields below mu are shared by its workers.
type engine struct {
	config   Config
	contexts []context
	vectors  []*testdata.Vector
	begin    func(ctx stdcontext.Context) (*driver.Process, error)
	peer     string // what the driver calls itself
	features []string
	started  time.Time

	mu       sync.Mutex
	stats    Stats
	inputs   int64 // asked for the first time: what is repeated to be sure depends on time, and must not move the end of a run
	seen     map[uint64]bool
	takes    map[string]bool      // forms and types of frames of which one was accepted
	corpus   map[context][][]byte // inputs of which each did something new
	seeded   map[context]int      // of them, how many were seeds
	groups   map[string]*Finding  // by key; nil while it is looked into
	order    []*Finding
	overlap  int // histories that were found
	finished bool
	err      error
}

func newEngine(config Config) (*engine, error) {
	e := &engine{
		config: config, begin: starter(config),
		seen: make(map[uint64]bool), corpus: make(map[context][][]byte), groups: make(map[string]*Finding), seeded: make(map[context]int), takes: make(map[string]bool),
	}
	all := []string{testdata.OpMsgpack, testdata.OpOpening, testdata.OpFrame, testdata.OpCall}
	for _, what := range config.What {
		if !slices.Contains(all, what) {
			return nil, &conformance.UsageError{Text: "no parser of " + what + "; there are " + strings.Join(all, ", ")}
		}
	}
	files, err := testdata.Load()
	if err != nil {
		return nil, err
	}
	for i := range files {
		for j := range files[i].Vectors {
			v := &files[i].Vectors[j]
			e.vectors = append(e.vectors, v)
			if c := contextOf(v); !config.Plain || len(e.corpus[c]) == 0 && v.Verdict == testdata.Accept {
				e.seed(c, v.Bytes())
			}
		}
	}
	for _, s := range config.Inputs {
		e.seed(contextOf(s.Vector), s.Bytes)
	}
	for _, what := range config.What {
		e.contexts = append(e.contexts, e.contextsOf(what)...)
	}
	return e, nil
}

// seed takes an input into the corpus.
func (e *engine) seed(c context, b []byte) {
	if slices.Contains(e.config.What, c.what) {
		e.corpus[c] = append(e.corpus[c], b)
		e.seeded[c]++
	}
}

// contextsOf lists what a parser is told, the frequent twice and more.
func (e *engine) contextsOf(what string) []context {
	c := context{what: what}
	switch what {
	case testdata.OpFrame:
		small, early := c, c
		small.maxFrame, early.beforeReady = 16384, true
		return []context{c, c, c, c, c, c, small, early}
	case testdata.OpCall:
		var list []context
		for _, turn := range []string{testdata.TurnRequest, testdata.TurnArg, testdata.TurnReply, testdata.TurnReply} {
			list = append(list, context{what: what, turn: turn})
		}
		return list
	}
	return []context{c, c, c}
}

// preflight finds out whether there is something to fuzz.
func (e *engine) preflight(ctx stdcontext.Context) error {
	refused := func(text string) error {
		return &conformance.PreflightError{Target: e.config.Target, Reason: text}
	}
	t := &target{start: e.begin, patience: e.config.Timeout}
	defer t.close()
	p, err := t.running(ctx)
	if err != nil {
		return refused(err.Error())
	}
	hello := p.Hello()
	e.peer, e.features = strings.TrimSpace(hello.Impl+" "+hello.Version), hello.Features
	supported := 0
	for _, what := range e.config.What {
		for _, v := range e.vectors {
			if v.Op != what || v.Verdict != testdata.Accept {
				continue
			}
			a, err := t.alone(ctx, input{context: contextOf(v), b: v.Bytes()})
			if err != nil {
				return refused(err.Error())
			}
			if a.fault != nil || a.Kind != driver.KindUnsupported {
				supported++
			}
			break
		}
	}
	if supported == 0 {
		return refused("the driver answers unsupported to everything that it would be fuzzed with")
	}
	return nil
}

// fail keeps the first error.
func (e *engine) fail(err error) {
	if err == nil || errors.Is(err, stdcontext.Canceled) || errors.Is(err, stdcontext.DeadlineExceeded) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
	e.finished = true
}

// over tells whether the run has reached its end.
func (e *engine) over() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.finished || e.config.Runs > 0 && e.inputs >= e.config.Runs
}

// report calls Progress until stop is called.
func (e *engine) report(ctx stdcontext.Context) (stop func()) {
	if e.config.Progress == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		every := time.NewTicker(250 * time.Millisecond)
		defer every.Stop()
		for {
			select {
			case <-every.C:
				e.config.Progress(e.now())
			case <-done:
				return
			case <-ctx.Done():
				<-done
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// now gives the numbers so far.
func (e *engine) now() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Elapsed, s.Behaviours, s.Findings = time.Since(e.started), len(e.seen), len(e.order)
	return s
}

// made counts new inputs.
func (e *engine) made(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inputs += int64(n)
}

// count adds to the numbers.
func (e *engine) count(executions, restarts int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Executions += executions
	e.stats.Restarts += int(restarts)
}
