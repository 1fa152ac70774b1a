package mutant

import (
	"os"
	"testing"
	"context"

	"handfast/conformance"
)

func TestTmpKill(t *testing.T) {
	for _, c := range []conformance.KillConfig{
		{Mutants: Mutants(), Start: Start, Profile: "sync"},
		{Mutants: DialerMutants(), Start: StartDialer, Dialers: true, Profile: "sync"},
	} {
		if os.Getenv("SIDE") == "a" && c.Dialers || os.Getenv("SIDE") == "d" && !c.Dialers { continue }
		r, err := conformance.Kills(context.Background(), c)
		if err != nil {
			if h, ok := err.(*conformance.HealthyError); ok { for _, x := range h.Results { t.Log(x.ID, x.Detail) } }
			t.Error(err); continue
		}
		_ = r.WriteConsole(os.Stdout)
	}
}
