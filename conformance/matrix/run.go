package matrix

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/watch"
)

// Files are PEM files for TLS on 127.0.0.1.
type Files struct {
	CA   string // authority of Cert
	Cert string // a certificate for 127.0.0.1, for either side
	Key  string
}

// Config says what to run.
type Config struct {
	Impls []Impl
	Files Files

	Run     []string      // patterns as in conformance.Select ("tcp/*", "*/cancel"); default all
	Timeout time.Duration // longest wait for one answer of a driver; default 20 s
	Jobs    int           // pairs at the same time; default 2

	// Each, if set, is called with each result as it comes, from one goroutine at a time.
	Each func(done, total int, r conformance.Result)
}

// cell is a pair: one column of the matrix in one row.
type cell struct {
	dialer, acceptor *Impl
	to               *running
	report           *conformance.Report
}

// Run lets every dialer talk to every acceptor and gives a report for each pair, dialer by dialer. A pair that cannot be measured has
// inconclusive results, which say why. The error is that of an acceptor that does not start, or of the context.
func Run(ctx context.Context, config Config) ([]*conformance.Report, error) {
	if err := check(config.Impls); err != nil {
		return nil, err
	}
	if config.Timeout <= 0 {
		config.Timeout = 20 * time.Second
	}
	if config.Jobs <= 0 {
		config.Jobs = 2
	}
	wanted, err := conformance.Select(cases(), config.Run, nil)
	if err != nil {
		return nil, err
	}
	m := &runner{config: config, wanted: wanted}
	for i := range config.Impls {
		impl := &config.Impls[i]
		if !impl.accepts() {
			continue
		}
		acceptor, err := start(ctx, impl, config)
		if err != nil {
			return nil, err
		}
		defer acceptor.stop()
		m.acceptors = append(m.acceptors, acceptor)
	}
	cells := m.cells()
	if m.total == 0 {
		return nil, &FileError{Reason: "no pair has a transport in common that " + strings.Join(config.Run, ", ") + " is about"}
	}
	queue := make(chan *cell, len(cells)) // filled and closed here, read by the workers
	for _, c := range cells {
		queue <- c
	}
	close(queue)
	var workers sync.WaitGroup
	for range min(config.Jobs, len(cells)) {
		workers.Go(func() { // ends when the queue is empty
			for c := range queue {
				c.report = m.play(ctx, c)
			}
		})
	}
	workers.Wait()
	reports := make([]*conformance.Report, len(cells))
	for i, c := range cells {
		reports[i] = c.report
	}
	return reports, ctx.Err()
}

// running is an acceptor that listens.
type running struct {
	impl    *Impl
	program *driver.Acceptor // nil for one that was running before
	addr    string           // "" when there is none
	tlsAddr string           // "" when there is none
	tls     map[string]string
}

// start starts the acceptor of an implementation, or takes the one that runs.
func start(ctx context.Context, impl *Impl, config Config) (*running, error) {
	f := config.Files
	r := &running{impl: impl, addr: impl.Addr, tlsAddr: impl.TLSAddr}
	r.tls = map[string]string{"tls": "true", "ca": f.CA, "name": "127.0.0.1", "cert": f.Cert, "key": f.Key}
	if impl.CA != "" {
		r.tls["ca"] = impl.CA
	}
	if impl.ServerName != "" {
		r.tls["name"] = impl.ServerName
	}
	if len(impl.Acceptor) == 0 {
		return r, nil
	}
	fill := strings.NewReplacer("{ca}", f.CA, "{cert}", f.Cert, "{key}", f.Key)
	args := make([]string, len(impl.Acceptor))
	for i, a := range impl.Acceptor {
		args[i] = fill.Replace(a)
	}
	program, err := driver.StartAcceptor(ctx, driver.Command{Args: args})
	if err != nil {
		return nil, fmt.Errorf("acceptor of %s: %w", impl.Name, err)
	}
	r.program, r.addr, r.tlsAddr = program, program.Ready.Addr, program.Ready.TLSAddr
	return r, nil
}

func (r *running) stop() {
	if r.program != nil {
		r.program.Stop()
	}
}

// runner is one run.
type runner struct {
	config    Config
	acceptors []*running
	wanted    []conformance.Case
	total     int

	mu   sync.Mutex // guards done and the call of Each
	done int
}

// cells lists the pairs, and counts what they will play.
func (m *runner) cells() []*cell {
	var cells []*cell
	for i := range m.config.Impls {
		dialer := &m.config.Impls[i]
		if len(dialer.Dialer) == 0 {
			continue
		}
		for _, a := range m.acceptors {
			c := &cell{dialer: dialer, acceptor: a.impl, to: a}
			if n := len(m.picked(a, "tcp")) + len(m.picked(a, "tls")); n > 0 {
				m.total += n
				cells = append(cells, c)
			}
		}
	}
	return cells
}

