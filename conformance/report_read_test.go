package conformance

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadReportGivesTheSameForms(t *testing.T) {
	report := brokenReport(t)
	var written bytes.Buffer
	require.NoError(t, report.WriteJSON(&written))
	back, err := ReadReport(bytes.NewReader(written.Bytes()))
	require.NoError(t, err)

	var again bytes.Buffer
	require.NoError(t, back.WriteJSON(&again))
	require.Equal(t, written.String(), again.String(), "JSON after reading back")
	for i := range report.Cases {
		require.Equal(t, report.Cases[i].Explain(), back.Cases[i].Explain())
	}
	require.Contains(t, back.Cases[0].Explain()+back.Cases[1].Explain()+back.Cases[2].Explain(), "=>    12", "the first wrong byte is marked")
}

func TestReadReportRefuses(t *testing.T) {
	var good bytes.Buffer
	require.NoError(t, brokenReport(t).WriteJSON(&good))
	_, err := ReadReport(bytes.NewReader(good.Bytes()))
	require.NoError(t, err, "the report before it is spoiled")
	tests := []struct{ name, old, new, says string }{
		{"another format", `"format": 1`, `"format": 2`, "format 1"},
		{"an unknown member", `"format": 1`, `"format": 1, "colour": "red"`, "colour"},
		{"no suite", `"suite": "` + Suite + `"`, `"suite": ""`, "no suite"},
		{"a nicer summary", `"fail": 1`, `"fail": 0`, "summary"},
		{"a nicer verdict", `"verdict": "fail"`, `"verdict": "pass"`, "summary"},
		{"no such verdict", `"verdict": "fail"`, `"verdict": "fine"`, "fine"},
		{"a case twice", `"id": "tls/needs-tls"`, `"id": "frame/case-panics"`, "twice"},
		{"an id with a script", `"id": "tls/needs-tls"`, `"id": "<script>"`, "no id"},
		{"a case without requirement", `"TLS-001"`, ``, "no requirement"},
		{"a requirement with a script", `"TLS-001"`, `"<script>"`, "no id of a requirement"},
		{"a mode of its own", `"profile": "core"`, `"profile": "core", "mode": "magic"`, "no mode"},
		{"a fault outside of the bytes", `"fault_at": 12`, `"fault_at": 4000`, "fault_at"},
		{"a negative length", `"bytes": 44`, `"bytes": 2`, "bytes"},
		{"hex of half a byte", `"hex": "`, `"hex": "a`, "no bytes"},
		{"no direction", `"dir": ">"`, `"dir": "x"`, "direction"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			spoiled := strings.Replace(good.String(), tc.old, tc.new, 1)
			require.True(t, good.String() != spoiled, "the test spoils nothing")
			_, err := ReadReport(strings.NewReader(spoiled))
			_, ok := errors.AsType[*ReportError](err)
			require.True(t, ok, "%v", err)
			require.ErrorContains(t, err, tc.says)
		})
	}
	for _, input := range []string{"", "{", "[]", good.String() + "{}"} {
		_, err := ReadReport(strings.NewReader(input))
		require.Error(t, err)
	}
	broken := errors.New("broken disk")
	_, err = ReadReport(io.MultiReader(strings.NewReader("{"), errReader{broken}))
	require.ErrorIs(t, err, broken)
}

// errReader fails.
type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
