package main

import (
	"context"
	"fmt"
	"os"
)

// result is one run of one point.
type result struct {
	group   int // index into the plan
	round   int // from 0
	point   point
	figures figures // nil if err is set
	err     error
}

// runRounds runs every point of the plan, all groups in each round, so that the runs of a point lie far apart. A point
// that fails is a result; the error is for a run that cannot go on.
func runRounds(ctx context.Context, o options, groups []group, show func(done, total int, p point)) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("own program for the children: %w", err)
	}
	total := 0
	for _, g := range groups {
		total += o.rounds * len(g.order(0))
	}
	var results []result
	for round := range o.rounds {
		for gi, g := range groups {
			for _, p := range g.order(round) {
				show(len(results), total, p)
				f, err := runChild(ctx, self, order{Point: p, Warm: o.warm, Dur: o.dur})
				if ctx.Err() != nil {
					return nil, fmt.Errorf("interrupted after %d of %d runs", len(results), total)
				}
				results = append(results, result{group: gi, round: round, point: p, figures: f, err: err})
			}
		}
	}
	show(total, total, point{})
	return results, nil
}
