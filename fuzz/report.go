package fuzz

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"handfast/conformance"
	"handfast/conformance/drivers/gocodec"
	"handfast/conformance/known"
	"handfast/testdata"
)

// Report is what a run found. Its JSON form is stable.
type Report struct {
	Format int    `json:"format"` // 1
	Spec   string `json:"spec"`
	Suite  string `json:"suite"`
	Target string `json:"target"`
	Peer   string `json:"peer"` // what the driver calls itself
	Seed   string `json:"seed"`
	Jobs   int    `json:"jobs"`
	Stats
	Findings []*Finding `json:"findings"`

	Outcome *known.Outcome `json:"-"` // by fuzz.known; nil where there is none

	corpus map[context][][]byte // inputs of which each did something new, the seeds aside
}

// WriteJSON writes the report.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText prints the report for people, the summary last. Command is that of the driver, for the lines that repeat a finding.
func (r *Report) WriteText(w io.Writer, command string) error {
	var b strings.Builder
	for _, f := range r.Findings {
		f.writeText(&b, command, r.Outcome)
	}
	if r.Outcome != nil {
		for _, d := range r.Outcome.Differences {
			if d.Kind != known.Unlisted {
				fmt.Fprintln(&b, d)
			}
		}
	}
	fmt.Fprintf(&b, "%s: %d executions in %s (%.0f/s; %s for leaks), %d behaviours, %d findings%s, %d restarts, seed %s\n",
		r.Peer, r.Executions, r.Elapsed.Round(10*time.Millisecond), r.Rate(), r.Searched.Round(100*time.Millisecond), r.Behaviours, len(r.Findings), r.knownText(), r.Restarts, r.Seed)
	if r.Unanswered > 0 {
		fmt.Fprintf(&b, "%d inputs were of forms that the driver does not parse\n", r.Unanswered)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) knownText() string {
	if r.Outcome == nil || r.Outcome.Known == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d known)", r.Outcome.Known)
}

func (f *Finding) writeText(b *strings.Builder, command string, o *known.Outcome) {
	mark := ""
	if m := o.Mark(f.ID).Mark; m != known.Unmarked {
		mark = " (" + string(m) + ")"
	}
	fmt.Fprintf(b, "%s%s\n  expected  %s\n  got       %s\n", f.ID, mark, f.Expected, f.Actual)
	if len(f.Req) > 0 {
		fmt.Fprintf(b, "  rule      %s\n", strings.Join(f.Req, ", "))
	}
	fmt.Fprintf(b, "  seen      %d times, first after %d executions and %s; %d bytes, minimised from %d\n", f.Count, f.Execution, f.After.Round(time.Millisecond), len(f.in.b), f.Original)
	if f.Cuts != "" {
		fmt.Fprintf(b, "  in pieces that meet at %s\n", cutText(f.Cuts))
	}
	if len(f.Before) > 0 {
		fmt.Fprintf(b, "  behind    %d other inputs\n", len(f.Before))
	}
	if f.Unconfirmed {
		b.WriteString("  was seen, and could not be repeated by itself\n")
	}
	for line := range strings.Lines(f.Explanation()) {
		b.WriteString("    " + line)
	}
	fmt.Fprintf(b, "  repeat    %s\n\n", strings.ReplaceAll(f.Repeat, "DRIVER", command))
}

func cutText(cuts string) string {
	if len(cuts) > 60 {
		return cuts[:60] + "..."
	}
	return cuts
}

// Judge compares the findings with the list of known ones, by the rules of the suite: what is found and not listed differs, and so does what is listed and was found in another way, and an entry whose date
// is over. An entry that nothing was found for says nothing: a run is a sample.
func (r *Report) Judge(file *known.File) {
	report := conformance.Report{Profile: "codec", Mode: "codec", Spec: r.Spec, Options: conformance.RunOptions{Run: []string{Area + "/*"}}}
	for _, f := range r.Findings {
		report.Cases = append(report.Cases, f.result())
	}
	r.Outcome = known.Judge(&report, known.Expect{File: file})
}

// New counts the findings that are not known.
func (r *Report) New() int {
	n := 0
	for _, f := range r.Findings {
		if m := r.Outcome.Mark(f.ID).Mark; m != known.MarkKnown && m != known.MarkFlaky {
			n++
		}
	}
	return n
}

// ExitCode gives 0 where everything is as expected, 1 where something was found that is not known or the list differs, 3 where nothing was asked.
func (r *Report) ExitCode() int {
	switch {
	case r.Executions == 0 || r.Unanswered == r.Executions:
		return conformance.ExitUnmeasured
	case r.New() > 0 || r.Outcome != nil && len(r.Outcome.Differences) > 0:
		return conformance.ExitDiffers
	}
	return conformance.ExitExpected
}

// Vectors gives the findings that are vectors, with their twins, as one file of the form of testdata; nil where there is none.
func (r *Report) Vectors() *testdata.File {
	file := &testdata.File{Format: testdata.Format, MustUnderstand: []string{}, Spec: testdata.Spec, Area: Area}
	twins := make(map[string]string) // id of a vector -> id in this file
	inputs := make(map[string]bool)
	for _, f := range r.Findings {
		if f.Vector == nil {
			continue
		}
		v := *f.Vector
		key := fmt.Sprint(contextOf(&v), v.In)
		if inputs[key] {
			continue
		}
		inputs[key] = true
		if f.Twin != nil {
			id, ok := twins[f.Twin.ID]
			if !ok {
				id = Area + "/twin-" + strings.ReplaceAll(f.Twin.ID, "/", "-")
				twins[f.Twin.ID] = id
				twin := *f.Twin
				twin.ID = id
				if key := fmt.Sprint(contextOf(&twin), strings.ReplaceAll(twin.In, " ", "")); !inputs[key] {
					inputs[key] = true
					file.Vectors = append(file.Vectors, twin)
				}
			}
			v.Twin = id
		}
		file.Vectors = append(file.Vectors, v)
	}
	if len(file.Vectors) == 0 {
		return nil
	}
	return file
}

// Save writes the findings into a folder: found.json with the vectors, and for each finding its bytes and a page that explains it.
func (r *Report) Save(dir, command string) error {
	if len(r.Findings) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	if file := r.Vectors(); file != nil {
		b, err := json.MarshalIndent(file, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, Area+".json"), append(b, '\n'), 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	for _, f := range r.Findings {
		var text strings.Builder
		f.writeText(&text, command, r.Outcome)
		name := filepath.Join(dir, strings.TrimPrefix(f.ID, Area+"/"))
		for path, b := range map[string][]byte{name + ".txt": []byte(text.String()), name + ".bin": f.in.b} {
			if err := os.WriteFile(path, b, 0o644); err != nil { //nolint:gosec // as above
				return err
			}
		}
	}
	return nil
}

// noncanonical tells whether an encoder writes an accepted value in another way.
func (e *engine) noncanonical(v *testdata.Vector) bool {
	a := gocodec.Encode(v.Op, v.Turn, v.Value)
	return a.Hex != v.In
}
