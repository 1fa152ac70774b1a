package driver

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// keptOutput is how much is kept of what a child prints for people.
const keptOutput = 16 << 10

// ring keeps the last bytes that were written to it. Its methods may be called concurrently.
type ring struct {
	mu      sync.Mutex // guards the fields below
	b       []byte
	dropped bool
}

// Write never fails.
func (r *ring) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.b = append(r.b, p[max(0, len(p)-keptOutput):]...)
	if over := len(r.b) - keptOutput; over > 0 || len(p) > keptOutput {
		r.b = append(r.b[:0], r.b[max(over, 0):]...)
		r.dropped = true
	}
	return len(p), nil
}

// String gives what is left, fit to be printed: without control characters, and from the beginning of a line on where the first was cut.
func (r *ring) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := string(r.b)
	if r.dropped {
		if _, rest, ok := strings.Cut(text, "\n"); ok {
			text = rest
		}
		text = "...\n" + text
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c < ' ' || c == 0x7F || c == utf8.RuneError:
			return '.'
		}
		return c
	}, strings.TrimRight(text, "\n"))
}
