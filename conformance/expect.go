package conformance

import (
	"fmt"
	"slices"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// MaxQuiet is the longest time for which a case may wait for nothing. Absence cannot be shown, only made likely; whatever can be
// waited for is, and a barrier is better than a pause.
const MaxQuiet = 100 * time.Millisecond

// Expect waits until the peer does what is wanted, at most the run's timeout, and returns the event. Other events stay for later
// expectations, so that the order of two things that are independent does not matter. It ends the case when the wanted
// thing cannot come any more.
func (c *Conn) Expect(w Want) Event { return c.ExpectWithin(c.t.timeout, w) }

// ExpectWithin is Expect with a time of its own: for what the peer itself said it would take, plus slack.
func (c *Conn) ExpectWithin(d time.Duration, w Want) Event {
	c.t.mayWant(w)
	c.t.mayWait(d)
	timer := time.NewTimer(d)
	defer timer.Stop()
	for next := 0; ; {
		e, seen, failure := c.look(w, next)
		switch {
		case failure != nil:
			c.t.stop(failure)
		case e != nil:
			return *e
		}
		next = seen
		select {
		case <-c.arrived:
		case <-c.asked():
			c.answered()
		case <-timer.C:
			c.t.stop(c.overdue(w, d))
		case <-c.t.ctx.Done():
			c.t.Harness("the run was stopped while the case waited for %s", w.Text)
		}
	}
}

// look goes through the events from index next on. It returns the wanted one, or how many it has seen, or why to give up.
func (c *Conn) look(w Want, next int) (found *Event, seen int, failure *Failure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := next; i < len(c.events); i++ {
		e := c.events[i]
		g, detail := w.judge(&e)
		switch g {
		case hit:
			c.events = slices.Delete(c.events, i, i+1)
			return &e, 0, c.violated()
		case weak:
			return nil, 0, c.unmet(Weak, w, detail, e.entry)
		case contrary:
			if f := c.violated(); f != nil && f.Received.AtUS <= e.entry.AtUS {
				return nil, 0, f // the rule was broken first, or by this very frame
			}
			return nil, 0, c.unmet(Fail, w, detail, e.entry)
		}
	}
	return nil, len(c.events), c.violated()
}

// judge grades an event: as the want itself says, else what is contrary to most wants, which is the end of the link or stream.
func (w Want) judge(e *Event) (grade, string) {
	if g, detail := w.see(e); g != miss || w.ends {
		return g, detail
	}
	switch {
	case e.End != nil:
		return contrary, "the end of the transport"
	case e.Opening != nil && e.Opening.Refuse != nil:
		return contrary, wire.DescribeOpening(*e.Opening)
	case e.Frame != nil && e.Frame.Type == codec.TypeClose:
		return contrary, wire.DescribeFrame(*e.Frame)
	case w.stream != 0:
		if g, detail := endOf(e, w.stream); g == contrary && e.Frame.Type != codec.TypeData {
			return g, detail
		}
	}
	return miss, ""
}

// violated turns what the wire checker found into a failure. The caller holds mu.
func (c *Conn) violated() *Failure {
	if c.found == nil || c.t.c.lenient {
		return nil
	}
	f := &Failure{Verdict: Fail, Expected: "bytes that keep the rules", Actual: c.found.Detail, Sent: c.faulty, Received: c.foundIn}
	if c.found.Req != "" {
		f.Req = []string{c.found.Req}
	}
	return f
}

// unmet makes the failure of an expectation. The caller holds mu.
func (c *Conn) unmet(v Verdict, w Want, actual string, entry *Entry) *Failure {
	return &Failure{Verdict: v, Req: w.req, Expected: w.Text, Actual: actual, Sent: c.faulty, Received: entry}
}

// overdue makes the failure of an expectation whose time has passed. What came instead tells a peer that does something else from
// one that does nothing.
func (c *Conn) overdue(w Want, d time.Duration) *Failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.events {
		if e := &c.events[i]; e.Frame != nil && !passing(e) {
			return c.unmet(Fail, w, fmt.Sprintf("%s, and nothing more for %v", wire.DescribeFrame(*e.Frame), d), e.entry)
		}
	}
	return c.unmet(Timeout, w, fmt.Sprintf("nothing for %v", d), nil)
}

// StaysOpen checks that the link goes on for a time. It ends early only by failing.
func (c *Conn) StaysOpen(d time.Duration) {
	c.t.mayWait(d)
	over := Want{Text: fmt.Sprintf("a link that stays open for %v", d), see: func(*Event) (grade, string) { return miss, "" }}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for next := 0; ; {
		_, seen, failure := c.look(over, next)
		if failure != nil {
			c.t.stop(failure)
		}
		next = seen
		select {
		case <-c.arrived:
		case <-timer.C:
			return
		case <-c.t.ctx.Done():
			c.t.Harness("the run was stopped")
		}
	}
}

// Quiet checks that nothing comes for which match is true, at most for MaxQuiet. Text says what must not come. Where an answer to
// something later shows the same, a barrier is better.
func (c *Conn) Quiet(d time.Duration, text string, match func(e *Event) bool) {
	if d > MaxQuiet {
		c.t.Harness("a case waits %v for nothing, and %v is the most", d, MaxQuiet)
	}
	c.t.Sleep(d)
	c.Never(text, match)
}

// Never checks that nothing has come so far for which match is true.
func (c *Conn) Never(text string, match func(e *Event) bool) {
	c.mu.Lock()
	failure := c.violated()
	for i := range c.events {
		if e := &c.events[i]; failure == nil && match(e) {
			failure = c.unmet(Fail, Want{Text: "no " + text}, describeEvent(e), e.entry)
		}
	}
	c.mu.Unlock()
	if failure != nil {
		c.t.stop(failure)
	}
}

// more takes all frames that have come and match, at once: for cases in which thousands come. Where a rule was broken it takes none, so that the
// next expectation says so.
func (c *Conn) more(match func(e *Event) bool) []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.violated() != nil {
		return nil
	}
	var taken []Event
	c.events = slices.DeleteFunc(c.events, func(e Event) bool {
		if e.Frame == nil || !match(&e) {
			return false
		}
		taken = append(taken, e)
		return true
	})
	return taken
}

// describeEvent gives an event in a few words.
func describeEvent(e *Event) string {
	switch {
	case e.Opening != nil:
		return wire.DescribeOpening(*e.Opening)
	case e.Frame != nil:
		return wire.DescribeFrame(*e.Frame)
	}
	return "the end of the transport"
}
