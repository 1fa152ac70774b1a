package vectors

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/testdata"
)

// judge judges one parser by one vector.
type judge struct {
	ctx    context.Context
	v      *Vector
	p      parser
	random *rand.Rand

	phase conformance.Phase
	weak  *conformance.Failure // a refusal without a reason, which counts if nothing worse is found
}

// run gives the first thing that is wrong, or nil.
func (j *judge) run() *conformance.Failure {
	steps := []func() *conformance.Failure{j.whole, j.pieces, j.prefixes, j.behind, j.encoded, j.whole}
	if j.v.Verdict == testdata.Reject {
		steps = []func() *conformance.Failure{j.twin(conformance.PhaseTwin), j.whole, j.pieces, j.whole, j.twin(conformance.PhaseProbe)}
	}
	if _, once := j.p.(oneShot); once { // nothing is kept between two processes
		steps = []func() *conformance.Failure{j.whole, j.prefixes}
		if j.v.Verdict == testdata.Reject {
			steps = []func() *conformance.Failure{j.twin(conformance.PhaseTwin), j.whole}
		}
	}
	for _, step := range steps {
		if f := step(); f != nil {
			return f
		}
	}
	return j.weak
}

// fail makes a failure that cites the requirements of the vector.
func (j *judge) fail(verdict conformance.Verdict, expected, actual string, args ...any) *conformance.Failure {
	return &conformance.Failure{Verdict: verdict, Req: j.v.Req, Phase: j.phase, Expected: expected, Actual: fmt.Sprintf(actual, args...)}
}

// ask asks to decode, several times where the parser takes that, and looks at the answers in order until one is wrong.
func (j *judge) ask(inputs []*input, look func(in *input, a driver.Answer) *conformance.Failure) *conformance.Failure {
	for len(inputs) > 0 {
		n := min(j.p.window(), len(inputs))
		answers, errs := j.together(inputs[:n])
		for i, in := range inputs[:n] {
			if errs[i] != nil {
				return j.faulty(errs[i], in)
			}
			if f := look(in, answers[i]); f != nil {
				return f
			}
		}
		inputs = inputs[n:]
	}
	return nil
}

// together asks everything at once.
func (j *judge) together(inputs []*input) ([]driver.Answer, []error) {
	answers, errs := make([]driver.Answer, len(inputs)), make([]error, len(inputs))
	if len(inputs) == 1 {
		answers[0], errs[0] = j.p.decode(j.ctx, inputs[0])
		return answers, errs
	}
	done := make(chan struct{}, len(inputs)) // one from each goroutine
	for i, in := range inputs {
		go func() { // ends with the answer; awaited below
			answers[i], errs[i] = j.p.decode(j.ctx, in)
			done <- struct{}{}
		}()
	}
	for range inputs {
		<-done
	}
	return answers, errs
}

// one is ask for a single input.
func (j *judge) one(in *input, look func(in *input, a driver.Answer) *conformance.Failure) *conformance.Failure {
	return j.ask([]*input{in}, look)
}

// whole asks for the vector as it is.
func (j *judge) whole() *conformance.Failure {
	if j.phase == conformance.PhaseTwin {
		j.phase = conformance.PhaseFault
	}
	return j.one(&input{Vector: j.v.Vector, b: j.v.Input}, j.right)
}

// twin asks for the vector without the fault.
func (j *judge) twin(phase conformance.Phase) func() *conformance.Failure {
	return func() *conformance.Failure {
		j.phase = phase
		t := j.v.Twinned
		f := j.one(&input{Vector: t.Vector, b: t.Input}, func(_ *input, a driver.Answer) *conformance.Failure {
			if f := j.unsupported(a, "to decode"); f != nil {
				return f
			}
			if a.Kind != driver.KindAccept {
				return j.fail(conformance.Fail, fmt.Sprintf("%s, the twin without the fault, to be accepted", t.ID), "%s", said(a))
			}
			return nil
		})
		switch {
		case f == nil || f.Verdict == conformance.Unsupported:
		case phase == conformance.PhaseTwin:
			f.Req = t.Req
		default: // what has changed since is the fault
			f.Req = append(append([]string(nil), j.v.Req...), t.Req...)
		}
		return f
	}
}

