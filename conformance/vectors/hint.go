package vectors

import (
	"encoding/hex"
	"fmt"

	"handfast/codec/explain"
	"handfast/conformance"
	"handfast/testdata"
)

// formOf gives the form of an input to those who explain it.
func formOf(v *Vector) explain.What {
	switch v.Op {
	case testdata.OpMsgpack:
		return explain.Msgpack
	case testdata.OpOpening:
		return explain.Opening
	case testdata.OpCall:
		return explain.Call
	}
	return explain.Frames
}

// hint says where to look, when a fault was not seen.
func (j *judge) hint() string {
	at := j.v.Error.At
	text := fmt.Sprintf("they differ in %s; ", changed(j.v.Twinned.Input, j.v.Input))
	if name := fieldAt(j.v, at); name != "" {
		return text + fmt.Sprintf("look at your check of %q at offset %d", name, at)
	}
	return text + fmt.Sprintf("look at your checks at offset %d", at)
}

// changed says how two inputs differ. Checksums that were made anew are counted like everything else.
func changed(twin, in []byte) string {
	if len(twin) != len(in) {
		return fmt.Sprintf("their length, %d and %d bytes", len(twin), len(in))
	}
	n, first := 0, 0
	for i := range in {
		if in[i] != twin[i] {
			if n == 0 {
				first = i
			}
			n++
		}
	}
	if n == 1 {
		return fmt.Sprintf("one byte, at offset %d", first)
	}
	return fmt.Sprintf("%d bytes, the first at offset %d", n, first)
}

// fieldAt names the innermost field at an offset, "" where nothing is known.
func fieldAt(v *Vector, at int) string {
	name := ""
	e := explain.Explain(v.Input, explain.Options{What: formOf(v), MaxFrame: v.Limit()})
	for i := range e.Packets {
		for k := range e.Packets[i].Fields {
			f := &e.Packets[i].Fields[k]
			if f.Offset <= at && at < f.Offset+max(f.Size, 1) && f.Name != "" {
				name = f.Name
			}
		}
	}
	return name
}

// maxEntry is how much of an input a trace keeps.
const maxEntry = 640

// entry makes the trace of one input.
func entry(v *Vector) conformance.Entry {
	e := conformance.Entry{Link: 1, Dir: conformance.Out, What: v.ID, Bytes: len(v.Input), Hex: hex.EncodeToString(v.Input[:min(len(v.Input), maxEntry)])}
	switch v.Op {
	case testdata.OpOpening:
		e.Opening = true
	case testdata.OpMsgpack, testdata.OpCall:
		e.Form = v.Op
	}
	if v.Error != nil {
		e.Fault = v.Title
		if v.Error.At < len(v.Input) && v.Error.At < maxEntry {
			e.FaultAt = &v.Error.At
		}
	}
	return e
}
