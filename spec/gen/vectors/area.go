package main

import (
	"bytes"
	"fmt"

	"handfast/testdata"
)

// area gathers the vectors of one file.
type area struct {
	name, op string
	turn     string   // of the vectors that follow
	limit    uint32   // of the vectors that follow: max_frame, 0 for the default
	before   bool     // of the vectors that follow: before_ready
	reqs     []string // of the vectors that follow, beside their own
	vectors  []testdata.Vector
	fault    error
}

// about names the requirements of the vectors that follow.
func (a *area) about(reqs ...string) { a.reqs = reqs }

// ok adds an accepted vector. value is its JSON form, stated by hand.
func (a *area) ok(slug, title, why string, in hexed, value any) *testdata.Vector {
	v := a.add(slug, title, why, in, testdata.Accept)
	j, err := marshal(value)
	if err != nil {
		a.fault = fmt.Errorf("%s: %w", v.ID, err)
	}
	v.Value = j
	return v
}

// other is ok for an input that an encoder would write in another way: it has bits that are ignored or keys that are unknown.
func (a *area) other(slug, title, why string, in hexed, value any) *testdata.Vector {
	v := a.ok(slug, title, why, in, value)
	v.Noncanonical = true
	return v
}

// no adds a rejected vector, which differs from the accepted twin in one fault. What a receiver answers is stated by hand, from the
// specification.
func (a *area) no(slug, twin string, f testdata.Fault, title, why string, in hexed) *testdata.Vector {
	v := a.add(slug, title, why, in, testdata.Reject)
	v.Error = &f
	v.Twin = a.name + "/" + twin
	if f.Req != "" {
		v.Req = with(v.Req, f.Req)
	}
	return v
}

// both is no for an input with two faults, of which f stands first in chapter 14 of SPEC.md (ERR-003).
func (a *area) both(slug, twin string, f testdata.Fault, second, title, why string, in hexed) *testdata.Vector {
	v := a.no(slug, twin, f, title, why, in)
	v.Req = with(with(v.Req, "ERR-003"), second)
	v.Notes = "two faults: the one that stands first in the list of chapter 14 is reported"
	return v
}

func (a *area) add(slug, title, why string, in hexed, verdict string) *testdata.Vector {
	a.vectors = append(a.vectors, testdata.Vector{
		ID: a.name + "/" + slug, Req: append([]string{}, a.reqs...), Title: title, Why: why,
		Op: a.op, Turn: a.turn, MaxFrame: a.limit, BeforeReady: a.before, In: string(in), Verdict: verdict,
	})
	return &a.vectors[len(a.vectors)-1]
}

// with adds an id in front, once.
func with(list []string, id string) []string {
	out := []string{id}
	for _, have := range list {
		if have != id {
			out = append(out, have)
		}
	}
	return out
}

// file gives the file's content: one member a line, so that a change of one vector shows as that.
func (a *area) file() ([]byte, error) {
	if a.fault != nil {
		return nil, a.fault
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n \"format\": %d,\n \"must_understand\": [],\n \"spec\": %q,\n \"area\": %q,\n \"vectors\": [", testdata.Format, testdata.Spec, a.name)
	for i := range a.vectors {
		if i > 0 {
			b.WriteString(",")
		}
		if err := writeVector(&b, &a.vectors[i]); err != nil {
			return nil, err
		}
	}
	b.WriteString("\n ]\n}\n")
	return b.Bytes(), nil
}

func writeVector(b *bytes.Buffer, v *testdata.Vector) error {
	sep := "\n  {"
	for _, m := range []struct {
		name  string
		value any
		shown bool
	}{
		{"id", v.ID, true},
		{"req", v.Req, true},
		{"title", v.Title, true},
		{"why", v.Why, true},
		{"op", v.Op, true},
		{"turn", v.Turn, v.Turn != ""},
		{"max_frame", v.MaxFrame, v.MaxFrame != 0},
		{"before_ready", true, v.BeforeReady},
		{"in", v.In, true},
		{"verdict", v.Verdict, true},
		{"value", v.Value, v.Value != nil},
		{"noncanonical", true, v.Noncanonical},
		{"error", v.Error, v.Error != nil},
		{"twin", v.Twin, v.Twin != ""},
		{"notes", v.Notes, v.Notes != ""},
	} {
		if !m.shown {
			continue
		}
		j, err := marshal(m.value)
		if err != nil {
			return fmt.Errorf("%s: %w", v.ID, err)
		}
		fmt.Fprintf(b, "%s\n   %q: %s", sep, m.name, j)
		sep = ","
	}
	b.WriteString("\n  }")
	return nil
}

// The faults. Each function says code and scope; the row adds the requirement and the offset.

func encoding(req string, at int) testdata.Fault { return linkFault("ENCODING", req, at) }

func linkFault(code, req string, at int) testdata.Fault {
	return testdata.Fault{Scope: "link", Code: code, Req: req, At: at}
}

func streamFault(req string, at int) testdata.Fault {
	return testdata.Fault{Scope: "stream", Code: "PROTOCOL", Req: req, At: at}
}
