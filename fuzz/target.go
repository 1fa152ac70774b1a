package fuzz

import (
	stdcontext "context"
	"errors"
	"fmt"
	"slices"
	"time"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// batchSize is how many inputs a line holds at most, and batchBytes how many bytes of them: a line has room for 1 MiB.
const (
	batchSize  = 64
	batchBytes = 200 << 10
	lineBytes  = 480000 // in hexadecimal, with cuts and the rest
)

// answer is what came for one input: an answer or a fault of the driver.
type answer struct {
	driver.Answer
	took  time.Duration // where it was asked alone
	fault *driver.Fault
}

// target is one driver at a time, started anew when it has a fault. It is not safe for concurrent use, apart from count.
type target struct {
	start    func(ctx stdcontext.Context) (*driver.Process, error)
	p        *driver.Process // nil where it is to be started
	asked    int64           // inputs
	patience time.Duration   // longest wait for an answer
	began    int             // drivers that were started
}

// startTimeout is how long a driver may take to begin, which some languages need on a busy machine.
const startTimeout = 15 * time.Second

// starter gives what starts drivers of a configuration.
func starter(c Config) func(ctx stdcontext.Context) (*driver.Process, error) {
	return func(ctx stdcontext.Context) (*driver.Process, error) {
		var p *driver.Process
		if c.Program != nil {
			program := c.Program()
			program.Timeout = max(c.Timeout, startTimeout)
			p = driver.Pipe(program)
		} else {
			command := c.Command
			command.Timeout = max(c.Timeout, startTimeout)
			var err error
			if p, err = driver.Start(command); err != nil {
				return nil, err
			}
		}
		hello, err := p.SayHello(ctx, testdata.Spec, conformance.Suite)
		if err == nil && !slices.Contains(hello.Roles, driver.RoleCodec) {
			err = fmt.Errorf("hello claims the roles %q, and not %s", hello.Roles, driver.RoleCodec)
		}
		if err != nil {
			_ = p.Close() // the error is known
			return nil, err
		}
		return p, nil
	}
}

// running gives a driver that runs.
func (t *target) running(ctx stdcontext.Context) (*driver.Process, error) {
	if t.p != nil && t.p.Fault() == nil {
		return t.p, nil
	}
	t.close()
	p, err := t.start(ctx)
	if err != nil {
		return nil, err
	}
	t.p = p
	t.began++
	return p, nil
}

// close ends the driver. Whatever is wrong with its end was found by inputs, or is not about them.
func (t *target) close() {
	if t.p != nil {
		t.p.Kill() // one that is fuzzed need not end in good order, and nobody waits for it
		_ = t.p.Close()
		t.p = nil
	}
}

// renew puts a new driver in the place of this one.
func (t *target) renew(ctx stdcontext.Context) error {
	t.close()
	_, err := t.running(ctx)
	return err
}

// ask asks about inputs, in one line where the driver claims batch and they share a context. The fault is that of the driver, which is gone then; the error is
// that of ctx or of starting a driver.
func (t *target) ask(ctx stdcontext.Context, list []input) ([]driver.Answer, *driver.Fault, error) {
	p, err := t.running(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := stdcontext.WithTimeout(ctx, t.patience)
	defer cancel()
	if len(list) > 1 && p.Claims(driver.FeatureBatch) && together(list) {
		a, err := p.Do(ctx, requestAll(list), driver.KindDecoded)
		t.asked += int64(len(list))
		if err == nil && len(a.Items) != len(list) {
			err = &driver.Fault{Reason: driver.WrongKind, Op: driver.OpDecodes, Text: fmt.Sprintf("%d items are answered by %q of %d", len(list), a.Kind, len(a.Items))}
		}
		if err != nil {
			f, err := t.faultOf(err)
			return nil, f, err
		}
		return a.Items, nil, nil
	}
	answers := make([]driver.Answer, len(list))
	for i := range list {
		answers[i], err = p.Do(ctx, list[i].request(), driver.KindAccept, driver.KindReject, driver.KindMore)
		t.asked++
		if err != nil {
			f, err := t.faultOf(err)
			return nil, f, err
		}
	}
	return answers, nil, nil
}

// together tells whether inputs fit into one line.
func together(list []input) bool {
	size := 0
	for i := range list {
		size += len(list[i].b)
		if list[i].context != list[0].context {
			return false
		}
	}
	return size <= lineBytes
}

// faultOf tells a fault of the driver from other errors. A driver that hangs is ended, also a concurrent one, which package driver spares.
func (t *target) faultOf(err error) (*driver.Fault, error) {
	if f, ok := errors.AsType[*driver.Fault](err); ok {
		if f.Reason == driver.Hung {
			t.close()
		}
		return f, nil
	}
	return nil, err
}

// alone asks about one input in a line of its own. A fault is part of the answer; after one of the connection the next input meets a new driver.
func (t *target) alone(ctx stdcontext.Context, in input) (answer, error) {
	started := time.Now()
	answers, f, err := t.ask(ctx, []input{in})
	took := time.Since(started)
	switch {
	case err != nil:
		return answer{}, err
	case f != nil:
		return answer{fault: f, took: took}, nil
	}
	return answer{Answer: answers[0], took: took}, nil
}
