package link

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// waiter is one who waits for memory.
type waiter chan bool

func (w waiter) served() (given, told bool) {
	select {
	case given = <-w:
		return given, true
	default:
		return false, false
	}
}

// TestUnsentInTurn: memory goes to those who wait in the order in which they came, whatever they want.
func TestUnsentInTurn(t *testing.T) {
	u := newUnsent(100)
	require.True(t, u.take(90))
	a, b, c := make(waiter, 1), make(waiter, 1), make(waiter, 1)
	require.False(t, u.claim(50, a))
	require.False(t, u.claim(5, b), "there are 10, but a came before")
	require.False(t, u.take(1), "nobody overtakes")
	require.False(t, u.claim(60, c))
	u.give(39)
	_, told := a.served()
	require.False(t, told, "49 of 50")
	u.give(20) // 69: a's 50, b's 5
	for _, w := range []waiter{a, b} {
		given, told := w.served()
		require.True(t, given && told)
	}
	_, told = c.served()
	require.False(t, told)
	require.Equal(t, 86, u.held())
	u.give(55)
	given, _ := c.served()
	require.True(t, given)
	u.give(60)
	require.True(t, u.take(-31), "what was too much comes back")
	require.Zero(t, u.held())
}

// TestUnsentLeave: who leaves is told so, and does not hold up those behind.
func TestUnsentLeave(t *testing.T) {
	u := newUnsent(100)
	require.True(t, u.claim(60, nil), "nobody has to wait")
	a, b := make(waiter, 1), make(waiter, 1)
	require.False(t, u.claim(50, a))
	require.False(t, u.claim(40, b))
	u.leave(a)
	given, told := a.served()
	require.True(t, told)
	require.False(t, given)
	given, _ = b.served()
	require.True(t, given, "it fits")
	u.leave(b) // does not wait any more
	_, told = b.served()
	require.False(t, told)
	require.Equal(t, 100, u.held())
}

// TestUnsentManyTurns: no turn is lost or repeated over many waits, and the queue does not grow with their number.
func TestUnsentManyTurns(t *testing.T) {
	u := newUnsent(30)
	require.True(t, u.take(30))
	var queue []waiter
	for i := range 10_000 {
		w := make(waiter, 1)
		require.False(t, u.claim(10, w))
		if queue = append(queue, w); i < 20 {
			continue
		}
		u.give(10)
		given, _ := queue[0].served()
		require.True(t, given)
		_, told := queue[1].served()
		require.False(t, told)
		queue = queue[1:]
	}
	require.LessOrEqual(t, cap(u.queue), 256)
}
