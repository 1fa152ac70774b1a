// Command bench measures Handfast beside raw TCP and the Go protocols that people would use in its place.
//
//	go run -C refimpl/bench . --json /tmp/bench.json
//
// Every point runs in a fresh child process, so that one protocol's heap, timers and pools cannot slow the next.
// Points are interleaved over rounds with raw TCP first and last in each group, and every ratio is taken against the
// raw runs of its own group and round: absolute rates on a shared machine move by half, ratios of neighbours by a tenth.
//
// It does not measure two machines, TLS, or loss: both ends share one process and its loopback device.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes, the same in every command of this repository.
const (
	exitOK         = 0 // measured; with --check, every floor was held
	exitBelow      = 1 // --check, and a floor was missed
	exitUsage      = 2 // the command line makes no sense
	exitUnmeasured = 3 // a point, or everything, could not be measured
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole command. Results go to stdout, everything else to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "bench: error: %v\nbench: hint: --help lists the flags\n", err)
		return exitUsage
	case o.child != "":
		return childMain(o.child, stdout, stderr)
	}
	code, err := measureAll(ctx, o, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "bench: error: %v\n", err)
	}
	return code
}

// measureAll runs the rounds, writes the reports, and with --check compares Handfast's rows with their floors.
func measureAll(ctx context.Context, o options, stdout, stderr io.Writer) (int, error) {
	all := peers()
	for _, p := range all {
		if len(p.takes) == 0 {
			fmt.Fprintf(stderr, "bench: note: %s has no runner yet, its rows are absent\n", p.name)
		}
	}
	groups := plan(workloads(), all, o)
	if len(groups) == 0 {
		return exitUnmeasured, errors.New("no point is left after --run and --impl")
	}
	out, err := openReport(o.json)
	if err != nil {
		return exitUsage, err
	}
	defer out.Close()

	res, err := runRounds(ctx, o, groups, progressTo(stderr, o.quiet))
	if err != nil {
		return exitUnmeasured, err
	}
	rep := newReport(o.rounds, groups, res)
	if err := rep.writeJSON(out); err != nil {
		return exitUnmeasured, err
	}
	if err := rep.writeMarkdown(stdout); err != nil {
		return exitUnmeasured, err
	}
	code := exitOK
	for _, f := range rep.Failed {
		fmt.Fprintf(stderr, "bench: error: %s, round %d: %s\n", f.Point, f.Round, f.Error)
		code = exitUnmeasured
	}
	if o.check {
		code = max(code, reportCheck(checkFloors(rep.Rows), stderr))
	}
	return code, nil
}
