package main

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"
)

// TestEveryPeer runs each peer through each of its workloads, small and short: a peer that breaks with a new version
// of its library must not be found out by the one who waited for a whole run. In children, like the real points, for
// nothing of an earlier peer stops.
func TestEveryPeer(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workloads() {
		for _, p := range peers() {
			if !slices.Contains(p.takes, w.name) {
				continue
			}
			t.Run(w.name+"/"+p.name, func(t *testing.T) {
				pt := point{Workload: w.name, Impl: p.name, Size: 300, Concurrency: 3}
				if w.name == oneway || p.name == implRaw && w.name == streams {
					pt.Concurrency = 1
				}
				f, err := runChild(t.Context(), self, order{Point: pt, Warm: 50 * time.Millisecond, Dur: 150 * time.Millisecond})
				if err != nil {
					t.Fatal(err)
				}
				want := []string{figRate, figMB, figAllocs}
				switch w.name {
				case idle, idleStreams:
					want = []string{figBytes, figGoroutines}
				case call:
					want = append(want, figP50, figP99, figP999)
				case acked:
					want = append(want, figP50)
				case durable:
					want = append(want, figP50, figCommits)
				case soak:
					want = []string{figBytes, figRate}
				case resume, resumeFile:
					want = []string{figFirst}
				case streams:
					if p.name != implRaw {
						want = append(want, figFairness)
					}
				}
				for _, name := range want {
					if _, ok := f[name]; !ok {
						t.Errorf("no figure %q in %v", name, f)
					}
				}
			})
		}
	}
}

// brokenPipe fails at once, like a peer whose connection is lost.
type brokenPipe struct{ cause error }

func (p brokenPipe) open(int) (pipe, error) { return p, nil }
func (p brokenPipe) send([]byte, int) error { return p.cause }
func (p brokenPipe) recv() (int, error)     { return 0, p.cause }
func (p brokenPipe) dial() (link, error)    { return p, nil }
func (p brokenPipe) echo() ([]worker, error) {
	return []worker{func(*tally) error { return p.cause }}, nil
}

func (p brokenPipe) run(t *trial, _ *ledger)                     { t.fail(p.cause) }
func (p brokenPipe) commits() int64                              { return 0 }
func (p brokenPipe) acked(int, int) (ackedFlow, error)           { return p, nil }
func (p brokenPipe) durable(int, int, string) (committer, error) { return p, nil }
func (p brokenPipe) resume(int, int, string) (figures, error)    { return nil, p.cause }

func TestFailureEndsTheTrial(t *testing.T) {
	b := brokenPipe{errors.New("lost")}
	p := peer{name: "broken", dial: b.dial, echo: func(int, int) ([]worker, error) { return b.echo() }, acked: b.acked, durable: b.durable, resume: b.resume}
	for _, w := range workloads() {
		tr := newTrial(point{Workload: w.name, Impl: p.name, Size: 8, Concurrency: 1}, time.Hour, time.Hour)
		if w.name == idle {
			continue // opens no stream
		}
		if _, err := w.run(tr, p); !errors.Is(err, b.cause) {
			t.Errorf("%s: error %v, want %v", w.name, err, b.cause)
		}
	}
}
