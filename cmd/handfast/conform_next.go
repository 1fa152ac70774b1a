package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"handfast/conformance/driver"
	"handfast/conformance/guide"
)

func (c *conformCmd) newNext() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:   "next [--server ADDR] [-- CMD...]",
		Short: "Say what to implement now: the first thing that does not pass, with its rule and its bytes",
		Long: `Say what to implement now. The vectors and cases stand in the order of SPEC.md chapter 3, so that each needs only what comes before
it; the first one that does not pass is printed with the sentence, the layout, the bytes beside those of its twin, what was
wanted and what came.

CMD is a driver (conform explain driver). It is judged as a parser, and as a dialer if it claims that role. --server judges an
acceptor that listens. Without both, conformance.json of this folder says what to judge; without such a file the first item is shown.

Exit code 0: everything passed. 1: there is something to implement. 2: wrong arguments. 3: nothing could be judged.`,
		Example: `  handfast conform next -- python3 driver.py
  handfast conform next --server 127.0.0.1:7400
  handfast conform next                            as conformance.json says`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.next(cmd, server, args) },
	}
	cmd.Flags().StringVar(&server, "server", "", "also judge the acceptor that listens at `addr`, HOST:PORT")
	return only(cmd, "json", "config", "timeout", "patience", "seed", "jobs", "tls", "tls-ca", "tls-cert", "tls-key", "tls-name", "tls-insecure")
}

func (c *conformCmd) next(cmd *cobra.Command, server string, command []string) error {
	ctx := cmd.Context()
	lib, err := c.library()
	if err != nil {
		return err
	}
	a, err := c.attach(cmd, server, command)
	if err != nil {
		return err
	}
	if len(a.codec)+len(a.dialer)+len(a.acceptor) == 0 && a.server == "" {
		n := lib.Start(ctx)
		n.Problem = "Nothing is attached yet, so that this is where everybody begins. A driver puts your code under the suite: write one, or let it be written."
		n.Again = []string{
			"handfast conform init --lang python      or node, rust, java, c, go",
			"handfast conform explain driver          the lines that suite and driver exchange",
			"handfast conform next -- CMD",
		}
		return c.writeNext(n)
	}
	var started *startedPeer
	if len(a.acceptor) > 0 {
		started = &startedPeer{c: c, command: driver.Command{Args: a.acceptor, Timeout: readyWithin}}
		defer started.stop()
	}
	judges, err := c.judges(ctx, lib, a, started)
	if err != nil {
		return err
	}
	n, err := lib.Next(ctx, judges)
	if err != nil {
		return c.refused(err)
	}
	n.Again = append(n.Again, a.again(n)...)
	if err := c.writeNext(n); err != nil {
		return err
	}
	switch {
	case n.Done:
		return nil
	case n.Problem != "":
		return exitWith(exitMeasured)
	}
	return exitWith(exitDiffers)
}

func (c *conformCmd) writeNext(n *guide.Next) error {
	if c.json != "" {
		return c.env.write(c.json, func(w io.Writer) error { return writeJSON(w, n) })
	}
	return n.WriteText(c.env.stdout)
}

// behind is what comes after the flags of a command that judges a driver.
func (a *attached) behind(command []string) string {
	if a.fromFile {
		return ""
	}
	return " -- " + shellWords(command)
}

// again lists what to run when the item is done, or when everything is.
func (a *attached) again(n *guide.Next) []string {
	next := "handfast conform next"
	if !a.fromFile {
		if a.server != "" {
			next += " --server " + a.server
		}
		if len(a.codec) > 0 {
			next += " -- " + shellWords(a.codec)
		}
	}
	if !n.Done {
		return []string{next}
	}
	return a.whenDone(n.Roles)
}

// whenDone lists the roles that were not judged yet, then what belongs into CI.
func (a *attached) whenDone(roles string) []string {
	var todo, ci []string
	for _, one := range []struct{ role, todo, ci string }{
		{guide.RoleAcceptor, "handfast conform next --server HOST:PORT   for your acceptor", "server " + a.server},
		{guide.RoleDialer, "handfast conform explain driver            for your dialer: the role dialer", "client"},
		{guide.RoleCodec, "handfast conform explain driver            for your parser: the role codec", "codec"},
	} {
		command, behind := a.codec, ""
		if one.role == guide.RoleAcceptor {
			command = a.acceptor
		}
		if len(command) > 0 && (!a.fromFile || one.role == guide.RoleAcceptor) {
			behind = " -- " + shellWords(command)
		}
		if !strings.Contains(roles, one.role) {
			todo = append(todo, one.todo)
			continue
		}
		ci = append(ci, "handfast conform "+strings.TrimSpace(one.ci)+" --badge "+one.role+".svg"+behind+"   in CI, so that it stays so")
	}
	return append(todo, ci...)
}
