package main

import (
	"bytes"
	"testing"
)

// TestFloorsHaveARow keeps the table from judging a point that no plan contains: it would never fail.
func TestFloorsHaveARow(t *testing.T) {
	rows := map[string]bool{}
	for _, g := range plan(workloads(), fakePeers(), options{}) {
		p, _ := g.reference(implHandfast)
		rows[p.String()] = true
	}
	for _, f := range floors() {
		if p := (point{f.workload, implHandfast, f.shape.size, f.shape.concurrency}); !rows[p.String()] {
			t.Errorf("the floor of %s for %s judges no point", f.figure, p)
		}
	}
}

func TestSlack(t *testing.T) {
	for _, tc := range []struct {
		name  string
		floor floor
		got   float64
		want  bool
	}{
		{"ratio", floor{value: 0.5}, 0.36, true},
		{"ratio too low", floor{value: 0.5}, 0.34, false},
		{"ceiling", floor{value: 1.7, ceiling: true}, 2.4, true},
		{"ceiling exceeded", floor{value: 1.7, ceiling: true}, 2.5, false},
		{"counter", floor{value: 6, ceiling: true, exact: true}, 6, true},
		{"counter exceeded", floor{value: 6, ceiling: true, exact: true}, 6.01, false},
	} {
		if got := tc.floor.holds(tc.got); got != tc.want {
			t.Errorf("%s: holds(%v) is %v", tc.name, tc.got, got)
		}
	}
}

func TestCheck(t *testing.T) {
	good := figures{figRatio: 0.6, figRatioCPU: 1.2, figAllocs: 0, figWrites: 0.001}
	with := func(name string, v float64) figures {
		f := figures{}
		for k, x := range good {
			f[k] = x
		}
		f[name] = v
		return f
	}
	without := with(figRatio, 0)
	delete(without, figRatio)
	for _, tc := range []struct {
		name string
		impl string
		f    figures
		want int
	}{
		{"all held", implHandfast, good, exitOK},
		{"slow", implHandfast, with(figRatio, 0.2), exitBelow},
		{"allocates", implHandfast, with(figAllocs, 0.02), exitBelow},
		{"not measured", implHandfast, without, exitUnmeasured},
		{"nobody to judge", "yamux", good, exitUnmeasured},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := summary{point: point{oneway, tc.impl, 64, 1}, figures: tc.f}
			var stderr bytes.Buffer
			if got := reportCheck(checkFloors([]row{newRow(s)}), &stderr); got != tc.want {
				t.Errorf("exit code %d, want %d: %s", got, tc.want, &stderr)
			}
		})
	}
}
