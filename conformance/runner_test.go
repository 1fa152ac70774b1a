package conformance

import (
	"io"
	"testing"
	"time"

	"handfast/codec"
)

// run plays the first cases against a peer and returns the results by id.
func run(t *testing.T, p *fakePeer, cases []Case) map[string]Result {
	t.Helper()
	report, err := Run(t.Context(), Config{
		Target: Target{Addr: p.start(t)}, Cases: cases, Timeout: 300 * time.Millisecond, Seed: 1, skipPreflight: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	results := make(map[string]Result)
	for _, r := range report.Cases {
		results[r.ID] = r
	}
	return results
}

// firstCases are a rejection, a script on link 0 and a call.
func firstCases() []Case {
	cases, err := Select(Cases(), []string{"frame/header-checksum-wrong", "heartbeat/ping-is-answered", "kit/echo-answers"}, nil)
	if err != nil {
		panic(err)
	}
	return cases
}

func TestHealthyPeerPasses(t *testing.T) {
	for id, r := range run(t, &fakePeer{}, firstCases()) {
		if r.Verdict != Pass {
			t.Errorf("%s: %v: %s", id, r.Verdict, r.Detail)
		}
	}
}

func TestBrokenPeerFailsForTheNamedReason(t *testing.T) {
	tests := []struct {
		name    string
		peer    fakePeer
		id      string
		verdict Verdict
		cites   string
		phase   Phase
	}{
		{"takes a wrong checksum", fakePeer{broken: func(io.Writer, error) bool { return true }}, "frame/header-checksum-wrong", Fail, "FRAME-001", PhaseFault},
		{"closes with another code", fakePeer{wrongCode: codec.CodeState}, "frame/header-checksum-wrong", Fail, "FRAME-001", PhaseFault},
		{"ends without CLOSE", fakePeer{broken: func(w io.Writer, _ error) bool {
			_ = w.(io.Closer).Close()
			return true
		}}, "frame/header-checksum-wrong", Weak, "FRAME-001", PhaseFault},
		{"offers no grease version", fakePeer{hello: func(h *codec.Hello) { h.Vers = []uint16{1} }}, "kit/echo-answers", Fail, "VER-004", PhaseScript},
		{"does not answer PING", fakePeer{frame: func(_ io.Writer, f codec.Frame) bool { return f.Type == codec.TypePing }}, "heartbeat/ping-is-answered", Timeout, "BEAT-001", PhaseScript},
		{"answers with another echo", fakePeer{frame: func(w io.Writer, f codec.Frame) bool {
			if f.Type == codec.TypePing {
				_, _ = w.Write(codec.Pong{Echo: 7}.AppendFrame(nil))
			}
			return f.Type == codec.TypePing
		}}, "heartbeat/ping-is-answered", Fail, "BEAT-001", PhaseScript},
		{"sends DATA before ACCEPT", fakePeer{frame: func(_ io.Writer, f codec.Frame) bool { return f.Type == codec.TypeOpen }}, "kit/echo-answers", Fail, "STRM-003", PhaseScript},
		{"sends reserved bits", fakePeer{frame: func(w io.Writer, f codec.Frame) bool {
			if f.Type == codec.TypePing {
				_, _ = w.Write(codec.AppendFrame(nil, codec.Header{Type: codec.TypeStreams, Reserved: 1}, make([]byte, 8)))
			}
			return false
		}}, "heartbeat/ping-is-answered", Fail, "FRAME-013", PhaseScript},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, &tc.peer, firstCases())[tc.id]
			if r.Verdict != tc.verdict || len(r.Cites) == 0 || r.Cites[0] != tc.cites || r.Phase != tc.phase {
				t.Errorf("%s: got %v %v in phase %q (%s); want %v [%s] in phase %q", tc.id, r.Verdict, r.Cites, r.Phase, r.Detail, tc.verdict, tc.cites, tc.phase)
			}
		})
	}
}
