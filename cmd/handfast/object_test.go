package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/status"
)

// TestPutGetDel: objects by command, in the forms for people and for programs.
func TestPutGetDel(t *testing.T) {
	s := serve(t, "--data", t.TempDir())
	ok := func(args ...string) string {
		t.Helper()
		code, out, errs := outcome(t, append(args, "--log", "warn")...)
		require.Equal(t, 0, code, errs)
		require.Empty(t, errs)
		return out
	}
	out := ok("put", s.addr, "default", "greeting", "hello")
	require.True(t, strings.HasPrefix(out, "written, 1 sibling\ncontext "), out)
	out = ok("get", s.addr, "default", "greeting")
	require.True(t, strings.HasPrefix(out, "hello\n1 sibling, context "), out)

	var first struct{ Context string }
	require.NoError(t, json.Unmarshal([]byte(ok("get", s.addr, "default", "greeting", "--json")), &first))
	ok("put", s.addr, "default", "greeting", "hex:00ff", "--context", "none")
	out = ok("get", s.addr, "default", "greeting")
	require.Contains(t, out, "hello\n")
	require.Contains(t, out, "hex:00ff\n")
	require.Contains(t, out, "2 siblings, context ")
	ok("put", s.addr, "default", "greeting", "again", "--context", first.Context)
	out = ok("get", s.addr, "default", "greeting")
	require.NotContains(t, out, "hello", "the context has seen it")
	require.Contains(t, out, "hex:00ff\n")

	var object struct {
		Context  string
		Siblings []siblingJSON
	}
	require.NoError(t, json.Unmarshal([]byte(ok("get", s.addr, "default", "greeting", "--json")), &object))
	require.Len(t, object.Siblings, 2)
	var written struct {
		Context  string
		Siblings int
	}
	require.NoError(t, json.Unmarshal([]byte(ok("del", s.addr, "default", "greeting", "--context", object.Context, "--json")), &written))
	require.Equal(t, 1, written.Siblings)
	code, out, errs := outcome(t, "get", s.addr, "default", "greeting")
	require.Equal(t, 1, code)
	require.Contains(t, out, "deleted\n")
	require.Contains(t, errs, "deleted")

	file := filepath.Join(t.TempDir(), "value")
	large := bytes.Repeat([]byte{0, 1, 2, 0xFF}, 200_000)
	require.NoError(t, os.WriteFile(file, large, 0o600))
	ok("put", s.addr, "default", "hex:00", "@"+file)
	require.Equal(t, string(large), ok("get", s.addr, "default", "hex:00", "--raw"))
	require.Contains(t, ok("get", s.addr, "default", "hex:00", "--json"), hex.EncodeToString(large[:16]))
}

// TestObjectsWrongUse: what the commands refuse, and what they say then.
func TestObjectsWrongUse(t *testing.T) {
	s := serve(t, "--data", t.TempDir())
	none := serve(t)
	taken := t.TempDir()
	serve(t, "--data", taken)
	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "identity.json"), []byte("{"), 0o600))
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"put", s.addr, "default"}, 2, "between 3 and 4"},
		{[]string{"put", s.addr, "Default", "x", "1"}, 2, "NAME"},
		{[]string{"put", s.addr, "default", "", "1"}, 2, "NAME"},
		{[]string{"put", s.addr, "other", "x", "1"}, 1, "NS_DENIED"},
		{[]string{"put", s.addr, "default", "x", "hex:0"}, 2, "hex"},
		{[]string{"put", s.addr, "default", "hex:0", "1"}, 2, "hex"},
		{[]string{"put", s.addr, "default", "x", "@nowhere"}, 2, "nowhere"},
		{[]string{"put", s.addr, "default", "x", "1", "--context", "zz"}, 2, "--context"},
		{[]string{"put", s.addr, "default", "x", "1", "--context", "00"}, 1, "context"},
		{[]string{"put", s.addr, "default", "x", "1", "--timeout", "0"}, 2, "--timeout"},
		{[]string{"put", "127.0.0.1:1", "default", "x", "1"}, 3, "refused"},
		{[]string{"put", none.addr, "default", "x", "1"}, 1, "--data"},
		{[]string{"get", s.addr, "default", "none"}, 1, "NOT_FOUND"},
		{[]string{"get", s.addr, "default", "none", "--raw", "--json"}, 2, "exclude"},
		{[]string{"del", s.addr, "default", "none"}, 1, "NOT_FOUND"},
		{[]string{"status"}, 2, "accepts 1 arg"},
		{[]string{"status", "127.0.0.1:1"}, 3, "refused"},
		{[]string{"serve", "--realtime-to", "b=127.0.0.1:1"}, 2, "--data"},
		{[]string{"serve", "--data", t.TempDir(), "--realtime-to", "b"}, 2, "NAME=HOST:PORT"},
		{[]string{"serve", "--data", t.TempDir(), "--realtime-to", "B=127.0.0.1:1"}, 2, "remote"},
		{[]string{"serve", "--data", t.TempDir(), "--realtime-to", "b=h:1", "--realtime-to", "b=h:2"}, 2, "twice"},
		{[]string{"serve", "--data", t.TempDir(), "--namespace", "A"}, 2, "--namespace"},
		{[]string{"serve", "--data", t.TempDir(), "--cluster", "12"}, 2, "32 hexadecimal digits"},
		{[]string{"serve", "--data", t.TempDir(), "--realtime-retry-max", "0"}, 2, "--realtime-retry-max"},
		{[]string{"serve", "--data", taken}, 3, "another process"},
		{[]string{"serve", "--data", taken, "--node", strings.Repeat("1", 32)}, 2, "belongs to"},
		{[]string{"serve", "--data", broken}, 3, "identity.json"},
		{[]string{"serve", "--data", filepath.Join(broken, "identity.json")}, 3, "identity.json"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			code, out, errs := outcome(t, tc.args...)
			require.Equal(t, tc.code, code, errs)
			require.Empty(t, out)
			require.Contains(t, errs, tc.says)
		})
	}
}

