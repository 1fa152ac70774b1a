package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"handfast/conformance"
)

// conformCmd is everything that the flags of conform set.
type conformCmd struct {
	env     env
	lab     lab
	secure  tlsFlags
	self    bool
	mutants bool
	all     bool

	profile     string
	run, skip   []string
	timeout     time.Duration
	patience    time.Duration
	seed        uint64
	jobs        int
	json, junit string
	trace       bool
	out         publishing
	repo        repoFlags
}

func newConform(e env, l lab) *cobra.Command {
	c := &conformCmd{env: e, lab: l}
	cmd := &cobra.Command{
		Use:   "conform",
		Short: "Judge a peer by the conformance suite",
		Long: `Judge a peer by the conformance suite. What did not pass is printed with the clause, what was expected and what came, the
bytes field by field, and a line that repeats just that case. The summary comes last.

Exit code 0: everything passed. 1: a verdict differs. 2: wrong arguments, a pattern that matches nothing included.
3: nothing could be measured: nothing listens, it does not speak Handfast, or no case was left to run.`,
		Example: `  handfast conform --self                                    judge the reference peer
  handfast conform server 127.0.0.1:7400                     judge any acceptor
  handfast conform server HOST:PORT --tls --tls-ca ca.pem    over TLS, and the cases of TLS as well
  handfast conform server HOST:PORT --run FRAME-001 --trace  one requirement, with everything that was sent
  handfast conform --mutants                                 judge the suite by peers with one bug each
  handfast conform init --lang python                        write a driver to begin with
  handfast conform next                                      what to implement now
  handfast conform explain FRAME-001                         anything that is named, byte by byte
  handfast conform list                                      cases and what they cite`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.start(cmd) },
	}
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := notNegative(cmd); err != nil {
			return err
		}
		return writable(c.json, c.junit, c.out.html, c.out.markdown, c.out.badge, c.out.endpoint)
	}
	c.flags(cmd.PersistentFlags())
	cmd.Flags().BoolVar(&c.self, "self", false, "start the reference peer in this process and judge it")
	cmd.Flags().BoolVar(&c.mutants, "mutants", false, "judge the suite: run it against peers with one bug each and print the kill matrix")
	cmd.Flags().BoolVar(&c.all, "all", false, "with --mutants: every case on every mutant")
	cmd.AddCommand(c.newServer(), c.newClient(), c.newCodec(), c.newMatrix(), c.newProxy(), c.newCheck(), c.newList(), c.newExplain(), c.newNext(), c.newInit(), c.newReport(), c.newBadge(), c.newKnown())
	return cmd
}

func (c *conformCmd) flags(f *pflag.FlagSet) {
	f.StringVar(&c.profile, "profile", conformance.DefaultProfile, "`profile` to judge by; --self and --mutants alone take every one")
	f.StringSliceVar(&c.run, "run", nil, "only cases that match: `pattern` of ids (frame/*) or of requirements (FRAME-001); may be repeated")
	f.StringSliceVar(&c.skip, "skip", nil, "leave out cases that match `pattern`; may be repeated")
	f.DurationVar(&c.timeout, "timeout", 0, "longest wait for one thing that the peer has to do (default 5s, with --mutants 2s)")
	f.DurationVar(&c.patience, "patience", 0, "longest wait for a timer that the peer states itself; cases that need more are unsupported (default 3m)")
	f.Uint64Var(&c.seed, "seed", 0, "seed of the order and of all random bytes (default: from the clock, and printed)")
	f.IntVar(&c.jobs, "jobs", 0, "cases, or mutants, at the same time (default: 4 for each processor)")
	f.StringVar(&c.json, "json", "", "write the report as JSON to `file`, - being stdout, where nothing else is printed then")
	f.StringVar(&c.junit, "junit", "", "write the report as JUnit XML to `file`")
	f.BoolVar(&c.trace, "trace", false, "print everything that was sent in cases that did not pass; keep all traces in JSON")
	c.out.flags(f)
	c.repo.flags(f)
	c.secure.addDialer(f)
}

// start is conform without a subcommand: --self or --mutants.
func (c *conformCmd) start(cmd *cobra.Command) error {
	switch {
	case c.self == c.mutants:
		return usageError("conform takes --self, --mutants, or one of its commands")
	case c.mutants:
		return c.kill(cmd)
	case c.lab.self == nil:
		return &exitError{code: exitMeasured, err: errors.New("this binary holds no reference peer")}
	}
	p, err := c.lab.self(cmd.Context())
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	err = c.judgeProfiles(cmd, p.Target, "--self")
	return errors.Join(err, p.Stop())
}

