package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"handfast/conformance/driver"
)

// op is one request to the driver: on its way, or answered.
type op struct {
	request  driver.Request
	answered chan struct{} // closed when the fields below are there
	answer   driver.Answer
	err      error
}

// over tells whether the answer is there.
func (o *op) over() bool {
	select {
	case <-o.answered:
		return true
	default:
		return false
	}
}

// ask sends a request to the driver and does not wait for the answer, which has to be of one of the kinds. A driver that takes one request
// at a time gets it when its last one is answered.
func (t *T) ask(name string, args map[string]string, kinds ...string) *op {
	o := &op{request: driver.Request{Op: name, Args: args}, answered: make(chan struct{})}
	var before <-chan struct{}
	if n := len(t.ops); n > 0 && !t.seat.claims(driver.FeatureConcurrent) {
		before = t.ops[n-1].answered
	}
	t.ops = append(t.ops, o)
	seat, trace := t.seat, t.trace
	entry := trace.add(Entry{Dir: Out, What: "driver: " + describeRequest(o.request), faultAt: -1}, nil, time.Now())
	seat.asking.Go(func() { // ends with the answer, which comes at the latest when the driver is ended
		defer close(o.answered)
		if before != nil {
			<-before
		}
		o.answer, o.err = seat.p.Do(context.WithoutCancel(t.ctx), o.request, kinds...)
		trace.add(Entry{Link: entry.Link, Dir: In, What: "driver: " + describeAnswer(o), faultAt: -1}, nil, time.Now())
	})
	return o
}

// await waits for the answer to a request, at most the run's timeout.
func (t *T) await(o *op) driver.Answer { return t.awaitWithin(t.timeout, o) }

// awaitWithin is await with a time of its own.
func (t *T) awaitWithin(d time.Duration, o *op) driver.Answer {
	t.mayWait(d)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-o.answered:
	case <-timer.C:
		t.stop(&Failure{Verdict: Timeout, Expected: "an answer of the driver to " + o.request.Op, Actual: fmt.Sprintf("none for %v", d)})
	case <-t.ctx.Done():
		t.Harness("the run was stopped while the case waited for the driver's answer to %s", o.request.Op)
	}
	if o.err != nil {
		t.stop(driverFailure(o.err))
	}
	if o.answer.Kind == driver.KindUnsupported {
		t.stop(&Failure{
			Verdict: Fail, Expected: "an answer to " + o.request.Op + ", which every driver of a dialer has, or which this one claims",
			Actual: "the driver answered unsupported",
		})
	}
	return o.answer
}

// do asks and waits.
func (t *T) do(name string, args map[string]string, kinds ...string) driver.Answer {
	return t.await(t.ask(name, args, kinds...))
}

// driverFailure turns an error of a driver into a failure. None of them is green, and none makes the suite wait.
func driverFailure(err error) *Failure {
	f, ok := errors.AsType[*driver.Fault](err)
	if !ok {
		return &Failure{Verdict: Inconclusive, Expected: "a driver that can be asked", Actual: err.Error()}
	}
	failure := &Failure{Verdict: Fail, Expected: "a driver that keeps to the driver protocol", Actual: f.Error()}
	switch f.Reason {
	case driver.Died, driver.Closed, driver.Killed, driver.NotStarted:
		failure.Verdict, failure.Expected = Crash, "a driver that runs"
	case driver.Hung, driver.Lingers:
		failure.Verdict, failure.Expected = Timeout, "a driver that answers"
	case driver.Broken:
		failure.Verdict = Inconclusive
	}
	if f.Stderr != "" {
		failure.Actual += fmt.Sprintf("; the last of its stderr: %+q", last(f.Stderr, 300))
	}
	return failure
}

// last gives the end of a text.
func last(text string, n int) string { return text[max(0, len(text)-n):] }

// describeRequest gives a request in a few words.
func describeRequest(r driver.Request) string {
	var b strings.Builder
	b.WriteString(r.Op)
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		value := r.Args[name]
		if len(value) > 40 {
			value = fmt.Sprintf("%s... (%d bytes)", value[:40], len(value))
		}
		fmt.Fprintf(&b, " %s=%+q", name, value)
	}
	return b.String()
}

// describeAnswer gives an answer in a few words.
func describeAnswer(o *op) string {
	a := &o.answer
	if o.err != nil {
		return o.request.Op + ": " + o.err.Error()
	}
	text := o.request.Op + ": " + a.Kind
	for _, part := range []struct{ name, value string }{{"by", a.By}, {"code", a.Code}, {"processed", a.Processed}} {
		if part.value != "" {
			text += fmt.Sprintf(" %s %+q", part.name, last(part.value, 40))
		}
	}
	if len(a.Replies) > 0 {
		text += fmt.Sprintf(", %d replies", len(a.Replies))
	}
	return text
}

// needs ends a case for which the driver lacks a feature.
func (t *T) needs(features ...string) {
	for _, f := range features {
		if !t.seat.claims(f) {
			t.Unsupported("the driver does not claim " + f)
		}
	}
}

// settle waits for the answers to all requests, after the links have ended, and brings the driver into its first state. It reports what is
// wrong with a driver that cannot be used again. It runs outside of the goroutine of the case, which has ended.
func (t *T) settle() *Failure {
	t.seat.hub.forget()
	timer := time.NewTimer(t.timeout)
	defer timer.Stop()
	var late *op
	for _, o := range t.ops {
		if late == nil {
			select {
			case <-o.answered:
				continue
			case <-timer.C:
				late = o
			}
			t.seat.p.Kill()
		}
		<-o.answered // Kill has ended the wait
	}
	if late != nil {
		return &Failure{Verdict: Timeout, Expected: "an answer of the driver to " + late.request.Op + " when its link has ended", Actual: fmt.Sprintf("none for %v", t.timeout)}
	}
	for _, o := range t.ops { // also those whose answers the case did not look at
		if o.err != nil {
			return driverFailure(o.err)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), t.timeout)
	defer cancel()
	a, err := t.seat.p.Do(ctx, driver.Request{Op: driver.OpReset}, driver.KindOK)
	switch {
	case err != nil:
		return driverFailure(err)
	case a.Kind != driver.KindOK:
		return &Failure{Verdict: Fail, Expected: "the answer ok to reset", Actual: "the driver answered " + a.Kind}
	}
	return nil
}
