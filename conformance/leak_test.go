package conformance

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a link leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
