package delivery

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// batch runs trials on all processors. The seeds of those that failed come in ascending order, at most ten.
func batch(count int, make func(seed uint64) *trial) (failed int, total tally, first []failure) {
	var next atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				seed := next.Add(1) - 1
				if seed >= int64(count) {
					return
				}
				r := make(uint64(seed)).run()
				mu.Lock()
				total.add(r.n)
				if r.failed() {
					failed++
					if len(first) < 10 || r.unsafe() && !first[9].unsafe() {
						first = append([]failure{{uint64(seed), r}}, first[:min(9, len(first))]...)
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failed, total, first
}

type failure struct {
	seed uint64
	result
}

// TestAdversary: no silent loss, no loss without GAP or CHECK, no repeat without POSSIBLE_DUP, no fault between two peers that
// keep the rules, in any run.
func TestAdversary(t *testing.T) {
	runs := map[sinkKind]int{sinkTransaction: 4000, sinkForgets: 3000, sinkBehind: 3000}
	for _, kind := range []sinkKind{sinkTransaction, sinkForgets, sinkBehind} {
		t.Run(kind.String(), func(t *testing.T) {
			count := runs[kind]
			if testing.Short() {
				count /= 10
			}
			failed, total, first := batch(count, func(seed uint64) *trial { return &trial{seed: seed, kind: kind, steps: 600} })
			t.Logf("seeds 0 to %d, %d failed: %+v", count-1, failed, total)
			for _, f := range first {
				t.Errorf("seed %d: %v", f.seed, f.result)
			}
			for name, n := range map[string]int{"attached": total.attached, "cuts": total.cuts, "gaps": total.gaps, "lost": total.lost, "diverged": total.diverged,
				"closed": total.closed, "restores": total.restores, "losses": total.losses, "crashes": total.crashes, "acks": total.acks, "pieces": total.pieces} {
				if n == 0 {
					t.Errorf("%s never happened: the runs show nothing about it", name)
				}
			}
		})
	}
}

// TestEachRuleIsNeeded: without one rule, runs fail.
func TestEachRuleIsNeeded(t *testing.T) {
	for _, tc := range []struct {
		name  string
		kind  sinkKind
		rule  rules
		nonce bool
		runs  int
	}{
		{"lineage, transaction", sinkTransaction, rules{noEpoch: true}, false, 200},
		{"lineage, no cursor", sinkForgets, rules{noEpoch: true}, false, 200},
		{"nonce, transaction", sinkTransaction, rules{}, true, 400},
		{"nonce, no cursor", sinkForgets, rules{}, true, 400},
		{"POSSIBLE_DUP, no cursor", sinkForgets, rules{noFlag: true}, false, 200},
		{"POSSIBLE_DUP, cursor behind", sinkBehind, rules{noFlag: true}, false, 200},
		{"ACK of what is durable, transaction", sinkTransaction, rules{ackTaken: true}, false, 200},
		{"GAP, transaction", sinkTransaction, rules{noGap: true}, false, 400},
		{"CHECK of a new channel, transaction", sinkTransaction, rules{noNewCheck: true}, false, 800},
		{"CHECK of a new channel, no cursor", sinkForgets, rules{noNewCheck: true}, false, 400},
		{"waiting for the sink, transaction", sinkTransaction, rules{noWait: true}, false, 400},
		{"waiting for the sink, cursor behind", sinkBehind, rules{noWait: true}, false, 400},
		{"GAP consumes its range, transaction", sinkTransaction, rules{gapJump: true}, false, 800},
	} {
		t.Run(tc.name, func(t *testing.T) {
			failed, _, first := batch(tc.runs, func(seed uint64) *trial {
				return &trial{seed: seed, kind: tc.kind, rule: tc.rule, weakNonce: tc.nonce, steps: 600}
			})
			t.Logf("%d of %d failed", failed, tc.runs)
			first = slices.DeleteFunc(first, func(f failure) bool { return !f.unsafe() })
			if len(first) == 0 {
				t.Fatal("without this rule nothing fails: the rule is not needed, or the adversary is too weak")
			}
			t.Logf("seed %d: %v", first[0].seed, first[0].result)
		})
	}
}
