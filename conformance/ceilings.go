package conformance

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"handfast/conformance/driver"
	"handfast/conformance/useless"
)

// Score is what a useless peer reaches.
type Score struct {
	Pass  int `json:"pass"`  // cases
	Pairs int `json:"pairs"` // cases among them with a twin
}

//go:embed ceilings.json
var ceilingsJSON []byte

// Ceilings gives the most that each useless peer may score, by name.
func Ceilings() (map[string]Score, error) {
	var ceilings map[string]Score
	if err := json.Unmarshal(ceilingsJSON, &ceilings); err != nil {
		return nil, fmt.Errorf("ceilings.json: %w", err)
	}
	return ceilings, nil
}

// uselessTimeout is how long a case waits for a peer that has no answer. Nothing but loopback lies between.
const uselessTimeout = 150 * time.Millisecond

// uselessJobs is how many cases run at the same time: they do nothing but wait.
const uselessJobs = 32

// ScoreUseless runs the cases of acceptors against a useless peer.
func ScoreUseless(ctx context.Context, name string, cases []Case) (Score, error) {
	p, err := useless.Start(name)
	if err != nil {
		return Score{}, err
	}
	score, err := scoreOf(ctx, Target{Addr: p.Addr()}, cases)
	return score, errors.Join(err, p.Close())
}

// ScoreUselessDialer runs the cases of dialers against a useless dialer.
func ScoreUselessDialer(ctx context.Context, name string, cases []Case) (Score, error) {
	var mu sync.Mutex // guards stops
	var stops []func()
	start := func(context.Context) (*driver.Process, error) {
		program, stop, err := useless.Dialer(name)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		stops = append(stops, stop)
		return driver.Pipe(program), nil
	}
	score, err := scoreOf(ctx, Target{Driver: start, Name: name}, cases)
	for _, stop := range stops {
		stop()
	}
	return score, err
}

// scoreOf counts what passes.
func scoreOf(ctx context.Context, target Target, cases []Case) (Score, error) {
	cases = InRole(cases, target.role())
	r, err := newRunner(Config{Target: target, Cases: cases, Timeout: uselessTimeout, Patience: time.Second, Jobs: uselessJobs}.withDefaults())
	if err != nil {
		return Score{}, err
	}
	var score Score
	for _, result := range r.all(ctx, cases) {
		if result.Verdict != Pass {
			continue
		}
		score.Pass++
		if result.Rejects {
			score.Pairs++
		}
	}
	_ = r.close() // a useless dialer may end as it likes
	return score, nil
}
