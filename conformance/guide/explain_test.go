package guide

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/conformance"
	"handfast/spec"
)

// text explains one name and gives what is printed.
func text(t *testing.T, l *Library, name string) string {
	t.Helper()
	all, err := l.Explain(t.Context(), name)
	require.NoError(t, err)
	var b strings.Builder
	for _, e := range all {
		require.NoError(t, e.WriteText(&b))
	}
	return b.String()
}

// TestEveryNameIsExplained also holds every text to the width of a wide terminal, apart from pages, which are quoted.
func TestEveryNameIsExplained(t *testing.T) {
	l := library(t)
	const widest = 130
	for _, name := range l.Names() {
		all, err := l.Explain(t.Context(), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, e := range all {
			var b strings.Builder
			require.NoError(t, e.WriteText(&b))
			_, err := json.Marshal(e)
			require.NoError(t, err)
			if e.Title == "" || b.Len() == 0 {
				t.Errorf("%s: nothing is said", name)
			}
			for line := range strings.Lines(b.String()) {
				if utf8.RuneCountInString(line) > widest && e.Text == "" {
					t.Errorf("%s: a line of %d columns: %s", name, utf8.RuneCountInString(line), line)
				}
			}
		}
	}
}

// TestEveryRequirementIsShown: its sentence and place; and wherever the wire shows it, who judges it.
func TestEveryRequirementIsShown(t *testing.T) {
	l := library(t)
	for _, r := range spec.Requirements() {
		all, err := l.Explain(t.Context(), strings.ToLower(r.ID))
		require.NoError(t, err)
		e := all[0]
		assert.Equal(t, r.Text, e.Title)
		assert.True(t, strings.HasPrefix(e.Rule.Link, r.Page+"#") && e.Rule.Line > 0 && e.Rule.Chapter != "", "%s stands at %+v", r.ID, e.Rule)
		if r.Testable == "wire" && r.Profile == "core" && strings.HasPrefix(r.Level, "MUST") {
			assert.NotEmpty(t, e.Cases, "%s has no case", r.ID)
			assert.NotEmpty(t, e.Mutants, "%s has no mutant", r.ID)
		}
	}
}

func TestWhatARequirementShows(t *testing.T) {
	l := library(t)
	for name, wants := range map[string][]string{
		"FRAME-001": {"SPEC.md#8-frames", "Why two checksums", "|   type   |", "HEADER_CRC", "1. header checksum (FRAME-001)", "takes-wrong-header-checksum",
			"- twin    frame/", "^^", "HEADER_CRC [FRAME-001]"},
		"hello-007": {"`length`  u32", "opening faulty", "2. `length` (HELLO-007)", "+     16  00 00 40 01"},
		"STRM-016":  {"=>  OFFERED (OPEN received)", "ACCEPT", "REJECT"},
		"BEAT-007":  {"=>  QUIET", "CLOSE(IDLE)"},
		"BEAT-010":  {"[OPT-005]"},
		"HELLO-012": {"REFUSE or nothing"},
		"opt-4":     {"OPT-004  A peer MAY send DRAIN once"},
		"DATA-006":  {"`max_message`"},
	} {
		got := text(t, l, name)
		for _, want := range wants {
			assert.Contains(t, got, want, name)
		}
	}
}

func TestOtherNames(t *testing.T) {
	l := library(t)
	for name, wants := range map[string][]string{
		"frame/ping":         {"vector", "level 1: CRC-32C", "[FRAME-009]", "PING"},
		"ping":               {"[BEAT-001]", "State table Heartbeat", "frame/ping: accept"},
		"HELLO":              {"Keys of HELLO", "State table Link"},
		"frame_size":         {"[HELLO-007]", "[FRAME-003]"},
		"max_frame":          {"131,072", "[FRAME-003]"},
		"REQUEST":            {"`method_length`", "[CALL-001]"},
		"8":                  {"SPEC.md#8-frames", "[FRAME-001]"},
		"driver":             {"conformance/DRIVER.md", "The driver protocol"},
		"call":               {"spec/call.md"},
		"opening/vers-twice": {"case", "vector"}, // both have this id
	} {
		got := text(t, l, name)
		for _, want := range wants {
			assert.Contains(t, got, want, name)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	l := library(t)
	_, err := l.Explain(t.Context(), "FRAME-1O1")
	unknown, ok := errors.AsType[*UnknownError](err)
	require.True(t, ok, "%v", err)
	assert.Contains(t, unknown.Near, "FRAME-001")
	_, err = l.Explain(t.Context(), "chapter 99")
	require.Error(t, err)
}

// TestCasesShowWhatTheySend by a trace.
func TestCasesShowWhatTheySend(t *testing.T) {
	l := library(t)
	at := 1
	l.Record = func(context.Context, string) (conformance.Result, error) {
		return conformance.Result{Trace: []conformance.Entry{
			{Link: 1, Dir: conformance.Out, What: "HELLO vers [1]"},
			{Link: 1, Dir: conformance.In, What: "HELLO vers [1 2570]"},
			{Link: 2, Dir: conformance.Out, What: "grease 0x1B"},
			{Link: 2, Dir: conformance.Out, What: "PING", Fault: "a wrong flag", Hex: "0270000000000000000000001122334400", FaultAt: &at},
			{Link: 2, Dir: conformance.In, What: "CLOSE(PROTOCOL)"},
			{Link: 3, Dir: conformance.In, What: "end of the transport"},
		}}, nil
	}
	got := text(t, l, "frame/header-checksum-wrong")
	for _, want := range []string{"Link 1, the twin", "  > HELLO vers [1]\n\n", "Link 2, the fault", "  > PING   (a wrong flag)\n  < CLOSE(PROTOCOL)", "+      1  70", "^^", "Link 3, the probe"} {
		assert.Contains(t, got, want)
	}
	assert.NotContains(t, got, "grease 0x1B")
	assert.NotContains(t, got, "2570")
	l.Record = func(context.Context, string) (conformance.Result, error) {
		return conformance.Result{}, errors.New("no port is free")
	}
	assert.Contains(t, text(t, l, "frame/header-checksum-wrong"), "no port is free")
}
