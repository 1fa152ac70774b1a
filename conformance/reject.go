package conformance

import (
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Rejection is an input that has to be rejected, beside a twin that differs in the fault alone and has to be accepted. Without the
// twin a peer that refuses everything, or just closes, would pass: measured, that gives 58 of 100 cases of a well-known suite.
//
// The runner plays, each on a link of its own: Good, then a barrier; Bad, then Want; then a probe of what has to live on, which is the same
// link after the end of a stream, and a new link after the end of a link.
type Rejection struct {
	Options  Options
	Unopened bool // Good and Bad get a bare transport and do the opening themselves

	Good func(c *Conn)
	Bad  func(c *Conn)
	Want Want // answer to Bad. The first stream of a link is 1, so that it can be written down

	// DialerWant is the answer of a dialer, where it is another than Want.
	DialerWant Want

	// Look, if set, looks closer at the answer.
	Look func(c *Conn, answer Event)

	// Alive, if set, asks something behind Bad whose answer shows, as PONG does for links, that the fault was taken and the stream lives on.
	Alive func(c *Conn) Want

	// Wait is how long the answer may take, where the peer states that itself; nil for the run's timeout.
	Wait func(c *Conn) time.Duration

	// After Bad on an open link a PING follows, and a PONG that comes before the end of the link shows, at once and without
	// a timeout, that the fault was taken. NoSentinel leaves it out: where Bad is only part of a frame, or where a PING would itself be a
	// fault or a sign of life.
	NoSentinel bool
}

// play runs the three phases.
func (r *Rejection) play(t *T) {
	want := r.want(t)
	t.phase = PhaseTwin
	twin := r.link(t)
	r.Good(twin)
	twin.accepted(want)
	t.leave(twin)

	t.phase = PhaseFault
	c := r.link(t)
	r.Bad(c)
	if want.scope == scopeLink && !r.Unopened && !r.NoSentinel {
		want = want.unless(Ponged(c.sentinel()))
	}
	if r.Alive != nil {
		want = want.unless(r.Alive(c))
	}
	wait := t.timeout
	if r.Wait != nil {
		wait = r.Wait(c)
	}
	answer := c.ExpectWithin(wait, want)
	if r.Look != nil {
		r.Look(c, answer)
	}
	c.ending(want.scope)

	t.phase = PhaseProbe
	c.probe(want.scope)
}

// want gives the answer to Bad of a peer in the role that is judged.
func (r *Rejection) want(t *T) Want {
	if t.judged == wire.Dialer && r.DialerWant.see != nil {
		return r.DialerWant
	}
	return r.Want
}

// link makes a link for one phase.
func (r *Rejection) link(t *T) *Conn {
	if r.Unopened {
		return t.Dial(r.Options)
	}
	return t.Open(r.Options)
}

// accepted checks that the link of a twin is open and alive, and that nothing of what the fault calls for has come.
func (c *Conn) accepted(w Want) {
	c.mu.Lock()
	open := c.wire.Ends[c.own].Ready
	c.mu.Unlock()
	if !open {
		c.t.Harness("the twin did not open its link, so that nothing shows whether it was accepted")
	}
	c.Barrier()
	c.Never(w.Text, func(e *Event) bool {
		g, _ := w.see(e)
		return g == hit
	})
}

// BehindFault is the fault of the PING that follows what a case is about. Whether it is sent before or after the answer is chance.
const BehindFault = "behind a fault"

// sentinel sends the PING whose PONG would show that the fault was taken. It is not held to the rules of a PING, because the link has been
// at fault since Bad.
func (c *Conn) sentinel() codec.Ping {
	ping := c.Ping()
	c.Send(Message(ping).Fault(BehindFault))
	return ping
}

// ending waits for the end of the transport that follows the end of a link. What the peer said before its last word and nobody asked
// for does not matter; what it says after it, the wire checker finds.
func (c *Conn) ending(s scope) {
	if s != scopeLink || c.hasEnded() {
		return
	}
	const slack = time.Second
	rule := "CLOSE-003"
	c.mu.Lock()
	if c.wire.Ends[c.other].Refused {
		rule = "HELLO-021"
	}
	c.mu.Unlock()
	c.ExpectWithin(codec.Linger*time.Millisecond+slack, Gone().Citing(rule))
}

// probe checks that what is larger than the rejected thing lives on (ERR-004).
func (c *Conn) probe(s scope) {
	if s == scopeLink {
		c = c.t.Open(Options{})
	}
	c.Echo()
}
