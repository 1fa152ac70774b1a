// Package pages writes the generated parts of the specification: the blocks between `<!-- gen:NAME ARGS -->` and
// `<!-- end -->` in the pages, and the index of requirements.
package pages

import (
	"fmt"
	"regexp"
	"strings"
)

const end = "<!-- end -->"

var begin = regexp.MustCompile(`^<!-- gen:([a-z_]+)((?: [^ ]+)*) -->$`)

// Render makes the content of one block. Ok is false for a block that somebody else writes, which is then left alone.
type Render func(name string, args []string) (content string, ok bool, err error)

// Splice replaces the content of every block of a page. A mark that is not understood, a block without an end and an end
// without a block are errors: such a part would otherwise grow old unseen.
func Splice(path, page string, render Render) (string, error) {
	var out strings.Builder
	lines := strings.SplitAfter(page, "\n")
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i])
		mark := strings.TrimRight(lines[i], "\n")
		if mark == end {
			return "", fmt.Errorf("%s:%d: an end without a block", path, i+1)
		}
		if !strings.HasPrefix(mark, "<!-- gen:") {
			continue
		}
		m := begin.FindStringSubmatch(mark)
		if m == nil {
			return "", fmt.Errorf("%s:%d: not of the form <!-- gen:NAME ARGS -->: %s", path, i+1, mark)
		}
		stop := i + 1
		for stop < len(lines) && strings.TrimRight(lines[stop], "\n") != end {
			if strings.HasPrefix(lines[stop], "<!-- gen:") {
				return "", fmt.Errorf("%s:%d: the block %s has no %s", path, i+1, m[1], end)
			}
			stop++
		}
		if stop == len(lines) {
			return "", fmt.Errorf("%s:%d: the block %s has no %s", path, i+1, m[1], end)
		}
		content, ok, err := render(m[1], strings.Fields(m[2]))
		if err != nil {
			return "", fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		if ok { // GitHub needs the blank lines: a table that touches a comment is not a table
			content = "\n" + strings.Trim(content, "\n") + "\n\n"
		} else {
			content = strings.Join(lines[i+1:stop], "")
		}
		out.WriteString(content + lines[stop])
		i = stop
	}
	return out.String(), nil
}
