package link

import (
	"slices"
	"time"
)

// ClockFilter estimates the other clock's offset and drift from heartbeats (BEAT-016; the filter is that of RFC 5905
// section 10, the slope that of Theil and Sen). It is a pure core: nothing here sets a clock, and nothing may (BEAT-014).
type ClockFilter struct {
	samples [filterSize]clockSample
	n       int // samples so far
	used    int64
	minima  []clockSample // newest last, at most maxMinima
}

type clockSample struct {
	at     int64 // monotonic ns
	rtt    time.Duration
	offset time.Duration
	err    time.Duration // both clocks' own error bounds
}

const (
	filterSize  = 8
	maxMinima   = 64
	driftSpan   = 300 * time.Second
	driftPoints = 5
	unknownErr  = 250 * time.Millisecond // taken where a clock does not know its own bound
	ageRate     = 15                     // ppm by which a bound grows while a sample ages
)

// Sample is one answered PING: the four stamps of chapter 9 in wall ns, the round trip, and the error bounds stated.
type Sample struct {
	T1, T2, T3, T4 int64
	RTT            time.Duration
	Hold           time.Duration
	Err            time.Duration // sum of both clocks' bounds; negative: one of them is unknown
	Stepped        bool
	Now            int64 // monotonic ns
}

var (
	wallMin = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	wallMax = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
)

// Add takes a sample, or drops it where its times cannot be right. It says which.
func (f *ClockFilter) Add(s Sample) bool {
	for _, t := range []int64{s.T1, s.T2, s.T3, s.T4} {
		if t < wallMin || t > wallMax {
			return false
		}
	}
	held := time.Duration(s.T3 - s.T2)
	if s.Stepped || (held-s.Hold).Abs() > time.Millisecond {
		return false
	}
	bound := s.Err
	if bound < 0 {
		bound = unknownErr
	}
	offset := time.Duration((s.T2-s.T1)/2 + (s.T3-s.T4)/2)
	f.samples[f.n%filterSize] = clockSample{at: s.Now, rtt: s.RTT, offset: offset, err: bound}
	f.n++
	if best := f.best(); best.at > f.used {
		f.used = best.at
		if f.n >= filterSize {
			f.keepMinimum(best)
		}
	}
	return true
}

// keepMinimum notes a window's minimum for the drift. Windows do not overlap: two minima stand at least as far apart as
// the samples of one window, so that one lucky packet is not counted twice.
func (f *ClockFilter) keepMinimum(s clockSample) {
	window := f.samples[(f.n-1)%filterSize].at - f.samples[f.n%filterSize].at
	if len(f.minima) > 0 && s.at-f.minima[len(f.minima)-1].at < window {
		return
	}
	if len(f.minima) == maxMinima {
		f.minima = slices.Delete(f.minima, 0, 1)
	}
	f.minima = append(f.minima, s)
}

// best is the sample with the smallest round trip; of two equal ones the newer.
func (f *ClockFilter) best() clockSample {
	best := f.samples[(f.n-1)%filterSize]
	for i := range min(f.n, filterSize) {
		if s := f.samples[i]; s.rtt < best.rtt {
			best = s
		}
	}
	return best
}

// Clock is what is known of the other side's clock. Figures are claims of the other side, bounded by Err.
type Clock struct {
	RTT      time.Duration // of the sample that counts
	Offset   time.Duration // other clock minus this one
	Err      time.Duration // bound of Offset
	Drift    float64       // ppm by which the other clock runs faster
	DriftErr float64       // ppm, half the spread of the middle half of the slopes
	HasDrift bool          // at least five minima over at least 300 s
	Samples  int
}

// Clock reads the filter at the monotonic time now (ns).
func (f *ClockFilter) Clock(now int64) Clock {
	if f.n == 0 {
		return Clock{}
	}
	b := f.best()
	age := time.Duration(now - b.at)
	c := Clock{RTT: b.rtt, Offset: b.offset, Err: b.rtt/2 + b.err + age*ageRate/1_000_000, Samples: f.n}
	c.Drift, c.DriftErr, c.HasDrift = drift(f.minima)
	return c
}

// drift is the median of the slopes between all pairs: one wrong point in four does not move it.
func drift(m []clockSample) (ppm, spread float64, ok bool) {
	if len(m) < driftPoints || time.Duration(m[len(m)-1].at-m[0].at) < driftSpan {
		return 0, 0, false
	}
	var slopes []float64
	for i := range m {
		for j := i + 1; j < len(m); j++ {
			slopes = append(slopes, 1e6*float64(m[j].offset-m[i].offset)/float64(m[j].at-m[i].at))
		}
	}
	slices.Sort(slopes)
	n := len(slopes)
	return slopes[n/2], (slopes[3*n/4] - slopes[n/4]) / 2, true
}
