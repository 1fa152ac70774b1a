package conformance

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"handfast/conformance/driver"
)

// Config says what to run, on what. Zero values are the defaults.
type Config struct {
	Target   Target
	Profile  string        // default core
	Cases    []Case        // default Cases(); those of other profiles are left out
	Run      []string      // patterns as in Select; default all
	Skip     []string      // patterns as in Select; default none
	Timeout  time.Duration // longest wait for one thing that the peer has to do; default 5 s
	Patience time.Duration // longest wait for a timer that the peer states itself; default 3 min
	Jobs     int           // cases at the same time, each with a driver of its own for dialers; default 4 for each processor, and at most 8 drivers
	Seed     uint64        // order of the cases and all random bytes; 0 takes one from the clock
	Trace    bool          // keep the traces of passes as well

	// Reviver, if set, has started the target, and starts it again when it has died.
	Reviver Reviver

	// Each, if set, is called with each result as it comes, from one goroutine at a time.
	Each func(done, total int, r Result)

	// skipPreflight lets useless peers through, which the suite's own tests need.
	skipPreflight bool
}

// mostDrivers is how many drivers run at the same time by default.
const mostDrivers = 8

// withDefaults returns a copy in which nothing is left open.
func (c Config) withDefaults() Config {
	if c.Profile == "" {
		c.Profile = DefaultProfile
	}
	if c.Cases == nil {
		c.Cases = Cases()
	}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 3 * time.Minute
	}
	if c.Jobs <= 0 {
		c.Jobs = 4 * runtime.GOMAXPROCS(0)
		if c.Target.Driver != nil {
			c.Jobs = min(c.Jobs, mostDrivers)
		}
	}
	if c.Profile == ProfileSync && c.Target.Driver == nil {
		c.Jobs = 1 // the store is one: a fingerprint of all of it says nothing while another case writes
	}
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano())
	}
	return c
}

// runner is one run.
type runner struct {
	config Config
	census *census
	fresh  *fresh
	seats  *seats      // nil where the suite dials
	dead   atomic.Bool // the peer listens no more
}

// newRunner makes a run, which close ends.
func newRunner(config Config) (*runner, error) {
	r := &runner{config: config, census: newCensus(), fresh: newFresh()}
	if config.Target.Driver == nil {
		return r, nil
	}
	pool, err := newSeats(config.Target.Driver, config.Jobs)
	r.seats = pool
	return r, err
}

// close ends the drivers. The error is about one that did not end well.
func (r *runner) close() error {
	if r.seats == nil {
		return nil
	}
	return r.seats.close()
}

// Run plays the cases and returns the report. The error is a *UsageError for patterns that match nothing, and a
// *PreflightError when there is nothing to judge; a case that fails is no error.
func Run(ctx context.Context, config Config) (*Report, error) {
	config = config.withDefaults()
	if !slices.Contains(Profiles(), config.Profile) {
		return nil, &UsageError{fmt.Sprintf("no profile %q; there are %s", config.Profile, strings.Join(Profiles(), ", "))}
	}
	picked, err := Select(InProfile(InRole(config.Cases, config.Target.role()), config.Profile), config.Run, config.Skip)
	if err != nil {
		return nil, err
	}
	if len(picked) == 0 {
		return nil, &PreflightError{Target: config.Target.String(), Reason: fmt.Sprintf("no case is left to run in profile %q", config.Profile)}
	}
	r, err := newRunner(config)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	if !config.skipPreflight {
		if err := r.preflight(ctx); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	results := r.throughout(ctx, picked)
	if err := r.close(); err != nil {
		results = append(results, r.badEnd(ctx, err))
	}
	report := newReport(config, started, results)
	report.Peer = r.census.peer()
	return report, nil
}

// badEnd is the result of a driver that has passed its cases and does not end as it should.
func (r *runner) badEnd(ctx context.Context, err error) Result {
	c := Case{ID: "driver/ends", Title: "a driver ends at the end of its stdin, and after bye", Roles: Dialers, Level: 1}
	t := r.newT(ctx, &c)
	t.record(driverFailure(err))
	return resultOf(&c, t, 0, false)
}

// InProfile keeps the cases of a profile.
func InProfile(cases []Case, profile string) []Case {
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.profile() != profile })
}