// picked lists the scenes that are played over a transport.
func (m *runner) picked(a *running, transport string) []scene {
	if transport == "tcp" && a.addr == "" || transport == "tls" && a.tlsAddr == "" {
		return nil
	}
	return slices.DeleteFunc(scenes(), func(s scene) bool {
		wanted := func(c conformance.Case) bool { return c.ID == transport+"/"+s.slug }
		return !slices.ContainsFunc(m.wanted, wanted)
	})
}

// cases lists every scene over every transport that it is for, in the form in which patterns choose.
func cases() []conformance.Case {
	var all []conformance.Case
	for _, transport := range []string{"tcp", "tls"} {
		for _, s := range scenes() {
			if transport == "tls" || !s.tls {
				all = append(all, conformance.Case{ID: transport + "/" + s.slug, Req: strings.Fields(s.req), Title: s.title})
			}
		}
	}
	return all
}

// play plays everything with one pair.
func (m *runner) play(ctx context.Context, c *cell) *conformance.Report {
	started := time.Now()
	r := conformance.Report{
		Profile: conformance.DefaultProfile, Mode: "matrix", Target: c.dialer.Name + " to " + c.acceptor.Name,
		Options: conformance.RunOptions{Run: m.config.Run, TimeoutMS: m.config.Timeout.Milliseconds(), Jobs: m.config.Jobs},
	}
	d := &dialer{impl: c.dialer, timeout: m.config.Timeout}
	defer d.close()
	for _, transport := range []string{"tcp", "tls"} {
		for _, s := range m.picked(c.to, transport) {
			result := m.one(ctx, c, d, transport, s)
			r.Cases = append(r.Cases, result)
			m.mu.Lock()
			m.done++
			if m.config.Each != nil {
				m.config.Each(m.done, m.total, result)
			}
			m.mu.Unlock()
		}
	}
	r.Peer = d.name()
	return conformance.Compose(r, started)
}

// one plays a scene and makes its result.
func (m *runner) one(ctx context.Context, c *cell, d *dialer, transport string, s scene) conformance.Result {
	started := time.Now()
	r := conformance.Result{
		ID: transport + "/" + s.slug, Title: s.title, Req: strings.Fields(s.req), Profile: conformance.DefaultProfile, Trace: []conformance.Entry{},
	}
	finding, err := m.act(ctx, c, d, transport, s)
	judge(&r, err)
	if f := finding; f != nil && r.Verdict == conformance.Pass {
		r.Verdict, r.Cites = conformance.Fail, []string{f.Req}
		r.Expected, r.Actual, r.Trace = "frames that keep the rules", f.String(), f.Trace()
	}
	if r.Verdict != conformance.Pass {
		r.Detail = fmt.Sprintf("expected %s; got %s", r.Expected, r.Actual)
	}
	r.MS = float64(time.Since(started).Microseconds()) / 1000
	return r
}

// judge turns the error of a scene into a verdict.
func judge(r *conformance.Result, err error) {
	r.Verdict = conformance.Pass
	if err == nil {
		return
	}
	r.Expected = "a driver that answers"
	r.Actual = err.Error()
	var missing *lacking
	var other *surprise
	var fault *driver.Fault
	switch {
	case errors.As(err, &missing):
		r.Verdict, r.Expected = conformance.Unsupported, "something that the driver does not claim"
	case errors.As(err, &other):
		r.Verdict, r.Cites, r.Expected, r.Actual = conformance.Fail, r.Req, other.expected, other.actual
	case errors.As(err, &fault) && fault.Reason == driver.Hung:
		r.Verdict = conformance.Timeout
	case errors.As(err, &fault) && fault.Reason == driver.Died:
		r.Verdict = conformance.Crash
	case errors.As(err, &fault) && fault.Reason != driver.NotStarted:
		r.Verdict = conformance.Fail
	default:
		r.Verdict = conformance.Inconclusive
	}
}

// act plays a scene, in clear through a proxy that watches it.
func (m *runner) act(ctx context.Context, c *cell, d *dialer, transport string, s scene) (*watch.Finding, error) {
	p, err := d.process(ctx)
	if err != nil {
		return nil, err
	}
	for _, feature := range s.needs {
		if !p.Claims(feature) {
			return nil, &lacking{feature}
		}
	}
	defer d.reset(ctx)
	if transport == "tls" {
		if !p.Claims(driver.FeatureTLS) {
			return nil, &lacking{driver.FeatureTLS}
		}
		return nil, s.run(&session{ctx: ctx, p: p, addr: c.to.tlsAddr, tls: c.to.tls})
	}
	return m.watched(ctx, c.to.addr, func(addr string) error {
		return s.run(&session{ctx: ctx, p: p, addr: addr})
	})
}

// watched runs a scene whose links go through a proxy, and gives the first rule that was broken on them.
func (m *runner) watched(ctx context.Context, to string, run func(addr string) error) (*watch.Finding, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var first *watch.Finding
	proxy := watch.Proxy{To: to, Watch: watch.New(), Each: func(f *watch.Finding) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = f
		}
	}}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	var failed error // written by the goroutine below, read after work
	work.Go(func() { failed = proxy.Serve(ctx, ln) })
	err = run(ln.Addr().String())
	cancel()
	work.Wait()
	return first, errors.Join(err, failed)
}
