package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// block is one block of commands of a page.
type block struct {
	line    int // of the page
	section string
	lines   []string
}

// blocks reads the ```sh blocks of a page.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	f, err := os.Open(page)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // it is only read
	var all []block
	var open *block
	section := ""
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<20)
	for n := 1; scan.Scan(); n++ {
		line := scan.Text()
		switch {
		case open == nil && strings.HasPrefix(line, "#"):
			section = strings.TrimLeft(line, "# ")
		case open == nil && line == "```sh":
			open = &block{line: n, section: section}
		case open != nil && line == "```":
			all = append(all, *open)
			open = nil
		case open != nil:
			open.lines = append(open.lines, line)
		}
	}
	require.NoError(t, scan.Err())
	require.NotEmpty(t, all, "%s has no commands", page)
	return all
}

var exits = regexp.MustCompile(`# exits ([0-9])$`)

// script turns a block into a script that ends with 99 at the first command that does not exit as the page says.
func (b *block) script() string {
	var s strings.Builder
	for _, line := range b.lines {
		want := 0
		if m := exits.FindStringSubmatch(line); m != nil {
			want, _ = strconv.Atoi(m[1])
		}
		fmt.Fprintf(&s, "%s\ncode=$?; if [ $code -ne %d ]; then echo \"RECIPE: exit code $code, not %d, of:\" '%s' >&2; exit 99; fi\n",
			line, want, want, strings.ReplaceAll(line, "'", `'\''`))
	}
	return s.String()
}

// bash runs a script in a folder.
func bash(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%s", tail(string(out), 4000))
	return string(out)
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// TestGuideCommands runs every command of the guide, each block in an empty folder beside testdata.
func TestGuideCommands(t *testing.T) {
	t.Parallel()
	testdata, err := filepath.Abs(filepath.Join("..", "..", "testdata"))
	require.NoError(t, err)
	s := serve(t, "--short-timers")
	for _, b := range blocks(t, filepath.Join("..", "..", "conformance", "README.md")) {
		t.Run(fmt.Sprintf("%s, line %d", b.section, b.line), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.Symlink(testdata, filepath.Join(dir, "testdata")))
			bash(t, dir, strings.ReplaceAll(b.script(), "127.0.0.1:7400", s.addr))
		})
	}
}

// TestAction runs the steps of the GitHub action as GitHub does: inputs come by the environment.
func TestAction(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join("..", "..", "conformance", "action.yml"))
	require.NoError(t, err)
	var action struct {
		Inputs map[string]struct{ Default string }
		Runs   struct {
			Using string
			Steps []struct {
				Name, Run, Shell string
				Env              map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(b, &action))
	require.Equal(t, "composite", action.Runs.Using)
	s := serve(t, "--short-timers")
	for name, c := range map[string]struct {
		inputs map[string]string
		forms  []string
	}{
		"codec":         {map[string]string{"mode": "codec", "command": "handfast driver"}, []string{"report.json", "report.xml", "report.html", "badge.svg"}},
		"some of codec": {map[string]string{"mode": "codec", "command": "handfast driver", "arguments": "--run frame/*"}, []string{"report.json", "report.xml", "report.html"}},
		"server":        {map[string]string{"mode": "server", "address": s.addr, "arguments": "--run opening/*"}, []string{"report.json", "report.xml", "report.html"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, temp := t.TempDir(), t.TempDir()
			output, summary := filepath.Join(temp, "output"), filepath.Join(temp, "summary.md")
			expressions := strings.NewReplacer(
				"${{ inputs.mode }}", c.inputs["mode"], "${{ inputs.command }}", c.inputs["command"], "${{ inputs.address }}", c.inputs["address"],
				"${{ inputs.arguments }}", c.inputs["arguments"], "${{ inputs.output }}", action.Inputs["output"].Default, "${{ runner.temp }}", temp)
			judged := false
			for _, step := range action.Runs.Steps {
				require.NotContains(t, step.Run, "${{", "an expression in a script is a way to inject commands")
				if step.Name != "Judge" { // the first builds the suite, which this binary is
					continue
				}
				judged = true
				env := []string{"GITHUB_OUTPUT=" + output, "GITHUB_STEP_SUMMARY=" + summary}
				for name, value := range step.Env {
					value = expressions.Replace(value)
					require.NotContains(t, value, "${{", name)
					env = append(env, name+"="+value)
				}
				bash(t, dir, "set -eo pipefail\n"+step.Run, env...)
			}
			require.True(t, judged)
			for _, form := range c.forms {
				assert.FileExists(t, filepath.Join(dir, action.Inputs["output"].Default, form))
			}
			assert.FileExists(t, summary)
			said, err := os.ReadFile(output)
			require.NoError(t, err)
			assert.Contains(t, string(said), "report="+dir)
		})
	}
}
