package driver

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	defaultTimeout = 10 * time.Second
	endTimeout     = 2 * time.Second // for a driver to end with its stdin
)

// Process is a driver that runs. Its methods may be called concurrently; unless the driver claims to be concurrent, Do asks one thing after the
// other. Close has to be called, also after a fault.
type Process struct {
	t       transport
	timeout time.Duration
	dead    chan struct{} // closed when fault is set and the driver has been ended
	reading chan struct{} // closed when the reader has returned
	turn    chan struct{} // of capacity 1: a request is on its way to a driver that takes one at a time

	writing sync.Mutex // held while a request is written

	mu         sync.Mutex // guards the fields below
	failing    bool       // the first fault is being dealt with
	fault      *Fault     // the first; nothing is asked after it
	last       int        // id of the last request
	pending    map[string]chan Answer
	abandoned  map[string]bool // ids whose answer nobody waits for any more
	concurrent bool
	hello      Answer
	closing    bool // nothing but bye is asked any more
}

// Start starts a program as a driver, and nothing more: SayHello is the first thing to ask it. The error is a *Fault.
func Start(c Command) (*Process, error) {
	ch, err := startChild(c)
	if err != nil {
		return nil, err
	}
	return newProcess(childTransport{ch}, c.Timeout), nil
}

func newProcess(t transport, timeout time.Duration) *Process {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	p := &Process{
		t: t, timeout: timeout,
		dead: make(chan struct{}), reading: make(chan struct{}), turn: make(chan struct{}, 1),
		pending: make(map[string]chan Answer), abandoned: make(map[string]bool),
	}
	go func() { // ends with the driver's stdout
		defer close(p.reading)
		p.read()
	}()
	return p
}

// SayHello asks hello and keeps the answer. A driver of another version of the protocol or of Handfast is a *Fault, as everything is that Do
// calls one.
func (p *Process) SayHello(ctx context.Context, spec, suite string) (Answer, error) {
	a, err := p.Do(ctx, Request{Op: OpHello, Args: map[string]string{"driver": Version, "spec": spec, "suite": suite}}, KindHello)
	if err != nil {
		return a, err
	}
	switch {
	case a.Driver != Version:
		return a, &Fault{Reason: Foreign, Op: OpHello, Text: "driver is " + strconv.Quote(a.Driver) + ", and this suite speaks " + strconv.Quote(Version)}
	case !slices.Contains(a.Spec, spec):
		return a, &Fault{Reason: Foreign, Op: OpHello, Text: "spec does not have " + strconv.Quote(spec)}
	}
	p.mu.Lock()
	p.hello, p.concurrent = a, slices.Contains(a.Features, FeatureConcurrent)
	p.mu.Unlock()
	return a, nil
}

// Features of hello.
const (
	FeatureCuts       = "cuts"
	FeatureEncode     = "encode"
	FeatureBatch      = "batch"
	FeatureConcurrent = "concurrent"
	FeatureTLS        = "tls"
	FeatureTLSBind    = "tls.bind"
	FeatureLimits     = "limits"
	FeatureNeed       = "need"
	FeatureStreams    = "streams"
	FeatureDelivery   = "delivery"
	FeatureDurable    = "durable"
	FeatureSync       = "sync"
	FeatureRealtime   = "realtime"
)

// SyncNamespace is the namespace in which a peer is judged by the profile sync, with a salt of zeros.
const SyncNamespace = "conform"

// Roles of hello.
const (
	RoleCodec  = "codec"
	RoleDialer = "dialer"
)

// PID gives the number of the driver's process, 0 for one that runs inside this one.
func (p *Process) PID() int { return p.t.pid() }

// Hello gives what the driver said of itself, empty before SayHello.
func (p *Process) Hello() Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hello
}

// Claims tells whether the driver claims a feature.
func (p *Process) Claims(feature string) bool { return slices.Contains(p.Hello().Features, feature) }

// Do asks, and waits for the answer, at most until ctx ends or the timeout of Command has passed. Answers of another kind than those of kinds are a
// *Fault, where kinds are given; unsupported always goes through. So does broken, as a *Fault. All that is wrong with the driver is a *Fault; the only
// other errors are that of a ctx that was cancelled, and of requests that have no JSON form or are too long.
//
// After a fault of the connection (died, hung, junk, too long, wrong id) the driver is ended, and Do gives the same fault again. A concurrent driver
// that hangs at one request is not ended: the others may be well.
func (p *Process) Do(ctx context.Context, r Request, kinds ...string) (Answer, error) {
	if ctx.Err() != nil {
		return Answer{}, ctx.Err()
	}
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	others := p.isConcurrent() // other requests may be under way
	if !others {
		select {
		case p.turn <- struct{}{}:
			defer func() { <-p.turn }()
		case <-ctx.Done():
			return Answer{}, p.gaveUp(ctx, r, started, true)
		}
	}
	answered, id, err := p.expect()
	if err != nil {
		return Answer{}, withOp(err, r.Op)
	}
	r.ID = id
	if err := p.write(ctx, r); err != nil {
		p.forget(id, false)
		return Answer{}, err
	}
	select {
	case a := <-answered:
		return p.judge(r, a, kinds)
	case <-p.dead:
	case <-ctx.Done():
	}
	select { // both may have happened, and the answer goes first
	case a := <-answered:
		return p.judge(r, a, kinds)
	default:
	}
	if f := p.Fault(); f != nil {
		return Answer{}, withOp(f, r.Op)
	}
	p.forget(id, true)
	return Answer{}, p.gaveUp(ctx, r, started, others)
}

func (p *Process) isConcurrent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.concurrent
}

