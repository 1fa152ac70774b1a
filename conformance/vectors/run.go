package vectors

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// Config says what to judge, and by what. Zero values are the defaults.
type Config struct {
	Command driver.Command        // the driver
	Once    bool                  // Command is started anew for each input, and is no driver
	Program func() driver.Program // makes a driver that runs in this process, instead of Command
	Target  string                // what the report calls it; default: the command

	Profile string        // default codec; core leaves out the vectors of the profile delivery
	Run     []string      // patterns as in conformance.Select; default all
	Skip    []string      // patterns as in conformance.Select; default none
	Timeout time.Duration // longest wait for one answer; default 5 s, and at most 1 s after ten that did not come
	Jobs    int           // drivers at the same time; default 2 for each processor
	Seed    uint64        // order of the vectors and the sample of cuts; 0 takes one from the clock
	Trace   bool          // keep the inputs of passes as well

	// Each, if set, is called with each result as it comes, from one goroutine at a time.
	Each func(done, total int, r conformance.Result)
}

func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Jobs <= 0 {
		c.Jobs = 2 * runtime.GOMAXPROCS(0)
	}
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano())
	}
	if c.Profile == "" {
		c.Profile = Profile
	}
	if c.Target == "" {
		c.Target = strings.Join(c.Command.Args, " ")
	}
	return c
}

// Run judges a parser. The error is a *conformance.UsageError for patterns that match nothing and unknown profiles, and a
// *conformance.PreflightError where there is nothing to judge: the driver cannot be started, fails a canary, or no vector is left.
func (s *Set) Run(ctx context.Context, config Config) (*conformance.Report, error) {
	config = config.withDefaults()
	picked, err := s.pick(config)
	if err != nil {
		return nil, err
	}
	if len(picked) == 0 {
		return nil, &conformance.PreflightError{Target: config.Target, Reason: "no vector is left to run"}
	}
	started := time.Now()
	r := s.newRunner(config)
	if err := r.canaries(ctx); err != nil {
		r.close(nil)
		return nil, err
	}
	results := r.all(ctx, picked)
	r.close(results)
	report := conformance.NewReport(conformance.Config{
		Profile: config.Profile, Run: config.Run, Skip: config.Skip, Timeout: config.Timeout, Jobs: config.Jobs, Seed: config.Seed,
	}, Profile, config.Target, started, results)
	report.Peer = r.peer
	return report, nil
}

// pick selects the vectors.
func (s *Set) pick(config Config) ([]*Vector, error) {
	cases := s.Cases()
	switch {
	case !slices.Contains(conformance.Profiles(), config.Profile):
		return nil, &conformance.UsageError{Text: fmt.Sprintf("no profile %q; there are %s", config.Profile, strings.Join(conformance.Profiles(), ", "))}
	case config.Profile == conformance.DefaultProfile:
		cases = slices.DeleteFunc(cases, func(c conformance.Case) bool { return c.Level >= levelDelivery })
	}
	cases, err := conformance.Select(cases, config.Run, config.Skip)
	if err != nil {
		return nil, err
	}
	return s.of(cases), nil
}

// of gives the vectors of cases.
func (s *Set) of(cases []conformance.Case) []*Vector {
	list := make([]*Vector, len(cases))
	for i := range cases {
		list[i] = s.byID[cases[i].ID]
	}
	return list
}

// runner is one run.
type runner struct {
	config Config
	set    *Set
	pool   *driver.Pool // nil with Once
	peer   string       // what the driver calls itself; set by canaries
	hung   atomic.Int64 // vectors that timed out
}

func (s *Set) newRunner(config Config) *runner {
	r := &runner{config: config, set: s}
	if !config.Once {
		r.pool = driver.NewPool(config.Jobs, r.start)
	}
	return r
}

// start starts one driver of the pool.
func (r *runner) start(ctx context.Context) (*driver.Process, error) {
	command := r.config.Command
	command.Timeout = r.timeout()
	var p *driver.Process
	if r.config.Program != nil {
		program := r.config.Program()
		program.Timeout = command.Timeout
		p = driver.Pipe(program)
	} else {
		var err error
		if p, err = driver.Start(command); err != nil {
			return nil, err
		}
	}
	if _, err := p.SayHello(ctx, testdata.Spec, conformance.Suite); err != nil {
		_ = p.Close() // the error is known
		return nil, err
	}
	return p, nil
}

// with lends a parser.
func (r *runner) with(ctx context.Context, use func(p parser)) error {
	if r.pool == nil {
		command := r.config.Command
		command.Timeout = r.timeout()
		use(oneShot{command})
		return nil
	}
	p, err := r.pool.Get(ctx)
	if err != nil {
		return err
	}
	use(running{p})
	r.pool.Put(p)
	return nil
}

