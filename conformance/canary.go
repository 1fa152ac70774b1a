package conformance

import (
	"context"
	"fmt"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
)

// canaries ask a driver what conformance/DRIVER.md says that it is asked first. A driver that fails one is not judged: everything it says later would be
// worth as little.
func (r *runner) canaries(ctx context.Context) error {
	for _, canary := range []struct {
		what string
		run  func(t *T)
	}{
		{"an unknown op is answered unsupported", strangeOp},
		{"a good dial ends in open, and echo brings the same bytes back", func(t *T) { t.Open(Options{}).Echo() }},
		{"a dial that is refused ends in ended by refuse", refusedDial},
		{"reset ends the link", resetEnds},
	} {
		c := Case{ID: "canary", Run: canary.run, Roles: Dialers, lenient: true}
		if t := r.play(ctx, &c); t.failure != nil {
			return &PreflightError{Target: r.config.Target.String(), Reason: fmt.Sprintf("before any case runs, %s: %v", canary.what, t.failure)}
		}
	}
	return nil
}

func strangeOp(t *T) {
	o := t.ask("suite.no-such-op", map[string]string{"link": "none"})
	select {
	case <-o.answered:
	case <-time.After(t.timeout):
	}
	if !o.over() || o.err != nil || o.answer.Kind != driver.KindUnsupported {
		t.Fail("unsupported", "%s", describeAnswer(o))
	}
}

// refusal makes a REFUSE.
func refusal(code codec.Code, vers ...uint16) Packet {
	refuse := codec.Refuse{Code: code, Vers: vers}
	return Packet{bytes: must(refuse.AppendOpening(nil)), opening: true, faultAt: -1}
}

func refusedDial(t *T) {
	c := t.Dial(Options{})
	c.sendOpening(refusal(codec.CodeOverloaded, codec.WireVersion))
	c.awaitEnded("refuse", codec.CodeOverloaded.String())
}

func resetEnds(t *T) {
	c := t.Open(Options{})
	t.do(driver.OpReset, nil, driver.KindOK)
	c.Expect(Gone())
}
