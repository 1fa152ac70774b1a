package fuzz

import (
	stdcontext "context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/conformance/known"
	"handfast/conformance/vectors/lax"
	"handfast/testdata"
)

// sound is the codec of this binary, as a driver.
func sound() driver.Program { return gocodec.Program("test") }

// twisted is a driver whose answers are changed. State is shared by all drivers that are started.
func twisted(change func(item gocodec.Item, right driver.Answer) driver.Answer) func() driver.Program {
	return func() driver.Program {
		program := sound()
		program.Hello.Features = []string{driver.FeatureCuts}
		program.Handle = func(_ stdcontext.Context, r driver.Request) driver.Answer {
			if r.Op != driver.OpDecode {
				return gocodec.Handle(r)
			}
			item, refusal := gocodec.ItemOf(r)
			if refusal != nil {
				return *refusal
			}
			return change(item, gocodec.Decode(item))
		}
		return program
	}
}

func TestSoundParserHasNoFindings(t *testing.T) {
	seen, runs, least := 0, int64(25_000), 1500
	if testing.Short() {
		runs, least = 4000, 500
	}
	report, err := Run(t.Context(), Config{Program: sound, Runs: runs, Seed: 3, Jobs: 2, Progress: func(Stats) { seen++ }})
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.Greater(t, report.Behaviours, least)
	require.GreaterOrEqual(t, report.Executions, runs)
	require.Equal(t, conformance.ExitExpected, report.ExitCode())
}

// TestSameSeedSameInputs: with one job a run can be repeated.
func TestSameSeedSameInputs(t *testing.T) {
	var runs [2]Stats
	for i := range runs {
		report, err := Run(t.Context(), Config{Program: sound, Runs: 3000, Seed: 11, Jobs: 1})
		require.NoError(t, err)
		runs[i] = report.Stats
	}
	require.Equal(t, runs[0].Behaviours, runs[1].Behaviours)
}

// TestFindsParsersWithOneBug takes the parsers that prove the suite: each has one bug.
func TestFindsParsersWithOneBug(t *testing.T) {
	lab, err := lax.New()
	require.NoError(t, err)
	tried, every, least := 0, 9, 8
	if testing.Short() {
		every, least = 60, 2
	}
	for i, bug := range lab.Bugs() {
		if i%every != 0 {
			continue
		}
		if strings.HasPrefix(bug.Name, "writes-") || strings.Contains(bug.Name, "encode") {
			continue // of encode, which is not fuzzed
		}
		tried++
		report, err := Run(t.Context(), Config{
			Program: func() driver.Program { p, _ := lab.Program(bug.Name); return p }, Runs: 40_000, Seed: 1, Jobs: 1, Stop: func(*Finding) bool { return true },
		})
		if _, refused := err.(*conformance.PreflightError); refused { //nolint:errorlint // Run gives it as it is
			continue // so broken that nobody would fuzz it
		}
		require.NoError(t, err, bug.Name)
		assert.NotEmpty(t, report.Findings, "%s: %s", bug.Name, bug.Doc)
	}
	require.Greater(t, tried, least)
}

