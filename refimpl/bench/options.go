package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"time"
)

const usage = `bench measures Handfast beside raw TCP, the HTTP/2 framer, yamux, gRPC and NATS.

usage: bench [flags]
       bench --run 'call/.*/16$' --impl 'handfast|grpc'

  --json FILE    write the rows as JSON
  --rounds N     interleaved rounds, medians are taken over them (default 3)
  --dur D        measured time of a point (default 1s)
  --warm D       warm-up of a point, not measured (default 300ms)
  --run REGEX    only points whose "workload/impl/size/concurrency" matches
  --impl REGEX   only implementations whose name matches
  --check        exit 1 if Handfast is below 0.7 of a floor, or above a counter's limit
  --quiet        no progress line (there is none anyway when stderr is not a terminal)

raw always runs in a group that is measured: without it there is no ratio.
exit: 0 measured, 1 below a floor, 2 usage, 3 could not measure
`

// options are the command line. The zero value is not useful; parseOptions fills the defaults.
type options struct {
	json      string         // file for the rows, empty for none
	rounds    int            // at least 1
	dur       time.Duration  // measured time of a point
	warm      time.Duration  // warm-up of a point
	run, impl *regexp.Regexp // nil matches everything
	check     bool
	quiet     bool
	child     string // internal: the child's order as JSON; the flag is not in the usage text
}

func parseOptions(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints the error once, with a hint
	fs.StringVar(&o.json, "json", "", "")
	fs.IntVar(&o.rounds, "rounds", 3, "")
	fs.DurationVar(&o.dur, "dur", time.Second, "")
	fs.DurationVar(&o.warm, "warm", 300*time.Millisecond, "")
	fs.Func("run", "", regexpInto(&o.run))
	fs.Func("impl", "", regexpInto(&o.impl))
	fs.BoolVar(&o.check, "check", false, "")
	fs.BoolVar(&o.quiet, "quiet", false, "")
	fs.StringVar(&o.child, "child", "", "")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	var faults []error
	if fs.NArg() > 0 {
		faults = append(faults, fmt.Errorf("unexpected argument %q", fs.Arg(0)))
	}
	if o.rounds < 1 {
		faults = append(faults, errors.New("--rounds must be at least 1"))
	}
	if o.dur <= 0 || o.dur > maxPhase {
		faults = append(faults, fmt.Errorf("--dur must be above 0 and at most %v", maxPhase))
	}
	if o.warm < 0 || o.warm > maxPhase {
		faults = append(faults, fmt.Errorf("--warm must be between 0 and %v", maxPhase))
	}
	return o, errors.Join(faults...)
}

func regexpInto(dst **regexp.Regexp) func(string) error {
	return func(s string) error {
		re, err := regexp.Compile(s)
		*dst = re
		return err
	}
}
