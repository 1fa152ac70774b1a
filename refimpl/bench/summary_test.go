package main

import (
	"errors"
	"testing"
)

// TestRatiosAreOfTheirRound gives a machine that halves its speed in the second round: absolute rates follow it, ratios
// do not.
func TestRatiosAreOfTheirRound(t *testing.T) {
	raw, x := point{Workload: oneway, Impl: implRaw}, point{Workload: oneway, Impl: "x"}
	groups := []group{{workload: workload{name: oneway, unit: "msg/s"}, points: []point{raw, x}}}
	rate := func(round int, p point, v float64) result {
		return result{round: round, point: p, figures: figures{figRate: v}}
	}
	sums := summarize(groups, []result{
		rate(0, raw, 90), rate(0, x, 50), rate(0, raw, 110), // 50 over 100
		rate(1, raw, 50), rate(1, x, 25), rate(1, raw, 50), // 25 over 50
		{round: 2, point: raw, err: errors.New("lost")}, rate(2, x, 1000), // no ratio without raw
	})
	if len(sums) != 2 {
		t.Fatalf("%d summaries, want 2", len(sums))
	}
	got := sums[1]
	if got.Impl != "x" || got.runs != 3 || got.unit != "msg/s" {
		t.Errorf("second summary is %+v", got)
	}
	if r := got.figures[figRatio]; r != 0.5 {
		t.Errorf("ratio is %v, want 0.5", r)
	}
	if v := got.figures[figRate]; v != 50 {
		t.Errorf("rate is %v, want the median 50", v)
	}
	if r, ok := got.figures[figRatioGRPC]; ok {
		t.Errorf("ratio to gRPC is %v, want none", r)
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{3, 1, 2}); got != 2 {
		t.Errorf("median of three is %v", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median of four is %v", got)
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0000", 0.0123456: "0.0123", 0.0996: "0.10", 1.234: "1.23", 9.996: "10.0", 12.34: "12.3", 123.4: "123", 9999.7: "10k", 45678: "46k",
		999600: "1M", 12345678: "12.3M",
	} {
		if got := short(v); got != want {
			t.Errorf("%v is printed as %q, want %q", v, got, want)
		}
	}
}
