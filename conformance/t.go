package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"handfast/conformance/wire"
)

// T is one run of one case: what its script works with. It is for the goroutine of the case alone.
//
// A script fails by ending: methods of T and Conn that find a failure do not return. So scripts read as the exchange that
// they are.
type T struct {
	Rand *rand.Rand // seeded by the run's seed and the case's id

	c        *Case
	ctx      context.Context // ends with the run; a T lives no longer than one call, so that it may keep one
	judged   wire.Side       // of the peer under test
	target   Target
	seat     *seat // the driver of a dialer; nil where the suite dials
	ops      []*op // everything that it was asked
	timeout  time.Duration
	patience time.Duration
	census   *census
	fresh    *fresh // what no store has seen
	trace    *trace
	conns    []*Conn
	feeds    []*feed // masters that the case has made, the newest last
	phase    Phase
	failure  *Failure
	unfit    bool // the driver cannot be used again

	restarts func() (Target, error) // kills the peer and starts it again; nil where nobody can
}

// Fail ends the case: the peer did something else than it should.
func (t *T) Fail(expected, actual string, args ...any) {
	t.stop(&Failure{Verdict: Fail, Expected: expected, Actual: fmt.Sprintf(actual, args...)})
}

// Unsupported ends the case: the peer does not offer what it is about, and need not.
func (t *T) Unsupported(reason string) {
	t.stop(&Failure{Verdict: Unsupported, Expected: "something that the peer does not offer", Actual: reason})
}

// Harness ends the case: the suite itself is at fault.
func (t *T) Harness(format string, args ...any) {
	t.stop(&Failure{Verdict: Inconclusive, Expected: "a suite without faults", Actual: fmt.Sprintf(format, args...)})
}

// stop records the first failure and ends the goroutine of the case.
func (t *T) stop(f *Failure) {
	t.record(f)
	runtime.Goexit()
}

// record keeps the first failure. One that names no requirement is about those of the case.
func (t *T) record(f *Failure) {
	if t.failure != nil {
		return
	}
	judged := f.Verdict != Inconclusive && f.Verdict != Unsupported
	if len(f.Req) == 0 && judged {
		f.Req = t.c.Req
	}
	f.Phase = t.phase
	t.failure = f
}

// Sleep passes time, for cases about time.
func (t *T) Sleep(d time.Duration) {
	t.mayWait(d)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.ctx.Done():
		t.Harness("the run was stopped")
	}
}

// Timeout is how long the run lets an expectation wait.
func (t *T) Timeout() time.Duration { return t.timeout }

func (t *T) now() time.Time { return time.Now() }

// mayWant keeps rejections out of scripts: who wants one has to give its twin, which is what Case.Reject is for.
func (t *T) mayWant(w Want) {
	if t.c.Reject == nil && w.scope >= scopeStream {
		t.Harness("the case wants %s outside of a Rejection, without a twin", w.Text)
	}
}

// leave ends one link in good order and reports what the checker found on it.
func (t *T) leave(c *Conn) {
	if c.opened() {
		c.awaitOpen()
	}
	c.goodbye(t.farewell())
	c.close()
	if f := c.verdict(); f != nil {
		t.stop(f)
	}
}

// mayWait ends a case that would have to wait longer than the run allows. A peer may lawfully state timers of an hour, and nobody
// wants to learn in an hour that it keeps them.
func (t *T) mayWait(d time.Duration) {
	if d > t.patience {
		t.Unsupported(fmt.Sprintf("the case has to wait %v for a timer of the peer, and the run allows %v", d, t.patience))
	}
}

// farewell is how long the end of a case waits for a peer to end the transport after CLOSE.
func (t *T) farewell() time.Duration { return min(t.timeout, 500*time.Millisecond) }

// finish ends all links after the script, and brings the driver into its first state. It runs outside of the goroutine of the case, which
// has ended.
func (t *T) finish() {
	for _, c := range t.conns {
		if t.failure == nil {
			if f := c.verdict(); f != nil {
				t.record(f)
			}
		}
		c.close()
	}
	if t.seat == nil {
		return
	}
	if f := t.settle(); f != nil {
		t.unfit = true
		t.record(f)
	}
}

// opened reports whether both sides have sent READY, and none CLOSE.
func (c *Conn) opened() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	own, other := &c.wire.Ends[c.own], &c.wire.Ends[c.other]
	return own.Ready && other.Ready && !own.Closed && !other.Closed && !c.ended
}

// verdict reports what the wire checker found on the link.
func (c *Conn) verdict() *Failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.violated()
}
