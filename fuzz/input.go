package fuzz

import (
	"encoding/hex"
	"strconv"
	"strings"

	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// context is what a parser is told beside the bytes. Items of one line share it.
type context struct {
	what        string // op of a vector
	turn        string // of call
	maxFrame    uint32 // of frame; 0 is the default
	beforeReady bool   // of frame
}

// input is one question to a parser.
type input struct {
	context
	b    []byte
	cuts []int // ascending offsets inside b; none for the whole
}

// item gives the question in the form of the judge of this binary.
func (in *input) item() gocodec.Item {
	limit := in.maxFrame
	if limit == 0 {
		limit = testdata.DefaultMaxFrame
	}
	return gocodec.Item{What: in.what, Turn: in.turn, MaxFrame: limit, BeforeReady: in.beforeReady, Bytes: in.b, Cuts: in.cuts}
}

// args gives the members of a request that do not depend on the bytes.
func (c context) args() map[string]string {
	args := map[string]string{"what": c.what}
	if c.turn != "" {
		args["turn"] = c.turn
	}
	if c.maxFrame != 0 {
		args["max_frame"] = strconv.FormatUint(uint64(c.maxFrame), 10)
	}
	if c.beforeReady {
		args["before_ready"] = "true"
	}
	return args
}

// request asks about one input.
func (in *input) request() driver.Request {
	args := in.args()
	args["hex"] = hex.EncodeToString(in.b)
	if len(in.cuts) > 0 {
		args["cuts"] = string(appendCuts(nil, in.cuts))
	}
	return driver.Request{Op: driver.OpDecode, Args: args}
}

// requestAll asks about inputs that share a context, in one line.
func requestAll(list []input) driver.Request {
	args := list[0].args()
	size, pieces := 0, false
	for i := range list {
		size += 2*len(list[i].b) + 1
		pieces = pieces || len(list[i].cuts) > 0
	}
	text := make([]byte, 0, size)
	var cuts []byte
	for i := range list {
		if i > 0 {
			text, cuts = append(text, ','), append(cuts, ';')
		}
		text = hex.AppendEncode(text, list[i].b)
		cuts = appendCuts(cuts, list[i].cuts)
	}
	args["hex"] = string(text)
	if pieces {
		args["cuts"] = string(cuts)
	}
	return driver.Request{Op: driver.OpDecodes, Args: args}
}

func appendCuts(b []byte, cuts []int) []byte {
	for i, at := range cuts {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(at), 10)
	}
	return b
}

// String names the context in a finding: "frame", "call/reply", "frame before READY".
func (c context) String() string {
	var s strings.Builder
	s.WriteString(c.what)
	if c.turn != "" {
		s.WriteString("/" + c.turn)
	}
	if c.maxFrame != 0 {
		s.WriteString(" with max_frame " + strconv.FormatUint(uint64(c.maxFrame), 10))
	}
	if c.beforeReady {
		s.WriteString(" before READY")
	}
	return s.String()
}

// contextOf gives the context of a vector.
func contextOf(v *testdata.Vector) context {
	return context{what: v.Op, turn: v.Turn, maxFrame: v.MaxFrame, beforeReady: v.BeforeReady}
}
