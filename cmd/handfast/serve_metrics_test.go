package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/status"
)

// TestF18Scrape: what a peer counts of links, remotes, sources and sessions comes over HTTP, under the words of the specification.
func TestF18Scrape(t *testing.T) {
	a, b := newKept(t, "a"), newKept(t, "b")
	a.pays = true
	a.to(b)
	a.args = append(a.args, "--metrics", "127.0.0.1:0", "--limit-ping-ms", "50", "--limit-ping-min-ms", "10")
	b.args = append(b.args, "--limit-ping-ms", "50", "--limit-ping-min-ms", "10")
	a.start()
	b.start()
	code, _, errs := outcome(t, "put", a.where(), "default", "k", "v")
	require.Equal(t, 0, code, errs)
	a.until(func(r *status.Report) bool {
		return len(r.Repairs) == 1 && r.Repairs[0].Repaired > 0 && r.Remotes[0].Stable == 1 && len(r.Links) > 1 && r.Links[0].RTTUS != nil
	}, "it is not repaired")
	at := regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`).FindString(a.logged())
	require.NotEmpty(t, at, a.logged())
	get := func(url string) (int, string) {
		t.Helper()
		client := http.Client{Timeout: patience}
		r, err := client.Get(url)
		require.NoError(t, err)
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		return r.StatusCode, string(body)
	}
	code, text := get(at)
	require.Equal(t, http.StatusOK, code, text)
	for _, want := range []string{
		"# TYPE handfast_remote_sent counter", "# TYPE handfast_remote_queue_bytes gauge", `handfast_remote_sent{name="b"} 1`, `handfast_remote_check_owed{name="b"} 0`,
		`handfast_remote_gaps{gaps="overflow",name="b"} 0`, `handfast_remote_attached{name="b"} 1`, `handfast_links{remote="b"} 1`, `handfast_link_rtt_us{remote="b"}`,
		`handfast_store_objects 1`, `handfast_sync_sessions{outcome="whole",role="initiator"} 1`, `handfast_sync_sessions{outcome="failed",role="responder"} 0`,
		`handfast_sync_seconds_count{role="initiator",state="WALK"} 1`, `handfast_repair_repaired{peer="node:`,
	} {
		require.Contains(t, text, want)
	}
	code, _ = get(strings.TrimSuffix(at, "/metrics") + "/")
	require.Equal(t, http.StatusNotFound, code)
	a.stop()
	_, err := (&http.Client{Timeout: time.Second}).Get(at)
	require.Error(t, err, "it goes on behind the end of the peer")

	code, _, errs = outcome(t, "serve", "--listen", "127.0.0.1:0", "--metrics", b.where())
	require.Equal(t, exitMeasured, code)
	require.Contains(t, errs, "--metrics")
}