// TestFindingBecomesAVector follows one finding to the vector that repeats it.
func TestFindingBecomesAVector(t *testing.T) {
	takes := twisted(func(item gocodec.Item, right driver.Answer) driver.Answer {
		if right.Req == "MP-010" && item.What == testdata.OpMsgpack {
			return driver.Answer{Kind: driver.KindAccept, Value: json.RawMessage("null"), Consumed: "1"}
		}
		return right
	})
	report, err := Run(t.Context(), Config{Program: takes, Runs: 6000, Seed: 1, Jobs: 1, What: []string{testdata.OpMsgpack}, Target: "a parser"})
	require.NoError(t, err)
	require.Len(t, report.Findings, 1)
	f := report.Findings[0]
	require.Equal(t, Verdict, f.Class)
	require.Equal(t, []string{"MP-010"}, f.Req)
	require.Equal(t, "found/verdict-msgpack-not-mp-010", f.ID)
	require.LessOrEqual(t, len(f.in.b), 7, "%s", f.In) // 82 A1 x c0 A1 y c0
	require.Greater(t, f.Count, 10)
	require.Contains(t, f.Explanation(), "MP-010")
	require.Contains(t, f.Repeat, f.In)

	file := report.Vectors()
	require.NotNil(t, file)
	b, err := json.Marshal(file)
	require.NoError(t, err)
	again, err := testdata.Parse(b)
	require.NoError(t, err)
	require.NoError(t, testdata.Check([]testdata.File{*again}))

	still, err := Replay(t.Context(), Config{Program: takes, What: []string{testdata.OpMsgpack}}, again)
	require.NoError(t, err)
	require.Len(t, still.Findings, 1)
	require.Equal(t, f.ID, still.Findings[0].ID)
	mended, err := Replay(t.Context(), Config{Program: sound}, again)
	require.NoError(t, err)
	require.Empty(t, mended.Findings)

	dir := t.TempDir()
	require.NoError(t, report.Save(dir, "./parser"))
	for _, name := range []string{"found.json", "verdict-msgpack-not-mp-010.bin", "verdict-msgpack-not-mp-010.txt"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	var text strings.Builder
	require.NoError(t, report.WriteText(&text, "./parser"))
	require.Contains(t, text.String(), "| ./parser")
}

// TestClasses: what is wrong in which way is said in the right word.
func TestClasses(t *testing.T) {
	asked := 0
	for _, tc := range []struct {
		name  string
		class Class
		twist func(item gocodec.Item, right driver.Answer) driver.Answer
	}{
		{"value", Value, func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Kind == driver.KindAccept {
				right.Value = json.RawMessage(strings.Replace(string(right.Value), `"CREDIT"`, `"CREDITS"`, 1))
			}
			return right
		}},
		{"consumed", Consumed, func(item gocodec.Item, right driver.Answer) driver.Answer {
			if right.Kind == driver.KindAccept && len(item.Bytes) > 100 {
				right.Consumed = "100"
			}
			return right
		}},
		{"code", Verdict, func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "FRAME-009" {
				right.Code = "STATE"
			}
			return right
		}},
		{"weak", Weak, func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "DATA-001" {
				right.Code, right.Scope = "", ""
			}
			return right
		}},
		{"cut", Cut, func(item gocodec.Item, right driver.Answer) driver.Answer {
			if len(item.Cuts) > 0 && item.Cuts[0] == 7 {
				return driver.Answer{Kind: driver.KindMore}
			}
			return right
		}},
		{"broken", Broken, func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "FRAME-004" {
				return driver.Brokenf("TypeError: undefined is not a function")
			}
			return right
		}},
		{"history", History, func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if asked++; asked%40 == 39 && right.Kind == driver.KindAccept {
				return driver.Answer{Kind: driver.KindMore}
			}
			return right
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			report, err := Run(t.Context(), Config{
				Program: twisted(tc.twist), Runs: 20_000, Time: time.Minute, Seed: 1, Jobs: 1, What: []string{testdata.OpFrame}, Stop: func(*Finding) bool { return true },
			})
			require.NoError(t, err)
			require.NotEmpty(t, report.Findings)
			require.Equal(t, tc.class, report.Findings[0].Class, "%+v", report.Findings[0])
		})
	}
}

// TestKnown: what is listed is expected, and lists do not go stale.
func TestKnown(t *testing.T) {
	report, err := Run(t.Context(), Config{
		Program: twisted(func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Req == "FRAME-004" {
				return driver.Answer{Kind: driver.KindMore}
			}
			return right
		}), Runs: 3000, Seed: 1, Jobs: 1, What: []string{testdata.OpFrame},
	})
	require.NoError(t, err)
	require.NotEmpty(t, report.Findings)
	for _, tc := range []struct {
		list string
		code int
	}{
		{"", conformance.ExitDiffers},
		{"found/verdict-frame-not-frame-004 | fail: expected reject with PROTOCOL | | | waits", conformance.ExitExpected},
		{"found/* | fail | | | all of them", conformance.ExitExpected},
		{"found/* | crash | | | in another way", conformance.ExitDiffers},
		{"found/* | fail | until=2020-01-31 | | long ago", conformance.ExitDiffers},
		{"found/* | fail | | | all\nfound/never-seen | crash | | | a run is a sample", conformance.ExitExpected},
	} {
		file, err := known.ParseKnown("fuzz.known", []byte(tc.list))
		require.NoError(t, err)
		report.Judge(file)
		require.Equal(t, tc.code, report.ExitCode(), tc.list)
	}
}

func TestNothingToFuzz(t *testing.T) {
	_, err := Run(t.Context(), Config{Command: driver.Command{Args: []string{"no-such-command-anywhere"}}})
	require.ErrorAs(t, err, new(*conformance.PreflightError))
	_, err = Run(t.Context(), Config{Program: twisted(func(gocodec.Item, driver.Answer) driver.Answer { return driver.Unsupported() })})
	require.ErrorAs(t, err, new(*conformance.PreflightError))
	_, err = Run(t.Context(), Config{Program: sound, What: []string{"everything"}})
	require.ErrorAs(t, err, new(*conformance.UsageError))
}
