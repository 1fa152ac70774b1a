package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"handfast/fuzz"
)

// liveFlags are those that only --tcp has.
type liveFlags struct {
	addr string
	pid  int
	from uint64
}

func (l *liveFlags) add(f *pflag.FlagSet) {
	f.StringVar(&l.addr, "tcp", "", "fuzz the peer that listens at `HOST:PORT`, without TLS")
	f.IntVar(&l.pid, "pid", 0, "with --tcp: `number` of the peer's process, by which its memory is seen")
	f.Uint64Var(&l.from, "from", 0, "with --tcp: number of the first sequence, to repeat one of them")
}

// live fuzzes a peer that listens.
func (c *fuzzCmd) live(cmd *cobra.Command) error {
	for _, name := range []string{"what", "plain", "out", "known", "replay", "corpus"} {
		if cmd.Flags().Changed(name) {
			return usageError("--tcp does not go with --%s", name)
		}
	}
	config := fuzz.LiveConfig{
		Addr: c.tcp.addr, PID: c.tcp.pid, From: c.tcp.from, Seed: c.config.Seed, Time: c.config.Time, Runs: c.config.Runs, Jobs: c.config.Jobs, Timeout: c.config.Timeout,
	}
	if terminal(c.env.stderr) {
		config.Progress = func(s fuzz.Stats) { fuzzProgress(c.env.stderr, s, "sequences") }
	}
	report, err := fuzz.Live(cmd.Context(), config)
	if terminal(c.env.stderr) {
		fmt.Fprint(c.env.stderr, "\r\x1b[K")
	}
	if err != nil {
		return fuzzError(err)
	}
	if c.json != "-" {
		if err := report.WriteText(c.env.stdout); err != nil {
			return err
		}
	}
	if err := c.env.write(c.json, report.WriteJSON); err != nil {
		return err
	}
	return exitWith(report.ExitCode())
}
