package link

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// path is a simulated way to the other clock.
type path struct {
	rnd        *rand.Rand
	base       time.Duration // one way, without queues
	skew       time.Duration // added to the way back
	queue      time.Duration // mean of the exponential queue, one way
	burst      float64       // share of the ways that meet a burst
	burstMax   time.Duration
	drift      float64 // ppm by which the other clock runs faster
	offset     time.Duration
	hold       time.Duration
	now        time.Duration // monotonic
	start      time.Time     // own wall clock at now 0
	trueOffset time.Duration // at the newest sample
}

func newPath(seed uint64) *path {
	return &path{
		rnd: rand.New(rand.NewPCG(seed, 5)), base: 20 * time.Millisecond, queue: 4 * time.Millisecond, burst: 0.05,
		burstMax: 300 * time.Millisecond, drift: 20, offset: 1234 * time.Millisecond, start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		now: time.Hour,
	}
}

func (p *path) way() time.Duration {
	d := p.base + time.Duration(p.rnd.ExpFloat64()*float64(p.queue))
	if p.rnd.Float64() < p.burst {
		d += time.Duration(p.rnd.Float64() * float64(p.burstMax))
	}
	return d
}

func (p *path) own(at time.Duration) int64 { return p.start.Add(at).UnixNano() }

func (p *path) other(at time.Duration) int64 {
	return p.own(at) + int64(p.offset) + int64(float64(at)*p.drift/1e6)
}

// ping gives the sample of a PING sent interval after the last, from clocks that know their time exactly.
func (p *path) ping(interval time.Duration) Sample {
	p.now += interval
	t1 := p.now
	t2 := t1 + p.way()
	t3 := t2 + p.hold
	t4 := t3 + p.way() + p.skew
	p.trueOffset = time.Duration(p.other(t4) - p.own(t4))
	return Sample{
		T1: p.own(t1), T2: p.other(t2), T3: p.other(t3), T4: p.own(t4), RTT: t4 - t1 - p.hold, Hold: p.hold, Now: int64(t4),
	}
}

// TestClockBurstyPath is the path of BEAT-016's rationale: 40 ms both ways, queues of 4 ms, bursts to 300 ms in 5 % of the
// ways, 20 ppm.
func TestClockBurstyPath(t *testing.T) {
	var filtered, unfiltered []float64
	for seed := range uint64(4) {
		p, f := newPath(seed), ClockFilter{}
		for range 1000 {
			s := p.ping(5 * time.Second)
			require.True(t, f.Add(s))
			c := f.Clock(s.Now)
			off := (c.Offset - p.trueOffset).Abs()
			require.LessOrEqual(t, off, c.Err, "seed %d: the error must lie inside its bound", seed)
			filtered = append(filtered, off.Seconds()*1e3)
			raw := time.Duration((s.T2-s.T1)/2 + (s.T3-s.T4)/2)
			unfiltered = append(unfiltered, (raw-p.trueOffset).Abs().Seconds()*1e3)
		}
	}
	t.Logf("95th percentile of the error: %.2f ms, without the filter %.2f ms", percentile(filtered, 95), percentile(unfiltered, 95))
	require.Less(t, percentile(filtered, 95), 3.0)
	require.Greater(t, percentile(unfiltered, 95), 20.0, "the path is too easy to show anything")
}

func percentile(list []float64, p int) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)*p/100]
}

func TestClockDrift(t *testing.T) {
	for _, ppm := range []float64{20, -50, 0, 200} {
		for seed := range uint64(5) {
			p, f := newPath(seed), ClockFilter{}
			p.drift = ppm
			for at := 0; at < 900; at += 5 {
				s := p.ping(5 * time.Second)
				f.Add(s)
				c := f.Clock(s.Now)
				if at < 299 {
					require.False(t, c.HasDrift, "seed %d: drift after %d s is noise", seed, at)
				}
			}
			c := f.Clock(int64(p.now))
			require.True(t, c.HasDrift)
			require.InDelta(t, ppm, c.Drift, 3, "seed %d", seed)
			require.GreaterOrEqual(t, c.DriftErr, 0.0)
			require.Less(t, c.DriftErr, 20.0)
		}
	}
}

