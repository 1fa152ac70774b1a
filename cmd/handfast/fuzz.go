package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/conformance/known"
	"handfast/fuzz"
	"handfast/testdata"
)

// fuzzKnown is the list of known findings in a client's repository.
const fuzzKnown = "fuzz.known"

// fuzzCmd is what the flags of fuzz set.
type fuzzCmd struct {
	env    env
	config fuzz.Config

	self                     bool
	json, out, known, replay string
	corpus                   string
	tcp                      liveFlags
}

func newFuzz(e env) *cobra.Command {
	c := &fuzzCmd{env: e}
	cmd := &cobra.Command{
		Use:   "fuzz (-- CMD... | --tcp ADDR | --self)",
		Short: "Break a parser in any language, through its codec driver, or a peer that listens",
		Long: `Break a parser in any language. CMD is a codec driver (conformance/DRIVER.md). It is asked about inputs that are made by the grammar of
the registry and by mutation of what was new before, seeded with the vectors. Each answer is compared with that of the codec of this
binary: verdict, code and scope, decoded form, bytes consumed, the same in pieces; and the driver is watched for crashes, hangs, memory and leaks.

What differs is grouped by cause, minimised, explained, and with --out written as vectors. Findings that are known stand in fuzz.known, in
the form of conformance.known. A run is a sample: an entry that nothing was found for is no difference.

With --tcp a peer that listens is fuzzed by sequences of frames, in every state of links and streams.

Exit code 0: nothing was found that is not known. 1: something was. 2: wrong use, or a file. 3: nothing could be fuzzed.`,
		Example: `  handfast fuzz --time 30s -- node driver.js
  handfast fuzz --what frame,msgpack --out findings -- ./my-driver
  handfast fuzz --replay findings/found.json -- ./my-driver
  handfast fuzz --tcp 127.0.0.1:7400 --pid 4711`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.start(cmd, args) },
	}
	f := cmd.Flags()
	f.Uint64Var(&c.config.Seed, "seed", 0, "seed of all choices (default: from the clock, and printed)")
	f.DurationVar(&c.config.Time, "time", 0, "how long to go on (default 1m, unless --runs is given)")
	f.Int64Var(&c.config.Runs, "runs", 0, "how many inputs, or sequences with --tcp, to try")
	f.IntVar(&c.config.Jobs, "jobs", 0, "drivers, or links, at the same time (default: one for each processor, or four links)")
	f.DurationVar(&c.config.Timeout, "timeout", 2*time.Second, "longest wait for an answer")
	f.StringSliceVar(&c.config.What, "what", nil, "forms to parse: msgpack, opening, frame, call (default all)")
	f.BoolVar(&c.config.Plain, "plain", false, "without grammar: the seeds, and mutation that mends nothing")
	f.BoolVar(&c.self, "self", false, "fuzz the codec of this binary, as a check of the fuzzer")
	f.StringVar(&c.json, "json", "", "write the report as JSON to `file`, - for stdout")
	f.StringVar(&c.out, "out", "", "write findings into `folder`: found.json with the vectors, and a page and the bytes of each")
	f.StringVar(&c.known, "known", "", "`file` of known findings (default "+fuzzKnown+", if there is one)")
	f.StringVar(&c.replay, "replay", "", "ask about the vectors of `file`, and nothing else")
	f.StringVar(&c.corpus, "corpus", "", "`folder` of inputs to begin with, FORM.hex, to which those are added that did something new")
	c.tcp.add(f)
	cmd.AddCommand(newFuzzExport(e), newFuzzBench(e), newFuzzVector(e))
	return cmd
}

