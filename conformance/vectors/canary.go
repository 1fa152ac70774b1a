package vectors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"handfast/conformance"
	"handfast/conformance/driver"
)

// The vectors of the canaries: one that has to be accepted, and one that differs from it in its header checksum alone.
const (
	canaryGood = "frame/ping"
	canaryBad  = "frame/header-sum-of-crc-32"
)

// unknown is an op and a what that no driver knows.
const unknown = "canary-that-nobody-knows"

// canaries find out whether there is something to judge, before any vector is.
func (r *runner) canaries(ctx context.Context) error {
	failed := func(format string, args ...any) error {
		return &conformance.PreflightError{Target: r.config.Target, Reason: "the canaries: " + fmt.Sprintf(format, args...)}
	}
	var verdict error
	err := r.with(ctx, func(p parser) {
		if d, ok := p.(running); ok {
			if verdict = r.alive(ctx, d, failed); verdict != nil {
				return
			}
		}
		verdict = r.parses(ctx, p, failed)
	})
	for _, e := range []error{err, verdict} {
		if f, ok := errors.AsType[*driver.Fault](e); ok {
			return failed("%v%s", f, lastWords(f))
		}
		if e != nil {
			return e
		}
	}
	return nil
}

// alive asks what only a driver that runs on can be asked.
func (r *runner) alive(ctx context.Context, d running, failed func(string, ...any) error) error {
	hello := d.Hello()
	r.peer = strings.TrimSpace(hello.Impl + " " + hello.Version)
	if !slices.Contains(hello.Roles, driver.RoleCodec) {
		return failed("hello claims the roles %q, and not %s", hello.Roles, driver.RoleCodec)
	}
	a, err := d.Do(ctx, driver.Request{Op: unknown})
	switch {
	case err != nil:
		return err
	case a.Kind != driver.KindUnsupported:
		return failed("an unknown op is answered %s, and has to be unsupported: a driver must not guess", quoted(a.Kind))
	}
	return nil
}

// parses asks for the two vectors.
func (r *runner) parses(ctx context.Context, p parser, failed func(string, ...any) error) error {
	good, bad := r.set.byID[canaryGood], r.set.byID[canaryBad]
	strange := *good.Vector
	strange.Op = unknown
	asks := []struct {
		in   *input
		kind string
		text string
	}{
		{&input{Vector: &strange, b: good.Input}, driver.KindUnsupported, "an unknown what"},
		{&input{Vector: good.Vector, b: good.Input}, driver.KindAccept, canaryGood},
		{&input{Vector: bad.Vector, b: bad.Input}, driver.KindReject, canaryBad + ", which differs from " + canaryGood + " in the header checksum alone,"},
		{&input{Vector: good.Vector, b: good.Input}, driver.KindAccept, canaryGood + ", after reset,"},
	}
	for i, ask := range asks {
		if d, ok := p.(running); ok && i == len(asks)-1 {
			switch a, err := d.Do(ctx, driver.Request{Op: driver.OpReset}, driver.KindOK); {
			case err != nil:
				return err
			case a.Kind != driver.KindOK:
				return failed("it cannot be reset: the answer is %s", a.Kind)
			}
		}
		a, err := p.decode(ctx, ask.in)
		switch {
		case err != nil:
			return err
		case a.Kind != ask.kind:
			return failed("%s is answered %s, and has to be answered %s", ask.text, said(a), ask.kind)
		}
	}
	return nil
}
