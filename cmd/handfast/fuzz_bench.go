package main

import (
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"handfast/fuzz/bench"
)

// benchWanted is how many of all bugs have to be found.
const benchWanted = 22

func newFuzzBench(e env) *cobra.Command {
	var c bench.Config
	var run, json string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the fuzzer by 24 bugs in sample parsers",
		Long: `Measure the fuzzer by what it finds. Sample parsers in C, Python and JavaScript have one of 24 bugs each on purpose. Each is fuzzed by one driver until the bug
is found or its time is over: with the grammar, and with --plain also without, from one good input of each form and by mutation of bytes that mends nothing.

It needs cc, python3 and node, and the source tree. Exit code 0: at least 22 of 24 were found with grammar, or all that --run names. 1: fewer. 3: a program is missing.`,
		Example: `  handfast fuzz bench
  handfast fuzz bench --run '^c-' --time 10s
  handfast fuzz bench --plain --json bench.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if c.Run, err = regexp.Compile(run); err != nil {
				return usageError("--run: %w", err)
			}
			if err := writable(json); err != nil {
				return err
			}
			if terminal(e.stderr) {
				c.Each = func(r bench.Result) {
					fmt.Fprintf(e.stderr, "%s: found %v after %.1f s\n", r.Bug, r.Grammar.Found, r.Grammar.Seconds)
				}
			}
			report, err := bench.Run(cmd.Context(), c)
			if err != nil {
				return &exitError{code: exitMeasured, err: err}
			}
			if json != "-" {
				if err := report.WriteText(e.stdout); err != nil {
					return err
				}
			}
			if err := e.write(json, report.WriteJSON); err != nil {
				return err
			}
			found, _ := report.Count()
			switch n := len(report.Results); {
			case n == 0:
				return usageError("--run %q names none of the bugs", run)
			case found < min(n, benchWanted):
				return exitWith(exitDiffers)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.DurationVar(&c.Time, "time", 0, "for each bug and way (default 1m)")
	f.Uint64Var(&c.Seed, "seed", 1, "seed of all choices")
	f.StringVar(&run, "run", "", "regular `expression` over the names of the bugs (default all)")
	f.BoolVar(&c.Plain, "plain", false, "also without grammar")
	f.StringVar(&c.Root, "root", "", "`folder` of the source tree (default: the one around this folder)")
	f.StringVar(&json, "json", "", "write the report as JSON to `file`, - for stdout")
	return cmd
}
