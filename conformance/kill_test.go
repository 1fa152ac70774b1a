package conformance

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"handfast/codec"
)

// smallLab starts fake peers with the bugs of three mutants.
func smallLab(t *testing.T) StartFunc {
	return func(_ context.Context, name string) (*TestPeer, error) {
		bugs := map[string]*fakePeer{
			"":               {},
			"takes-checksum": {broken: func(io.Writer, error) bool { return true }},
			"no-grease":      {hello: func(h *codec.Hello) { h.Vers = []uint16{1} }},
			"no-bug":         {},
		}
		p, ok := bugs[name]
		if !ok {
			return nil, errors.New("no such mutant")
		}
		return &TestPeer{Target: Target{Addr: p.start(t)}, Stop: func() error { return nil }}, nil
	}
}

func TestKillMatrix(t *testing.T) {
	cases, err := Select(firstCases(), nil, []string{"heartbeat/*"})
	if err != nil {
		t.Fatal(err)
	}
	report, err := Kills(t.Context(), KillConfig{
		Mutants: []Mutant{
			{Name: "takes-checksum", Req: "FRAME-001", Doc: "it takes a wrong checksum"},
			{Name: "no-grease", Req: "KIT-001", Doc: "it offers no grease version, and names the wrong rule"},
			{Name: "no-bug", Req: "CALL-004", Doc: "it is healthy"},
		},
		Start: smallLab(t), Cases: cases, Timeout: 300 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Fate{Killed, Misnamed, Survived} {
		if k := report.Mutants[i]; k.Fate != want {
			t.Errorf("%s: %v by %v and %v; want %v", k.Mutant, k.Fate, k.By, k.Others, want)
		}
	}
	if len(report.Vacuous) != 1 || report.Vacuous[0] != "kit/echo-answers" {
		t.Errorf("vacuous: %v; want kit/echo-answers", report.Vacuous)
	}
	if got := report.ExitCode(); got != ExitDiffers {
		t.Errorf("exit code %d, want %d", got, ExitDiffers)
	}
	var b strings.Builder
	if err := report.WriteConsole(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"survived: no-bug [CALL-004]", "misnamed: no-grease [KIT-001]", "[VER-004]", "vacuous: kit/echo-answers", "1 killed, 1 survived, 1 misnamed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("matrix lacks %q:\n%s", want, b.String())
		}
	}
}

func TestUnhealthyPeerGivesNoMatrix(t *testing.T) {
	start := func(context.Context, string) (*TestPeer, error) { return smallLab(t)(t.Context(), "no-grease") }
	_, err := Kills(t.Context(), KillConfig{Mutants: []Mutant{{Name: "x"}}, Start: start, Cases: firstCases(), Timeout: 300 * time.Millisecond})
	var sick *HealthyError
	if !errors.As(err, &sick) || len(sick.Results) != 3 {
		t.Errorf("error %v; want that the healthy peer fails three cases", err)
	}
}
