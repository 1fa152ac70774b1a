package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/guide"
	"handfast/conformance/vectors"
	"handfast/testdata"
)

// attached is what next judges.
type attached struct {
	codec, dialer []string // commands of drivers
	once          bool
	server        string   // address of an acceptor
	acceptor      []string // command that starts one
	fromFile      bool     // as conformance.json says, so that it need not be repeated
}

// attach decides what to judge: what the arguments say, or else conformance.json.
func (c *conformCmd) attach(cmd *cobra.Command, server string, command []string) (attached, error) {
	config, err := c.configure(cmd)
	if err != nil {
		return attached{}, err
	}
	if server != "" || len(command) > 0 {
		return attached{codec: command, dialer: command, server: server}, nil
	}
	a := attached{fromFile: true}
	if config == nil {
		return a, nil
	}
	if m := config.Modes.Codec; m != nil {
		a.codec, a.once = m.Command, m.Once
	}
	if m := config.Modes.Client; m != nil {
		a.dialer = m.Command
	}
	if m := config.Modes.Server; m != nil {
		a.server, a.acceptor = m.Addr, m.Command
	}
	return a, nil
}

// judges makes the judges of what is attached. started is the acceptor that a command starts, nil for none.
func (c *conformCmd) judges(ctx context.Context, lib *guide.Library, a attached, started *startedPeer) ([]*guide.Judge, error) {
	var judges []*guide.Judge
	roles, err := a.roles(ctx)
	if err != nil {
		return nil, err
	}
	if len(a.codec) > 0 && roles[driver.RoleCodec] {
		config := vectors.Config{Command: driver.Command{Args: a.codec}, Once: a.once, Timeout: c.timeout, Jobs: c.jobs, Seed: c.seed, Each: c.each()}
		judges = append(judges, lib.Codec(config, again("codec", a.behind(a.codec))))
	}
	if len(a.dialer) > 0 && roles[driver.RoleDialer] {
		start := func(context.Context) (*driver.Process, error) { return startDriver(a.dialer) }
		config := c.caseConfig(conformance.Target{Driver: start, Name: shellWords(a.dialer)})
		judges = append(judges, lib.Dialer(config, again("client", a.behind(a.dialer))))
	}
	if j, err := c.acceptor(ctx, lib, a, started); err != nil {
		return nil, err
	} else if j != nil {
		judges = append(judges, j)
	}
	if len(judges) == 0 {
		err := fmt.Errorf("%s claims neither the role codec nor the role dialer", shellWords(a.codec))
		return nil, &exitError{code: exitMeasured, err: err, hint: "roles of hello: handfast conform explain driver"}
	}
	return judges, nil
}

// acceptor makes the judge of an acceptor, nil where there is none.
func (c *conformCmd) acceptor(ctx context.Context, lib *guide.Library, a attached, started *startedPeer) (*guide.Judge, error) {
	switch {
	case started != nil:
		target, err := started.Revive(ctx)
		if err != nil {
			return nil, &exitError{code: exitMeasured, err: fmt.Errorf("%w%s", err, started.stderrOf(err))}
		}
		config := c.caseConfig(target)
		config.Reviver = started
		return lib.Acceptor(config, again("server", " -- "+shellWords(a.acceptor))), nil
	case a.server != "":
		target, err := c.target(a.server)
		if err != nil {
			return nil, err
		}
		if err := listens(ctx, a.server); err != nil {
			return nil, err
		}
		return lib.Acceptor(c.caseConfig(target), again("server "+a.server, "")), nil
	}
	return nil, nil
}

// again makes the commands that judge by one item: how comes before its flags, behind after them.
func again(how, behind string) func(id string) string {
	return func(id string) string { return "handfast conform " + how + " --run " + id + behind }
}

// each shows progress to whoever watches; nil where nobody does.
func (c *conformCmd) each() func(done, total int, r conformance.Result) {
	if !terminal(c.env.stderr) {
		return nil
	}
	return (&conformance.Progress{W: c.env.stderr}).Each
}

func (c *conformCmd) caseConfig(target conformance.Target) conformance.Config {
	return conformance.Config{Target: target, Timeout: c.timeout, Patience: c.patience, Jobs: c.jobs, Seed: c.seed, Each: c.each()}
}

// roles asks the drivers for what they claim. A program that is started for each input can only be a parser.
func (a *attached) roles(ctx context.Context) (map[string]bool, error) {
	roles := map[string]bool{driver.RoleCodec: a.once}
	var asked []string
	for _, command := range [][]string{a.codec, a.dialer} {
		if len(command) == 0 || slices.Equal(command, asked) || a.once && slices.Equal(command, a.codec) {
			continue
		}
		asked = command
		claims, err := claimed(ctx, command)
		if err != nil {
			return nil, err
		}
		for _, role := range claims {
			roles[role] = true
		}
	}
	return roles, nil
}

// claimed asks a driver which roles it claims. One that does not answer hello is not judged: there is nothing to be learned about its parser.
func claimed(ctx context.Context, command []string) ([]string, error) {
	p, err := startDriver(command)
	if err == nil {
		_, err = p.SayHello(ctx, testdata.Spec, conformance.Suite)
		err = errors.Join(err, p.Close())
	}
	if f, ok := errors.AsType[*driver.Fault](err); ok {
		text := fmt.Errorf("%s: %w", shellWords(command), f)
		if stderr := strings.TrimSpace(f.Stderr); stderr != "" {
			text = fmt.Errorf("%w\nits stderr ends with\n%s", text, stderr)
		}
		hint := "handfast conform explain driver prints the lines that suite and driver exchange; hello is the first"
		if f.Reason == driver.NotStarted {
			hint = "is it built? The first word is a program; shells are not asked"
		}
		return nil, &exitError{code: exitMeasured, err: text, hint: hint}
	}
	if err != nil {
		return nil, &exitError{code: exitMeasured, err: err}
	}
	return p.Hello().Roles, nil
}

// listens finds out whether anybody listens at an address.
func listens(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{Timeout: listenWithin}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return &exitError{code: exitMeasured, err: fmt.Errorf("nobody listens at %s: %w", addr, err), hint: "start your acceptor first; handfast serve starts the reference peer"}
	}
	return conn.Close()
}

// listenWithin is the longest wait for a connection to the acceptor.
const listenWithin = 5 * time.Second
