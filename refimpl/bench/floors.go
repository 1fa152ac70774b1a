package main

import (
	"fmt"
	"io"
	"slices"
)

// slack is what --check allows a figure that a busy machine can spoil: such a floor is missed below 0.7 of it, and
// such a ceiling above 1/0.7 of it. Counters do not depend on the machine, so they get none.
const slack = 0.7

// floor is what Handfast promises of itself.
type floor struct {
	workload string
	shape    shape
	figure   string
	ceiling  bool // value is the most, not the least
	exact    bool // a counter: no slack
	value    float64
}

// floors is the whole promise. Each value was met with room to spare by a prototype of the same design, on a machine
// where raw TCP moved 60 million messages a second; see the README for what they mean.
func floors() []floor {
	var fs []floor
	least := func(w string, s shape, figure string, v float64) {
		fs = append(fs, floor{workload: w, shape: s, figure: figure, value: v})
	}
	most := func(w string, s shape, figure string, v float64) {
		fs = append(fs, floor{workload: w, shape: s, figure: figure, value: v, ceiling: true})
	}
	count := func(w string, s shape, figure string, v float64) {
		fs = append(fs, floor{workload: w, shape: s, figure: figure, value: v, ceiling: true, exact: true})
	}

	// No allocation a message. The hundredth is for the runtime's own, and for pools refilled after a collection.
	const noAllocs = 0.01

	for _, o := range []struct {
		size  int
		ratio float64
	}{{64, 0.55}, {256, 0.50}, {1024, 0.55}, {16384, 0.65}, {65536, 0.65}} {
		s := shape{o.size, 1}
		least(oneway, s, figRatio, o.ratio)
		most(oneway, s, figRatioCPU, 1.7)
		count(oneway, s, figAllocs, noAllocs)
	}
	count(oneway, shape{64, 1}, figWrites, 0.01)

	for _, a := range []struct {
		size          int
		ratio, allocs float64
	}{{64, 0.50, 0.015}, {1024, 0.55, 0.06}, {16384, 0.55, 0.6}} {
		s := shape{a.size, ackedMany}
		least(acked, s, figRatio, a.ratio)
		count(acked, s, figAllocs, a.allocs)
		most(acked, s, figRatioP50, 2.5)
	}
	least(acked, shape{64, ackedMany}, figRatioGRPC, 10)
	least(acked, shape{64, ackedMany}, figRatioNATS, 60)
	count(acked, shape{64, ackedMany}, figWrites, 0.01)
	most(acked, shape{64, 1}, figRatioP50, 3)
	count(acked, shape{64, 1}, figAllocs, 4)
	least(durable, shape{64, durableMany}, figRatio, 0.7)
	least(durable, shape{1024, durableMany}, figRatio, 0.7)
	count(soak, shape{64, 10_000_000}, figBytes, 1<<20)
	most(resume, shape{64, 1_000_000}, figFirst, 1000)
	most(resumeFile, shape{64, 1_000_000}, figFirst, 1000)

	many := shape{1024, 1000}
	least(streams, many, figRatio, 0.25)
	least(streams, many, figRatioGRPC, 3)
	least(streams, many, figFairness, 0.75)
	count(streams, many, figAllocs, noAllocs)

	for _, c := range []struct {
		callers          int
		ratio, grpc, p50 float64 // p50 against raw's
	}{{1, 0.33, 1.6, 2.5}, {16, 0.15, 5, 5}, {128, 0.07, 5, 10}} {
		s := shape{64, c.callers}
		least(call, s, figRatio, c.ratio)
		least(call, s, figRatioGRPC, c.grpc)
		most(call, s, figRatioP50, c.p50)
		most(call, s, figP999, 5000)
		count(call, s, figAllocs, 6)
	}

	count(idle, shape{0, 1000}, figBytes, 24<<10)
	count(idle, shape{0, 1000}, figGoroutines, 4)
	count(idleStreams, shape{0, 1000}, figBytes, 5<<10)
	return fs
}

// needs tells whether a floor of the workload is a multiple of what an implementation does.
func needs(workload, impl string) bool {
	for _, q := range ratios() {
		if q.to == impl && slices.ContainsFunc(floors(), func(f floor) bool { return f.workload == workload && f.figure == q.name }) {
			return true
		}
	}
	return false
}

// limit is the value that --check enforces.
func (f floor) limit() float64 {
	switch {
	case f.exact:
		return f.value
	case f.ceiling:
		return f.value / slack
	default:
		return f.value * slack
	}
}

func (f floor) holds(v float64) bool {
	if f.ceiling {
		return v <= f.limit()
	}
	return v >= f.limit()
}

// verdict is one floor beside what was measured.
type verdict struct {
	floor
	point    string
	measured bool // false if the row lacks the figure
	got      float64
}

// checkFloors judges Handfast's rows. A floor whose row was not asked for is not judged.
func checkFloors(rows []row) []verdict {
	var vs []verdict
	for _, r := range rows {
		if r.Impl != implHandfast {
			continue
		}
		for _, f := range floors() {
			if f.workload == r.Workload && f.shape == (shape{r.Size, r.Concurrency}) {
				got, ok := r.summary.figures[f.figure]
				vs = append(vs, verdict{floor: f, point: r.summary.String(), measured: ok, got: got})
			}
		}
	}
	return vs
}

// reportCheck prints what was missed and returns the exit code. Judging nothing is no success.
func reportCheck(vs []verdict, w io.Writer) int {
	code := exitOK
	for _, v := range vs {
		word := "at least"
		if v.ceiling {
			word = "at most"
		}
		switch {
		case !v.measured:
			fmt.Fprintf(w, "bench: error: %s: %s was not measured\n", v.point, v.figure)
			code = exitUnmeasured
		case !v.holds(v.got):
			fmt.Fprintf(w, "bench: missed: %s: %s is %s, must be %s %.4g (promised %.4g)\n",
				v.point, v.figure, short(v.got), word, v.limit(), v.value)
			code = max(code, exitBelow)
		}
	}
	if len(vs) == 0 {
		fmt.Fprintf(w, "bench: error: no floor was judged: there is no row of %s\n", implHandfast)
		code = exitUnmeasured
	}
	return code
}
