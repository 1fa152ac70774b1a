package fuzz

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// goCorpus is how a file of Go's own fuzzer begins: a crash that it has written, or an input of its corpus.
const goCorpus = "go test fuzz v1\n"

// InputOf gives the bytes of a file: those of the first []byte in a file of Go's fuzzer, and any other file as it is.
func InputOf(file []byte) ([]byte, error) {
	text, ok := strings.CutPrefix(string(file), goCorpus)
	if !ok {
		return file, nil
	}
	for line := range strings.Lines(text) {
		quoted, ok := strings.CutPrefix(strings.TrimSpace(line), "[]byte(")
		if !ok {
			continue
		}
		b, err := strconv.Unquote(strings.TrimSuffix(quoted, ")"))
		if err != nil {
			return nil, fmt.Errorf("a []byte of a file of Go's fuzzer: %w", err)
		}
		return []byte(b), nil
	}
	return nil, errors.New("no []byte in a file of Go's fuzzer")
}

// VectorOf makes a vector of an input with the verdict of the codec of this binary, and with its twin where it is refused, as a file of the form of testdata. Slug is the second part of its id.
func VectorOf(item gocodec.Item, slug, why string) (*testdata.File, error) {
	e, err := newEngine(Config{}.withDefaults())
	if err != nil {
		return nil, err
	}
	in := input{context: context{what: item.What, turn: item.Turn, beforeReady: item.BeforeReady}, b: bytes.Clone(item.Bytes)}
	if item.MaxFrame != testdata.DefaultMaxFrame {
		in.maxFrame = item.MaxFrame
	}
	right := want(&in)
	f := &Finding{ID: Area + "/" + slug, Class: Crash, Op: in.what, Turn: in.turn, MaxFrame: in.maxFrame, BeforeReady: in.beforeReady, In: fmt.Sprintf("%x", in.b), in: in, Req: []string{}}
	if right.Req != "" {
		f.Req = append(f.Req, right.Req)
	}
	if f.Vector, f.Twin = e.vector(f); f.Vector == nil {
		return nil, fmt.Errorf("the answer is %s, and no vector is made of it: the input is not whole, or no accepted vector goes to a receiver in that state", right.Kind)
	}
	f.Vector.Title, f.Vector.Why = "an input that a fuzzer has found", why
	return (&Report{Findings: []*Finding{f}}).Vectors(), nil
}
