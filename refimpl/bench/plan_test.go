package main

import (
	"slices"
	"testing"
)

func impls(ps []point) (names []string) {
	for _, p := range ps {
		names = append(names, p.Impl)
	}
	return names
}

// fakePeers have handfast take part, which it may not do yet.
func fakePeers() []peer {
	every := []string{oneway, streams, call, idle, acked, durable, idleStreams, soak, resume, resumeFile}
	return []peer{{name: implRaw, takes: every[:6]}, {name: implHandfast, takes: every}, {name: implGRPC, takes: every}}
}

func TestPlan(t *testing.T) {
	for _, tc := range []struct {
		name   string
		args   []string
		groups int
		first  []string // implementations of the first group
	}{
		{"everything", nil, 20, []string{"raw", "handfast", "grpc"}},
		{"raw stays", []string{"--impl", "handfast"}, 20, []string{"raw", "handfast"}},
		{"one size", []string{"--run", "^oneway/grpc/256/1$"}, 1, []string{"raw", "grpc"}},
		{"raw alone", []string{"--run", "oneway/raw/64/1"}, 1, []string{"raw"}},
		{"no raw there", []string{"--run", "idle-streams"}, 1, []string{"handfast", "grpc"}},
		{"check needs gRPC", []string{"--check", "--run", "streams/handfast"}, 2, []string{"raw", "handfast", "grpc"}},
		{"check does not need gRPC", []string{"--check", "--run", "^durable/handfast"}, 2, []string{"raw", "handfast"}},
		{"check of another", []string{"--check", "--run", "^streams/raw"}, 1, []string{"raw"}},
		{"nothing", []string{"--impl", "quic"}, 0, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, err := parseOptions(tc.args)
			if err != nil {
				t.Fatal(err)
			}
			groups := plan(workloads(), fakePeers(), o)
			if len(groups) != tc.groups {
				t.Fatalf("%d groups, want %d", len(groups), tc.groups)
			}
			if tc.groups > 0 && !slices.Equal(impls(groups[0].points), tc.first) {
				t.Errorf("first group is %v, want %v", impls(groups[0].points), tc.first)
			}
		})
	}
}

func TestRawComesFirstAndLast(t *testing.T) {
	g := group{points: []point{{Impl: "raw"}, {Impl: "a"}, {Impl: "b"}}}
	if got, want := impls(g.order(0)), []string{"raw", "a", "b", "raw"}; !slices.Equal(got, want) {
		t.Errorf("round 0 is %v, want %v", got, want)
	}
	if got, want := impls(g.order(1)), []string{"raw", "b", "a", "raw"}; !slices.Equal(got, want) {
		t.Errorf("round 1 is %v, want %v", got, want)
	}
}