// unsupported is the failure of an answer that the driver does not know what it was asked.
func (j *judge) unsupported(a driver.Answer, what string) *conformance.Failure {
	if a.Kind != driver.KindUnsupported {
		return nil
	}
	return j.fail(conformance.Unsupported, "a parser of "+subject(j.v), "the driver answers unsupported when it is asked %s", what)
}

// subject says what a vector is, as far as a driver may leave it out.
func subject(v *Vector) string {
	text := v.Op
	if v.Turn != "" {
		text += " with turn " + v.Turn
	}
	if v.MaxFrame != 0 {
		text += " with max_frame"
	}
	if v.BeforeReady {
		text += " with before_ready"
	}
	if v.Level >= levelDelivery {
		text += " of the profile delivery"
	}
	return text
}

// right holds an answer to the vector's verdict.
func (j *judge) right(in *input, a driver.Answer) *conformance.Failure {
	if f := j.unsupported(a, "to decode"); f != nil {
		if len(in.cuts) > 0 {
			f.Verdict, f.Expected = conformance.Fail, "the feature cuts, which it claims"
		}
		return f
	}
	if j.v.Verdict == testdata.Reject {
		return j.refused(in, a)
	}
	return j.accepted(in, a)
}

func (j *judge) accepted(in *input, a driver.Answer) *conformance.Failure {
	want := "accept" + inPieces(in)
	if a.Kind != driver.KindAccept {
		return j.fail(conformance.Fail, want, "%s", said(a))
	}
	_, once := j.p.(oneShot)
	if !once || a.Consumed != "" {
		if n, err := strconv.ParseUint(a.Consumed, 10, 32); err != nil || int(n) != len(j.v.Input) {
			return j.fail(conformance.Fail, fmt.Sprintf("%s with consumed %d", want, len(j.v.Input)), "consumed is %s", quoted(a.Consumed))
		}
	}
	if len(a.Value) == 0 {
		if once {
			return nil // the exit code is all that such a program has to give
		}
		return j.fail(conformance.Fail, want+" with a value", "it has none")
	}
	got, err := decodeJSON(a.Value)
	if err != nil {
		return j.fail(conformance.Fail, want, "the value is no JSON: %v", err)
	}
	if text := difference(j.v.value, got); text != "" {
		return j.fail(conformance.Fail, want+" with the value of the vector", "%s", text)
	}
	return nil
}

func (j *judge) refused(in *input, a driver.Answer) *conformance.Failure {
	e := j.v.Error
	want := fmt.Sprintf("reject with %s of the %s%s", e.Code, e.Scope, inPieces(in))
	switch {
	case a.Kind == driver.KindAccept:
		return j.fail(conformance.Fail, want, "accept, and its twin %s as well: %s", j.v.Twin, j.hint())
	case a.Kind == driver.KindMore:
		return j.fail(conformance.Fail, want, "more, where nothing that follows can mend the fault: %s", j.hint())
	case a.Kind != driver.KindReject:
		return j.fail(conformance.Fail, want, "%s", said(a))
	case a.Code != "" && a.Code != e.Code, a.Scope != "" && a.Scope != e.Scope:
		return j.fail(conformance.Fail, want, "%s", said(a))
	case a.Code == "" || a.Scope == "":
		if j.weak == nil {
			j.weak = j.fail(conformance.Weak, want, "%s, without a word about the reason", said(a))
		}
	}
	return nil
}

// pieces asks for the vector byte by byte, and cut in two at each position.
func (j *judge) pieces() *conformance.Failure {
	if !j.p.claims(driver.FeatureCuts) || len(j.v.Input) < 2 {
		return nil
	}
	inputs := []*input{{Vector: j.v.Vector, b: j.v.Input, cuts: singly(len(j.v.Input))}}
	for _, at := range j.positions() {
		if at > 0 {
			inputs = append(inputs, &input{Vector: j.v.Vector, b: j.v.Input, cuts: []int{at}})
		}
	}
	return j.ask(inputs, j.right)
}

// positions gives where the input is cut.
func (j *judge) positions() []int {
	at := 0
	if j.v.Error != nil {
		at = j.v.Error.At
	}
	return positions(len(j.v.Input), at, j.random)
}

