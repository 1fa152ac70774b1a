package guide

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/conformance"
	"handfast/conformance/mutant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// library is everything, with traces of cases left out.
func library(t *testing.T) *Library {
	t.Helper()
	l, err := NewLibrary(conformance.Cases(), slices.Concat(As(RoleAcceptor, mutant.Mutants()), As(RoleDialer, mutant.DialerMutants())))
	require.NoError(t, err)
	return l
}
