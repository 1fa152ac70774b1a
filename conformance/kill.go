package conformance

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"handfast/conformance/wire"
	"handfast/spec"
)

// A suite that has never failed a peer proves nothing. So the cases are run against mutants: test peers that keep every rule but
// one. A mutant that no case catches is a gap in the suite; a case that catches no mutant checks nothing.
//
// The mutants are made by package conformance/mutant. This file is the contract:
//
//   - a mutant differs from the healthy test peer in one thing, and breaks the requirement that it names;
//   - Start("") starts the healthy peer, which passes every case;
//   - each started peer has ports of its own on loopback, a plain and a TLS address, and timers as short as the specification
//     allows (idle_ms 200, ping_ms 50, message_ms 100, and so on), so that a case that waits for one waits for milliseconds;
//   - Stop ends the peer and all its links at once;
//   - Kill, where there is one, ends it so too, and starts it again with what it had made durable. Without it, cases that kill are left out.

// Mutant is a test peer with one named bug.
type Mutant struct {
	Name string // words-with-hyphens that say what it does wrong: "ignores-header-checksum"
	Req  string // the requirement that it breaks
	Doc  string // one sentence
}

// TestPeer is a peer that runs.
type TestPeer struct {
	Target Target
	Stop   func() error // called once

	// Kill, if set, ends the peer as SIGKILL would, and starts it again with what it had made durable. It gives where the peer listens now.
	Kill func(ctx context.Context) (Target, error)
}

// killed is a TestPeer as the one that kills it.
type killed struct{ *TestPeer }

// Kill ends the peer and starts it again.
func (k killed) Kill(ctx context.Context) (Target, error) {
	target, err := k.TestPeer.Kill(ctx)
	target.Durable = true
	return target, err
}

// Revive starts no peer that has ended by itself.
func (killed) Revive(context.Context) (Target, error) { return Target{}, errEnded }

// LastWords are none: the peer is a part of this process.
func (killed) LastWords() string { return "" }

var errEnded = errors.New("the test peer has ended")

// StartFunc starts a mutant by name, or the healthy peer for "".
type StartFunc func(ctx context.Context, mutant string) (*TestPeer, error)

// KillConfig says what to run against which mutants.
type KillConfig struct {
	Mutants []Mutant
	Start   StartFunc
	Cases   []Case        // default Cases(); those of the other role are left out
	Profile string        // if set: the cases of this profile alone, the mutants of what these cite, and its obligations
	Dialers bool          // the mutants are dialers
	Foreign bool          // the mutants are somebody else's: what they leave out says nothing about the suite
	All     bool          // every case on every mutant, instead of those alone that cite its requirement
	Timeout time.Duration // as in Config; default 2 s, because what a mutant leaves out costs the whole of it
	Jobs    int           // mutants at the same time; default 4 for each processor, and 8 where they run in this process
	Seed    uint64

	// Judge, if set, judges by cases on its own, in place of Start: for mutants that are no peers.
	Judge func(ctx context.Context, mutant string, cases []Case) ([]Result, error)
	// Idle, if set, tells which cases need not catch a mutant.
	Idle func(c *Case) bool
	// Obligations are the requirements that need a mutant; nil stands for those that Coverage lists.
	Obligations []string

	// Each, if set, is called with each mutant as it is done, from one goroutine at a time.
	Each func(done, total int, k Kill)
}

// Fate is what became of a mutant.
type Fate string

// The fates. Only Killed is good.
const (
	Killed   Fate = "killed"   // a case failed and cited the mutant's requirement
	Survived Fate = "survived" // no case failed
	Misnamed Fate = "misnamed" // cases failed, and cited other requirements
)

// Kill is one mutant with the cases that caught it.
type Kill struct {
	Mutant string  `json:"mutant"`
	Req    string  `json:"req"`
	Doc    string  `json:"doc"`
	Fate   Fate    `json:"fate"`
	By     []Catch `json:"by"`     // for the reason that the mutant names
	Others []Catch `json:"others"` // for other reasons
	MS     float64 `json:"ms"`
}

// Catch is one case that failed on a mutant.
type Catch struct {
	Case    string   `json:"case"`
	Verdict Verdict  `json:"verdict"`
	Cites   []string `json:"cites"`
	Detail  string   `json:"detail"`
}

