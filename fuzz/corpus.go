package fuzz

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// ReadCorpus reads a file of inputs: FORM.hex, where FORM is msgpack, opening, frame, frame-early (before READY), frame-small (max_frame 16384), call-request, call-arg or call-reply. A line is an input in hexadecimal; empty
// lines and those that begin with # are passed over.
func ReadCorpus(path string) ([]gocodec.Item, error) {
	form := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	c, ok := corpusForms()[form]
	if !ok {
		return nil, fmt.Errorf("%s: no form of input is called %q", path, form)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	var list []gocodec.Item
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		b, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		in := input{context: c, b: b}
		list = append(list, in.item())
	}
	return list, lines.Err()
}

// corpusForms names the contexts.
func corpusForms() map[string]context {
	return map[string]context{
		"msgpack": {what: testdata.OpMsgpack}, "opening": {what: testdata.OpOpening}, "frame": {what: testdata.OpFrame},
		"frame-early": {what: testdata.OpFrame, beforeReady: true}, "frame-small": {what: testdata.OpFrame, maxFrame: 16384},
		"call-request": {what: testdata.OpCall, turn: testdata.TurnRequest}, "call-arg": {what: testdata.OpCall, turn: testdata.TurnArg}, "call-reply": {what: testdata.OpCall, turn: testdata.TurnReply},
	}
}

// longestKept is the length of the longest input that a corpus keeps, in bytes.
const longestKept = 320

// SaveCorpus writes what a run kept, inputs of all lengths of each form up to longestKept, beside what is in the files already, up to most in a file.
func (r *Report) SaveCorpus(dir string, most int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	for form, c := range corpusForms() {
		path := filepath.Join(dir, form+".hex")
		lines := make(map[string]bool)
		if old, err := ReadCorpus(path); err == nil {
			for i := range old {
				lines[hex.EncodeToString(old[i].Bytes)] = true
			}
		}
		kept := slices.Clone(r.corpus[c])
		slices.SortFunc(kept, func(a, b []byte) int {
			if len(a) != len(b) {
				return len(a) - len(b)
			}
			return slices.Compare(a, b)
		})
		kept = slices.DeleteFunc(kept, func(b []byte) bool { return len(b) == 0 || len(b) > longestKept })
		for i := range min(most, len(kept)) { // of all lengths
			if len(lines) < most {
				lines[hex.EncodeToString(kept[i*len(kept)/min(most, len(kept))])] = true
			}
		}
		if len(lines) == 0 {
			continue
		}
		sorted := make([]string, 0, len(lines))
		for line := range lines {
			sorted = append(sorted, line)
		}
		slices.Sort(sorted)
		if err := os.WriteFile(path, []byte(strings.Join(sorted, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}