// expect makes the id of a request, and the channel of its answer, which takes one and is never closed.
func (p *Process) expect() (answered chan Answer, id string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault != nil {
		return nil, "", p.fault
	}
	p.last++
	id, answered = strconv.Itoa(p.last), make(chan Answer, 1)
	p.pending[id] = answered
	return answered, id, nil
}

// forget gives up waiting for an answer, which may still come where the request was sent.
func (p *Process) forget(id string, sent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, waits := p.pending[id]; waits && sent {
		p.abandoned[id] = true
	}
	delete(p.pending, id)
}

// write sends a request. A driver that does not read its stdin is ended with ctx, which ends the write.
func (p *Process) write(ctx context.Context, r Request) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	if len(line) > MaxRequest {
		return &RequestError{Op: r.Op, Size: len(line)}
	}
	stop := context.AfterFunc(ctx, func() { p.fail(&Fault{Reason: Hung, Op: r.Op, Text: "it does not read its stdin", After: p.timeout}) })
	defer stop()
	p.writing.Lock()
	_, err = p.t.Write(append(line, '\n'))
	p.writing.Unlock()
	if err == nil {
		return nil
	}
	select { // one whose stdin is gone has most likely ended, and the reader finds out how
	case <-p.dead:
	case <-time.After(2 * lastBytes):
	}
	return withOp(p.fail(&Fault{Reason: Closed, Text: "it does not take requests any more"}), r.Op)
}

// RequestError says that a request is longer than MaxRequest.
type RequestError struct {
	Op   string
	Size int // bytes
}

// Error gives op and size.
func (e *RequestError) Error() string {
	return "the request " + strconv.Quote(e.Op) + " has " + strconv.Itoa(e.Size) + " bytes, and the driver protocol allows " + strconv.Itoa(MaxRequest)
}

// gaveUp is the error of a request whose time is over. The driver is spared where others are under way.
func (p *Process) gaveUp(ctx context.Context, r Request, started time.Time, spare bool) error {
	f := &Fault{Reason: Hung, Op: r.Op, Text: "no answer in time", After: time.Since(started).Round(time.Millisecond)}
	if !spare {
		f = p.fail(f)
	}
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	if f.Stderr == "" {
		f.Stderr = p.t.tail()
	}
	return withOp(f, r.Op)
}

// judge holds an answer to its request.
func (p *Process) judge(r Request, a Answer, kinds []string) (Answer, error) {
	switch {
	case a.Kind == KindBroken:
		return a, &Fault{Reason: Broken, Op: r.Op, Text: cut([]byte(a.Text)), Stderr: p.t.tail()}
	case len(kinds) > 0 && a.Kind != KindUnsupported && !slices.Contains(kinds, a.Kind):
		return a, &Fault{Reason: WrongKind, Op: r.Op, Text: "it is " + cut([]byte(a.Kind)), Stderr: p.t.tail()}
	}
	return a, nil
}

// withOp gives a fault, which may be older than the request, with the op at which it was noticed.
func withOp(err error, op string) error {
	f, ok := errors.AsType[*Fault](err)
	if !ok || f.Op != "" {
		return err
	}
	one := *f
	one.Op = op
	return &one
}

// Fault gives the fault for which the driver was ended, or nil.
func (p *Process) Fault() *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// fail ends the driver for a fault, unless there was one before, and gives the one that counts.
func (p *Process) fail(f *Fault) *Fault {
	p.mu.Lock()
	first := !p.failing
	p.failing = true
	p.mu.Unlock()
	if !first {
		<-p.dead
		return p.Fault()
	}
	if f.Reason != Died {
		p.t.kill()
		p.t.end(lastBytes)
	}
	f.Stderr = p.t.tail()
	p.mu.Lock()
	p.fault = f
	p.mu.Unlock()
	close(p.dead)
	return f
}

// Kill ends the driver at once. Close has to be called all the same, and does not hold this end against it.
func (p *Process) Kill() { p.fail(&Fault{Reason: Killed, Text: "the suite ended it"}) }

// Close says bye, ends stdin and waits until the driver and everything that belongs to it have ended. The error is the *Fault for which the driver was
// ended earlier, or that of its end: it lingers, or its exit code is not 0. It is called once, when no Do runs.
func (p *Process) Close() error {
	p.mu.Lock()
	p.closing = true
	if p.failing {
		p.mu.Unlock()
		<-p.dead
		p.mu.Lock()
	}
	fault := p.fault
	p.mu.Unlock()
	if fault == nil {
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		if _, err := p.Do(ctx, Request{Op: OpBye}, KindOK); err != nil {
			fault, _ = errors.AsType[*Fault](err)
		}
		cancel()
	}
	p.t.closeWrite()
	ended := p.t.end(endTimeout)
	p.finish()
	if fault == nil {
		fault = p.Fault() // of a line behind the last answer
	}
	if fault == nil {
		exit := p.t.exit()
		switch {
		case !ended:
			fault = &Fault{Reason: Lingers, Text: "it did not end with its stdin", After: endTimeout, Stderr: p.t.tail()}
		case exit != nil && exit.Code != 0:
			fault = &Fault{Reason: Died, Op: OpBye, Text: exit.String(), Exit: exit, Stderr: p.t.tail()}
		}
	}
	if fault == nil || fault.Reason == Killed {
		return nil
	}
	return fault
}

// finish ends the reader, which reads what the driver has left behind, unless a process outside of its group holds its stdout open.
func (p *Process) finish() {
	t := time.AfterFunc(lastBytes, p.t.close)
	<-p.reading
	t.Stop()
	p.t.close()
}
