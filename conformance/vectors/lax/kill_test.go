package lax_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/vectors"
	"handfast/conformance/vectors/lax"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func subject(t *testing.T, lab *lax.Lab) func(bug string) vectors.Config {
	return func(bug string) vectors.Config {
		return vectors.Config{Target: bug, Program: func() driver.Program {
			program, ok := lab.Program(bug)
			if !ok {
				t.Errorf("no bug %q", bug)
			}
			return program
		}}
	}
}

// TestEveryMutantIsKilled is the gate: every mutant dies for the reason that it names, and every vector that is to be refused kills one.
func TestEveryMutantIsKilled(t *testing.T) {
	set, err := vectors.Load()
	require.NoError(t, err)
	lab, err := lax.New()
	require.NoError(t, err)
	config := vectors.KillConfig{Mutants: lab.Mutants(), Subject: subject(t, lab), Seed: 1}
	if raceEnabled { // some requirements stand for all, and the vectors for others are not complete
		areas := []string{"BEAT-", "CALL-", "DATA-"}
		config.Run = []string{"BEAT-*", "CALL-*", "DATA-*"}
		config.Mutants = slices.DeleteFunc(config.Mutants, func(m conformance.Mutant) bool {
			return !slices.ContainsFunc(areas, func(area string) bool { return strings.HasPrefix(m.Req, area) })
		})
	}
	report, err := set.Kills(t.Context(), config)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteConsole(&text))
	s := report.Summary
	if s.Survived+s.Misnamed > 0 || !raceEnabled && report.ExitCode() != 0 {
		_, problems, _ := strings.Cut(text.String(), "\n\n")
		t.Error(problems)
	}
	t.Logf("%d mutants, %.1f s", report.Summary.Mutants, report.MS/1000)
}