// prefixes asks for beginnings of an input that is to be accepted. Where a message of call ends is said by the piece that holds it, so that its
// beginning may be a whole message.
func (j *judge) prefixes() *conformance.Failure {
	if j.v.Op == testdata.OpCall {
		return nil
	}
	list := j.positions()
	if _, once := j.p.(oneShot); once && len(list) > oncePrefixes {
		list = []int{0, len(j.v.Input) / 2, len(j.v.Input) - 1}
	}
	inputs := make([]*input, len(list))
	for i, n := range list {
		inputs[i] = &input{Vector: j.v.Vector, b: j.v.Input[:n]}
	}
	return j.ask(inputs, j.beginning)
}

// beginning holds an answer to the verdict about a proper prefix. A body is given whole, so that one which is cut off is at fault (MP-013); its
// reader may as well wait.
func (j *judge) beginning(in *input, a driver.Answer) *conformance.Failure {
	want := fmt.Sprintf("more for the first %d of %d bytes", len(in.b), len(j.v.Input))
	if j.v.Op == testdata.OpMsgpack {
		want = fmt.Sprintf("reject or more for the first %d of %d bytes", len(in.b), len(j.v.Input))
	}
	if a.Kind == driver.KindMore || a.Kind == driver.KindReject && j.v.Op == testdata.OpMsgpack {
		return nil
	}
	return j.fail(conformance.Fail, want, "%s", said(a))
}

// behind asks for an opening or a frame with another behind it, which is none of its business.
func (j *judge) behind() *conformance.Failure {
	if _, once := j.p.(oneShot); once || j.v.Op != testdata.OpOpening && j.v.Op != testdata.OpFrame {
		return nil
	}
	const most = 64 // of what follows
	b := append(append([]byte(nil), j.v.Input...), j.v.Input[:min(len(j.v.Input), most)]...)
	return j.one(&input{Vector: j.v.Vector, b: b}, func(in *input, a driver.Answer) *conformance.Failure {
		f := j.accepted(in, a)
		if f != nil {
			f.Expected += ", with more bytes behind it"
		}
		return f
	})
}

// encoded asks for the value to be written.
func (j *judge) encoded() *conformance.Failure {
	if !j.p.claims(driver.FeatureEncode) {
		return nil
	}
	a, err := j.p.encode(j.ctx, j.v)
	in := &input{Vector: j.v.Vector, b: j.v.Input}
	if err != nil {
		return j.faulty(err, in)
	}
	if f := j.unsupported(a, "to encode"); f != nil {
		f.Verdict, f.Expected = conformance.Fail, "the feature encode, which it claims"
		return f
	}
	b, err := hex.DecodeString(a.Hex)
	if err != nil {
		return j.fail(conformance.Fail, "bytes with hex", "%v", err)
	}
	if !j.v.Noncanonical {
		if string(b) != string(j.v.Input) {
			return j.fail(conformance.Fail, "encode to give the bytes of the vector", "%s", bytesDiffer(j.v.Input, b))
		}
		return nil
	}
	if string(b) == string(j.v.Input) {
		return j.fail(conformance.Fail, "encode to give the canonical form", "it repeats what an encoder does not write: ignored bits, unknown keys or limits left out")
	}
	return j.one(&input{Vector: j.v.Vector, b: b}, func(in *input, a driver.Answer) *conformance.Failure {
		if a.Kind != driver.KindAccept {
			return j.fail(conformance.Fail, "what encode gives to be accepted", "%s", said(a))
		}
		got, err := decodeJSON(a.Value)
		if err != nil {
			return j.fail(conformance.Fail, "what encode gives to be accepted with a value", "the value is no JSON: %v", err)
		}
		if text := difference(j.v.value, got); text != "" {
			return j.fail(conformance.Fail, "what encode gives to have the value of the vector", "%s", text)
		}
		return nil
	})
}

// bytesDiffer says where bytes are not those that they should be.
func bytesDiffer(want, got []byte) string {
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	text := fmt.Sprintf("%d bytes, the first other one at offset %d", len(got), at)
	if len(want) != len(got) {
		text += fmt.Sprintf(", where %d were expected", len(want))
	}
	if at < len(got) && at < len(want) {
		text += fmt.Sprintf(": 0x%02x, and not 0x%02x", got[at], want[at])
	}
	return text
}
