package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"handfast/conformance/driver"
	"handfast/conformance/drivers/goref"
	"handfast/conformance/mutant"
	"handfast/conformance/vectors/lax"
)

// newDriver is the reference peer as a driver, which judges the suite as much as itself.
func newDriver(e env) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "driver",
		Short: "Be a driver of the reference peer, for the suite",
		Long: `Be a driver of the reference peer: read requests of the driver protocol from stdin and answer them on stdout, one line each.
The protocol is described in conformance/DRIVER.md. The environment variable HANDFAST_BUG gives it one of its bugs.`,
		Example: `  handfast conform client -- handfast driver
  handfast conform codec -- handfast driver`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := goref.New(goref.Config{Software: "handfast/" + version, Version: version, Dir: dir})
			if err != nil {
				return &exitError{code: exitMeasured, err: err}
			}
			defer d.Close()
			bug := os.Getenv(driver.BugEnv)
			if program, stop, ok := mutant.DialerProgram(bug); ok && bug != "" {
				defer stop()
				return driver.Serve(cmd.Context(), e.stdin, e.stdout, program)
			}
			program, err := withBug(d.Program(), bug)
			if err != nil {
				return err
			}
			return driver.Serve(cmd.Context(), e.stdin, e.stdout, program)
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "keep node and channels in this `folder`, over the end of the process; one driver alone may have it")
	return cmd
}

// dialerBugs lists the bugs of the test dialer, which takes the place of the reference peer where one is asked for.
func dialerBugs() []driver.Bug {
	var bugs []driver.Bug
	for _, m := range mutant.DialerMutants() {
		bugs = append(bugs, driver.Bug{Name: m.Name, Req: m.Req, Doc: m.Doc})
	}
	return bugs
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
		if r.Op != driver.OpBugs {
			return handle(ctx, r)
		}
		if r.Args["role"] == driver.RoleDialer {
			return driver.Answer{Kind: driver.KindBugs, Bugs: dialerBugs()}
		}
		lab, err := lax.New()
		if err != nil {
			return driver.Brokenf("%v", err)
		}
		return driver.Answer{Kind: driver.KindBugs, Bugs: lab.Bugs()}
	}
	return program, nil
}
