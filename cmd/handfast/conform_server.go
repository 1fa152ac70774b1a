package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/driver"
)

func (c *conformCmd) newServer() *cobra.Command {
	return &cobra.Command{
		Use:   "server (ADDR | -- CMD...)",
		Short: "Judge the acceptor that listens at ADDR, or that CMD starts",
		Long: `Judge an acceptor: the one that listens at ADDR, or the one that CMD starts. CMD prints one line when it listens,
{"ready": {"addr": "HOST:PORT", "tls_addr": "HOST:PORT"}}, and ends with its stdin or by SIGTERM. When it dies the case is a crash, and it is started again
for the others. With tls_addr the flags of TLS say how to dial it; without tls_addr the cases of TLS are unsupported.`,
		Example: `  handfast conform server 127.0.0.1:7400 --junit report.xml
  handfast conform server -- ./my-acceptor --port 0
  handfast conform server -- handfast serve --ready --listen 127.0.0.1:0 --short-timers`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch dash := cmd.ArgsLenAtDash(); {
			case dash == 0 && len(args) > 0:
				return c.judgeStarted(cmd, args)
			case dash < 0 && len(args) == 0:
				return c.judgeClaimed(cmd)
			case dash >= 0 || len(args) != 1:
				return usageError("conform server takes one ADDR, or -- and a command")
			}
			target, err := c.target(args[0])
			if err != nil {
				return err
			}
			return c.judge(cmd, target, "server "+args[0])
		},
	}
}

// target makes the target of an address: plain, or TLS where a flag of TLS is set.
func (c *conformCmd) target(addr string) (conformance.Target, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return conformance.Target{}, usageError("%q is no HOST:PORT: %v", addr, err)
	}
	config, err := c.secure.client()
	if err != nil {
		return conformance.Target{}, err
	}
	if config == nil {
		return conformance.Target{Addr: addr}, nil
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	return conformance.Target{TLSAddr: addr, TLS: config}, nil
}

// judgeStarted starts an acceptor, judges it and ends it.
func (c *conformCmd) judgeStarted(cmd *cobra.Command, args []string) (err error) {
	p := &startedPeer{c: c, command: driver.Command{Args: args, Timeout: readyWithin}}
	defer p.stop()
	target, err := p.Revive(cmd.Context())
	if err != nil {
		if _, usage := errors.AsType[*exitError](err); usage {
			return err
		}
		return &exitError{code: exitMeasured, err: fmt.Errorf("%w%s", err, p.stderrOf(err))}
	}
	target.Name = strings.Join(args, " ")
	err = c.judgeConfig(cmd, conformance.Config{Target: target, Reviver: p}, conformance.ConsoleOptions{
		Command: "handfast conform server" + c.again(cmd), After: " -- " + shellWords(args), Trace: c.trace,
	})
	if tail := p.tail(); err != nil && tail != "" {
		fmt.Fprintf(c.env.stderr, "handfast: what %s printed last:\n%s\n", args[0], indent(tail))
	}
	return err
}

// readyWithin is the longest wait for an acceptor to say that it listens.
const readyWithin = 3 * answerWithin / 2

// startedPeer is an acceptor that the suite has started: a conformance.Reviver.
type startedPeer struct {
	c       *conformCmd
	command driver.Command

	mu  sync.Mutex // guards now
	now *driver.Acceptor
}

// Revive starts the acceptor, and ends the one before.
func (p *startedPeer) Revive(ctx context.Context) (conformance.Target, error) {
	p.stop()
	a, err := driver.StartAcceptor(ctx, p.command)
	if err != nil {
		return conformance.Target{}, err
	}
	p.mu.Lock()
	p.now = a
	p.mu.Unlock()
	target := conformance.Target{Addr: a.Ready.Addr, Name: strings.Join(p.command.Args, " "), Durable: a.Ready.Durable}
	if a.Ready.TLSAddr == "" {
		return target, nil
	}
	secure, err := p.c.target(a.Ready.TLSAddr)
	if err != nil || secure.TLS == nil { // nothing says how to dial it
		return target, err
	}
	target.TLSAddr, target.TLS = secure.TLSAddr, secure.TLS
	return target, nil
}

// Kill ends the acceptor by SIGKILL, and starts it anew.
func (p *startedPeer) Kill(ctx context.Context) (conformance.Target, error) {
	p.mu.Lock()
	if p.now != nil {
		p.now.Kill()
	}
	p.mu.Unlock()
	return p.Revive(ctx)
}

// dying is how long a program may take to end after its connections have: the kernel closes those first. Only a case that failed waits for it.
const dying = 300 * time.Millisecond

// LastWords says how the acceptor ended, and what it printed last.
func (p *startedPeer) LastWords() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		return ""
	}
	select {
	case <-p.now.Ended():
	case <-time.After(dying):
		return ""
	}
	const most = 400
	text := p.now.Tail()
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	return fmt.Sprintf("%v; its output ends with %+q", p.now.Exit(), text)
}

// tail gives what the acceptor printed last.
func (p *startedPeer) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		return ""
	}
	return p.now.Tail()
}

// stop ends the acceptor, if one runs.
func (p *startedPeer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now != nil {
		p.now.Stop()
	}
}

// stderrOf gives what a program printed that could not be started as it should.
func (p *startedPeer) stderrOf(err error) string {
	f, ok := errors.AsType[*driver.Fault](err)
	if !ok || f.Stderr == "" {
		return ""
	}
	return "\n" + indent(f.Stderr)
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
