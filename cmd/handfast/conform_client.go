package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/goref"
	"handfast/conformance/wire"
)

// answerWithin is the longest wait for any answer of a driver. The longest is that to dial, after 15 s.
const answerWithin = 20 * time.Second

func (c *conformCmd) newClient() *cobra.Command {
	var self, mutants, all bool
	cmd := &cobra.Command{
		Use:   "client (-- CMD... | --self | --mutants)",
		Short: "Judge a dialer, through a driver that the suite starts",
		Long: `Judge a dialer. The suite listens, and starts CMD, which it asks to dial by the protocol of conformance/DRIVER.md. It
starts several, one for each case that runs at the same time, and one anew for each that dies.

What a driver does not claim to support is not held against the dialer: those cases are unsupported.`,
		Example: `  handfast conform client -- ./my-driver --verbose
  handfast conform client --run 'frame/*' -- node driver.js
  handfast conform client --self                             judge the reference peer as a dialer
  handfast conform client --mutants                          judge the suite by dialers with one bug each`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !self && !mutants {
				claimed, err := c.claimedClient(cmd)
				if err != nil {
					return err
				}
				args = claimed
			}
			switch {
			case mutants:
				return c.killDialers(cmd, args, all)
			case self == (len(args) > 0):
				return usageError("conform client takes -- and the command of a driver, or --self, or --mutants")
			case self:
				target := conformance.Target{Driver: selfDriver, Name: "the reference peer as a dialer", OpenTimeout: selfOpenTimeout}
				return c.judgeProfiles(cmd, target, "client --self")
			}
			return c.judgeCommand(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&self, "self", false, "judge the reference peer in this process")
	cmd.Flags().BoolVar(&mutants, "mutants", false, "judge the suite: run it against dialers with one bug each, those of this binary or those that CMD has")
	cmd.Flags().BoolVar(&all, "all", false, "with --mutants: every case on every mutant")
	return cmd
}

// judgeCommand judges the dialer behind a command.
func (c *conformCmd) judgeCommand(cmd *cobra.Command, args []string) error {
	start := func(context.Context) (*driver.Process, error) { return startDriver(args) }
	target := conformance.Target{Driver: start, Name: strings.Join(args, " ")}
	return c.judgeAs(cmd, target, conformance.ConsoleOptions{
		Command: "handfast conform client" + c.again(cmd), After: " -- " + shellWords(args), Trace: c.trace,
	})
}

// startDriver starts a command as a driver.
func startDriver(args []string, env ...string) (*driver.Process, error) {
	return driver.Start(driver.Command{Args: args, Env: env, Timeout: answerWithin})
}

// selfDriver starts the reference peer as a driver in this process. It gives up openings sooner than it has to, so that nobody waits.
func selfDriver(context.Context) (*driver.Process, error) {
	d, err := goref.New(goref.Config{Software: "handfast/" + version, Version: version, OpenTimeout: selfOpenTimeout})
	if err != nil {
		return nil, err
	}
	p := d.Program()
	p.Timeout = answerWithin
	return driver.Pipe(p), nil
}

// killDialers runs the dialers with one bug each: those of this binary, or those that the driver of a command lists.
func (c *conformCmd) killDialers(cmd *cobra.Command, args []string, all bool) error {
	config := conformance.KillConfig{Mutants: c.lab.dialerMutants, Start: c.lab.startDialer, Dialers: true, All: all}
	if len(args) > 0 {
		bugs, err := bugsOf(cmd.Context(), args, driver.RoleDialer)
		if err != nil {
			return &exitError{code: exitMeasured, err: err}
		}
		judged := slices.DeleteFunc(slices.Clone(bugs), func(m conformance.Mutant) bool { return !conformance.Judged(wire.Dialer, m.Req) })
		if n := len(bugs) - len(judged); n > 0 {
			fmt.Fprintf(c.env.stderr, "handfast: %d bugs break rules that no case of dialers judges, and are left out\n", n)
		}
		config.Mutants, config.Foreign, config.Obligations = judged, true, []string{}
		config.Idle = func(*conformance.Case) bool { return true }
		config.Start = func(_ context.Context, bug string) (*conformance.TestPeer, error) {
			start := func(context.Context) (*driver.Process, error) { return startDriver(args, driver.BugEnv+"="+bug) }
			return &conformance.TestPeer{
				Target: conformance.Target{Driver: start, Name: strings.Join(args, " ")},
				Stop:   func() error { return nil }, // the suite ends what it has started
			}, nil
		}
	}
	return c.killAll(cmd, config)
}