// TestClockBounds: the error lies inside the bound however bad the path is, as long as its two ways are alike, and however
// the clock of the other side runs within 15 ppm.
func TestClockBounds(t *testing.T) {
	for seed := range uint64(30) {
		p, f := newPath(seed), ClockFilter{}
		p.base = time.Duration(p.rnd.Int64N(int64(200 * time.Millisecond)))
		p.queue = time.Duration(p.rnd.Int64N(int64(50 * time.Millisecond)))
		p.burst, p.hold = p.rnd.Float64(), time.Duration(p.rnd.Int64N(int64(time.Second)))
		p.drift = 30*p.rnd.Float64() - 15
		for range 200 {
			s := p.ping(time.Duration(p.rnd.Int64N(int64(time.Minute))))
			// Where the hold time is counted by the faster or slower clock, up to 15 us go into the sample.
			require.True(t, f.Add(s))
			c := f.Clock(s.Now)
			require.LessOrEqual(t, (c.Offset - p.trueOffset).Abs(), c.Err+20*time.Microsecond, "seed %d", seed)
		}
	}
}

// TestClockAsymmetry: a way back that is 10 ms longer moves the offset by 5 ms, which nobody can see; the bound holds it.
func TestClockAsymmetry(t *testing.T) {
	p, f := newPath(1), ClockFilter{}
	p.skew, p.drift = 10*time.Millisecond, 0
	var bias []float64
	for range 500 {
		s := p.ping(5 * time.Second)
		f.Add(s)
		c := f.Clock(s.Now)
		require.LessOrEqual(t, (c.Offset - p.trueOffset).Abs(), c.Err)
		bias = append(bias, float64(c.Offset-p.trueOffset)/1e6)
	}
	require.InDelta(t, -5, percentile(bias, 50), 1)
}

func TestClockDropped(t *testing.T) {
	good := func() Sample { return newPath(1).ping(time.Second) }
	cases := []struct {
		name string
		bad  func(s *Sample)
	}{
		{"the answering clock said that it was stepped", func(s *Sample) { s.Stepped = true }},
		{"stepped forth between t2 and t3", func(s *Sample) { s.T3 += int64(1001 * time.Microsecond) }},
		{"stepped back between t2 and t3", func(s *Sample) { s.T3 -= int64(1001 * time.Microsecond) }},
		{"hold time does not fit", func(s *Sample) { s.Hold = 2 * time.Millisecond }},
		{"t1 before 2020", func(s *Sample) { s.T1 = wallMin - 1 }},
		{"t2 of 1970", func(s *Sample) { s.T2, s.T3 = 0, 0 }},
		{"t3 after 2200", func(s *Sample) { s.T2, s.T3 = wallMax, wallMax+1 }},
		{"t4 before 2020: this side's clock is not set", func(s *Sample) { s.T4 = 0 }},
		{"the greatest number", func(s *Sample) { s.T2, s.T3 = math.MaxInt64, math.MaxInt64 }},
		{"the smallest number", func(s *Sample) { s.T2, s.T3 = math.MinInt64, math.MinInt64 }},
		{"t2 and t3 so far apart that the difference overflows", func(s *Sample) { s.T2, s.T3 = math.MinInt64, math.MaxInt64 }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var f ClockFilter
			s := good()
			tc.bad(&s)
			require.False(t, f.Add(s))
			require.Equal(t, Clock{}, f.Clock(s.Now), "nothing is known")
			require.True(t, f.Add(good()), "the twin is taken")
			require.Equal(t, 1, f.Clock(s.Now).Samples)
		})
	}
	var f ClockFilter
	s := good()
	s.T3 += int64(time.Millisecond)
	require.True(t, f.Add(s), "exactly 1 ms is tolerated")
}

// TestClockStepped: a clock that jumps by an hour between two PINGs is believed again when its old samples have left the
// filter, and not before.
func TestClockStepped(t *testing.T) {
	p, f := newPath(1), ClockFilter{}
	p.drift, p.queue, p.burst = 0, 0, 0
	for range 20 {
		f.Add(p.ping(time.Second))
	}
	p.offset += time.Hour
	for range filterSize {
		f.Add(p.ping(time.Second))
	}
	c := f.Clock(int64(p.now))
	require.LessOrEqual(t, (c.Offset - p.trueOffset).Abs(), time.Millisecond)
}

func TestClockErrorBound(t *testing.T) {
	p := newPath(1)
	p.queue, p.burst = 0, 0
	for _, tc := range []struct {
		name string
		err  time.Duration
		age  time.Duration
		want time.Duration
	}{
		{"half of the round trip", 0, 0, 20 * time.Millisecond},
		{"and both clocks' bounds", 3 * time.Millisecond, 0, 23 * time.Millisecond},
		{"250 ms where one is unknown", -1, 0, 270 * time.Millisecond},
		{"and 15 ppm of the age", 0, 1000 * time.Second, 35 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var f ClockFilter
			s := p.ping(time.Second)
			s.Err = tc.err
			require.True(t, f.Add(s))
			require.Equal(t, tc.want, f.Clock(s.Now+int64(tc.age)).Err)
		})
	}
}