// TestStatus: a peer says how it stands with others, and does not wait for one that cannot be reached (ACCS-008).
func TestStatus(t *testing.T) {
	a, b := newKept(t, "a"), newKept(t, "b")
	a.args = []string{"--limit-ping-ms", "50", "--limit-ping-min-ms", "10"}
	b.args = a.args
	a.to(b)
	a.start()
	a.until(func(r *status.Report) bool { return r.Remotes[0].Tries > 1 && r.Remotes[0].Error != "" }, "it does not try")
	_, out, _ := outcome(t, "status", a.where())
	require.Contains(t, out, "detached")
	require.Contains(t, out, "b ("+b.proxy.addr()+"): try ")
	b.start()
	code, _, errs := outcome(t, "put", a.where(), "default", "x", "1")
	require.Equal(t, 0, code, errs)
	a.drained()
	a.until(func(r *status.Report) bool {
		for _, l := range r.Links {
			if l.Remote == "b" && l.RTTUS != nil && l.OffsetErrUS != nil && l.Samples > 0 && l.Stable {
				return true
			}
		}
		return false
	}, "no heartbeats")
	code, out, errs = outcome(t, "status", a.where())
	require.Equal(t, 0, code, errs)
	for _, want := range []string{"node ", "b  ", "stable", "attached", "1 of 1", "OWED", "±"} {
		require.Contains(t, out, want)
	}
	code, out, _ = outcome(t, "status", b.where(), "--json")
	require.Equal(t, 0, code)
	var r status.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, 1, r.Format)
	require.Len(t, r.Sources, 1)
	require.Equal(t, uint64(1), r.Sources[0].Applied)
	require.True(t, r.Sources[0].CheckOwed, "the channel is new")
	require.Equal(t, uint64(1), r.Store.Objects)
	require.Equal(t, []status.Remote{}, r.Remotes)

	plain := serve(t)
	code, out, errs = outcome(t, "status", plain.addr)
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "(accepted)")
}

// TestRemote: what an operator says of a remote holds over the end of the process (ACCS-009).
func TestRemote(t *testing.T) {
	a, b := newKept(t, "a"), newKept(t, "b")
	a.start()
	b.start()
	ok := func(args ...string) {
		t.Helper()
		code, out, errs := outcome(t, args...)
		require.Equal(t, 0, code, errs)
		require.Empty(t, out)
	}
	remotes := func(f func([]status.Remote) bool) {
		t.Helper()
		a.until(func(r *status.Report) bool { return f(r.Remotes) }, "the remotes are others")
	}
	put := func(key string) {
		t.Helper()
		code, _, errs := outcome(t, "put", a.where(), "default", key, "1")
		require.Equal(t, 0, code, errs)
	}
	put("unseen")
	ok("remote", a.where(), "enable", "b")
	put("queued")
	ok("remote", a.where(), "stop", "b")
	put("queued too")
	remotes(func(l []status.Remote) bool { return len(l) == 1 && !l[0].Started && l[0].QueueRecords == 2 })
	a.kill()
	a.start()
	remotes(func(l []status.Remote) bool { return len(l) == 1 && !l[0].Started && l[0].QueueRecords >= 2 })
	a.stop()
	a.to(b)
	a.start() // which starts it
	a.drained()
	b.until(func(r *status.Report) bool { return r.Store.Objects == 2 }, "not both have come")

	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"remote", a.where(), "bend", "b"}, 2, "none of enable"},
		{[]string{"remote", a.where(), "stop", "nobody"}, 1, "NO_REMOTE"},
		{[]string{"remote", a.where(), "enable", "../b"}, 1, "NAME"},
		{[]string{"remote", a.where(), "enable"}, 2, "accepts 3"},
	} {
		code, _, errs := outcome(t, tc.args...)
		require.Equal(t, tc.code, code, errs)
		require.Contains(t, errs, tc.says)
	}
	ok("remote", a.where(), "disable", "b")
	remotes(func(l []status.Remote) bool { return len(l) == 0 })
	put("not queued")
	ok("remote", a.where(), "enable", "b")
	remotes(func(l []status.Remote) bool { return len(l) == 1 && l[0].QueueRecords == 0 && l[0].Started })
	put("after")
	a.drained()
	b.until(func(r *status.Report) bool { return r.Store.Objects == 3 }, "it was not sent")
}
