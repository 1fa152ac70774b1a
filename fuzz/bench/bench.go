// Package bench measures the fuzzer by what it finds: sample parsers in C, Python and JavaScript have one bug each on purpose, and a run says which were found, after how many executions and how
// long, with the grammar and without.
package bench

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"handfast/conformance/driver"
	"handfast/fuzz"
	"handfast/testdata"
)

//go:embed samples
var samples embed.FS

// Config says what to measure. Zero values are the defaults.
type Config struct {
	Root  string         // of the source tree, for the JavaScript driver; default: the folder above with go.mod
	Time  time.Duration  // for each bug and way, on one driver; default 60 s
	Seed  uint64         // default 1
	Run   *regexp.Regexp // names of the bugs; default all
	Plain bool           // also without grammar

	// Each, if set, is called with each result as it comes.
	Each func(r Result)
}

// Result is that of one bug.
type Result struct {
	Bug      string `json:"bug"`
	Kind     string `json:"kind"`
	Language string `json:"language"`
	Doc      string `json:"doc"`
	Grammar  Found  `json:"grammar"`
	Plain    *Found `json:"plain,omitempty"` // without grammar; nil where it was not tried
}

// Found says whether a bug was found, and when.
type Found struct {
	Found      bool    `json:"found"`
	Executions int64   `json:"executions"` // until it was found, or in all
	Seconds    float64 `json:"seconds"`
	Finding    string  `json:"finding,omitempty"` // id
	Bytes      int     `json:"bytes,omitempty"`   // of the minimised input
}

// Report is what was measured.
type Report struct {
	Format  int      `json:"format"` // 1
	Seed    uint64   `json:"seed,string"`
	Seconds float64  `json:"seconds"` // given to each bug
	Results []Result `json:"results"`
}

// ToolError says that a program which a sample parser needs is not there, or does not do what it should.
type ToolError struct {
	Tool string
	Err  error
}

// Error names the program.
func (e *ToolError) Error() string {
	return fmt.Sprintf("the sample parsers need %s: %v", e.Tool, e.Err)
}

// Unwrap gives what is wrong with it.
func (e *ToolError) Unwrap() error { return e.Err }

