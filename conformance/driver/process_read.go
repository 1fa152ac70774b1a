package driver

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// read files answers until the driver's stdout ends.
func (p *Process) read() {
	input := newLines(p.t, MaxAnswer)
	for {
		line, err := input.next()
		switch {
		case errors.Is(err, errTooLong):
			p.fail(&Fault{Reason: TooLong, Text: "a line has more than " + strconv.Itoa(MaxAnswer) + " bytes"})
			return
		case err != nil:
			p.died(err)
			return
		}
		if f := p.file(line); f != nil {
			p.fail(f)
			return
		}
	}
}

// died ends the driver whose stdout has ended. What made it do so is said where it ended by itself.
func (p *Process) died(err error) {
	p.mu.Lock()
	expected := p.closing && len(p.pending) == 0 || p.failing
	p.mu.Unlock()
	if expected {
		return // Close looks at how it ends, or fail has ended it
	}
	f := &Fault{Reason: Died}
	if p.t.end(lastBytes) {
		if exit := p.t.exit(); exit != nil {
			f.Exit, f.Text = exit, exit.String()
		} else if !errors.Is(err, io.EOF) {
			f.Text = err.Error()
		}
	} else {
		f.Text = "it closed its stdout and went on running"
	}
	p.fail(f)
}

// file gives an answer to who waits for it.
func (p *Process) file(line []byte) *Fault {
	var a Answer
	if err := json.Unmarshal(line, &a); err != nil {
		return &Fault{Reason: Junk, Text: "a line is no answer (" + err.Error() + ")", Line: cut(line)}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answered, waits := p.pending[a.ID]
	switch {
	case waits && a.Kind == "":
		return &Fault{Reason: Junk, Text: `a line has no member "answer"`, Line: cut(line)}
	case waits:
		delete(p.pending, a.ID)
		answered <- a
	case p.abandoned[a.ID]:
		delete(p.abandoned, a.ID)
	case p.asked(a.ID):
		return &Fault{Reason: WrongID, Text: "a second answer came to one request", Line: cut(line)}
	case a.ID == "" && a.Kind == KindBroken:
		return &Fault{Reason: Broken, Text: cut([]byte(a.Text))}
	default:
		return &Fault{Reason: WrongID, Text: "an answer came to what nobody asked", Line: cut(line)}
	}
	return nil
}

// asked tells whether there was a request of this id.
func (p *Process) asked(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && n > 0 && n <= p.last
}