// judge runs the cases and writes the reports. How is what comes after "conform" to run the same again.
func (c *conformCmd) judge(cmd *cobra.Command, target conformance.Target, how string) error {
	return c.judgeAs(cmd, target, conformance.ConsoleOptions{Command: "handfast conform " + how + c.again(cmd), Trace: c.trace})
}

// judgeAs is judge with the lines that repeat a case given as a whole.
func (c *conformCmd) judgeAs(cmd *cobra.Command, target conformance.Target, console conformance.ConsoleOptions) error {
	return c.judgeConfig(cmd, conformance.Config{Target: target}, console)
}

// judgeConfig is judgeAs for a run of which more is said than the target. The flags say the rest.
func (c *conformCmd) judgeConfig(cmd *cobra.Command, config conformance.Config, console conformance.ConsoleOptions) error {
	if _, err := c.configure(cmd); err != nil {
		return err
	}
	if _, err := c.repository(cmd); err != nil { // before the run, which may take long
		return err
	}
	config.Profile, config.Run, config.Skip = c.profile, c.run, c.skip
	report, err := c.measure(cmd, config)
	if err != nil {
		return err
	}
	return c.finish(cmd, judged{report, console})
}

// measure runs the cases of one profile.
func (c *conformCmd) measure(cmd *cobra.Command, config conformance.Config) (*conformance.Report, error) {
	config.Timeout, config.Patience, config.Jobs, config.Seed, config.Trace = c.timeout, c.patience, c.jobs, c.seed, c.trace
	if terminal(c.env.stderr) {
		config.Each = (&conformance.Progress{W: c.env.stderr}).Each
	}
	report, err := conformance.Run(cmd.Context(), config)
	if err != nil {
		return nil, c.refused(err)
	}
	return report, nil
}

// kill runs the mutants of acceptors and writes the matrix.
func (c *conformCmd) kill(cmd *cobra.Command) error {
	return c.killAll(cmd, conformance.KillConfig{Mutants: c.lab.mutants, Start: c.lab.start, All: c.all})
}

// killAll runs mutants and writes the matrix.
func (c *conformCmd) killAll(cmd *cobra.Command, config conformance.KillConfig) error {
	if config.Start == nil {
		return &exitError{code: exitMeasured, err: errors.New("this binary holds no mutants")}
	}
	if c.junit != "" {
		return usageError("--junit has no form for the kill matrix; --json has")
	}
	cases, err := conformance.Select(conformance.Cases(), c.run, c.skip)
	if err != nil {
		return c.refused(err)
	}
	config.Cases, config.Timeout, config.Jobs, config.Seed = cases, c.timeout, c.jobs, c.seed
	if cmd.Flags().Changed("profile") {
		if !slices.Contains(conformance.MutatedProfiles(), c.profile) {
			return usageError("there are no mutants of the profile %q", c.profile)
		}
		config.Profile = c.profile
	}
	if len(c.run)+len(c.skip) > 0 { // mutants that the chosen cases are not about would survive them, and the others owe nothing here
		config.Obligations = []string{}
		config.Mutants = slices.DeleteFunc(slices.Clone(config.Mutants), func(m conformance.Mutant) bool {
			return !slices.ContainsFunc(cases, func(one conformance.Case) bool { return slices.Contains(one.Req, m.Req) })
		})
	}
	if terminal(c.env.stderr) {
		config.Each = (&conformance.Progress{W: c.env.stderr}).EachKill
	}
	report, err := conformance.Kills(cmd.Context(), config)
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	if err := report.WriteConsole(c.people()); err != nil {
		return err
	}
	if err := c.env.write(c.json, report.WriteJSON); err != nil {
		return err
	}
	return exitWith(report.ExitCode())
}

// refused turns an error of the suite into one with an exit code.
func (c *conformCmd) refused(err error) error {
	if _, ok := errors.AsType[*conformance.UsageError](err); ok {
		return &exitError{code: exitUsage, err: err, hint: "handfast conform list prints all cases"}
	}
	return &exitError{code: exitMeasured, err: err}
}

// exitWith makes the error of an exit code, nil for 0. There is nothing to say that the report has not said.
func exitWith(code int) error {
	if code == exitOK {
		return nil
	}
	return &exitError{code: code}
}

// people is where the report for people goes: stdout, unless that is taken by JSON.
func (c *conformCmd) people() io.Writer {
	if c.json == "-" {
		return c.env.stderr
	}
	return c.env.stdout
}

// again gives the flags that a repeated run needs, which are those that say how to reach the peer.
func (c *conformCmd) again(cmd *cobra.Command) string {
	var b strings.Builder
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, "tls") || f.Name == "profile" || f.Name == "timeout" || f.Name == "patience" {
			fmt.Fprintf(&b, " --%s=%s", f.Name, f.Value)
		}
	})
	return b.String()
}

// terminal reports whether somebody watches.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
