package metrics_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/refimpl/metrics"
	"handfast/refimpl/peers"
	"handfast/refimpl/realtime"
	"handfast/refimpl/repair"
	"handfast/refimpl/status"
	"handfast/refimpl/sync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scrape asks a server once.
func scrape(t *testing.T, read func() (*status.Report, error), sessions *sync.Metrics) (int, string) {
	t.Helper()
	h, err := metrics.Handler(read, sessions)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := metrics.Serve(ln, h)
	defer func() { require.NoError(t, s.Close()) }()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + ln.Addr().String() + metrics.Path)
	require.NoError(t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r.StatusCode, string(b)
}

// full is a report with something of everything.
func full() *status.Report {
	remote := status.Remote{RemoteStatus: realtime.RemoteStatus{Name: "paris", Started: true, Queued: 7}}
	remote.Gaps.Overflow = 3
	return &status.Report{
		UptimeMS: 5,
		Links: []status.Link{
			{Remote: "paris", RTTUS: new(int64(120)), BytesIn: 1}, {Peer: "node:01", BytesIn: 10, RTTUS: new(int64(1))}, {Peer: "node:01", BytesIn: 20},
		},
		Store:   &status.Store{Objects: 9},
		Remotes: []status.Remote{remote},
		Sources: []realtime.SourceStatus{{Node: "key:ab", Name: "\xff\"x\n", CheckOwed: true, IntakeCounts: realtime.IntakeCounts{Applied: 4, Refusals: map[string]uint64{"RECORD": 2}}}},
		Repairs: []repair.Status{{Peer: "key:ab", Running: true, Tries: 2}},
		Peers:   []peers.Entry{{Peer: peers.Peer{Name: "rome"}, State: peers.State{Sessions: 6, LastWhole: new(time.Unix(1000, 0))}}},
	}
}

func TestScrape(t *testing.T) {
	var sessions sync.Metrics
	sessions.Note(&sync.Report{Outcome: sync.OK, Turns: 2, Took: time.Second})
	code, text := scrape(t, func() (*status.Report, error) { return full(), nil }, &sessions)
	require.Equal(t, http.StatusOK, code, text)
	for _, want := range []string{
		`handfast_uptime_ms 5`, `handfast_links{remote=""} 2`, `handfast_links{remote="paris"} 1`, `handfast_link_bytes_in{remote=""} 30`, `handfast_link_rtt_us{remote="paris"} 120`,
		`handfast_store_objects 9`, `handfast_remote_queued{name="paris"} 7`, `handfast_remote_started{name="paris"} 1`, `handfast_remote_gaps{gaps="overflow",name="paris"} 3`,
		`handfast_source_applied{name="?\"x\n",node="key:ab"} 4`, `handfast_source_check_owed{name="?\"x\n",node="key:ab"} 1`,
		`handfast_source_refusals{name="?\"x\n",node="key:ab",refusals="RECORD"} 2`, `handfast_repair_running{peer="key:ab"} 1`, `handfast_peer_last_whole{name="rome"} 1000`,
		`handfast_peer_sessions{name="rome"} 6`, `handfast_sync_sessions{outcome="whole",role="initiator"} 1`, `handfast_sync_round_trips{role="initiator"} 2`,
		`handfast_sync_seconds_sum{role="initiator",state="session"} 1`,
	} {
		require.Contains(t, text, want+"\n")
	}
	require.NotContains(t, text, `handfast_link_rtt_us{remote=""}`, "of which of them?")
}

// TestNamesAreTheWords: each name stands in the page, as a key of status or as a word of sync.
func TestNamesAreTheWords(t *testing.T) {
	page := ""
	for _, name := range []string{"access.md", "sync.md"} {
		b, err := os.ReadFile("../../spec/" + name)
		require.NoError(t, err)
		page += string(b)
	}
	_, text := scrape(t, func() (*status.Report, error) { return full(), nil }, &sync.Metrics{})
	names := regexp.MustCompile(`(?m)^# TYPE handfast_(?:link_|store_|remote_|source_|repair_|peer_|sync_)?(\w+) `).FindAllStringSubmatch(text, -1)
	require.Greater(t, len(names), 60)
	for _, n := range names {
		require.True(t, strings.Contains(page, "`"+n[1]+"`"), "%s is no word of the specification", n[0])
	}
}

func TestReportThatFails(t *testing.T) {
	code, text := scrape(t, func() (*status.Report, error) { return nil, errors.New("the disk") }, nil)
	require.Equal(t, http.StatusInternalServerError, code)
	require.Contains(t, text, "the disk")
}
