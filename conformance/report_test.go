package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handfast/codec"
)

// brokenReport is a report with a pass, a fail in every phase worth showing, and an unsupported case.
func brokenReport(t *testing.T) *Report {
	t.Helper()
	p := &fakePeer{broken: func(io.Writer, error) bool { return true }}
	cases := append(firstCases(), Case{
		ID: "tls/needs-tls", Req: []string{"TLS-001"}, Title: "the target has no TLS", Roles: Acceptors, Level: 1, Tags: []string{TagTLS}, Run: func(*T) {},
	}, Case{
		ID: "frame/case-panics", Req: []string{"FRAME-001"}, Title: "a bug of the suite", Roles: Acceptors, Level: 1, Run: func(*T) { panic("oops") },
	})
	report, err := Run(t.Context(), Config{Target: Target{Addr: p.start(t)}, Cases: cases, Timeout: 300 * time.Millisecond, Seed: 1 << 63})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestReportFitsItsSchema(t *testing.T) {
	var b bytes.Buffer
	if err := brokenReport(t).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(ReportSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("report.schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Error(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	want := Summary{Cases: 5, Pass: 2, Fail: 1, Unsupported: 1, Inconclusive: 1}
	if back.Summary != want || back.Seed != 1<<63 {
		t.Errorf("summary %+v and seed %d after reading back; want %+v and 2^63", back.Summary, back.Seed, want)
	}
}

func TestConsoleSaysWhatAndWhereAndHow(t *testing.T) {
	var b strings.Builder
	if err := brokenReport(t).WriteConsole(&b, ConsoleOptions{Command: "handfast conform server HOST:1", Trace: true}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"FAIL  frame/header-checksum-wrong",
		"[FRAME-001] A receiver MUST answer a header whose checksum is wrong with link error HEADER_CRC.",
		"expected: CLOSE(HEADER_CRC)",
		"actual:   PONG",
		"fault: a header whose checksum is wrong",
		"=>    12",
		"repro: handfast conform server HOST:1 --run frame/header-checksum-wrong --seed 9223372036854775808",
		"panic: oops",
		"unsupported  tls/needs-tls",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("console lacks %q", want)
		}
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "5 cases") || !strings.Contains(last, "2 pass, 1 fail, 1 unsupported, 1 inconclusive") {
		t.Errorf("last line is %q", last)
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		name string
		sum  Summary
		want int
	}{
		{"all pass", Summary{Cases: 2, Pass: 2}, ExitExpected},
		{"unsupported is not held against a peer", Summary{Cases: 2, Pass: 1, Unsupported: 1}, ExitExpected},
		{"weak", Summary{Cases: 2, Pass: 1, Weak: 1}, ExitDiffers},
		{"crash", Summary{Cases: 2, Pass: 1, Crash: 1}, ExitDiffers},
		{"timeout", Summary{Cases: 1, Timeout: 1}, ExitDiffers},
		{"256 failures do not wrap", Summary{Cases: 256, Fail: 256}, ExitDiffers},
		{"nothing ran", Summary{Cases: 3, Unsupported: 3}, ExitUnmeasured},
		{"the suite is at fault", Summary{Cases: 2, Pass: 1, Inconclusive: 1}, ExitUnmeasured},
	}
	for _, tc := range tests {
		if got := (&Report{Summary: tc.sum}).ExitCode(); got != tc.want {
			t.Errorf("%s: exit code %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestAnnotateMarksTheFirstWrongField(t *testing.T) {
	data := codec.Data{Stream: 1, Pieces: codec.NewPieces(codec.FlagFin, []byte("abc"))}.AppendFrame(nil)
	reset := Message(codec.Reset{Stream: 3, Code: codec.CodeState, Text: "why"}).Bytes()
	hello := (&T{Rand: newRand(1, "x")}).Hello()
	tests := []struct {
		name    string
		b       []byte
		opening bool
		wrong   int
		marked  string
		lines   int
	}{
		{"stream of DATA", data, false, 8, "stream", 9},
		{"piece of DATA", data, false, 21, "piece", 9},
		{"text of RESET", reset, false, 26, "text", 10},
		{"checksum of an opening", Opening(hello).Bytes(), true, 20, "checksum", 8 + 1 + 11 - 1},
		{"half a header", data[:6], false, 4, "length", 4},
		{"nothing", nil, false, -1, "", 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			lines := Annotate(tc.b, tc.opening, tc.wrong)
			var marked []string
			for _, line := range lines {
				if strings.HasPrefix(line, "=>") {
					marked = append(marked, line)
				}
			}
			if tc.marked == "" && len(marked) == 0 && len(lines) == tc.lines {
				return
			}
			if len(lines) != tc.lines || len(marked) != 1 || !strings.Contains(marked[0], " "+tc.marked) {
				t.Errorf("%d lines, marked %q; want %d lines and the mark on %s\n%s", len(lines), marked, tc.lines, tc.marked, strings.Join(lines, "\n"))
			}
		})
	}
}