// all plays the cases on the workers and returns the results in the order of cases. Slow ones start first, so that they
// wait for their timers while the others run; the rest is shuffled, so that no case comes to rely on its neighbours.
func (r *runner) all(ctx context.Context, cases []Case) []Result {
	order := rand.New(rand.NewPCG(r.config.Seed, 0)).Perm(len(cases))
	slices.SortStableFunc(order, func(a, b int) int { return rank(&cases[a]) - rank(&cases[b]) })
	queue := make(chan int, len(order)) // filled and closed here, read by the workers
	for _, i := range order {
		queue <- i
	}
	close(queue)

	results := make([]Result, len(cases))
	var mu sync.Mutex // guards done and the call of Each
	done := 0
	var workers sync.WaitGroup
	for range min(r.config.Jobs, len(cases)) {
		workers.Go(func() { // ends when the queue is empty
			for i := range queue {
				results[i] = r.one(ctx, &cases[i])
				mu.Lock()
				done++
				if r.config.Each != nil {
					r.config.Each(done, len(cases), results[i])
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return results
}

func rank(c *Case) int {
	switch {
	case c.has(TagSlow):
		return 0
	case c.has(TagTiming):
		return 1
	}
	return 2
}

// one plays a case and makes its result.
func (r *runner) one(ctx context.Context, c *Case) Result {
	started := time.Now()
	if r.dead.Load() {
		t := r.newT(ctx, c)
		t.record(&Failure{Verdict: Inconclusive, Expected: "a peer that listens", Actual: "it stopped listening during another case"})
		result := resultOf(c, t, 0, false)
		result.skipped = true
		return result
	}
	t := r.play(ctx, c)
	suspect := false
	if f := t.failure; f != nil && r.seats == nil && f.Verdict != Unsupported && f.Verdict != Inconclusive && r.gone(ctx) {
		r.dead.Store(true)
		f.Verdict = Crash
		f.Actual += "; and the peer listens no more" + r.obituary()
		suspect = true
	}
	result := resultOf(c, t, time.Since(started), r.config.Trace)
	result.suspect = suspect
	return result
}

// play runs a case's script in a goroutine of its own, which a failure can end at any depth, and cleans up behind it.
func (r *runner) play(ctx context.Context, c *Case) *T {
	t := r.newT(ctx, c)
	if r.seats != nil {
		s, err := r.seats.take(ctx)
		if err != nil {
			t.record(driverFailure(err))
			return t
		}
		t.seat, t.census = s, s.census
		if s.claims(driver.FeatureDurable) {
			t.restarts = func() (Target, error) { return t.target, r.seats.restart(ctx, s) }
		}
		defer func() { r.seats.give(s, !t.unfit) }()
	}
	ended := make(chan struct{})
	go func() { // ends with the script; awaited below
		defer close(ended)
		defer func() {
			if bug := recover(); bug != nil {
				t.record(&Failure{Verdict: Inconclusive, Expected: "a suite without faults", Actual: fmt.Sprintf("panic: %v at %s", bug, culprit())})
			}
		}()
		c.play(t)
	}()
	<-ended
	t.finish()
	return t
}

// newT makes what one run of a case works with.
func (r *runner) newT(ctx context.Context, c *Case) *T {
	return &T{
		Rand: newRand(r.config.Seed, c.ID),
		c:    c, ctx: ctx,
		judged:   r.config.Target.role(),
		target:   r.config.Target,
		timeout:  r.config.Timeout,
		patience: max(r.config.Patience, r.config.Timeout),
		census:   r.census,
		fresh:    r.fresh,
		trace:    &trace{start: time.Now()},
		restarts: r.killer(ctx),
	}
}

// newRand makes the random source of a case. It depends on the case alone, and not on what else runs.
func newRand(seed uint64, id string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// culprit gives the line of the suite that panicked.
func culprit() string {
	for line := range strings.SplitSeq(string(debug.Stack()), "\n") {
		if at, ok := strings.CutPrefix(line, "\t"); ok && strings.Contains(at, "/cases_") {
			at, _, _ = strings.Cut(at, " ")
			return at
		}
	}
	return "an unknown line"
}

// gone reports whether the target refuses connections.
func (r *runner) gone(ctx context.Context) bool {
	addr, _ := r.config.Target.endpoint(Options{})
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	nc, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	_ = nc.Close() // nothing was said on it
	return r.obituary() != ""
}
