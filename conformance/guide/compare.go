package guide

import (
	"fmt"
	"strings"

	"handfast/codec/explain"
	"handfast/conformance/vectors"
)

// Comparison is an input field by field; beside its twin where there is one.
type Comparison struct {
	Input Side   `json:"input"`
	Twin  *Side  `json:"twin,omitempty"`
	Lines []Line `json:"lines"`
}

// Side is one of the two inputs.
type Side struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"` // accept, or reject with code and scope
	Hex     string `json:"hex"`
}

// Line is one field. Of says whose: both, twin or input.
type Line struct {
	Of     string `json:"of"`
	Offset int    `json:"offset"` // in the input; of a line of the twin, there
	Hex    string `json:"hex"`
	Wrong  []int  `json:"wrong,omitempty"` // offsets in Hex's bytes that differ from the twin
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Fault  string `json:"fault,omitempty"` // what a receiver answers
	depth  int
}

// Of a line.
const (
	OfBoth  = "both"
	OfTwin  = "twin"
	OfInput = "input"
)

// compare puts a vector beside its twin.
func compare(v *vectors.Vector) *Comparison {
	c := &Comparison{Input: sideOf(v)}
	what := whatOf(v.Op)
	if twin := v.Twinned; twin != nil {
		s := sideOf(twin)
		c.Twin = &s
		c.Lines = diff(linesOf(twin.Input, what, v.Limit()), linesOf(v.Input, what, v.Limit()))
	} else {
		c.Lines = linesOf(v.Input, what, v.Limit())
	}
	return c
}

func sideOf(v *vectors.Vector) Side {
	s := Side{Name: v.ID, Verdict: "accept", Hex: strings.ReplaceAll(v.In, " ", "")}
	if v.Error != nil {
		s.Verdict = fmt.Sprintf("reject with %s, which ends the %s", v.Error.Code, v.Error.Scope)
		if v.Error.Code == "FOREIGN" {
			s.Verdict = "end the transport without a byte"
		}
	}
	return s
}

func whatOf(op string) explain.What {
	what, ok := explain.ParseWhat(op)
	if !ok {
		return explain.Auto
	}
	return what
}

// linesOf explains bytes field by field.
func linesOf(b []byte, what explain.What, maxFrame uint32) []Line {
	var lines []Line
	for p := range explain.Packets(b, explain.Options{What: what, MaxFrame: maxFrame}) {
		for i := range p.Fields {
			f := &p.Fields[i]
			line := Line{Of: OfBoth, Offset: f.Offset, Hex: fmt.Sprintf("%X", p.Own(f)), Name: f.Name, Value: f.Value, depth: f.Depth}
			if f.Fault != nil {
				line.Fault = explain.FaultText(f)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// most is how many pairs of fields are compared; beyond it the differing middles are shown one after the other.
const most = 4 << 20

// diff joins two explanations: what is the same in both once, what differs as that of the twin and that of the input.
func diff(twin, input []Line) []Line {
	same := func(a, b Line) bool {
		return a.Hex == b.Hex && a.Name == b.Name && a.Value == b.Value && a.depth == b.depth
	}
	begin := 0
	for begin < min(len(twin), len(input)) && same(twin[begin], input[begin]) {
		begin++
	}
	end := 0
	for end < min(len(twin), len(input))-begin && same(twin[len(twin)-1-end], input[len(input)-1-end]) {
		end++
	}
	out := append([]Line(nil), input[:begin]...)
	out = append(out, middle(twin[begin:len(twin)-end], input[begin:len(input)-end], same)...)
	return append(out, input[len(input)-end:]...)
}

// middle finds the longest common sequence of lines and puts the others between.
func middle(a, b []Line, same func(a, b Line) bool) []Line {
	var out []Line
	if len(a)*len(b) > most {
		return pair(out, a, b)
	}
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if same(a[i], b[j]) {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		fromA, fromB := i, j
		for i < len(a) && j < len(b) && !same(a[i], b[j]) {
			if longest[i+1][j] >= longest[i][j+1] {
				i++
			} else {
				j++
			}
		}
		if i == len(a) || j == len(b) {
			i, j = fromA, fromB
			break
		}
		out = pair(out, a[fromA:i], b[fromB:j])
		out = append(out, b[j])
		i, j = i+1, j+1
	}
	return pair(out, a[i:], b[j:])
}

// pair adds lines that differ: those of the same field one under the other, with the bytes marked that are not the same.
func pair(out, twin, input []Line) []Line {
	for k := range max(len(twin), len(input)) {
		if k < len(twin) {
			t := twin[k]
			t.Of = OfTwin
			out = append(out, t)
		}
		if k < len(input) {
			n := input[k]
			n.Of = OfInput
			if k < len(twin) && twin[k].Name == n.Name {
				n.Wrong = differing(twin[k].Hex, n.Hex)
			}
			out = append(out, n)
		}
	}
	return out
}

// differing lists the bytes of b that a does not have in the same place.
func differing(a, b string) []int {
	var at []int
	for i := 0; i+2 <= len(b); i += 2 {
		if i+2 > len(a) || a[i:i+2] != b[i:i+2] {
			at = append(at, i/2)
		}
	}
	return at
}
