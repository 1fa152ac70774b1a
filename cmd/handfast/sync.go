package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"handfast/codec"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

func newSync(e env) *cobra.Command {
	var (
		c      syncCmd
		secure tlsFlags
		logs   logFlags
	)
	cmd := &cobra.Command{
		Use:   "sync ADDR --data DIR",
		Short: "Make a folder and a peer hold the same objects",
		Long: `Make the objects of --data and those of a peer that was started with serve --data the same, in both directions. DIR is a folder as serve --data
has it, which no other process has open; where there is none it is made, and becomes a copy.
Exit code 0: each namespace was repaired, and all that was sent is durable. 1: something was refused, or a session broke off; what was applied stays
applied, and running it again is safe. 3: no link could be opened.`,
		Example: `  handfast sync 127.0.0.1:7400 --data ./copy
  handfast sync 127.0.0.1:7400 --data ./copy --namespace users --dry-run`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.env = e
			conf, err := newLinkConfig("")
			if err != nil {
				return err
			}
			conf.Protos = map[string][]uint16{sync.Proto: {sync.Version}}
			if conf.Logger, err = logs.logger(e); err != nil {
				return err
			}
			tlsConf, err := secure.client()
			if err != nil {
				return err
			}
			s, err := c.open(&conf)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			conn, err := dial.Transport(cmd.Context(), args[0], tlsConf)
			if err != nil {
				return &exitError{code: exitMeasured, err: err, hint: "is a peer listening there? handfast serve --data starts one"}
			}
			l, err := link.Dial(cmd.Context(), conn, conf)
			if err != nil {
				return &exitError{code: exitMeasured, err: err, hint: openHint(err)}
			}
			err = c.run(cmd.Context(), l, s)
			_ = l.Close(codec.CodeNoError, "")
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.dir, "data", "", "`folder` of the objects")
	f.StringSliceVar(&c.namespaces, "namespace", []string{"default"}, "`name` of a namespace; may be given several times")
	c.salt.add(f)
	f.BoolVar(&c.dry, "dry-run", false, "only tell what differs, and change nothing")
	f.BoolVar(&c.scrub, "scrub", false, "compare digests at once: finds what clocks cannot show, such as damage")
	f.DurationVar(&c.timeout, "timeout", sync.DefaultTimeout, "give up a namespace after this long")
	f.BoolVar(&c.json, "json", false, "print one JSON object a namespace")
	secure.addDialer(f)
	logs.add(f, "off")
	_ = cmd.MarkFlagRequired("data")
	return cmd
}

type syncCmd struct {
	env        env
	dir        string
	namespaces []string
	dry, scrub bool
	timeout    time.Duration
	json       bool
	salt       saltFlag
}

// open opens the folder, and gives the link its ids.
func (c *syncCmd) open(conf *link.Config) (*store.Bolt, error) {
	salt, err := c.salt.read()
	if err != nil {
		return nil, err
	}
	d := dataFlags{dir: c.dir, namespaces: c.namespaces}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, &exitError{code: exitMeasured, err: err}
	}
	if err := d.identify(conf, ""); err != nil {
		return nil, err
	}
	namespaces, err := defaultNamespaces(c.namespaces)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(store.Config{Path: filepath.Join(c.dir, "store"), Namespaces: namespaces, Salt: salt, Cells: syncCells, Logger: conf.Logger})
	if err != nil {
		return nil, &exitError{code: exitMeasured, err: err, hint: storeHint(err)}
	}
	sync.OfferCells(conf, s)
	return s, nil
}

