// Command handfast is everything of Handfast in one binary: the conformance suite, the reference peer, and tools.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is the version of the software; the specification and the suite have their own.
const version = "0.1.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr})
	stop()
	os.Exit(code)
}

// env is what a command touches of the outside, so that tests can replace it.
type env struct {
	stdin  io.Reader
	stdout io.Writer // results, and nothing else
	stderr io.Writer // everything else
}

// Exit codes of every command.
const (
	exitOK       = 0 // as expected
	exitDiffers  = 1 // verdicts differ, or a call failed
	exitUsage    = 2 // wrong arguments
	exitMeasured = 3 // nothing could be measured: nothing listens, nothing ran
)

// exitError carries an exit code and, if there is one, what to do next.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// run is the whole program but for the process.
func run(ctx context.Context, args []string, e env) int {
	out := &outlet{w: e.stdout}
	e.stdout = out
	root := newRoot(e)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if failure := out.failure(); failure != nil && (err == nil || errors.Is(err, failure)) {
		err = &exitError{code: exitMeasured, err: fmt.Errorf("stdout cannot be written: %w", failure)}
	}
	if err == nil {
		return exitOK
	}
	x, ok := errors.AsType[*exitError](err)
	if !ok { // cobra's own errors are about arguments
		x = &exitError{code: exitUsage, err: err, hint: "handfast --help lists the commands, handfast COMMAND --help their flags"}
	}
	if hint, wrong := addressHint(err); wrong {
		x = &exitError{code: exitUsage, err: x.err, hint: hint}
	}
	if x.err != nil {
		fmt.Fprintf(e.stderr, "handfast: error: %v\n", x.err)
	}
	if x.hint != "" {
		fmt.Fprintf(e.stderr, "handfast: hint: %s\n", x.hint)
	}
	return x.code
}

func newRoot(e env) *cobra.Command {
	root := &cobra.Command{
		Use:   "handfast",
		Short: "Handfast: a wire protocol for links between peers, its suite and its reference peer",
		Example: `  handfast conform --self             start the reference peer and run the whole suite on it
  handfast conform server HOST:PORT   judge any acceptor
  handfast serve                      run the reference peer
  handfast call HOST:PORT echo hello  call a method
  handfast decode FILE                explain bytes field by field`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs, // so that an unknown command is an error and not the help
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return notNegative(cmd) },
	}
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.AddCommand(newServe(e), newCall(e), newPut(e), newGet(e), newDel(e), newSync(e), newStore(e), newStatus(e), newRemote(e), newPeer(e), newConform(e, newLab()), newDecode(e), newDriver(e), newFuzz(e), newBench(e), newCompat(e))
	mendWords(root)
	return root
}
