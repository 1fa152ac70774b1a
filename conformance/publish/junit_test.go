package publish

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func junit(t *testing.T, run Run) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, JUnit(&b, run))
	return b.Bytes()
}

func TestJUnit(t *testing.T) {
	golden(t, "junit.xml", junit(t, Run{Report: sample(t)}))
	golden(t, "junit_known.xml", junit(t, judged(t, sample(t), sampleKnown)))
}

// TestJUnitCounts holds the totals against the elements, and the kinds against the verdicts.
func TestJUnitCounts(t *testing.T) {
	tests := []struct {
		name                     string
		run                      Run
		tests, fails, errs, skip int
	}{
		{"plain", Run{Report: sample(t)}, 7, 3, 2, 1},
		{"with known failures", judged(t, sample(t), sampleKnown), 8, 3, 2, 2}, // one is skipped, one more is fixed
	}
	for _, tc := range tests {
		var all junitSuites
		require.NoError(t, xml.Unmarshal(junit(t, tc.run), &all))
		counted := junitSuites{}
		skipped := 0
		for _, s := range all.Suites {
			var own junitSuite
			for _, c := range s.Cases {
				own.add(c, 0)
				require.NotEmpty(t, c.Name)
				require.Equal(t, s.Name, c.Classname)
				require.NotEmpty(t, c.Time)
			}
			require.Equal(t, []int{own.Tests, own.Failures, own.Errors, own.Skipped}, []int{s.Tests, s.Failures, s.Errors, s.Skipped}, s.Name)
			counted.Tests += s.Tests
			counted.Failures += s.Failures
			counted.Errors += s.Errors
			skipped += s.Skipped
		}
		require.Equal(t, []int{tc.tests, tc.fails, tc.errs, tc.skip}, []int{counted.Tests, counted.Failures, counted.Errors, skipped}, tc.name)
		require.Equal(t, []int{counted.Tests, counted.Failures, counted.Errors}, []int{all.Tests, all.Failures, all.Errors}, tc.name)
	}
}

// TestJUnitIsValid asks xmllint, of Debian's libxml2-utils, whether the XML has the form that CI servers take.
func TestJUnitIsValid(t *testing.T) {
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is missing: apt-get install libxml2-utils")
		}
		t.Skip("SKIPPED: JUnit XML is not validated, because xmllint is missing: apt-get install libxml2-utils")
	}
	validate := func(b []byte) error {
		path := filepath.Join(t.TempDir(), "report.xml")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		out, err := exec.Command(tool, "--nonet", "--noout", "--schema", filepath.Join("testdata", "junit.xsd"), path).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	good := junit(t, Run{Report: sample(t)})
	for name, b := range map[string][]byte{
		"plain": good, "known": junit(t, judged(t, sample(t), sampleKnown)), "no case": junit(t, Run{Report: complete(t)}), "hostile": junit(t, hostileReport(t)),
	} {
		require.NoError(t, validate(b), name)
	}
	for _, spoil := range [][]string{
		{` name="kit/echo-answers"`, ``},
		{`<failure `, `<failed `, `</failure>`, `</failed>`},
		{`</failure>`, `</failure><skipped></skipped>`},
		{` tests="7"`, ` tests="-7"`},
		{` time="5.000"`, ``},
		{` classname=`, ` class=`},
		{` timestamp="2026-11-22T12:00:00"`, ` timestamp="today"`},
		{`<testsuites `, `<testsuites skipped="1" `},
		{`name="tls/needs-tls"`, `name=""`},
		{`name="frame/header-checksum-zero"`, `name="frame/header-checksum-wrong"`},
	} {
		spoiled := strings.NewReplacer(spoil...).Replace(string(good))
		require.True(t, string(good) != spoiled, "%q spoils nothing", spoil)
		require.NoError(t, xml.Unmarshal([]byte(spoiled), new(junitSuites)), "%q: still XML", spoil)
		require.Error(t, validate([]byte(spoiled)), "the schema lets %q through", spoil)
	}
}