// Run measures. The error is a *ToolError, or that of a run.
func Run(ctx context.Context, c Config) (*Report, error) {
	if c.Time <= 0 {
		c.Time = time.Minute
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	dir, err := os.MkdirTemp("", "handfast-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := unpack(dir); err != nil {
		return nil, err
	}
	report := &Report{Format: 1, Seed: c.Seed, Seconds: c.Time.Seconds()}
	commands := make(map[string][]string)
	for i := range bugs {
		b := &bugs[i]
		if c.Run != nil && !c.Run.MatchString(b.Name) {
			continue
		}
		if commands[b.Language] == nil {
			if commands[b.Language], err = command(ctx, b.Language, dir, c.Root); err != nil {
				return nil, err
			}
		}
		r := Result{Bug: b.Name, Kind: b.Kind, Language: b.Language, Doc: b.Doc}
		if r.Grammar, err = c.one(ctx, b, commands[b.Language], false); err != nil {
			return nil, err
		}
		if c.Plain {
			found, err := c.one(ctx, b, commands[b.Language], true)
			if err != nil {
				return nil, err
			}
			r.Plain = &found
		}
		report.Results = append(report.Results, r)
		if c.Each != nil {
			c.Each(r)
		}
	}
	return report, nil
}

// one fuzzes a parser with one bug until it is found.
func (c *Config) one(ctx context.Context, b *Bug, args []string, plain bool) (Found, error) {
	var found *fuzz.Finding
	report, err := fuzz.Run(ctx, fuzz.Config{
		Command: driver.Command{Args: args, Env: b.env()}, Time: c.Time, Seed: c.Seed, Jobs: 1, Timeout: time.Second, Plain: plain,
		What: []string{testdata.OpMsgpack, testdata.OpFrame},
		Stop: func(f *fuzz.Finding) bool {
			if found == nil && b.Finds(f) {
				found = f
			}
			return found != nil
		},
	})
	if err != nil {
		return Found{}, fmt.Errorf("%s: %w", b.Name, err)
	}
	if found == nil {
		return Found{Executions: report.Executions, Seconds: report.Elapsed.Seconds()}, nil
	}
	return Found{Found: true, Executions: found.Execution, Seconds: found.After.Seconds(), Finding: found.ID, Bytes: len(found.In) / 2}, nil
}

// unpack writes the samples into a folder.
func unpack(dir string) error {
	entries, err := samples.ReadDir("samples")
	if err != nil {
		return err
	}
	for _, e := range entries {
		b, err := samples.ReadFile("samples/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// command gives what starts the sample parser of a language, built where it has to be.
func command(ctx context.Context, language, dir, root string) ([]string, error) {
	switch language {
	case C:
		binary := filepath.Join(dir, "sample")
		cc := exec.CommandContext(ctx, "cc", "-O2", "-Wall", "-o", binary, filepath.Join(dir, "sample.c"), filepath.Join(dir, "driver.c")) //nolint:gosec // own files
		if out, err := cc.CombinedOutput(); err != nil {
			return nil, &ToolError{Tool: "cc", Err: fmt.Errorf("%w: %s", err, out)}
		}
		return []string{binary}, nil
	case Python:
		if _, err := exec.LookPath("python3"); err != nil {
			return nil, &ToolError{Tool: "python3", Err: err}
		}
		return []string{"python3", filepath.Join(dir, "sample.py")}, nil
	}
	if _, err := exec.LookPath("node"); err != nil {
		return nil, &ToolError{Tool: "node", Err: err}
	}
	if root == "" {
		var err error
		if root, err = findRoot(); err != nil {
			return nil, &ToolError{Tool: "the source tree of Handfast", Err: err}
		}
	}
	return []string{"node", filepath.Join(root, "fuzz", "bench", "samples", "node.mjs")}, nil
}

// findRoot finds the folder of the module that this folder belongs to.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "conformance", "drivers", "node", "driver.js")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("run it inside the source tree, or say --root")
		}
		dir = up
	}
}

// Count gives how many bugs were found with the grammar, and without.
func (r *Report) Count() (grammar, plain int) {
	for _, one := range r.Results {
		if one.Grammar.Found {
			grammar++
		}
		if one.Plain != nil && one.Plain.Found {
			plain++
		}
	}
	return grammar, plain
}

// WriteJSON writes the report.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText prints the table, the sums last.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "bug\tkind\twith grammar\texecutions\tseconds\tbytes\twithout grammar\texecutions\tseconds")
	for _, one := range r.Results {
		g := one.Grammar
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%.1f\t%d", one.Bug, one.Kind, foundText(&g), g.Executions, g.Seconds, g.Bytes)
		if p := one.Plain; p != nil {
			fmt.Fprintf(t, "\t%s\t%d\t%.1f", foundText(p), p.Executions, p.Seconds)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	grammar, plain := r.Count()
	text := fmt.Sprintf("found %d of %d with grammar", grammar, len(r.Results))
	if len(r.Results) > 0 && r.Results[0].Plain != nil {
		text += fmt.Sprintf(", %d without", plain)
	}
	_, err := fmt.Fprintf(w, "%s, within %.0f s each on one driver, seed %d\n", text, r.Seconds, r.Seed)
	return err
}

func foundText(f *Found) string {
	if f.Found {
		return "found"
	}
	return "-"
}

func contains(text, part string) bool { return strings.Contains(text, part) }

// Clean fuzzes the sample parser of a language without a bug, with so many inputs.
func Clean(ctx context.Context, language string, runs int64) (*fuzz.Report, error) {
	dir, err := os.MkdirTemp("", "handfast-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := unpack(dir); err != nil {
		return nil, err
	}
	args, err := command(ctx, language, dir, "")
	if err != nil {
		return nil, err
	}
	return fuzz.Run(ctx, fuzz.Config{
		Command: driver.Command{Args: args, Env: []string{driver.BugEnv + "="}}, Runs: runs, Seed: 1, Jobs: 1, What: []string{testdata.OpMsgpack, testdata.OpFrame},
	})
}
