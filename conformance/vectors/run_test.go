package vectors

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/conformance/driver"
)

func loaded(t *testing.T) *Set {
	t.Helper()
	set, err := Load()
	require.NoError(t, err)
	return set
}

// inProcess gives a driver in this process.
func inProcess(program driver.Program) func() driver.Program {
	return func() driver.Program { return program }
}

// judged runs some vectors against a driver in this process.
func judged(t *testing.T, vice string, run ...string) *conformance.Report {
	t.Helper()
	report, err := loaded(t).Run(t.Context(), Config{Program: inProcess(vicious(vice)), Target: vice, Seed: 1, Run: run})
	require.NoError(t, err)
	return report
}

// find gives the result of a vector.
func find(t *testing.T, report *conformance.Report, id string) conformance.Result {
	t.Helper()
	for _, r := range report.Cases {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("no result of %s", id)
	return conformance.Result{}
}

func TestReferenceCodecPasses(t *testing.T) {
	set := loaded(t)
	for _, vice := range []string{"", "concurrent"} {
		config := Config{Program: inProcess(vicious(vice)), Target: "goref", Seed: 1}
		if raceEnabled || vice != "" {
			config.Run = []string{"heartbeat/*", "call/*"}
		}
		report, err := set.Run(t.Context(), config)
		require.NoError(t, err)
		for _, r := range report.Cases {
			require.Equal(t, conformance.Pass, r.Verdict, "%s: %s", r.ID, r.Detail)
		}
		if !raceEnabled && vice == "" {
			require.Len(t, report.Cases, len(set.Vectors))
		}
		require.Equal(t, conformance.ExitExpected, report.ExitCode())
		require.Equal(t, "codec", report.Mode)
	}
}

func TestVerdicts(t *testing.T) {
	for _, tc := range []struct {
		vice    string
		run     string
		id      string
		verdict conformance.Verdict
		phase   conformance.Phase
		says    string // in the detail
		code    int
	}{
		{"", "frame/ping", "frame/ping", conformance.Pass, "", "", conformance.ExitExpected},
		{"says no reason", "FRAME-001", "frame/header-sum-of-crc-32", conformance.Weak, "fault", "without a word about the reason", conformance.ExitDiffers},
		{"knows frames alone", "*/ni*", "msgpack/nil", conformance.Unsupported, "", "unsupported", conformance.ExitExpected},
		{"picks", "msgpack/uint-8*", "msgpack/uint-8-of-127", conformance.Fail, "fault", "was answered", conformance.ExitDiffers},
		{"takes any header checksum", "FRAME-001", "frame/header-sum-0", conformance.Fail, "fault", "accept, and its twin", conformance.ExitDiffers},
	} {
		t.Run(tc.vice, func(t *testing.T) {
			report := judged(t, tc.vice, tc.run, "frame/ping")
			r := find(t, report, tc.id)
			require.Equal(t, tc.verdict, r.Verdict, r.Detail)
			require.Equal(t, tc.phase, r.Phase)
			require.Contains(t, r.Detail, tc.says)
			require.Equal(t, tc.code, report.ExitCode())
		})
	}
}

// A fault that is taken is reported beside the twin, with the place to look at.
func TestHint(t *testing.T) {
	r := find(t, judged(t, "takes any header checksum", "FRAME-001"), "frame/header-sum-0")
	require.Equal(t, conformance.Fail, r.Verdict)
	require.Contains(t, r.Actual, "and its twin")
	require.Contains(t, r.Actual, `look at your check of "checksum" at offset 12`)
	require.Contains(t, r.Cites, "FRAME-001")
	require.Len(t, r.Trace, 1)
	require.True(t, r.Trace[0].Key)
	require.Equal(t, 12, *r.Trace[0].FaultAt)
	require.Contains(t, r.Explain(), "=>    12")
}

func TestTracesOfBodiesAreAnnotated(t *testing.T) {
	for _, id := range []string{"msgpack/nil", "call/request", "opening/hello"} {
		e := entry(loaded(t).Vector(id))
		require.NotEmpty(t, e.Annotate(), id)
	}
}

// A driver that dies or hangs costs the vectors that do it, and no others.
func TestDriverThatDies(t *testing.T) {
	for vice, verdict := range map[string]conformance.Verdict{"dies of BEAT": conformance.Crash, "hangs at BEAT": conformance.Timeout} {
		t.Run(vice, func(t *testing.T) {
			report, err := loaded(t).Run(t.Context(), Config{Command: command(vice), Run: []string{"heartbeat/*"}, Seed: 1, Timeout: 500 * time.Millisecond, Jobs: 4})
			require.NoError(t, err)
			bad := 0
			for _, r := range report.Cases {
				if r.Verdict == conformance.Pass {
					continue
				}
				require.Equal(t, verdict, r.Verdict, "%s: %s", r.ID, r.Detail)
				require.Contains(t, r.Detail, "PONG", "its stderr is shown")
				bad++
			}
			require.Greater(t, bad, 2)
			require.Greater(t, report.Summary.Pass, 2)
			require.Equal(t, conformance.ExitDiffers, report.ExitCode())
		})
	}
}

func TestDriverThatDoesNotEnd(t *testing.T) {
	report, err := loaded(t).Run(t.Context(), Config{Command: command("lingers"), Run: []string{"frame/ping", "frame/pong"}, Seed: 1, Jobs: 1})
	require.NoError(t, err)
	r := find(t, report, "frame/ping")
	require.Equal(t, conformance.Fail, r.Verdict)
	require.Contains(t, r.Detail, "lingers")
}

func TestCanaries(t *testing.T) {
	for vice, says := range map[string]string{
		"knows every op":     "unknown op",
		"knows every what":   "unknown what",
		"accepts everything": "differs from frame/ping in the header checksum alone",
		"rejects everything": "frame/ping is answered reject",
		"supports nothing":   "frame/ping is answered unsupported",
		"always wants more":  "answered more",
		"cannot reset":       "cannot be reset",
		"is a dialer":        "roles",
		"mute":               "hung",
		"is broken":          "out of order",
	} {
		t.Run(vice, func(t *testing.T) {
			_, err := loaded(t).Run(t.Context(), Config{Program: inProcess(vicious(vice)), Target: vice, Timeout: 200 * time.Millisecond})
			var refused *conformance.PreflightError
			require.ErrorAs(t, err, &refused)
			require.Contains(t, err.Error(), says)
		})
	}
}

func TestDriversThatAreNone(t *testing.T) {
	for _, args := range [][]string{{"no-such-command-anywhere"}, {"true"}, {"echo", "hello"}, {"cat"}} {
		_, err := loaded(t).Run(t.Context(), Config{Command: driver.Command{Args: args}})
		var refused *conformance.PreflightError
		require.ErrorAs(t, err, &refused, args)
	}
}

func TestSelection(t *testing.T) {
	set := loaded(t)
	_, err := set.Run(t.Context(), Config{Program: inProcess(vicious("")), Run: []string{"frame/pinge"}})
	var usage *conformance.UsageError
	require.ErrorAs(t, err, &usage)
	require.Contains(t, err.Error(), "frame/ping")
	_, err = set.Run(t.Context(), Config{Program: inProcess(vicious("")), Profile: "cor"})
	require.ErrorAs(t, err, &usage)
	_, err = set.Run(t.Context(), Config{Program: inProcess(vicious("")), Run: []string{"frame/ping"}, Skip: []string{"frame/*"}})
	var refused *conformance.PreflightError
	require.ErrorAs(t, err, &refused)
	require.Contains(t, err.Error(), "no vector is left")

	all, err := set.pick(Config{}.withDefaults())
	require.NoError(t, err)
	core, err := set.pick(Config{Profile: "core"}.withDefaults())
	require.NoError(t, err)
	require.Less(t, len(core), len(all))
	for _, v := range core {
		require.False(t, strings.HasPrefix(v.ID, "delivery/"), v.ID)
	}
}

func TestCancelledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := loaded(t).Run(ctx, Config{Program: inProcess(vicious(""))})
	require.ErrorIs(t, err, context.Canceled)
}

