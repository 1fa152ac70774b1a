package known

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"handfast/conformance"
)

// Lock is conformance.lock: how many cases ran last time, so that none is lost in silence.
type Lock struct {
	Format int       `json:"format"` // 1
	Runs   []LockRun `json:"runs"`   // ordered by mode and profile
}

// LockRun is one full run.
type LockRun struct {
	Mode     string `json:"mode"`
	Profile  string `json:"profile"`
	Suite    string `json:"suite"`
	Executed int    `json:"executed"` // cases with a verdict about the peer
}

// LoadLock reads the lock. Without such a file it returns nil and no error; what is wrong with one is a *FileError.
func LoadLock(path string) (*Lock, error) {
	b, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := new(Lock)
	if err := decodeStrict(path, b, l); err != nil {
		return nil, err
	}
	if l.Format != 1 {
		return nil, &FileError{File: path, Text: fmt.Sprintf("format is %d, and has to be 1", l.Format)}
	}
	for i, run := range l.Runs {
		twice := slices.ContainsFunc(l.Runs[:i], func(o LockRun) bool { return o.Mode == run.Mode && o.Profile == run.Profile })
		if twice || run.Executed < 0 || !slices.Contains(conformance.Modes(), run.Mode) {
			return nil, &FileError{File: path, Text: fmt.Sprintf("runs[%d]: %s %s with %d cases cannot be, or is there twice", i, run.Mode, run.Profile, run.Executed)}
		}
	}
	return l, nil
}

// Find gives the run of a mode and profile. A nil Lock has none.
func (l *Lock) Find(mode, profile string) (LockRun, bool) {
	if l != nil {
		for _, run := range l.Runs {
			if run.Mode == mode && run.Profile == profile {
				return run, true
			}
		}
	}
	return LockRun{}, false
}

// With returns a copy with the counts of a report. A nil Lock is an empty one. It refuses a run that was not of all cases, or in which the
// suite could not measure, with a *PartialError.
func (l *Lock) With(r *conformance.Report) (*Lock, error) {
	if err := full(r); err != nil {
		return nil, err
	}
	next := &Lock{Format: 1}
	run := LockRun{Mode: Mode(r), Profile: r.Profile, Suite: r.Suite, Executed: Executed(r)}
	if l != nil {
		next.Runs = slices.DeleteFunc(slices.Clone(l.Runs), func(o LockRun) bool { return o.Mode == run.Mode && o.Profile == run.Profile })
	}
	next.Runs = append(next.Runs, run)
	slices.SortFunc(next.Runs, func(a, b LockRun) int {
		return cmp.Or(cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Profile, b.Profile))
	})
	return next, nil
}

// Encode gives the file.
func (l *Lock) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	err := e.Encode(l)
	return b.Bytes(), err
}

// Mode gives the mode of a report by its name.
func Mode(r *conformance.Report) string { return orDefault(r.Mode, "server") }

// Executed counts the cases of a report that say something about the peer.
func Executed(r *conformance.Report) int {
	s := r.Summary
	return s.Pass + s.Weak + s.Fail + s.Crash + s.Timeout
}

// Partial reports whether a run left cases out by choice.
func Partial(r *conformance.Report) bool { return len(r.Options.Run)+len(r.Options.Skip) > 0 }

// PartialError says that a run does not say enough to write a file from it.
type PartialError struct{ Reason string }

// Error gives the reason.
func (e *PartialError) Error() string { return e.Reason }

// full returns a *PartialError for a run that a file must not be written from.
func full(r *conformance.Report) error {
	switch {
	case Partial(r):
		return &PartialError{"the run was of some cases only (--run or --skip): a full run is needed, or what did not run would be lost"}
	case r.Summary.Inconclusive > 0:
		return &PartialError{fmt.Sprintf("%d cases are inconclusive: what they are cannot be written down", r.Summary.Inconclusive)}
	case Executed(r) == 0:
		return &PartialError{"no case ran"}
	}
	return nil
}
