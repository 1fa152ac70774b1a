package link

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTickIsNotPutOff: a tick that is due at once, and has not run, is not put off by one that is due later. A PONG that comes while a tick runs asks
// for the first, and the end of that tick for the second: no PING would be sent for the whole silence limit.
func TestTickIsNotPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Link{opened: time.Now()}
		began, struck := time.Now(), make(chan time.Time, 1)
		l.timer = time.AfterFunc(time.Hour, func() { struck <- time.Now() })
		l.tickIn(0)
		l.tickIn(20 * time.Second)
		require.Equal(t, began, <-struck)
		l.armed = false // as tick does
		l.tickIn(20 * time.Second)
		l.tickIn(5 * time.Second)
		require.Equal(t, began.Add(5*time.Second), <-struck)
	})
}
