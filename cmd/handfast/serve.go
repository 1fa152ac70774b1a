package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"handfast/conformance/driver"
	"handfast/refimpl"
)

func newServe(e env) *cobra.Command {
	var (
		listen, node string
		open, drain  time.Duration
		maxLinks     int
		secure       tlsFlags
		logs         logFlags
		limits       limitFlags
		mirrored     mirrorFlags
		data         dataFlags
		older        fastServeFlags
		scraped      metricsFlags
		short, ready bool
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the reference peer",
		Long: `Run the reference peer. It serves the sub-protocol call with the methods echo, stream, sleep, fail and discard
(spec/call.md). When it listens it prints one line "listening ADDR" on stdout. SIGTERM or SIGINT ends it in good
order: running calls are finished. With --ready the line is that of "conform server -- CMD", and the end of stdin ends it too.
With --data it keeps objects too, which put, get and del write and read, and sends what is written to each --realtime-to.`,
		Example: `  handfast serve --listen 127.0.0.1:7400
  handfast serve --listen 127.0.0.1:7401 --data berlin --realtime-to paris=127.0.0.1:7402
  handfast serve --listen :7400 --tls-cert node.pem --tls-key node.key --tls-ca ca.pem`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg := refimpl.Config{MaxLinks: &maxLinks, DrainTimeout: &drain}
			if cfg.Link, err = newLinkConfig(node); err != nil {
				return err
			}
			if cfg.Link.Logger, err = logs.logger(e); err != nil {
				return err
			}
			if cfg.TLS, err = secure.server(); err != nil {
				return err
			}
			cfg.Link.OpenTimeout = open
			if short {
				limits.shorten(cmd.Flags())
				if open == 0 {
					cfg.Link.OpenTimeout = selfOpenTimeout
				}
			}
			if cfg.Link.Limits, err = limits.limits(); err != nil {
				return err
			}
			dialled, err := secure.client()
			if err != nil {
				return err
			}
			kept, err := data.open(&cfg, node, drain, dialled)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, kept.Close()) }()
			done, err := mirrored.offer(&cfg.Link, data.dir)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, done()) }()
			if err := older.offer(&cfg); err != nil {
				return err
			}
			said := report(&cfg, kept)
			p, err := refimpl.New(cfg)
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			said.peer.Store(p)
			ln, err := net.Listen("tcp", listen)
			if err != nil {
				return &exitError{code: exitMeasured, err: err, hint: "choose another address with --listen; port 0 takes any that is free"}
			}
			scraping, err := scraped.serve(e, said.read, kept)
			if err != nil {
				return errors.Join(err, ln.Close())
			}
			defer func() { err = errors.Join(err, scraping()) }()
			defer kept.run(cmd.Context())()
			if ready {
				return serveStarted(cmd.Context(), e, p, ln, cfg.TLS != nil, data.dir != "")
			}
			fmt.Fprintf(e.stdout, "listening %s\n", ln.Addr())
			return p.Serve(cmd.Context(), ln)
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:7400", "`address` to listen on")
	f.StringVar(&node, "node", "", "node id, 32 hexadecimal `digits` (default: random)")
	f.DurationVar(&open, "open-timeout", 0, "longest time for an opening, at most 10s (default 10s)")
	f.DurationVar(&drain, "drain-timeout", 30*time.Second, "longest time for running calls after SIGTERM")
	f.BoolVar(&short, "short-timers", false, "timers as short as in conform --self, so that the suite takes seconds; not for real networks")
	f.BoolVar(&ready, "ready", false, "be started by the suite: print {\"ready\": {\"addr\": ...}} when it listens, and end with stdin")
	f.IntVar(&maxLinks, "max-links", 4096, "links that may be open at once; 0 refuses all")
	secure.add(f)
	logs.add(f, "info")
	limits.add(f)
	mirrored.add(f)
	data.add(f)
	older.add(f)
	scraped.add(f)
	return cmd
}

// serveStarted serves as an acceptor that the suite has started (conformance/DRIVER.md): it says so in one line, and ends with its stdin.
func serveStarted(ctx context.Context, e env, p *refimpl.Peer, ln net.Listener, secure, durable bool) error {
	said := driver.Ready{Addr: ln.Addr().String(), Durable: durable}
	if secure {
		said.Addr, said.TLSAddr = "", said.Addr
	}
	line, err := json.Marshal(map[string]driver.Ready{"ready": said})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with stdin, or with the process
		_, _ = io.Copy(io.Discard, e.stdin)
		cancel()
	}()
	fmt.Fprintf(e.stdout, "%s\n", line)
	return p.Serve(ctx, ln)
}
