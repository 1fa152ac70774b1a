package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"handfast/refimpl/link"
	"handfast/refimpl/repair"
	"handfast/refimpl/status"
)

func newStatus(e env) *cobra.Command {
	c := client{env: e}
	cmd := &cobra.Command{
		Use:   "status ADDR",
		Short: "Show links, queues and positions of a peer",
		Long: `Show the state of a peer: how many connections began with which other protocol, each link with round trip, clock offset and drift, each
remote that it sends to with its queue and position, and each source that it takes from. CHECK OWED says that two sides may differ and that a repair has to run, which serve does by itself when
there is a link. It is followed by the repairs of this process, and by the peers that sessions of sync are begun with.
With --json it prints the report as spec/access.md describes it.`,
		Example: `  handfast status 127.0.0.1:7400
  handfast status 127.0.0.1:7400 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), args[0], func(ctx context.Context, l *link.Link) error {
				r, raw, err := status.Get(ctx, l)
				if err != nil {
					return err
				}
				if c.json {
					_, err := fmt.Fprintf(e.stdout, "%s\n", raw)
					return err
				}
				return showStatus(e.stdout, r)
			})
		},
	}
	c.add(cmd.Flags())
	return cmd
}

// showStatus prints a report for people.
func showStatus(out io.Writer, r *status.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "node %s, up %v\n", r.Node, (time.Duration(r.UptimeMS) * time.Millisecond).Round(time.Second))
	if r.Store != nil {
		fmt.Fprintf(w, "cluster %s, %d objects, %d tombstones\n", r.Cluster, r.Store.Objects, r.Store.Tombstones)
	}
	if len(r.Foreign) > 0 {
		fmt.Fprintf(w, "foreign connections: %s\n", foreign(r.Foreign))
	}
	fmt.Fprintf(w, "\nLINK\tPEER\tOPEN\tRTT\tOFFSET\tDRIFT\tHEARTBEAT\tIN\tOUT\n")
	for i := range r.Links {
		l := &r.Links[i]
		name := l.Remote
		if name == "" {
			name = "(accepted)"
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\t%s\t%s\t%s\t%s\n", visible(name), visible(short(l.Peer)), (time.Duration(l.OpenMS) * time.Millisecond).Round(time.Second),
			micros(l.RTTUS), bounded(l.OffsetUS, l.OffsetErrUS), ppm(l.DriftPPM, l.DriftErrPPM), beat(l), size(l.BytesIn), size(l.BytesOut))
	}
	if len(r.Remotes) > 0 {
		fmt.Fprintf(w, "\nREMOTE\tSTATE\tQUEUE\tRECORDS\tSTABLE\tGAPS\tRESUMES\tCHECK\n")
	}
	for i := range r.Remotes {
		m := &r.Remotes[i]
		fmt.Fprintf(w, "%s\t%s\t%s of %s\t%d\t%d of %d\t%s\t%d\t%s\n", visible(m.Name), remoteState(m), size(m.QueueBytes), size(m.QueueLimit), m.QueueRecords,
			m.Stable, m.Next-1, gapText(m.Gaps.Overflow, m.Gaps.Restart, m.Gaps.Expired, m.Gaps.Filtered, m.Gaps.Operator, m.Gaps.Other), m.Positions.Kept, owed(m.CheckOwed))
	}
	if len(r.Sources) > 0 {
		fmt.Fprintf(w, "\nSOURCE\tNAME\tSTATE\tSTABLE\tAPPLIED\tHAD\tREFUSED\tDENIED\tGAPS\tCHECK\n")
	}
	for i := range r.Sources {
		s := &r.Sources[i]
		state := "detached"
		if s.Attached {
			state = "attached"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", visible(short(s.Node)), visible(s.Name), state, s.Stable, s.Applied, s.NoOps, s.Refused, s.Denied,
			gapText(s.Gaps.Overflow, s.Gaps.Restart, s.Gaps.Expired, s.Gaps.Filtered, s.Gaps.Operator, s.Gaps.Other), owed(s.CheckOwed))
	}
	if len(r.Repairs) > 0 {
		fmt.Fprintf(w, "\nREPAIR WITH\tSTATE\tTRIES\tWHOLE\n")
	}
	for _, p := range r.Repairs {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\n", visible(short(p.Peer)), repairState(p), p.Tries, p.Repaired)
	}
	showPeers(w, r.Peers)
	for _, p := range r.Repairs {
		if p.Error != "" {
			fmt.Fprintf(w, "\nrepair with %s: %s\n", visible(short(p.Peer)), visible(p.Error))
		}
	}
	for i := range r.Remotes {
		if m := &r.Remotes[i]; m.Error != "" {
			fmt.Fprintf(w, "\n%s (%s): try %d: %s\n", visible(m.Name), visible(m.Address), m.Tries, visible(m.Error))
		}
	}
	return w.Flush()
}

// foreign lists kinds of first bytes and how often each came, by name.
func foreign(kinds map[string]uint64) string {
	parts := make([]string, 0, len(kinds))
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[kind], visible(kind)))
	}
	return strings.Join(parts, ", ")
}

// visible shows what another peer has chosen so that it does a terminal and a table no harm.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r == '\u2028' || r == '\u202E' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// short cuts an identity.
func short(s string) string {
	kind, rest, ok := strings.Cut(s, ":")
	if ok && len(rest) > 12 {
		return kind + ":" + rest[:12]
	}
	return s
}

func micros(us *int64) string {
	if us == nil {
		return "-"
	}
	return (time.Duration(*us) * time.Microsecond).String()
}

func bounded(us, bound *int64) string {
	if us == nil || bound == nil {
		return "-"
	}
	return micros(us) + " ±" + micros(bound)
}

func ppm(v, bound *float64) string {
	if v == nil || bound == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f ±%.1f ppm", *v, *bound)
}

func beat(l *status.Link) string {
	switch {
	case l.Draining:
		return "draining"
	case !l.Stable:
		return "SUSPECT"
	case l.Samples == 0:
		return "-"
	}
	return "stable"
}

func remoteState(m *status.Remote) string {
	switch {
	case m.Behind:
		return "BEHIND"
	case !m.Started:
		return "stopped"
	case m.Attached:
		return "attached"
	}
	return "detached"
}

func repairState(s repair.Status) string {
	switch {
	case s.Running:
		return "runs"
	case s.Error != "":
		return "FAILED"
	}
	return "repaired"
}

func owed(check bool) string {
	if check {
		return "OWED"
	}
	return "-"
}

// gapText lists the reasons that there are.
func gapText(overflow, restart, expired, filtered, operator, other uint64) string {
	var parts []string
	for _, one := range []struct {
		name string
		n    uint64
	}{{"overflow", overflow}, {"restart", restart}, {"expired", expired}, {"filtered", filtered}, {"operator", operator}, {"other", other}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.name))
		}
	}
	if parts == nil {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// size gives bytes in a form for people.
func size(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
