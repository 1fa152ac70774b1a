package conformance

import (
	"fmt"
	"io"
)

// Progress prints one line that is written over, for terminals: what is done, and what did not pass so far. It is for
// Config.Each, which calls it from one goroutine at a time.
type Progress struct {
	W   io.Writer
	bad int
}

// Each notes a result.
func (p *Progress) Each(done, total int, r Result) {
	if r.Verdict != Pass && r.Verdict != Unsupported {
		p.bad++
	}
	p.print(done, total, "cases", "not passed", r.ID)
}

// EachKill notes a mutant.
func (p *Progress) EachKill(done, total int, k Kill) {
	if k.Fate != Killed {
		p.bad++
	}
	p.print(done, total, "mutants", "not killed", k.Mutant)
}

// print writes the line, and takes it away at the end.
func (p *Progress) print(done, total int, what, bad, last string) {
	const clear = "\r\x1b[K"
	if done == total {
		_, _ = io.WriteString(p.W, clear) // progress is nobody's result
		return
	}
	_, _ = fmt.Fprintf(p.W, "%s%d of %d %s, %d %s: %s", clear, done, total, what, p.bad, bad, last)
}