func TestOnce(t *testing.T) {
	for _, tc := range []struct {
		vice     string
		verdicts map[string]conformance.Verdict
	}{
		{"honest", map[string]conformance.Verdict{"frame/ping": conformance.Pass, "frame/header-sum-of-crc-32": conformance.Pass}},
		{"terse", map[string]conformance.Verdict{"frame/ping": conformance.Pass, "frame/header-sum-of-crc-32": conformance.Weak}},
	} {
		t.Run(tc.vice, func(t *testing.T) {
			report, err := loaded(t).Run(t.Context(), Config{Command: command(tc.vice, "once"), Once: true, Seed: 1, Run: []string{"frame/ping", "frame/header-sum-of-crc-32", "call/request", "READY-013"}})
			require.NoError(t, err)
			for id, verdict := range tc.verdicts {
				require.Equal(t, verdict, find(t, report, id).Verdict, find(t, report, id).Detail)
			}
		})
	}
	for vice, says := range map[string]string{"accepts everything": "answered accept", "panics": "exit code 101", "prints junk": "no JSON"} {
		_, err := loaded(t).Run(t.Context(), Config{Command: command(vice, "once"), Once: true})
		var refused *conformance.PreflightError
		require.ErrorAs(t, err, &refused, vice)
		require.Contains(t, err.Error(), says)
	}
}

