package refimpl

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// Config says how a peer serves.
type Config struct {
	// Link is what every link offers. Handlers for call are added where there are none.
	Link link.Config
	// Methods adds methods to call, beside the test kit. Default: none.
	Methods func(*call.Server)
	// OnLink is called for each link that was opened, before anything waits for its end: a channel.Source whose receiver it leads to
	// is attached there. It must not block. Default: none.
	OnLink func(*link.Link)
	// TLS makes the peer accept TLS and nothing else (TLS-008). Default: plain, which is for loopback and laboratories.
	TLS *tls.Config
	// Other is another protocol that is served on the same listener. Default: none.
	Other *Other
	// MaxLinks bounds the links and the transports of the other protocol that are open at once. Beyond it transports are closed without a byte (OPT-001). Range 0 and
	// up: zero refuses all (LIM-002). Nil: 4,096.
	MaxLinks *int
	// MaxOpening bounds the transports whose opening is not whole, MaxOpeningPerHost those of them from one address: a host
	// that dribbles openings does not keep others out. Range 0 and up: zero refuses all. Nil: 1,024 and 64.
	MaxOpening, MaxOpeningPerHost *int
	// DrainTimeout bounds the end in good order after Serve's context has ended. Range 0 and up: zero cuts at once. Nil: 30 s.
	// After it Serve returns within 2 s (LINGER) and Link.WorkTimeout.
	DrainTimeout *time.Duration
}

// bounds are those of Config, each with a value.
type bounds struct {
	links, opening, perHost int
	drain                   time.Duration
}

// orDefault gives the value of a bound, and notes one that is negative.
func orDefault[N int | time.Duration](errs *[]error, name string, n *N, def N) N {
	if n == nil {
		return def
	}
	if *n < 0 {
		*errs = append(*errs, errors.New("refimpl: "+name+" is negative"))
	}
	return *n
}

// Peer accepts links and serves them. Its methods may be called by any goroutine.
type Peer struct {
	cfg    Config
	bounds bounds
	log    *slog.Logger
	wg     sync.WaitGroup // one goroutine for each transport, from its accepting to its end

	mu      sync.Mutex // guards the fields below
	links   map[*link.Link]struct{}
	opening map[string]int // transports without a whole opening, by host
	pending int            // their sum
	others  int            // transports of the other protocol
	closing bool

	counts counts

	drained chan struct{} // closed when drain has returned

	otherCtx context.Context // of the other protocol; ended by endOther
	endOther context.CancelFunc
}

type counts struct {
	accepted, refused, foreign, failed, other atomic.Uint64

	mu    sync.Mutex // guards kinds
	kinds map[string]uint64
}

// count counts a stranger by its kind.
func (c *counts) count(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds == nil {
		c.kinds = make(map[string]uint64)
	}
	c.kinds[kind]++
}

// Stats counts what a peer has seen.
type Stats struct {
	Links    int    // open now
	Opening  int    // transports whose opening is not whole, now
	Accepted uint64 // links opened so far
	Refused  uint64 // transports closed because of a bound
	Foreign  uint64 // transports that did not begin with the magic or, on a TLS address, with TLS
	Failed   uint64 // openings that failed otherwise
	Others   int    // transports of the other protocol, now
	Served   uint64 // transports of the other protocol so far
	// Kinds counts Foreign by what its first bytes were: tls, http, ssh, riak, zmtp, fast, mangled (the magic through a path that is
	// not 8-bit clean) or other.
	Kinds map[string]uint64
}

// New makes a peer. It reports every faulty field at once.
func New(cfg Config) (*Peer, error) {
	var errs []error
	bounds := bounds{
		links:   orDefault(&errs, "MaxLinks", cfg.MaxLinks, 4096),
		opening: orDefault(&errs, "MaxOpening", cfg.MaxOpening, 1024),
		perHost: orDefault(&errs, "MaxOpeningPerHost", cfg.MaxOpeningPerHost, 64),
		drain:   orDefault(&errs, "DrainTimeout", cfg.DrainTimeout, 30*time.Second),
	}
	cfg.Link.Handlers = maps.Clone(cfg.Link.Handlers)
	if cfg.Link.Handlers == nil {
		cfg.Link.Handlers = make(map[string]link.Handler)
	}
	if cfg.Link.Handlers[call.Proto] == nil {
		srv := call.NewServer()
		call.AddTestKit(srv)
		if cfg.Methods != nil {
			cfg.Methods(srv)
		}
		cfg.Link.Handlers[call.Proto] = srv
	}
	if cfg.Other != nil && cfg.TLS != nil {
		errs = append(errs, errors.New("refimpl: Other needs a plain address, and TLS is configured (TLS-008)"))
	}
	if err := cfg.Link.Validate(); err != nil {
		errs = append(errs, err)
	}
	log := cfg.Link.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Peer{cfg: cfg, bounds: bounds, log: log, links: make(map[*link.Link]struct{}), opening: make(map[string]int), drained: make(chan struct{})}
	p.otherCtx, p.endOther = context.WithCancel(context.Background())
	return p, errors.Join(errs...)
}