func (c *syncCmd) run(ctx context.Context, l *link.Link, s store.Store) error {
	var bad error
	for _, ns := range c.namespaces {
		r, err := sync.Run(ctx, l, sync.Options{
			Store: s, Namespace: ns, Timeout: c.timeout, Progress: c.progress(ns),
			Plan: sync.Plan{DryRun: c.dry, NoSince: c.scrub},
		})
		if err := c.print(r, err); err != nil {
			return err
		}
		if err != nil {
			bad = &exitError{code: exitDiffers, err: fmt.Errorf("%s: %w", ns, err), hint: syncHint(err)}
		} else if r.Outcome != sync.OK && bad == nil {
			bad = &exitError{code: exitDiffers, err: fmt.Errorf("%s: the session is partial", ns), hint: "the log of both sides says what was refused (--log info)"}
		}
	}
	return bad
}

// syncHint says what to do about a session that failed.
func syncHint(err error) string {
	e, ok := errors.AsType[*link.Error](err)
	if !ok {
		return "what was applied is durable: run it again"
	}
	switch e.Code {
	case codec.CodeSyncNamespace:
		return "the peer does not share this namespace: serve --data DIR --namespace NAME"
	case codec.CodeSyncSalt:
		return "the two stores have different salts: --salt FILE on both sides, with the same file"
	case codec.CodeUnknownProto:
		return "the peer has no objects: it was started without --data"
	}
	return "what was applied is durable: run it again"
}

// progress shows a session where somebody watches.
func (c *syncCmd) progress(ns string) func(sync.Progress) {
	if !terminal(c.env.stderr) {
		return nil
	}
	return func(p sync.Progress) {
		fmt.Fprintf(c.env.stderr, "\r\x1b[K%s: %s, %d objects sent, %d received, %d questions", ns, p.Phase, p.Sent, p.Received, p.Asked)
	}
}

func (c *syncCmd) print(r *sync.Report, failure error) error {
	if terminal(c.env.stderr) {
		fmt.Fprint(c.env.stderr, "\r\x1b[K")
	}
	if c.json {
		return json.NewEncoder(c.env.stdout).Encode(reportJSON(r, failure))
	}
	if failure != nil {
		_, err := fmt.Fprintf(c.env.stdout, "%s: %s, %d sent, %d received\n", r.Namespace, r.Outcome, r.Mine.Sent, r.Mine.Received)
		return err
	}
	if c.dry {
		f := r.Found
		_, err := fmt.Fprintf(c.env.stdout, "%s: %d only here, %d only there, %d differ; %d here, %d there\n",
			r.Namespace, f.OnlyHere, f.OnlyThere, f.Both, r.Mine.Count, r.Theirs.Count)
		return err
	}
	_, err := fmt.Fprintf(c.env.stdout, "%s; %d objects; %s, %d round trips, %d bytes in, %d out\n",
		r, r.Mine.Count, r.Took.Round(time.Millisecond), r.Turns, r.In.Bytes, r.Out.Bytes)
	return err
}

// reportJSON is a report for programs.
func reportJSON(r *sync.Report, failure error) map[string]any {
	m := map[string]any{
		"namespace": r.Namespace, "outcome": r.Outcome.String(), "equal": r.Equal, "sent": r.Mine.Sent, "acked": r.Mine.Acked,
		"received": r.Mine.Received, "noop": r.Mine.NoOps, "applied": r.Mine.Applied, "siblings": r.Mine.Siblings,
		"rejected": r.Mine.Rejected, "rejected_there": r.Theirs.Rejected, "errors": r.Mine.Errors, "errors_there": r.Theirs.Errors,
		"lost": r.Lost, "objects": r.Mine.Count, "objects_there": r.Theirs.Count, "bytes_in": r.In.Bytes, "bytes_out": r.Out.Bytes,
		"round_trips": r.Turns, "ms": r.Took.Milliseconds(),
	}
	if f := r.Found; f.OnlyHere+f.OnlyThere+f.Both > 0 {
		m["only_here"], m["only_there"], m["differ"], m["keys"] = f.OnlyHere, f.OnlyThere, f.Both, f.Keys
	}
	if failure != nil {
		m["error"] = failure.Error()
	}
	return m
}
