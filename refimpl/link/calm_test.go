package link

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// exactCount is a sliding window without slots: the times of all events of the last ten seconds.
type exactCount struct{ times []int64 }

func (c *exactCount) add(now int64) int {
	c.times = append(c.times, now)
	for now-c.times[0] >= int64(10*time.Second) {
		c.times = c.times[1:]
	}
	return len(c.times)
}

// bound is one of the two pairs of bounds of chapter 15.
type bound struct {
	name       string
	limit      int
	low, high  int
	lowReq, up string
}

func bounds() []bound {
	return []bound{
		{"idle frames", idleFrameLimit, codec.IdleFramesMin, codec.IdleFramesMax, "CALM-001", "CALM-002"},
		{"early RESETs", earlyResetLimit, codec.ResetsMin, codec.ResetsMax, "CALM-003", "CALM-004"},
	}
}

// schedule gives the next time of a random sequence: bursts at one instant, trickles, silences.
func schedule(rnd *rand.Rand, now int64, mean int64) int64 {
	switch rnd.IntN(10) {
	case 0:
		return now + rnd.Int64N(int64(4*time.Second))
	case 1, 2, 3:
		return now + rnd.Int64N(2*mean)
	case 4:
		return (now/int64(time.Second)+1)*int64(time.Second) - rnd.Int64N(2) // around the edge of a slot
	default:
		return now
	}
}

// TestCalmNeverBelow: who keeps within the lower bound in every ten seconds is never cut.
func TestCalmNeverBelow(t *testing.T) {
	for _, b := range bounds() {
		for seed := range uint64(20) {
			rnd := rand.New(rand.NewPCG(seed, 3))
			c, exact := NewCalm(b.limit), exactCount{}
			now := rnd.Int64N(int64(time.Hour))
			for range 5 * b.low {
				now = schedule(rnd, now, int64(10*time.Second)/int64(b.low))
				for len(exact.times) >= b.low { // one more now would be over: wait until the oldest is out
					now = max(now, exact.times[0]+int64(10*time.Second))
					exact.times = exact.times[1:]
				}
				exact.add(now)
				require.True(t, c.Count(now), "%s, %s, seed %d: cut within %d in 10 s", b.name, b.lowReq, seed, b.low)
			}
		}
	}
}

// TestCalmAlwaysAbove: who reaches the upper bound in any ten seconds has been cut by then.
func TestCalmAlwaysAbove(t *testing.T) {
	for _, b := range bounds() {
		for seed := range uint64(20) {
			rnd := rand.New(rand.NewPCG(seed, 4))
			c, exact := NewCalm(b.limit), exactCount{}
			now, cut := rnd.Int64N(int64(time.Hour)), false
			for range 4 * b.high {
				now = schedule(rnd, now, int64(5*time.Second)/int64(b.high))
				n := exact.add(now)
				cut = cut || !c.Count(now)
				if n >= b.high {
					require.True(t, cut, "%s, %s, seed %d: %d in 10 s were tolerated", b.name, b.up, seed, n)
				}
				if cut {
					break
				}
			}
		}
	}
}

// TestCalmEvenPace: the two bounds as steady rates, whichever way they fall on the slots.
func TestCalmEvenPace(t *testing.T) {
	for _, b := range bounds() {
		for _, start := range []int64{0, 1, 999_999_999, 1_500_000_000, int64(40 * 365 * 24 * time.Hour)} {
			low, high := NewCalm(b.limit), NewCalm(b.limit)
			cutLow, cutHigh := false, false
			for i := range 3 * b.low {
				cutLow = cutLow || !low.Count(start+int64(i)*int64(10*time.Second)/int64(b.low))
			}
			for i := range b.high {
				cutHigh = cutHigh || !high.Count(start+int64(i)*int64(10*time.Second)/int64(b.high))
			}
			require.False(t, cutLow, "%s from %d", b.name, start)
			require.True(t, cutHigh, "%s from %d", b.name, start)
		}
	}
}

// TestCalmForgets: ten silent seconds wipe the slate.
func TestCalmForgets(t *testing.T) {
	c := NewCalm(100)
	now := int64(5 * time.Second)
	for range 10 {
		for range 100 {
			require.True(t, c.Count(now))
		}
		require.False(t, c.Count(now))
		now += int64(10 * time.Second)
	}
}