// HealthyError says that the healthy test peer does not pass, so that a kill would mean nothing.
type HealthyError struct{ Results []Result }

// Error names the first case.
func (e *HealthyError) Error() string {
	r := e.Results[0]
	return fmt.Sprintf("the healthy test peer does not pass %d cases, the first %s: %s", len(e.Results), r.ID, r.Detail)
}

// Kills runs the cases against the mutants. The error is a *HealthyError, or that of a peer that could not be started.
func Kills(ctx context.Context, config KillConfig) (*KillReport, error) {
	if config.Cases == nil {
		config.Cases = Cases()
	}
	if config.Profile != "" {
		config.Cases = InProfile(config.Cases, config.Profile)
		config.Mutants = slices.DeleteFunc(slices.Clone(config.Mutants), func(m Mutant) bool {
			return !slices.ContainsFunc(config.Cases, func(c Case) bool { return slices.Contains(c.Req, m.Req) })
		})
	}
	if config.Timeout <= 0 {
		config.Timeout = 2 * time.Second
	}
	if config.Jobs <= 0 {
		config.Jobs = 4 * runtime.GOMAXPROCS(0)
		if config.ours() { // they wait most of the time
			config.Jobs *= 2
		}
	}
	if config.Judge == nil { // dialers and processes are not started again, and mutants of this module have not every profile
		config.Cases = slices.DeleteFunc(InRole(config.Cases, config.side()), func(c Case) bool {
			return c.has(TagRestart) && (config.Dialers || config.Foreign) || !config.Foreign && !slices.Contains(MutatedProfiles(), c.profile())
		})
	}
	started := time.Now()
	if err := healthy(ctx, config); err != nil {
		return nil, err
	}
	kills, err := killAll(ctx, config)
	if err != nil {
		return nil, err
	}
	if config.Profile != "" {
		kills = slices.DeleteFunc(kills, func(k Kill) bool { return k.Fate == Survived && foreignTo(config.Profile, k.Req) })
	}
	return newKillReport(config, kills, time.Since(started)), nil
}

// foreignTo tells whether a rule belongs to another profile, whose cases have to kill its mutants: those of this one cite it for their own messages.
func foreignTo(profile, req string) bool {
	rule, ok := spec.Requirement(req)
	return ok && rule.Profile != profile
}

// ours says whether the mutants are peers in this process, which cost little; others are processes.
func (c KillConfig) ours() bool { return !c.Foreign && c.Judge == nil }

// side is that of the mutants.
func (c KillConfig) side() wire.Side {
	if c.Dialers {
		return wire.Dialer
	}
	return wire.Acceptor
}

// healthy runs every case against the peer without a bug.
func healthy(ctx context.Context, config KillConfig) error {
	results, err := judge(ctx, config, "", config.Cases, 0)
	if err != nil {
		return err
	}
	bad := slices.DeleteFunc(results, func(r Result) bool {
		return r.Verdict == Pass || config.Foreign && r.Verdict == Unsupported
	})
	if len(bad) > 0 {
		return &HealthyError{bad}
	}
	return nil
}