// all judges by the vectors on the workers, shuffled so that no verdict comes to rely on its neighbours, and gives the results in the order of
// vectors.
func (r *runner) all(ctx context.Context, vectors []*Vector) []conformance.Result {
	order := rand.New(rand.NewPCG(r.config.Seed, 0)).Perm(len(vectors)) //nolint:gosec // to be repeated
	slices.SortStableFunc(order, func(a, b int) int { return len(vectors[b].Input)>>12 - len(vectors[a].Input)>>12 })
	queue := make(chan int, len(order)) // filled and closed here, read by the workers
	for _, i := range order {
		queue <- i
	}
	close(queue)
	results := make([]conformance.Result, len(vectors))
	var mu sync.Mutex // guards done and the call of Each
	done := 0
	var workers sync.WaitGroup
	for range min(r.config.Jobs, len(vectors)) {
		workers.Go(func() { // ends when the queue is empty
			for i := range queue {
				results[i] = r.one(ctx, vectors[i])
				mu.Lock()
				done++
				if r.config.Each != nil {
					r.config.Each(done, len(vectors), results[i])
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	r.consistent(vectors, results)
	return results
}

// one judges by one vector.
func (r *runner) one(ctx context.Context, v *Vector) conformance.Result {
	h := fnv.New64a()
	_, _ = h.Write([]byte(v.ID))                                                         // never fails
	j := &judge{ctx: ctx, v: v, random: rand.New(rand.NewPCG(r.config.Seed, h.Sum64()))} //nolint:gosec // to be repeated
	started := time.Now()
	var failure *conformance.Failure
	err := r.with(ctx, func(p parser) {
		j.p = p
		failure = j.run()
		if d, ok := p.(running); ok && failure != nil && failure.Verdict == conformance.Timeout {
			d.Kill() // a concurrent driver is spared by others, and is of no use any more
		}
	})
	if err != nil {
		failure = faultOf(j, err, "a driver that starts")
	}
	if failure != nil && failure.Verdict == conformance.Timeout {
		r.hung.Add(1)
	}
	return r.result(v, failure, time.Since(started))
}

// timeout is the longest wait for an answer of a driver that is started now. One that hangs again and again would otherwise cost an hour.
func (r *runner) timeout() time.Duration {
	const often, impatient = 10, time.Second
	if r.hung.Load() >= often {
		return min(r.config.Timeout, impatient)
	}
	return r.config.Timeout
}

// result makes the result of one vector.
func (r *runner) result(v *Vector, f *conformance.Failure, took time.Duration) conformance.Result {
	result := conformance.Result{
		ID: v.ID, Title: v.Title, Req: v.Req, Profile: Profile, Level: v.Level, Rejects: v.Twinned != nil,
		Verdict: conformance.Pass, MS: float64(took.Microseconds()) / 1000, Trace: []conformance.Entry{},
	}
	if f != nil {
		result.Verdict, result.Phase, result.Cites, result.Expected, result.Actual, result.Detail = f.Verdict, f.Phase, f.Req, f.Expected, f.Actual, f.Error()
	}
	bad := f != nil && f.Verdict != conformance.Unsupported
	if bad || r.config.Trace {
		one := entry(v)
		one.Key = bad
		result.Trace = append(result.Trace, one)
	}
	if bad && v.Twinned != nil && f.Phase != conformance.PhaseFault {
		one := entry(v.Twinned)
		one.Key = true
		result.Trace = append(result.Trace, one)
	}
	return result
}

// consistent turns unsupported into a failure where others of the same kind were judged: a driver may leave a what or an argument out, and never single
// inputs.
func (r *runner) consistent(vectors []*Vector, results []conformance.Result) {
	supported := make(map[string]string) // subject -> id of a vector
	for i, v := range vectors {
		if results[i].Verdict != conformance.Unsupported && results[i].Verdict != conformance.Inconclusive {
			supported[subject(v)] = v.ID
		}
	}
	for i, v := range vectors {
		other, ok := supported[subject(v)]
		if !ok || results[i].Verdict != conformance.Unsupported {
			continue
		}
		f := &conformance.Failure{
			Verdict: conformance.Fail, Req: v.Req, Phase: results[i].Phase, Expected: "an answer about this " + v.Op,
			Actual: "unsupported, though " + other + " was answered",
		}
		results[i] = r.result(v, f, time.Duration(results[i].MS*float64(time.Millisecond)))
	}
}

// close ends the drivers. One that does not end in good order is a failure of the vector that stands for the driver itself, that of the canaries; or of
// the first, where that one was not asked for.
func (r *runner) close(results []conformance.Result) {
	if r.pool == nil {
		return
	}
	err := r.pool.Close()
	if err == nil || len(results) == 0 {
		return
	}
	at := max(0, slices.IndexFunc(results, func(one conformance.Result) bool { return one.ID == canaryGood }))
	j := &judge{v: r.set.byID[results[at].ID]}
	results[at] = r.result(j.v, faultOf(j, err, "a driver that ends in good order after bye"), time.Duration(results[at].MS*float64(time.Millisecond)))
}
