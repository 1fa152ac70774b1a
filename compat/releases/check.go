package releases

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"handfast/compat"
)

// Finding is one thing that was checked.
type Finding struct {
	Name string
	Err  error // nil: as it should be
	// Broken says that nothing could be measured, and Err why.
	Broken bool
}

// Config says what a release is held against.
type Config struct {
	Root  string // of the repository
	Cache string // folder for what is built
	Today string // the program handfast of today
	Run   []string
}

// Check holds one release against today's: what it has published, calls in both directions, its own suite in the profile that it
// claimed against today's acceptor, today's suite against its acceptor, and its own vectors against today's codec.
func Check(ctx context.Context, c Config, r compat.Release) []Finding {
	var all []Finding
	add := func(name string, err error) { all = append(all, Finding{Name: name, Err: err}) }
	src, err := os.MkdirTemp("", "release-")
	if err != nil {
		return []Finding{{Name: "source", Err: err, Broken: true}}
	}
	defer os.RemoveAll(src)
	if err := extract(ctx, c.Root, r.Commit, src); err != nil {
		return []Finding{{Name: "source", Err: err, Broken: true}}
	}
	changed, err := Frozen(os.DirFS(src), os.DirFS(c.Root))
	if err == nil && len(changed) > 0 {
		err = errors.New(strings.Join(changed, "; "))
	}
	add("vectors and opening", err)
	bin, err := Build(ctx, c.Root, r.Commit, c.Cache)
	if err != nil {
		return append(all, Finding{Name: "build", Err: err, Broken: true})
	}
	for _, pair := range []struct{ name, acceptor, dialer string }{{"released acceptor", bin, c.Today}, {"released dialer", c.Today, bin}} {
		err := serving(ctx, pair.acceptor, func(addr string) error {
			if err := calls(ctx, pair.dialer, addr); err != nil {
				return err
			}
			args := []string{"conform", "server", addr, "--profile", r.Profile}
			for _, pattern := range c.Run {
				args = append(args, "--run", pattern)
			}
			return run(ctx, pair.dialer, args...)
		})
		add(pair.name, err)
	}
	add("released vectors", run(ctx, bin, "conform", "codec", "--", c.Today, "driver"))
	return all
}

// serving runs an acceptor while use uses it.
func serving(ctx context.Context, bin string, use func(addr string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "serve", "--listen", "127.0.0.1:0", "--ready", "--short-timers", "--log", "off")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var said struct {
		Ready struct {
			Addr string `json:"addr"`
		} `json:"ready"`
	}
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err == nil {
		err = use(said.Ready.Addr)
	}
	_ = in.Close() // ends it
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	return err
}

// calls makes calls from the command line.
func calls(ctx context.Context, bin, addr string) error {
	out, err := exec.CommandContext(ctx, bin, "call", addr, "echo", "hello").Output()
	if err == nil && string(bytes.TrimSpace(out)) != "hello" {
		err = fmt.Errorf("echo gave %.100q", out)
	}
	if err != nil {
		return fmt.Errorf("call: %w", err)
	}
	out, err = exec.CommandContext(ctx, bin, "call", addr, "stream", `{"n": 50, "size": 1000}`, "--hex").Output()
	if n := bytes.Count(out, []byte("\n")); err == nil && n != 50 {
		err = fmt.Errorf("stream gave %d replies of 50", n)
	}
	return err
}

// run runs a program; its last words are the error.
func run(ctx context.Context, bin string, args ...string) error {
	out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(bin), args[1], err, out[max(0, len(out)-600):])
	}
	return nil
}