// killAll runs the mutants on a few workers. Some bugs show only where two things happen in one order: what is not killed beside others on a busy
// machine is judged again alone, and then it counts.
func killAll(ctx context.Context, config KillConfig) ([]Kill, error) {
	kills := make([]Kill, len(config.Mutants))
	queue := make(chan int, len(kills)) // filled and closed here, read by the workers
	for i := range kills {
		queue <- i
	}
	close(queue)
	var mu sync.Mutex // guards first, done, again and the call of Each
	var first error
	var again []int
	done := 0
	tell := func(k Kill) {
		done++
		if config.Each != nil {
			config.Each(done, len(kills), k)
		}
	}
	var workers sync.WaitGroup
	for range min(config.Jobs, len(kills)) {
		workers.Go(func() { // ends when the queue is empty
			for i := range queue {
				k, err := kill(ctx, config, config.Mutants[i])
				kills[i] = k
				mu.Lock()
				switch {
				case err != nil && first == nil:
					first = err
				case err != nil:
				case k.Fate == Killed:
					tell(k)
				default:
					again = append(again, i)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	for _, i := range again {
		for range triesAlone {
			k, err := kill(ctx, config, config.Mutants[i])
			if err != nil {
				return kills, errors.Join(first, err)
			}
			if kills[i] = k; k.Fate == Killed {
				break
			}
		}
		tell(kills[i])
	}
	return kills, first
}

// triesAlone is how often a mutant is judged alone before it counts as not killed.
const triesAlone = 2

// kill runs the cases that are meant for one mutant.
func kill(ctx context.Context, config KillConfig, m Mutant) (Kill, error) {
	k := Kill{Mutant: m.Name, Req: m.Req, Doc: m.Doc, Fate: Survived, By: []Catch{}, Others: []Catch{}}
	cases := config.Cases
	if !config.All {
		cases = slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !slices.Contains(c.Req, m.Req) })
	}
	started := time.Now()
	jobs := 2
	if config.ours() {
		jobs = 4
	}
	results, err := judge(ctx, config, m.Name, cases, jobs)
	if err != nil {
		return k, fmt.Errorf("mutant %s: %w", m.Name, err)
	}
	k.MS = float64(time.Since(started).Microseconds()) / 1000
	for _, r := range results {
		switch {
		case r.Verdict == Pass || r.Verdict == Unsupported || r.Verdict == Inconclusive:
		case slices.Contains(r.Cites, m.Req):
			k.By = append(k.By, catchOf(r))
		default:
			k.Others = append(k.Others, catchOf(r))
		}
	}
	switch {
	case len(k.By) > 0:
		k.Fate = Killed
	case len(k.Others) > 0:
		k.Fate = Misnamed
	}
	return k, nil
}

func catchOf(r Result) Catch {
	return Catch{Case: r.ID, Verdict: r.Verdict, Cites: r.Cites, Detail: r.Detail}
}

// judge starts a peer, runs cases against it and stops it. There is no preflight: a mutant may well fail it.
func judge(ctx context.Context, config KillConfig, mutant string, cases []Case, jobs int) ([]Result, error) {
	if len(cases) == 0 {
		return nil, nil
	}
	if config.Judge != nil {
		return config.Judge(ctx, mutant, cases)
	}
	// The store of an acceptor is one, and every case of sync writes: such cases wait for each other, as do those that kill the peer. A mutant has several peers
	// for them.
	alone := func(c Case) bool { return (c.Profile == ProfileSync || c.has(TagRestart)) && !config.Dialers }
	others := slices.DeleteFunc(slices.Clone(cases), alone)
	cases = slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !alone(c) })
	lanes := [][]Case{others}
	for part := range slices.Chunk(cases, len(cases)/max(2*jobs, 1)+1) {
		lanes = append(lanes, part)
	}
	results, errs := make([][]Result, len(lanes)), make([]error, len(lanes))
	var work sync.WaitGroup
	for i, lane := range lanes {
		if i > 0 {
			jobs = 1
		}
		limit := jobs
		work.Go(func() { results[i], errs[i] = judgeOn(ctx, config, mutant, lane, limit) }) // ends with its cases
		if limit == 0 {
			work.Wait() // every case is run: those that wait for timers are not to be slowed down by the others
		}
	}
	work.Wait()
	return slices.Concat(results...), errors.Join(errs...)
}

// judgeOn runs cases against a peer of its own.
func judgeOn(ctx context.Context, config KillConfig, mutant string, cases []Case, jobs int) ([]Result, error) {
	if len(cases) == 0 {
		return nil, nil
	}
	p, err := config.Start(ctx, mutant)
	if err != nil {
		return nil, err
	}
	if p.Kill == nil {
		cases = slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.has(TagRestart) })
	}
	run := Config{Target: p.Target, Cases: cases, Timeout: config.Timeout, Jobs: jobs, Seed: config.Seed}.withDefaults()
	if p.Kill != nil {
		run.Target.Durable, run.Reviver = true, killed{p}
	}
	r, err := newRunner(run)
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	results := r.all(ctx, cases)
	_ = r.close() // a mutant may end as it likes
	return results, p.Stop()
}
