package known

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/conformance"
)

// now is the date of every test.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// crc is a failure as the suite writes it.
var crc = conformance.Result{
	Verdict: conformance.Fail, Phase: conformance.PhaseFault, Expected: "CLOSE(HEADER_CRC)", Actual: "PONG echo 419E6D63C1EC2CCF",
}

// pass and the others give a case of an id.
func pass(id string) conformance.Result { return conformance.Result{ID: id, Verdict: conformance.Pass} }

func fail(id string) conformance.Result {
	r := crc
	r.ID = id
	return r
}

func as(id string, v conformance.Verdict) conformance.Result {
	r := fail(id)
	r.Verdict = v
	return r
}

// report makes a full run of cases.
func report(cases ...conformance.Result) *conformance.Report {
	r := &conformance.Report{Format: 1, Suite: conformance.Suite, Spec: "1", Profile: "core", Cases: cases}
	r.Summary.Cases = len(cases)
	for _, c := range cases {
		switch c.Verdict {
		case conformance.Pass:
			r.Summary.Pass++
		case conformance.Fail:
			r.Summary.Fail++
		case conformance.Weak:
			r.Summary.Weak++
		case conformance.Crash:
			r.Summary.Crash++
		case conformance.Timeout:
			r.Summary.Timeout++
		case conformance.Unsupported:
			r.Summary.Unsupported++
		default:
			r.Summary.Inconclusive++
		}
	}
	return r
}

func list(t *testing.T, text string) *File {
	t.Helper()
	f, err := ParseKnown("conformance.known", []byte(text))
	require.NoError(t, err)
	return f
}
