package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSelect(t *testing.T) {
	cases := []Case{
		{ID: "frame/a", Req: []string{"FRAME-001"}},
		{ID: "frame/b", Req: []string{"FRAME-002", "ERR-001"}},
		{ID: "call/a", Req: []string{"CALL-003"}},
	}
	tests := []struct {
		name      string
		run, skip []string
		want      string // ids
		fault     string // part of the error
	}{
		{"everything", nil, nil, "frame/a frame/b call/a", ""},
		{"an area", []string{"frame/*"}, nil, "frame/a frame/b", ""},
		{"a slug in every area", []string{"*/a"}, nil, "frame/a call/a", ""},
		{"a requirement", []string{"ERR-001"}, nil, "frame/b", ""},
		{"an area of requirements", []string{"FRAME-*"}, []string{"FRAME-002"}, "frame/a", ""},
		{"everything skipped", []string{"call/*"}, []string{"*/a"}, "", ""},
		{"a pattern that matches nothing", []string{"frame/c"}, nil, "", `no case matches "frame/c"; the nearest names are frame/a, frame/b`},
		{"a stale skip", nil, []string{"FRAME-003"}, "", "no case matches"},
		{"a broken pattern", []string{"["}, nil, "", "syntax error"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			picked, err := Select(cases, tc.run, tc.skip)
			var usage *UsageError
			if tc.fault != "" {
				if !errors.As(err, &usage) || !strings.Contains(usage.Text, tc.fault) {
					t.Errorf("error %v; want a usage error with %q", err, tc.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for i := range picked {
				ids = append(ids, picked[i].ID)
			}
			if want := strings.Fields(tc.want); !slices.Equal(ids, want) {
				t.Errorf("picked %v, want %v", ids, want)
			}
		})
	}
}
