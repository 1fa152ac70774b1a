package codec

import (
	"testing"

	"handfast/spec"
)

// specLimits gives the limits of the registry, in the order of their names.
func specLimits(t *testing.T) []spec.Limit {
	t.Helper()
	return spec.Registry().Limits
}
