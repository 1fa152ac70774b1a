package main

import (
	"fmt"
	"slices"
)

// The names of the workloads.
const (
	oneway      = "oneway"
	acked       = "acked"
	durable     = "durable"
	soak        = "soak"
	resume      = "resume"
	resumeFile  = "resume-durable"
	streams     = "streams"
	call        = "call"
	idle        = "idle"
	idleStreams = "idle-streams"
)

// ackedMany and durableMany are how many messages are outstanding in acked and in durable.
const (
	ackedMany   = 1024
	durableMany = 8192
)

// workload is one kind of measurement.
type workload struct {
	name   string
	unit   string // of the row's chief figure
	run    func(*trial, peer) (figures, error)
	shapes []shape
}

// shape is a size of message in bytes, and how many streams, callers, links or unacknowledged messages at once; in soak and resume, how many
// messages in all.
type shape struct{ size, concurrency int }

func workloads() []workload {
	return []workload{
		{oneway, "msg/s", runOneway, []shape{{64, 1}, {256, 1}, {1024, 1}, {16384, 1}, {65536, 1}}},
		{acked, "msg/s", runAcked, []shape{{64, ackedMany}, {1024, ackedMany}, {16384, ackedMany}, {64, 1}}},
		{durable, "msg/s", runDurable, []shape{{64, durableMany}, {1024, durableMany}}},
		{soak, "B", runSoak, []shape{{64, 10_000_000}}},
		{resume, "ms", runResume, []shape{{64, 1_000_000}}},
		{resumeFile, "ms", runResumeDurable, []shape{{64, 1_000_000}}},
		{streams, "msg/s", runStreams, []shape{{1024, 1000}}},
		{call, "call/s", runCall, []shape{{64, 1}, {64, 16}, {64, 128}}},
		{idle, "B/link", runIdle, []shape{{0, 1000}}},
		{idleStreams, "B/stream", runIdleStreams, []shape{{0, 1000}}},
	}
}

// point is what one child process measures.
type point struct {
	Workload    string `json:"workload"`
	Impl        string `json:"impl"`
	Size        int    `json:"size"`        // bytes of a message
	Concurrency int    `json:"concurrency"` // as in shape
}

// String is the name that --run matches.
func (p point) String() string {
	return fmt.Sprintf("%s/%s/%d/%d", p.Workload, p.Impl, p.Size, p.Concurrency)
}

// group is a set of points that are compared with each other.
type group struct {
	workload workload
	points   []point // each once, in the order of peers()
}

// reference is the group's point of an implementation that others are compared with.
func (g group) reference(impl string) (point, bool) {
	i := slices.IndexFunc(g.points, func(p point) bool { return p.Impl == impl })
	if i < 0 {
		return point{}, false
	}
	return g.points[i], true
}

// order is what a round runs of the group: raw first and last, so that a drift of the machine shows in both, and the
// others between them, turned round every second time so that none always has the same neighbour.
func (g group) order(round int) []point {
	raw, hasRaw := g.reference(implRaw)
	ps := slices.DeleteFunc(slices.Clone(g.points), func(p point) bool { return p.Impl == implRaw })
	if round%2 == 1 {
		slices.Reverse(ps)
	}
	if hasRaw {
		ps = append(append([]point{raw}, ps...), raw)
	}
	return ps
}

// plan is every group of which --run and --impl leave something. Raw stays wherever anything is left, and others where
// --check needs them to judge Handfast.
func plan(ws []workload, all []peer, o options) []group {
	var groups []group
	for _, w := range ws {
		for _, s := range w.shapes {
			g := group{workload: w}
			anything := false
			judged := false
			for _, p := range all {
				if !slices.Contains(p.takes, w.name) {
					continue
				}
				pt := point{w.name, p.name, s.size, s.concurrency}
				if p.name == implRaw && w.name == streams {
					pt.Concurrency = 1 // the one raw stream that a thousand are compared with
				}
				g.points = append(g.points, pt)
				anything = anything || o.wants(pt)
				judged = judged || (o.wants(pt) && p.name == implHandfast)
			}
			if !anything {
				continue
			}
			g.points = slices.DeleteFunc(g.points, func(p point) bool {
				needed := p.Impl == implRaw || o.check && judged && needs(w.name, p.Impl)
				return !needed && !o.wants(p)
			})
			groups = append(groups, g)
		}
	}
	return groups
}

// wants tells whether the command line selects p.
func (o options) wants(p point) bool {
	return (o.run == nil || o.run.MatchString(p.String())) && (o.impl == nil || o.impl.MatchString(p.Impl))
}
