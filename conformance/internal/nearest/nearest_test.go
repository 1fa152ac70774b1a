package nearest

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	names := []string{"FRAME-001", "HELLO-007", "frame/ping", "PING"}
	tests := []struct {
		typed string
		n     int
		want  []string
	}{
		{"hello-07", 1, []string{"HELLO-007"}},
		{"frame/pin", 2, []string{"frame/ping", "FRAME-001"}},
		{"pong", 1, []string{"PING"}},
		{"", 9, []string{"PING", "FRAME-001", "HELLO-007", "frame/ping"}},
		{"x", 0, nil},
	}
	for _, tc := range tests {
		if got := Names(names, tc.typed, tc.n); !slices.Equal(got, tc.want) {
			t.Errorf("%q: %v, want %v", tc.typed, got, tc.want)
		}
	}
	if got := Names(nil, "x", 3); len(got) != 0 {
		t.Errorf("no names: %v", got)
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"frame", "farme", 2}} {
		if got := distance(tc.a, tc.b); got != tc.want {
			t.Errorf("%q to %q: %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