func TestUselessParsersStayUnderTheirCeilings(t *testing.T) {
	set := loaded(t)
	list := set.Vectors
	if raceEnabled {
		list = slices.DeleteFunc(slices.Clone(list), func(v *Vector) bool { return len(v.ID)%8 != 0 })
	}
	for vice, most := range map[string]struct{ pass, pairs int }{
		"accepts everything": {}, "rejects everything": {}, "supports nothing": {}, "always wants more": {}, "is broken": {},
	} {
		t.Run(vice, func(t *testing.T) {
			pass, pairs := 0, 0
			for _, r := range set.judge(t.Context(), Config{Program: inProcess(vicious(vice)), Seed: 1}, list) {
				if r.Verdict == conformance.Pass {
					pass++
					if r.Rejects {
						pairs++
					}
				}
			}
			require.LessOrEqual(t, pass, most.pass)
			require.LessOrEqual(t, pairs, most.pairs)
		})
	}
	t.Run("mute", func(t *testing.T) {
		for _, r := range set.judge(t.Context(), Config{Program: inProcess(vicious("mute")), Seed: 1, Timeout: time.Millisecond, Jobs: 32}, list) {
			require.Equal(t, conformance.Timeout, r.Verdict)
		}
	})
}

func TestLevels(t *testing.T) {
	set := loaded(t)
	last := 0
	for _, v := range set.Vectors {
		require.GreaterOrEqual(t, v.Level, last, v.ID)
		last = v.Level
		if v.Twinned != nil {
			require.GreaterOrEqual(t, v.Level, v.Twinned.Level, v.ID)
		}
	}
	for id, level := range map[string]int{
		"frame/ping": levelHeader, "frame/header-sum-of-crc-32": levelHeader, "msgpack/nil": levelMsgpack, "opening/hello": levelOpening,
		"ready/ready": levelAgreement, "heartbeat/ping": levelHeartbeat, "stream/open": levelStream, "call/request": levelStream,
		"data/one-piece": levelCredit, "ending/close": levelEnding, "delivery/records": levelDelivery,
	} {
		require.Equal(t, level, set.Vector(id).Level, id)
	}
}

func TestPositions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 63, 64, 65, 66, 500, 70000} {
		list := positions(n, n/2, random)
		require.IsIncreasing(t, append([]int{-1}, list...))
		require.GreaterOrEqual(t, len(list), min(n, everyOffset))
		require.LessOrEqual(t, len(list), everyOffset+sampled+12)
		if n > 0 {
			require.Less(t, list[len(list)-1], n)
		}
		cuts := singly(n)
		require.LessOrEqual(t, len(cuts), byteByByte+lastBytes)
		require.IsIncreasing(t, append([]int{0}, cuts...))
	}
}

func TestDifference(t *testing.T) {
	for _, tc := range []struct{ want, got, says string }{
		{`{"a":"1"}`, `{ "a" : "1" }`, ""},
		{`{"a":"1","b":{"c":["x","y"]}}`, `{"b":{"c":["x","z"]},"a":"1"}`, `value.b.c[1] is "z", and should be "y"`},
		{`{"a":"1"}`, `{"a":1}`, "value.a is the number 1, and integers are texts of digits"},
		{`{"a":"1"}`, `{}`, "value.a is missing"},
		{`{}`, `{"a":"1"}`, "value.a should not be there"},
		{`["x"]`, `["x","y"]`, "value is"},
		{`null`, `false`, "value is false"},
		{`{"a":"9007199254740993"}`, `{"a":"9007199254740992"}`, "value.a"},
	} {
		want, err := decodeJSON([]byte(tc.want))
		require.NoError(t, err)
		got, err := decodeJSON([]byte(tc.got))
		require.NoError(t, err)
		text := difference(want, got)
		if tc.says == "" {
			require.Empty(t, text)
		}
		require.Contains(t, text, tc.says)
	}
	_, err := decodeJSON([]byte(`{} {}`))
	require.Error(t, err)
}
