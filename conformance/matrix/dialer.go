package matrix

import (
	"context"
	"slices"
	"time"

	"handfast/conformance"
	"handfast/conformance/driver"
)

// dialer is the driver of one pair: started when it is needed, and again when it has died.
type dialer struct {
	impl    *Impl
	timeout time.Duration
	p       *driver.Process
	hello   driver.Answer
}

// lacking says that a driver does not claim what a scene needs.
type lacking struct{ feature string }

// Error names the feature.
func (l *lacking) Error() string { return "the driver does not claim " + l.feature }

// process gives a driver that runs.
func (d *dialer) process(ctx context.Context) (*driver.Process, error) {
	if d.p != nil && d.p.Fault() == nil {
		return d.p, nil
	}
	d.close()
	p, err := driver.Start(driver.Command{Args: d.impl.Dialer, Timeout: d.timeout})
	if err != nil {
		return nil, err
	}
	hello, err := p.SayHello(ctx, "1", conformance.Suite)
	if err == nil && !slices.Contains(hello.Roles, driver.RoleDialer) {
		err = &driver.Fault{Reason: driver.Foreign, Op: driver.OpHello, Text: "it is no driver of the role dialer"}
	}
	if err != nil {
		_ = p.Close() // the first fault says more
		return nil, err
	}
	d.p, d.hello = p, hello
	return p, nil
}

// reset makes the driver forget its links. What is wrong with it then is the next scene's affair.
func (d *dialer) reset(ctx context.Context) {
	if d.p == nil || d.p.Fault() != nil {
		return
	}
	if _, err := d.p.Do(ctx, driver.Request{Op: driver.OpReset}, driver.KindOK); err != nil {
		d.p.Kill()
	}
}

// close ends the driver.
func (d *dialer) close() {
	if d.p != nil {
		_ = d.p.Close() // its verdicts are in the results
	}
	d.p = nil
}

// name is what the driver calls itself.
func (d *dialer) name() string {
	if d.hello.Impl == "" {
		return ""
	}
	return d.hello.Impl + " " + d.hello.Version
}
