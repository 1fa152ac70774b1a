package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"handfast/conformance"
	"handfast/conformance/guide"
	"handfast/conformance/vectors/lax"
)

// recordSeed makes explain show the same bytes each time, as far as they are the suite's.
const recordSeed = 1

func (c *conformCmd) newExplain() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain NAME...",
		Short: "Explain a requirement, case, vector, frame, error code, limit, permitted choice or mutant",
		Long: `Explain anything that the suite names, from the pages in this binary: the sentence with its reasons, the layout and the part of the
state tables that it speaks about, the permitted choices that touch it, the cases, vectors and mutants that prove it, and an input
byte by byte beside its twin, which differs in the fault alone.

Names: HELLO-007, opening/wrong-checksum, frame/ping, PING, FRAME_SIZE, max_frame, OPT-4. Upper and lower case are the same.`,
		Example: `  handfast conform explain FRAME-001
  handfast conform explain frame/ping PING
  handfast conform explain HELLO-007 --json -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.explain(cmd.Context(), args) },
	}
	return only(cmd, "json")
}

// library is everything that explain, list and next know.
func (c *conformCmd) library() (*guide.Library, error) {
	parsers, err := lax.New()
	if err != nil {
		return nil, &exitError{code: exitMeasured, err: err}
	}
	lib, err := guide.NewLibrary(conformance.Cases(), slices.Concat(
		guide.As(guide.RoleAcceptor, c.lab.mutants), guide.As(guide.RoleDialer, c.lab.dialerMutants), guide.As(guide.RoleCodec, parsers.Mutants()),
	))
	if err != nil {
		return nil, &exitError{code: exitMeasured, err: err}
	}
	lib.Record = c.record
	return lib, nil
}

// record runs one case against the reference peer of this process.
func (c *conformCmd) record(ctx context.Context, id string) (r conformance.Result, err error) {
	if c.lab.self == nil {
		return r, errors.New("this binary holds no reference peer")
	}
	p, err := c.lab.self(ctx)
	if err != nil {
		return r, err
	}
	target := p.Target
	one, found := caseOf(id)
	if found && one.Roles&conformance.Acceptors == 0 {
		target = conformance.Target{Driver: selfDriver, Name: "the reference peer as a dialer"}
	}
	report, err := conformance.Run(ctx, conformance.Config{Target: target, Profile: one.Profile, Run: []string{id}, Trace: true, Seed: recordSeed})
	if err = errors.Join(err, p.Stop()); err != nil {
		return r, err
	}
	if len(report.Cases) != 1 {
		return r, fmt.Errorf("%d cases ran", len(report.Cases))
	}
	return report.Cases[0], nil
}

// caseOf finds a case by its id.
func caseOf(id string) (c conformance.Case, found bool) {
	cases := conformance.Cases()
	i := slices.IndexFunc(cases, func(c conformance.Case) bool { return c.ID == id })
	if i < 0 {
		return c, false
	}
	return cases[i], true
}

func (c *conformCmd) explain(ctx context.Context, names []string) error {
	lib, err := c.library()
	if err != nil {
		return err
	}
	var all []*guide.Explanation
	for _, name := range names {
		found, err := lib.Explain(ctx, name)
		if err != nil {
			return &exitError{code: exitUsage, err: err, hint: "handfast conform list --what all prints cases, vectors and requirements"}
		}
		all = append(all, found...)
	}
	if c.json != "" {
		return c.env.write(c.json, func(w io.Writer) error { return writeJSON(w, all) })
	}
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(c.env.stdout)
		}
		if err := e.WriteText(c.env.stdout); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes one indented value.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}

// only hides the flags of conform that say nothing to a command from its help.
func only(cmd *cobra.Command, names ...string) *cobra.Command {
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(c *cobra.Command, args []string) {
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Hidden || !slices.Contains(names, f.Name) })
		help(c, args)
	})
	return cmd
}
