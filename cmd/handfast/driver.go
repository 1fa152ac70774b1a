package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"handfast/conformance/driver"
	"handfast/conformance/drivers/goref"
	"handfast/conformance/vectors/lax"
)

// newDriver is the reference peer as a driver, which judges the suite as much as itself.
func newDriver(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "driver",
		Short: "Be a driver of the reference peer, for the suite",
		Long: `Be a driver of the reference peer: read requests of the driver protocol from stdin and answer them on stdout, one line each.
The protocol is described in conformance/DRIVER.md. The environment variable HANDFAST_BUG gives it one of its bugs.`,
		Example: `  handfast conform client -- handfast driver
  handfast conform codec -- handfast driver`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := goref.New(goref.Config{Software: "handfast/" + version, Version: version})
			defer d.Reset()
			program, err := withBug(d.Program(), os.Getenv(driver.BugEnv))
			if err != nil {
				return err
			}
			return driver.Serve(cmd.Context(), e.stdin, e.stdout, program)
		},
	}
}

// withBug gives a driver that lists its bugs, and has the one of a name.
func withBug(program driver.Program, bug string) (driver.Program, error) {
	if bug != "" {
		lab, err := lax.New()
		if err != nil {
			return program, &exitError{code: exitMeasured, err: err}
		}
		mutant, ok := lab.Program(bug)
		if !ok {
			return program, usageError("%s is %q, and there is no such bug", driver.BugEnv, bug)
		}
		program = mutant
	}
	handle := program.Handle
	program.Handle = func(ctx context.Context, r driver.Request) driver.Answer {
		if r.Op != driver.OpBugs || r.Args["role"] != driver.RoleCodec {
			return handle(ctx, r)
		}
		lab, err := lax.New()
		if err != nil {
			return driver.Brokenf("%v", err)
		}
		return driver.Answer{Kind: driver.KindBugs, Bugs: lab.Bugs()}
	}
	return program, nil
}
