// Command recorded makes seeds for fuzz targets of what was sent in a run of the suite:
//
//	handfast conform --self --trace --json report.json
//	go run ./spec/gen/recorded report.json...
//
// It writes testdata/corpora/suite: openings.hex and frames.hex, one packet of each shape, and links.hex, what the suite has sent on a link behind its
// opening. One input stands on each line, in hexadecimal, in ascending order. The same reports give the same files; two runs of the suite do not give the same
// report, because ids and clocks are in it, so that nothing compares the files with a new run.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"handfast/codec"
)

// Bounds of what is kept.
const (
	maxLink  = 1 << 10 // bytes of a link
	maxTypes = 8       // different frames that make the shape of a link
)

// report is what is read of the report of the suite.
type report struct {
	Cases []struct {
		Trace []entry `json:"trace"`
	} `json:"cases"`
}

type entry struct {
	Link    int    `json:"link"`
	Dir     string `json:"dir"` // ">" from the suite
	Bytes   int    `json:"bytes"`
	Hex     string `json:"hex"`
	Opening bool   `json:"opening"`
	Form    string `json:"form"` // not empty: no packet of a link
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: recorded REPORT.json...")
	}
	if err := run(os.Args[1:], filepath.Join("testdata", "corpora", "suite")); err != nil {
		log.Fatal(err)
	}
}

func run(from []string, to string) error {
	var r report
	for _, name := range from {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var one report
		if err := json.Unmarshal(b, &one); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Cases = append(r.Cases, one.Cases...)
	}
	found, err := collect(&r)
	if err != nil {
		return err
	}
	for name, shapes := range found { // before anything is written
		if len(shapes) == 0 {
			return fmt.Errorf("%s have no %s: were they made with --trace?", from, name)
		}
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for name, shapes := range found {
		if err := os.WriteFile(filepath.Join(to, name+".hex"), text(shapes), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// text gives a line for each input.
func text(shapes map[string][]byte) []byte {
	var list [][]byte
	for _, b := range shapes {
		list = append(list, b)
	}
	slices.SortFunc(list, bytes.Compare)
	var out []byte
	for _, b := range slices.CompactFunc(list, bytes.Equal) {
		out = append(hex.AppendEncode(out, b), '\n')
	}
	return out
}

// collect gives the inputs by file and shape. Of those with one shape the least is kept.
func collect(r *report) (map[string]map[string][]byte, error) {
	found := map[string]map[string][]byte{"openings": {}, "frames": {}, "links": {}}
	keep := func(file, shape string, b []byte) {
		if old, ok := found[file][shape]; !ok || bytes.Compare(b, old) < 0 {
			found[file][shape] = b
		}
	}
	for _, c := range r.Cases {
		links := map[int][]byte{}
		whole := map[int]bool{}
		for _, e := range c.Trace {
			b, err := hex.DecodeString(e.Hex)
			if err != nil {
				return nil, err
			}
			if e.Form != "" || len(b) == 0 || len(b) != e.Bytes { // cut by the report
				whole[e.Link] = whole[e.Link] && e.Form != ""
				continue
			}
			if e.Opening {
				keep("openings", e.Dir+openingShape(b), b)
				whole[e.Link] = true
				continue
			}
			for f := range frames(b) {
				keep("frames", e.Dir+frameShape(f), f)
			}
			if e.Dir == ">" && whole[e.Link] && len(links[e.Link])+len(b) <= maxLink {
				links[e.Link] = append(links[e.Link], b...)
			}
		}
		for _, b := range links {
			keep("links", linkShape(b), b)
		}
	}
	return found, nil
}

// frames gives the frames of a packet; what is none is the last one.
func frames(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			_, n, err := codec.ParseFrame(b, 1<<20)
			if err != nil {
				n = len(b)
			}
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// verdict says what a parser makes of an input.
func verdict(err error) string {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return e.Req
	}
	return fmt.Sprint(err)
}

func openingShape(b []byte) string {
	_, n, err := codec.ParseOpening(b)
	return fmt.Sprint(bits.Len(uint(len(b))), n < len(b), verdict(err))
}

func frameShape(b []byte) string {
	f, _, err := codec.ParseFrame(b, 1<<20)
	if err != nil {
		return fmt.Sprint(bits.Len(uint(len(b))), verdict(err))
	}
	_, err = codec.ParseMessage(f)
	if _, known := f.Type.Info(); !known {
		f.Type = 0 // those of grease come at random
	}
	return fmt.Sprint(f.Type, f.Flags, min(f.Stream, 3), bits.Len32(f.Length), verdict(err))
}

// linkShape is the types of the frames, in the order in which they come first.
func linkShape(b []byte) string {
	var seen []byte
	for f := range frames(b) {
		_, known := codec.Type(f[0]).Info() // those of grease come at random
		if known && len(seen) < maxTypes && !bytes.Contains(seen, f[:1]) {
			seen = append(seen, f[0])
		}
	}
	return string(seen)
}
