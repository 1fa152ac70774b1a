package conformance

import (
	"context"
	"slices"
)

// Reviver is a peer that the suite has started itself, and starts again when it has died.
type Reviver interface {
	// Revive starts the peer anew, and gives where it listens now.
	Revive(ctx context.Context) (Target, error)
	// LastWords says in one line how the peer ended that runs no more, with the last of what it printed; "" for one that runs. It
	// gives a peer a moment to end: the connections of one that dies end before its listener and its process do.
	LastWords() string
}

// Killer is a Reviver that ends the peer by SIGKILL before it starts it anew.
type Killer interface {
	Reviver
	Kill(ctx context.Context) (Target, error)
}

// mostRevivals is how often a peer is started again in one run. One that dies more often is not judged to the end.
const mostRevivals = 32

// throughout plays all cases, and starts a peer again that dies on the way. Those that were under way when it died are played again, one by one, so
// that the blame falls on the one that kills it.
func (r *runner) throughout(ctx context.Context, cases []Case) []Result {
	together := slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.has(TagRestart) })
	results := r.together(ctx, together)
	done := results
	for i := range cases {
		if cases[i].has(TagRestart) {
			one := r.one(ctx, &cases[i])
			results = append(results, one)
			if r.config.Each != nil {
				r.config.Each(len(results), len(cases), one)
			}
		}
	}
	if len(results) == len(done) {
		return results
	}
	ordered := make([]Result, 0, len(results)) // as cases are
	for i := range cases {
		k := slices.IndexFunc(results, func(r Result) bool { return r.ID == cases[i].ID })
		ordered = append(ordered, results[k])
	}
	return ordered
}

// together is throughout for cases that share a peer.
func (r *runner) together(ctx context.Context, cases []Case) []Result {
	results := r.all(ctx, cases)
	if r.config.Reviver == nil {
		return results
	}
	for revivals := 0; r.dead.Load(); {
		var suspects, left []int // indices into cases
		for i := range results {
			switch {
			case results[i].skipped:
				left = append(left, i)
			case results[i].Verdict == Crash && results[i].suspect:
				suspects = append(suspects, i)
			}
		}
		if revivals = r.blame(ctx, cases, results, suspects, revivals); revivals < 0 {
			return results
		}
		if len(left) == 0 {
			return results
		}
		if revivals = r.revive(ctx, revivals); r.dead.Load() {
			return results
		}
		some := make([]Case, len(left))
		for k, i := range left {
			some[k] = cases[i]
		}
		for k, result := range r.all(ctx, some) {
			results[left[k]] = result
		}
	}
	return results
}

// blame plays the cases again that were under way together when the peer died, each alone. Where none of them kills it again, all keep their
// verdict: the death is not forgotten. It gives how often the peer was started again by now, or -1 if it cannot be.
func (r *runner) blame(ctx context.Context, cases []Case, results []Result, suspects []int, revivals int) int {
	found := false
	alone := make([]Result, len(suspects))
	for k, i := range suspects {
		results[i].suspect = false
		if len(suspects) == 1 {
			return revivals
		}
		if revivals = r.revive(ctx, revivals); r.dead.Load() {
			return -1
		}
		alone[k] = r.one(ctx, &cases[i])
		alone[k].suspect = false
		found = found || alone[k].Verdict == Crash
	}
	for k, i := range suspects {
		if found {
			results[i] = alone[k]
		}
	}
	return revivals
}

// revive starts a peer that is dead again, up to mostRevivals times, and gives how often that was done by now.
func (r *runner) revive(ctx context.Context, revivals int) int {
	if !r.dead.Load() || revivals >= mostRevivals {
		return revivals
	}
	target, err := r.config.Reviver.Revive(ctx)
	if err != nil {
		return mostRevivals // what cannot be started now will hardly be later
	}
	r.config.Target = target
	r.census = newCensus() // it may well be another node
	r.dead.Store(false)
	return revivals + 1
}

// obituary is what a crash adds about a peer that the suite has started.
func (r *runner) obituary() string {
	if r.config.Reviver == nil {
		return ""
	}
	if words := r.config.Reviver.LastWords(); words != "" {
		return ": " + words
	}
	return ""
}
