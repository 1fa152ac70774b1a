package fuzz

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"handfast/codec/explain"
	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// Area is that of the vectors which are written for findings.
const Area = "found"

// Finding is one cause of differences.
type Finding struct {
	ID       string   `json:"id"` // found/words: the same for the same cause in each run
	Class    Class    `json:"class"`
	Req      []string `json:"req"` // the rule that the reference names, or none
	Expected string   `json:"expected"`
	Actual   string   `json:"actual"`

	Op          string   `json:"op"`
	Turn        string   `json:"turn,omitempty"`
	MaxFrame    uint32   `json:"max_frame,omitempty"`
	BeforeReady bool     `json:"before_ready,omitempty"`
	In          string   `json:"in"`               // minimised, hexadecimal
	Cuts        string   `json:"cuts,omitempty"`   // offsets, where pieces matter
	Before      []input  `json:"-"`                // what has to be asked before
	BeforeHex   []string `json:"before,omitempty"` // the same, each as a line to the driver
	Original    int      `json:"original_bytes"`   // of the input before it was minimised

	Count       int           `json:"count"` // inputs that differed for this cause
	Execution   int64         `json:"execution"`
	After       time.Duration `json:"after_ns"` // from the start of the run
	Unconfirmed bool          `json:"unconfirmed,omitempty"`

	Repeat string           `json:"repeat"` // a line for a shell; DRIVER stands for the command
	Vector *testdata.Vector `json:"vector,omitempty"`
	Twin   *testdata.Vector `json:"twin,omitempty"` // of the vector

	in input
}

// finding makes a finding of an input. The numbers are those of now.
func (w *worker) finding(in *input, d *difference) *Finding {
	w.tell()
	now := w.now()
	f := &Finding{
		Class: d.class, Req: []string{}, Expected: d.expected, Actual: d.actual,
		Op: in.what, Turn: in.turn, MaxFrame: in.maxFrame, BeforeReady: in.beforeReady, In: hex.EncodeToString(in.b), Cuts: string(appendCuts(nil, in.cuts)), Original: len(in.b),
		Count: 1, Execution: now.Executions, After: now.Elapsed, in: *in,
	}
	if d.req != "" {
		f.Req = append(f.Req, d.req)
	}
	f.ID = Area + "/" + slug(d.key(in.context))
	return f
}

// slug makes words with hyphens of a key. A long one is cut, and told from others by a hash.
func slug(key string) string {
	var b strings.Builder
	gap := true
	for _, c := range []byte(strings.ToLower(key)) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteByte(c)
			gap = false
		case !gap:
			b.WriteByte('-')
			gap = true
		}
	}
	text := strings.Trim(b.String(), "-")
	const most = 72
	if len(text) <= most {
		return text
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return strings.Trim(text[:most-9], "-") + fmt.Sprintf("-%08x", h.Sum32())
}

// complete adds what is only needed in a report: the line that repeats the finding, and the vector.
func (e *engine) complete(f *Finding) {
	var lines []string
	for i, in := range append(slices.Clone(f.Before), f.in) {
		r := in.request()
		r.ID = strconv.Itoa(i + 1)
		line, err := json.Marshal(r)
		if err != nil {
			continue // requests are texts alone
		}
		lines = append(lines, string(line))
	}
	f.BeforeHex = lines[:len(lines)-1]
	f.Repeat = "printf '%s\\n' " + quoteAll(lines) + " | DRIVER"
	if len(f.Repeat) > 4000 {
		f.Repeat = "handfast fuzz --replay FILE -- DRIVER"
	}
	f.Vector, f.Twin = e.vector(f)
}

func quoteAll(lines []string) string {
	quoted := make([]string, len(lines))
	for i, line := range lines {
		quoted[i] = "'" + line + "'"
	}
	return strings.Join(quoted, " ")
}

