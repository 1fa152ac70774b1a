package realtime

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/link"
)

// DialerConfig says where a Dialer keeps a link to.
type DialerConfig struct {
	// Dial opens a transport. Required.
	Dial func(ctx context.Context) (net.Conn, error)
	// Link is what the links offer.
	Link link.Config
	// OnLink is called for each link that was opened. It must not block for longer than ctx. An error ends the link. Required.
	OnLink func(ctx context.Context, l *link.Link) error
	// Min and Max bound the wait before the next try. It doubles, is drawn between half and the whole, and begins anew behind a link that has
	// lived for longer than the wait before it. Default: 100 ms and 30 s.
	Min, Max time.Duration
	// Logger takes tries and ends. Default: none.
	Logger *slog.Logger
}

// Dialer keeps one link to an address open, and opens the next one when it ends. Its methods may be called by any goroutine.
type Dialer struct {
	cfg DialerConfig

	mu    sync.Mutex // guards the fields below
	link  *link.Link // nil: none is open
	tries uint64
	err   error // of the last try or link
}

// DialerState is a snapshot.
type DialerState struct {
	Link  *link.Link // nil: none is open
	Tries uint64
	Err   error // of the last try, or of the last link that has ended; nil while there is none
}

// NewDialer makes a Dialer. Run it.
func NewDialer(cfg DialerConfig) *Dialer {
	if cfg.Min <= 0 {
		cfg.Min = 100 * time.Millisecond
	}
	if cfg.Max <= 0 {
		cfg.Max = 30 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Dialer{cfg: cfg}
}

// Run keeps the link until ctx ends. Then it drains the link, for at most the time given, and returns when it has ended.
func (d *Dialer) Run(ctx context.Context, drain time.Duration) {
	for wait := d.cfg.Min; ctx.Err() == nil; {
		if d.once(ctx, drain) > wait {
			wait = d.cfg.Min
		}
		t := time.NewTimer(wait/2 + rand.N(wait/2+1))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		wait = min(2*wait, d.cfg.Max)
	}
}

// once opens a link and waits for its end. It gives how long the link has lived.
func (d *Dialer) once(ctx context.Context, drain time.Duration) time.Duration {
	l, err := d.open(ctx)
	d.mu.Lock()
	d.tries++
	d.link, d.err = l, err
	d.mu.Unlock()
	if err != nil {
		d.cfg.Logger.Debug("no link", "err", err)
		return 0
	}
	opened := time.Now()
	select {
	case <-l.Done():
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		if err := l.Drain(end, codec.CodeShutdown); err != nil {
			d.cfg.Logger.Warn("the link was not drained", "err", err)
		}
		cancel()
	}
	d.mu.Lock()
	d.link, d.err = nil, l.Err()
	d.mu.Unlock()
	return time.Since(opened)
}

func (d *Dialer) open(ctx context.Context) (*link.Link, error) {
	conn, err := d.cfg.Dial(ctx)
	if err != nil {
		return nil, err
	}
	l, err := link.Dial(ctx, conn, d.cfg.Link)
	if err != nil {
		return nil, err
	}
	if err := d.cfg.OnLink(ctx, l); err != nil {
		_ = l.Close(codec.CodeRefused, "") // its end is not waited for by anybody else
		return nil, err
	}
	return l, nil
}

// State reads where the Dialer stands.
func (d *Dialer) State() DialerState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return DialerState{d.link, d.tries, d.err}
}