func (c *fuzzCmd) start(cmd *cobra.Command, args []string) error {
	modes := 0
	for _, on := range []bool{len(args) > 0, c.self, c.tcp.addr != ""} {
		if on {
			modes++
		}
	}
	if modes != 1 {
		return usageError("fuzz takes one of: -- and the command of a driver, --tcp ADDR, --self")
	}
	if err := errors.Join(writable(c.json), writableFolder(c.out), writableFolder(c.corpus)); err != nil {
		return err
	}
	if c.tcp.addr != "" {
		return c.live(cmd)
	}
	command := shellWords(args)
	c.config.Command = driver.Command{Args: args}
	if c.self {
		c.config.Target, command = "the codec of this binary", "handfast driver"
		c.config.Program = func() driver.Program { return gocodec.Program(version) }
	}
	list, err := c.list()
	if err != nil {
		return err
	}
	if c.config.Inputs, err = c.seeds(); err != nil {
		return err
	}
	if terminal(c.env.stderr) {
		c.config.Progress = func(s fuzz.Stats) { fuzzProgress(c.env.stderr, s, "inputs") }
	}
	report, err := c.fuzz(cmd.Context())
	if terminal(c.env.stderr) {
		fmt.Fprint(c.env.stderr, "\r\x1b[K")
	}
	if err != nil {
		return fuzzError(err)
	}
	if list != nil {
		report.Judge(list)
	}
	if c.json != "-" {
		if err := report.WriteText(c.env.stdout, command); err != nil {
			return err
		}
	}
	if err := c.env.write(c.json, report.WriteJSON); err != nil {
		return err
	}
	if c.corpus != "" {
		if err := report.SaveCorpus(c.corpus, corpusMost); err != nil {
			return notWritten(c.corpus, err)
		}
	}
	if c.out != "" {
		if err := report.Save(c.out, command); err != nil {
			return notWritten(c.out, err)
		}
	}
	return exitWith(report.ExitCode())
}

// fuzz runs, or replays.
func (c *fuzzCmd) fuzz(ctx context.Context) (*fuzz.Report, error) {
	if c.replay == "" {
		return fuzz.Run(ctx, c.config)
	}
	b, err := os.ReadFile(c.replay)
	if err != nil {
		return nil, usageError("%w", err)
	}
	file, err := testdata.Parse(b)
	if err == nil {
		err = testdata.Check([]testdata.File{*file})
	}
	if err != nil {
		return nil, usageError("%s: %w", c.replay, err)
	}
	return fuzz.Replay(ctx, c.config, file)
}

// corpusMost is how many inputs a file of a corpus gets.
const corpusMost = 150

// seeds reads the corpus, where there is one.
func (c *fuzzCmd) seeds() ([]fuzz.Seed, error) {
	if c.corpus == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(c.corpus, "*.hex"))
	if err != nil {
		return nil, usageError("--corpus: %w", err)
	}
	var list []fuzz.Seed
	for _, path := range files {
		items, err := fuzz.ReadCorpus(path)
		if err != nil {
			return nil, usageError("--corpus: %w", err)
		}
		for _, item := range items {
			v := &testdata.Vector{Op: item.What, Turn: item.Turn, BeforeReady: item.BeforeReady}
			if item.MaxFrame != testdata.DefaultMaxFrame {
				v.MaxFrame = item.MaxFrame
			}
			list = append(list, fuzz.Seed{Vector: v, Bytes: item.Bytes})
		}
	}
	return list, nil
}

// list reads the known findings; nil where there is no list.
func (c *fuzzCmd) list() (*known.File, error) {
	path := c.known
	if path == "" {
		path = fuzzKnown
	}
	file, err := known.LoadKnown(path)
	switch {
	case c.known == "" && errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, badFile(err)
	}
	return file, nil
}

// fuzzError gives an error of a run its exit code.
func fuzzError(err error) error {
	if _, ok := errors.AsType[*exitError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*conformance.UsageError](err); ok {
		return &exitError{code: exitUsage, err: err}
	}
	return &exitError{code: exitMeasured, err: err}
}

// fuzzProgress prints a line that is written over.
func fuzzProgress(w io.Writer, s fuzz.Stats, what string) {
	fmt.Fprintf(w, "\r\x1b[K%s  %d %s, %.0f/s, %d behaviours, %d findings, %d restarts", s.Elapsed.Round(time.Second), s.Executions, what, s.Rate(), s.Behaviours, s.Findings, s.Restarts)
}