// vector makes a vector of a finding, with its twin where it is a reject; nil where the input is not whole, which no vector is.
func (e *engine) vector(f *Finding) (v, twin *testdata.Vector) {
	right := want(&f.in)
	v = &testdata.Vector{
		ID: f.ID, Req: f.Req, Title: string(f.Class) + " of " + f.in.String(), Op: f.Op, Turn: f.Turn, MaxFrame: f.MaxFrame, BeforeReady: f.BeforeReady, In: f.In,
		Why: "A parser was found that answers otherwise: " + f.Actual,
	}
	switch right.Kind {
	case driver.KindAccept:
		n, err := strconv.Atoi(right.Consumed)
		if err != nil || n > len(f.in.b) {
			return nil, nil
		}
		v.In = f.In[:2*n] // a vector ends with its item
		v.Verdict, v.Value = testdata.Accept, right.Value
		if len(v.Req) == 0 {
			v.Req = []string{ruleOf(f.Op)}
		}
		v.Noncanonical = e.noncanonical(v)
		return v, nil
	case driver.KindReject:
		at, _ := strconv.Atoi(right.At)
		v.Verdict = testdata.Reject
		v.Error = &testdata.Fault{Scope: right.Scope, Code: right.Code, Req: right.Req, At: min(at, len(f.in.b))}
		if right.Req == "" {
			v.Req = []string{ruleOf(f.Op)}
		}
		twin = e.nearest(f)
		if twin == nil {
			return nil, nil
		}
		v.Twin = twin.ID
		return v, twin
	}
	return nil, nil
}

// ruleOf names the rule of a form as a whole, for inputs that break none.
func ruleOf(op string) string {
	switch op {
	case testdata.OpMsgpack:
		return "MP-001"
	case testdata.OpOpening:
		return "HELLO-010"
	case testdata.OpCall:
		return "CALL-001"
	}
	return "FRAME-009"
}

// nearest gives the accepted vector that shares most with an input, from its beginning and from its end.
func (e *engine) nearest(f *Finding) *testdata.Vector {
	best, most := (*testdata.Vector)(nil), -1
	for _, v := range e.vectors {
		if v.Verdict != testdata.Accept || contextOf(v) != f.in.context {
			continue
		}
		b := v.Bytes()
		common := 0
		for common < min(len(b), len(f.in.b)) && b[common] == f.in.b[common] {
			common++
		}
		score := 4*common - max(len(b)-len(f.in.b), len(f.in.b)-len(b))
		if best == nil || score > most {
			best, most = v, score
		}
	}
	return best
}

// Explanation prints the input of a finding field by field.
func (f *Finding) Explanation() string {
	what := map[string]explain.What{
		testdata.OpMsgpack: explain.Msgpack, testdata.OpOpening: explain.Opening, testdata.OpFrame: explain.Frames, testdata.OpCall: explain.Call,
	}[f.Op]
	var b strings.Builder
	e := explain.Explain(f.in.b[:min(len(f.in.b), 4096)], explain.Options{What: what, MaxFrame: f.in.item().MaxFrame})
	for i := range e.Packets[:min(len(e.Packets), 4)] {
		_ = e.Packets[i].WriteText(&b) // a Builder takes everything
	}
	return b.String()
}

// result gives the finding as the suite's result of a case, by which known ones are told.
func (f *Finding) result() conformance.Result {
	return conformance.Result{
		ID: f.ID, Title: string(f.Class), Req: f.Req, Profile: "codec", Verdict: f.Class.verdict(), Trace: []conformance.Entry{},
		Expected: f.Expected, Actual: f.Actual, Detail: "expected " + f.Expected + "; got " + f.Actual,
	}
}

// result makes the report of a run.
func (e *engine) result() *Report {
	stats := e.now()
	r := &Report{
		Format: 1, Spec: testdata.Spec, Suite: conformance.Suite, Target: e.config.Target, Peer: e.peer, Seed: strconv.FormatUint(e.config.Seed, 10), Jobs: e.config.Jobs, Stats: stats,
		Findings: slices.Clone(e.order), corpus: make(map[context][][]byte),
	}
	for c, all := range e.corpus {
		r.corpus[c] = all[min(e.seeded[c], len(all)):]
	}
	slices.SortFunc(r.Findings, func(a, b *Finding) int { return cmp.Compare(a.After, b.After) })
	for _, f := range r.Findings {
		e.complete(f)
	}
	return r
}
