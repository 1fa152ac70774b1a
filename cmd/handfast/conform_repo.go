package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"handfast/conformance"
	"handfast/conformance/known"
	"handfast/refimpl/dial"
)

// repoFlags name the files in which a repository says what it expects.
type repoFlags struct {
	config, known, lock string
	update              bool
}

func (r *repoFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&r.config, "config", "", "`file` with what the repository claims (default conformance.json, if it is there; never with --self)")
	f.StringVar(&r.known, "known", "", "`file` with the known failures (default conformance.known beside the configuration)")
	f.StringVar(&r.lock, "lock", "", "`file` with the counts of the last run (default conformance.lock beside the configuration)")
	f.BoolVar(&r.update, "update-lock", false, "write the counts of this run to the lock, even if they are less")
}

// repository is what a repository expects. A nil one expects that everything passes.
type repository struct {
	config   *known.Config // nil where there is none
	file     *known.File   // nil where there is none
	lock     *known.Lock   // nil where there is none yet
	lockPath string        // "" where there is no lock to write
	update   bool
}

// configuration reads the configuration: that of --config, or the one of the current folder. It is nil where there is none.
func (c *conformCmd) configuration(cmd *cobra.Command) (*known.Config, error) {
	if c.repo.config != "" {
		config, err := known.LoadFile(c.repo.config)
		return config, badFile(err)
	}
	if self := cmd.Flags().Lookup("self"); self != nil && self.Changed {
		return nil, nil // the repository speaks of its own peer
	}
	config, err := known.Load(".")
	return config, badFile(err)
}

// repository reads all three files.
func (c *conformCmd) repository(cmd *cobra.Command) (*repository, error) {
	config, err := c.configuration(cmd)
	if err != nil {
		return nil, err
	}
	r := &repository{config: config, lockPath: c.repo.lock, update: c.repo.update}
	list := c.repo.known
	if config != nil {
		if r.lockPath == "" {
			r.lockPath = config.LockPath()
		}
		if list == "" {
			list = config.KnownPath()
		}
	}
	if r.update && r.lockPath == "" {
		r.lockPath = known.LockFile
	}
	if list != "" {
		r.file, err = known.LoadKnown(list)
		if errors.Is(err, fs.ErrNotExist) && c.repo.known == "" {
			r.file, err = nil, nil
		}
		if err != nil {
			return nil, badFile(err)
		}
	}
	if r.lockPath != "" {
		if r.lock, err = known.LoadLock(r.lockPath); err != nil {
			return nil, badFile(err)
		}
	}
	if config == nil && r.file == nil && r.lockPath == "" {
		return nil, nil
	}
	return r, nil
}

// expect gives what a report is judged by.
func (r *repository) expect() known.Expect {
	e := known.Expect{Config: r.config, File: r.file, Lock: r.lock, LockAs: r.lockPath, Now: time.Now(), Renames: known.Renames()}
	if r.update {
		e.Lock = nil
	}
	return e
}

// judge compares a report with what the repository expects; nil for a nil repository.
func (r *repository) judge(report *conformance.Report) *known.Outcome {
	if r == nil {
		return nil
	}
	e := r.expect()
	if known.Partial(report) && known.Mode(report) != "codec" {
		cases := conformance.Cases()
		for i := range cases {
			e.Cases = append(e.Cases, cases[i].ID)
		}
	}
	return known.Judge(report, e)
}

// updateLock writes the counts of a run: if it was asked for, and after the first run of a mode and profile.
func (c *conformCmd) updateLock(r *repository, report *conformance.Report) error {
	if r == nil || r.lockPath == "" {
		return nil
	}
	if _, there := r.lock.Find(known.Mode(report), report.Profile); there && !r.update {
		return nil
	}
	next, err := r.lock.With(report)
	if partial, ok := errors.AsType[*known.PartialError](err); ok {
		if !r.update {
			return nil // a first run that says too little
		}
		return usageError("--update-lock: %v", partial)
	}
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	b, err := next.Encode()
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	if err := c.env.write(r.lockPath, func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
		return err
	}
	r.lock = next
	fmt.Fprintf(c.env.stderr, "handfast: %s: wrote that %d cases ran; commit it\n", r.lockPath, known.Executed(report))
	return nil
}

// configure takes from the configuration what no flag says otherwise. It runs before any command that judges.
func (c *conformCmd) configure(cmd *cobra.Command) (*known.Config, error) {
	config, err := c.configuration(cmd)
	if err != nil || config == nil {
		return nil, err
	}
	flags := cmd.Flags()
	set := func(name string) bool { f := flags.Lookup(name); return f != nil && f.Changed }
	if !set("profile") {
		c.profile = config.Profile
	}
	if !set("timeout") && config.Timeouts.StepMS > 0 {
		c.timeout = config.Timeouts.Step()
	}
	if !set("patience") && config.Timeouts.PatienceMS > 0 {
		c.patience = config.Timeouts.Patience()
	}
	return config, nil
}

// badFile gives a fault of a file its exit code; nil for nil.
func badFile(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code: exitUsage, err: err}
}

// takeTLS takes from the configuration how to speak TLS, unless flags say it.
func (c *conformCmd) takeTLS(config *known.Config) {
	if config.TLS == nil || c.secure.on || c.secure.TLS != (dial.TLS{}) {
		return
	}
	t := config.TLS
	c.secure.on = true
	c.secure.CA, c.secure.Cert, c.secure.Key, c.secure.Name = config.Resolve(t.CA), config.Resolve(t.Cert), config.Resolve(t.Key), t.Name
}

// judgeClaimed judges the acceptor that the configuration names.
func (c *conformCmd) judgeClaimed(cmd *cobra.Command) error {
	config, err := c.configure(cmd)
	if err != nil {
		return err
	}
	if config == nil || config.Modes.Server == nil {
		return usageError("conform server takes one ADDR, or -- and a command, or a conformance.json with modes.server")
	}
	c.takeTLS(config)
	s := config.Modes.Server
	if len(s.Command) > 0 {
		return c.judgeStarted(cmd, s.Command)
	}
	target := conformance.Target{Addr: s.Addr}
	if s.TLSAddr != "" {
		c.secure.on = true
		secure, err := c.target(s.TLSAddr)
		if err != nil {
			return err
		}
		target.TLSAddr, target.TLS = secure.TLSAddr, secure.TLS
	}
	return c.judge(cmd, target, "server")
}

// claimedClient gives the command of the driver that the configuration names, nil for none.
func (c *conformCmd) claimedClient(cmd *cobra.Command) ([]string, error) {
	config, err := c.configure(cmd)
	if err != nil || config == nil || config.Modes.Client == nil {
		return nil, err
	}
	return config.Modes.Client.Command, nil
}
