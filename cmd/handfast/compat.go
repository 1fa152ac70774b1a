package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"handfast/compat"
	"handfast/compat/nodepeer"
	"handfast/compat/releases"
	"handfast/compat/table"
	"handfast/conformance/publish"
)

// newCompat finds out which older peers today's can talk to.
func newCompat(e env) *cobra.Command {
	var (
		conf       table.Config
		json, page string
		root       string
	)
	cmd := &cobra.Command{
		Use:   "compat",
		Short: "Find out who can talk to whom: today's peers and older ones",
		Long: `Let today's peers meet older ones, each as a dialer and as an acceptor, and print who can talk to whom: rows accept, columns dial.
Older are real releases of Fast, which npm installs by name into a folder, and peers of Handfast with fewer or more versions and
capabilities than today's.`,
		Example: `  handfast compat
  handfast compat --no-npm --json -
  handfast compat --html compat.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if conf.Cache == "" {
				var err error
				if conf.Cache, err = nodepeer.DefaultCache(); err != nil {
					return &exitError{code: exitMeasured, err: err, hint: "name a folder with --cache"}
				}
			}
			if err := writable(json, page); err != nil {
				return err
			}
			if terminal(e.stderr) {
				conf.Each = func(acceptor, dialer, word string) {
					fmt.Fprintf(e.stderr, "\r\x1b[K%s to %s: %s", dialer, acceptor, word)
				}
			}
			t, err := table.Run(cmd.Context(), conf)
			if conf.Each != nil {
				fmt.Fprint(e.stderr, "\r\x1b[K")
			}
			if err != nil {
				hint := ""
				if errors.Is(err, nodepeer.ErrNoNode) {
					hint = "--no-npm leaves the releases of Fast out"
				}
				return &exitError{code: exitMeasured, err: err, hint: hint}
			}
			if err := released(cmd.Context(), t, root); err != nil {
				return err
			}
			people := e.stdout
			if json == "-" || page == "-" {
				people = e.stderr
			}
			runs := make([]publish.Run, len(t.Reports))
			for i, r := range t.Reports {
				r.Options.Command = "handfast compat"
				runs[i] = publish.Run{Report: r}
			}
			for _, r := range t.Reports {
				for _, c := range r.Cases {
					if c.Verdict.String() != "pass" && c.Verdict.String() != "unsupported" {
						fmt.Fprintf(people, "%s, %s: %s: %s\n", r.Target, c.Title, c.Verdict, c.Detail)
					}
				}
			}
			if err := t.WriteText(people); err != nil {
				return notWritten("stdout", err)
			}
			err = errors.Join(
				e.write(json, func(w io.Writer) error { return writeJSON(w, t.Reports) }),
				e.write(page, func(w io.Writer) error { return publish.HTML(w, runs...) }))
			if err != nil {
				return err
			}
			return exitWith(t.ExitCode())
		},
	}
	f := cmd.Flags()
	f.StringVar(&conf.Cache, "cache", "", "`folder` for releases from npm (default: one of the user's cache)")
	f.StringVar(&root, "repo", ".", "`folder` of the repository, from whose history releases of Handfast are built")
	f.BoolVar(&conf.NoNPM, "no-npm", false, "leave real releases of Fast out")
	f.StringVar(&json, "json", "", "write an array of reports, one for each dialer, to `FILE`; - is stdout")
	f.StringVar(&page, "html", "", "write the report page to `FILE`; - is stdout")
	return cmd
}

// released adds the releases of Handfast, of which each is built from the history of the repository.
func released(ctx context.Context, t *table.Table, root string) error {
	list, err := compat.Releases()
	if err != nil || len(list) == 0 {
		return err
	}
	conf := releases.Config{}
	if conf.Root, err = filepath.Abs(root); err != nil {
		return err
	}
	if conf.Today, err = os.Executable(); err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	conf.Cache = filepath.Join(cache, "handfast", "releases")
	t.Released(ctx, conf, list)
	return nil
}