// Serve accepts links on ln until ctx ends, then drains them, and returns when the last has ended. It closes ln. The error
// is nil after an end in good order. Handlers that ignore the end of their link are logged, and named by a *link.StuckError
// that Serve returns: their goroutines, and the links that own them, go on until they return. A peer serves once.
func (p *Peer) Serve(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var err error
	for {
		var conn net.Conn
		if conn, err = ln.Accept(); err != nil {
			if temporary(err) && ctx.Err() == nil {
				p.log.Error("accept", "err", err)
				p.pause(ctx)
				continue
			}
			break
		}
		p.take(ctx, conn)
	}
	_ = ln.Close()
	stuck := p.drain()
	close(p.drained)
	p.wg.Wait()
	if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return stuck
	}
	return errors.Join(err, stuck)
}

// temporary says whether accepting may work again soon: descriptors that ran out come back when links end.
func temporary(err error) bool {
	ne, ok := errors.AsType[*net.OpError](err)
	return ok && ne.Temporary() //nolint:staticcheck // the only word there is for EMFILE and ECONNABORTED
}

func (p *Peer) pause(ctx context.Context) {
	t := time.NewTimer(50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// take serves one transport, unless a bound was reached.
func (p *Peer) take(ctx context.Context, conn net.Conn) {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		host = conn.RemoteAddr().String()
	}
	p.mu.Lock()
	full := p.closing || len(p.links)+p.others+p.pending >= p.bounds.links || p.pending >= p.bounds.opening || p.opening[host] >= p.bounds.perHost
	if !full {
		p.pending++
		p.opening[host]++
	}
	p.mu.Unlock()
	if full {
		p.counts.refused.Add(1)
		_ = conn.Close()
		return
	}
	p.wg.Go(func() { p.serve(ctx, conn, host) })
}

// serve opens a link on a transport and keeps it until it ends.
func (p *Peer) serve(ctx context.Context, conn net.Conn, host string) {
	l, err := p.open(ctx, conn)
	p.mu.Lock()
	p.pending--
	if p.opening[host]--; p.opening[host] == 0 {
		delete(p.opening, host)
	}
	late := p.closing
	if err == nil && !late {
		p.links[l] = struct{}{}
	}
	other, isOther := errors.AsType[*otherBegun](err)
	if isOther {
		p.others++
	}
	p.mu.Unlock()
	switch {
	case isOther:
		p.counts.other.Add(1)
		p.cfg.Other.Serve(p.otherCtx, conn, other.first)
		p.mu.Lock()
		p.others--
		p.mu.Unlock()
		return
	case err != nil:
		p.count(err)
		return
	case late:
		_ = l.Close(codec.CodeShutdown, "")
		return
	}
	p.counts.accepted.Add(1)
	if p.cfg.OnLink != nil {
		p.cfg.OnLink(l)
	}
	select {
	case <-l.Done():
	case <-p.drained: // Drain has returned: all of the link has ended but handlers that ignore it
	}
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

func (p *Peer) count(err error) {
	if e, ok := errors.AsType[*link.Error](err); ok && e.Req == "HELLO-003" || errors.Is(err, errNotTLS) {
		p.counts.foreign.Add(1)
		return
	}
	p.counts.failed.Add(1)
}

// drain ends all links in good order. The error names what does not end.
func (p *Peer) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.bounds.drain)
	p.mu.Lock()
	p.closing = true
	links := make([]*link.Link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	p.mu.Unlock()
	var wg sync.WaitGroup
	all := link.StuckError{}
	if p.cfg.Other != nil {
		wg.Go(func() { p.cfg.Other.Shutdown(ctx) })
	}
	for _, l := range links {
		wg.Go(func() {
			err := l.Drain(ctx, codec.CodeShutdown)
			if stuck, ok := errors.AsType[*link.StuckError](err); ok {
				p.mu.Lock()
				all.Work = append(all.Work, stuck.Work...)
				p.mu.Unlock()
			}
		})
	}
	wg.Wait()
	cancel()
	p.endOther()
	if len(all.Work) > 0 {
		return &all
	}
	return nil
}

// Links gives the links that are open.
func (p *Peer) Links() []*link.Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	links := make([]*link.Link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	return links
}

// Stats reads the counters.
func (p *Peer) Stats() Stats {
	p.counts.mu.Lock()
	kinds := maps.Clone(p.counts.kinds)
	p.counts.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		Links: len(p.links), Opening: p.pending, Accepted: p.counts.accepted.Load(), Refused: p.counts.refused.Load(), Foreign: p.counts.foreign.Load(), Failed: p.counts.failed.Load(),
		Others: p.others, Served: p.counts.other.Load(), Kinds: kinds,
	}
}
