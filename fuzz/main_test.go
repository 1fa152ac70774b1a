package fuzz

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if bug := os.Getenv(runAsPeer); bug != "" {
		servePlanted(bug)
		return
	}
	goleak.VerifyTestMain(m)
}
