package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/conformance/vectors"
	"handfast/conformance/vectors/lax"
	"handfast/testdata"
)

// codecCmd is what the flags of conform codec set.
type codecCmd struct {
	*conformCmd
	self, once, mutants, all bool
}

func (c *conformCmd) newCodec() *cobra.Command {
	codec := &codecCmd{conformCmd: c}
	cmd := &cobra.Command{
		Use:   "codec (-- CMD... | --self | --mutants [-- CMD...])",
		Short: "Judge a parser by the vectors, through a driver that the suite starts",
		Long: `Judge a parser by the vectors of testdata. The suite starts CMD, several times, and asks it to parse by the protocol of
conformance/DRIVER.md: each vector whole, in pieces where the driver claims the feature cuts, and without its end; and to write it again where
the driver claims encode. A refusal counts only if the twin of the vector, which lacks the fault alone, is accepted.

With --once CMD needs no protocol: it is started for each input, which it reads from stdin, and answers by its exit code:
0 accepts (the value as JSON on stdout, or nothing), 1 rejects ("CODE SCOPE" on stdout), 2 asks for more, 89 is unsupported.

--mutants judges the suite by parsers with one bug each: those of this binary, or those that CMD lists when it is asked for its bugs.

The default profile is codec, which is all vectors; core leaves out the frames of the profile delivery.`,
		Example: `  handfast conform codec -- node driver.js
  handfast conform codec --run 'frame/*' -- ./my-driver --verbose
  handfast conform codec --once -- ./parse.sh
  handfast conform codec --self                              judge the parser of this binary
  handfast conform codec --mutants`,
		RunE: func(cmd *cobra.Command, args []string) error { return codec.start(cmd, args) },
	}
	cmd.Flags().BoolVar(&codec.self, "self", false, "judge the parser of this binary")
	cmd.Flags().BoolVar(&codec.once, "once", false, "start CMD anew for each input, and speak no protocol with it")
	cmd.Flags().BoolVar(&codec.mutants, "mutants", false, "judge the suite: run it against parsers with one bug each and print the kill matrix")
	cmd.Flags().BoolVar(&codec.all, "all", false, "with --mutants: every vector on every mutant")
	return only(cmd, "profile", "run", "skip", "timeout", "jobs", "seed", "json", "junit", "trace", "html", "markdown", "badge", "badge-endpoint", "github",
		"config", "known", "lock", "update-lock")
}

func (c *codecCmd) start(cmd *cobra.Command, args []string) error {
	set, err := vectors.Load()
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	claims, err := c.configure(cmd)
	if err != nil {
		return err
	}
	if claims != nil && claims.Modes.Codec != nil && len(args) == 0 && !c.self && !c.mutants {
		args, c.once = claims.Modes.Codec.Command, claims.Modes.Codec.Once
	}
	switch {
	case c.mutants && (c.self || c.once):
		return usageError("--mutants goes with neither --self nor --once")
	case c.mutants:
		return c.kill(cmd.Context(), set, args)
	case c.self == (len(args) > 0), c.self && c.once:
		return usageError("conform codec takes -- and the command of a driver, or --self, or --mutants")
	}
	config, console := c.subject(args), conformance.ConsoleOptions{Command: "handfast conform codec" + c.again(cmd), Trace: c.trace}
	if cmd.Flags().Changed("profile") || claims != nil {
		config.Profile = c.profile
	}
	switch {
	case c.self:
		console.Command += " --self"
		config.Target = "the codec of this binary"
	case c.once:
		console.Command += " --once"
		fallthrough
	default:
		console.After = " -- " + shellWords(args)
	}
	if terminal(c.env.stderr) {
		config.Each = (&conformance.Progress{W: c.env.stderr}).Each
	}
	if _, err := c.repository(cmd); err != nil { // before the run, which may take long
		return err
	}
	report, err := set.Run(cmd.Context(), config)
	if err != nil {
		return c.refused(err)
	}
	return c.finish(cmd, judged{report, console})
}

// subject says what to judge: a command, or the codec of this binary where there is none.
func (c *codecCmd) subject(args []string) vectors.Config {
	config := vectors.Config{
		Command: driver.Command{Args: args}, Once: c.once,
		Run: c.run, Skip: c.skip, Timeout: c.timeout, Jobs: c.jobs, Seed: c.seed, Trace: c.trace,
	}
	if len(args) == 0 {
		config.Program = func() driver.Program { return gocodec.Program(version) }
	}
	return config
}

// kill runs the parsers with one bug each and writes the matrix.
func (c *codecCmd) kill(ctx context.Context, set *vectors.Set, args []string) error {
	if c.junit != "" {
		return usageError("--junit has no form for the kill matrix; --json has")
	}
	lab, err := lax.New()
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	config := vectors.KillConfig{
		Mutants: lab.Mutants(), Subject: laxSubject(lab), Run: c.run, Skip: c.skip, All: c.all, Timeout: c.timeout, Jobs: c.jobs, Seed: c.seed,
	}
	if len(args) > 0 {
		mutants, err := bugsOf(ctx, args, driver.RoleCodec)
		if err != nil {
			return &exitError{code: exitMeasured, err: err}
		}
		config.Mutants, config.Foreign = mutants, true
		config.Subject = func(bug string) vectors.Config {
			return vectors.Config{Command: driver.Command{Args: args, Env: []string{driver.BugEnv + "=" + bug}}}
		}
	}
	if terminal(c.env.stderr) {
		config.Each = (&conformance.Progress{W: c.env.stderr}).EachKill
	}
	report, err := set.Kills(ctx, config)
	if err != nil {
		return c.refused(err)
	}
	if err := report.WriteConsole(c.people()); err != nil {
		return err
	}
	if err := c.env.write(c.json, report.WriteJSON); err != nil {
		return err
	}
	return exitWith(report.ExitCode())
}

// laxSubject gives the parsers of this binary.
func laxSubject(lab *lax.Lab) func(bug string) vectors.Config {
	return func(bug string) vectors.Config {
		return vectors.Config{Target: bug, Program: func() driver.Program {
			program, _ := lab.Program(bug) // without the bug where there is none of that name; then it survives
			return program
		}}
	}
}

// bugsOf asks a driver which bugs it can have in a role.
func bugsOf(ctx context.Context, args []string, role string) (mutants []conformance.Mutant, err error) {
	p, err := driver.Start(driver.Command{Args: args, Env: []string{driver.BugEnv + "="}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if _, err := p.SayHello(ctx, testdata.Spec, conformance.Suite); err != nil {
		return nil, err
	}
	a, err := p.Do(ctx, driver.Request{Op: driver.OpBugs, Args: map[string]string{"role": role}}, driver.KindBugs)
	switch {
	case err != nil:
		return nil, err
	case a.Kind == driver.KindUnsupported || len(a.Bugs) == 0:
		return nil, errors.New("the driver has no bugs on purpose: it lists none")
	}
	for _, b := range a.Bugs {
		mutants = append(mutants, conformance.Mutant{Name: b.Name, Req: b.Req, Doc: b.Doc})
	}
	return mutants, nil
}

// shellWords writes words so that a shell reads them again.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || strings.ContainsFunc(word, func(c rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%", c)
		}) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
