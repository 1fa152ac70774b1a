package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/peers"
	"handfast/refimpl/status"
)

// TestF19PeerCommand: peers are added, listed and removed while the process runs, sessions are begun with those of the moment, and the list is there in the
// next process.
func TestF19PeerCommand(t *testing.T) {
	a, b := newKept(t, "a"), newKept(t, "b")
	a.args = []string{"--sync-every", "100ms"}
	a.start()
	b.start()
	do := func(want int, args ...string) (out, errs string) {
		t.Helper()
		code, out, errs := outcome(t, append([]string{"peer", a.where()}, args...)...)
		require.Equal(t, want, code, errs)
		return out, errs
	}
	code, _, errs := outcome(t, "put", b.where(), "default", "k", "v")
	require.Equal(t, 0, code, errs)
	out, _ := do(0, "list")
	require.Empty(t, out)
	do(0, "add", "b", b.proxy.addr())
	a.until(func(r *status.Report) bool { return r.Peers[0].LastWhole != nil && r.Store.Objects == 1 }, "no session with a peer that was added")
	a.kill()
	a.start()
	a.until(func(r *status.Report) bool { return len(r.Peers) == 1 && r.Peers[0].Outcome == "whole" }, "the list is gone with the process")
	out, _ = do(0, "list")
	require.Contains(t, out, "whole")
	require.Contains(t, out, b.proxy.addr())
	out, _ = do(0, "list", "--json")
	var list []peers.Entry
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	require.Equal(t, "b", list[0].Name)
	require.NotZero(t, list[0].Sessions)

	do(0, "remove", "b")
	out, _ = do(0, "list")
	require.Empty(t, out)
	_, errs = do(1, "remove", "b")
	require.Contains(t, errs, "NO_PEER")
	for _, args := range [][]string{{"add", "B", "h:1"}, {"add", "b", "nowhere"}, {"add", "b", "--key", "x"}, {"list", "b"}, {"find", "b"}} {
		do(2, args...)
	}
}

// TestF20Identity: an id that is bound to a key is refused to everybody else, and whoever answers in the place of such a peer is left.
func TestF20Identity(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, filepath.Join(dir, "ca"))
	for _, who := range []string{"a", "b", "thief"} { // all from the same authority
		ca.issue(t, filepath.Join(dir, who))
	}
	file := func(name string) string { return filepath.Join(dir, name+".pem") }
	as := func(who string) []string {
		return []string{"--tls-ca", file("ca"), "--tls-cert", file(who), "--tls-key", file(who + "-key")}
	}
	id := func(c string) string { return strings.Repeat(c, 32) }
	started := func(name, who, node string, args ...string) *kept {
		k := newKept(t, name)
		k.secure = as(who)
		k.args = append(append(append(k.args, as(who)...), "--node", node, "--sync-every", "100ms"), args...)
		k.start()
		return k
	}
	run := func(k *kept, want int, args ...string) string {
		t.Helper()
		code, out, errs := outcome(t, append(append(args[:1:1], append([]string{k.where()}, args[1:]...)...), k.secure...)...)
		require.Equal(t, want, code, errs)
		return out + errs
	}
	a, b := started("a", "a", id("a")), started("b", "b", id("b"))
	b.to(a)
	b.stop()
	b.start()
	var key string
	a.until(func(r *status.Report) bool {
		for _, l := range r.Links {
			if l.Cluster == id("b") {
				key = l.Peer
			}
		}
		return key != ""
	}, "it is not linked to b")
	require.True(t, strings.HasPrefix(key, "key:"), key)
	run(a, 0, "peer", "add", "b", b.proxy.addr(), "--node", id("b"), "--cluster", id("b"), "--key", key)
	a.until(func(r *status.Report) bool { return r.Peers[0].LastWhole != nil }, "the one that it is bound to is refused")
	b.until(func(r *status.Report) bool { return r.Remotes[0].Attached }, "the one that it is bound to is refused")

	// Somebody else with a certificate of the same authority claims to be b: as one that dials, and as one that is dialled.
	b.stop()
	thief := newKept(t, "thief")
	thief.secure = as("thief")
	thief.args = append(as("thief"), "--node", id("b"), "--sync-with", a.proxy.addr(), "--sync-every", "100ms", "--realtime-to", "a="+a.proxy.addr())
	thief.start()
	thief.until(func(r *status.Report) bool {
		return r.Remotes[0].Tries > 2 && strings.Contains(r.Remotes[0].Error, "IDENTITY_MISMATCH")
	}, "it is not refused")
	b.moved(thief.where()) // the address of b leads to it
	a.until(func(r *status.Report) bool {
		return r.Peers[0].Outcome == "failed" && strings.Contains(r.Peers[0].Error, "IDENTITY_MISMATCH")
	}, "who answers in its place is taken for b")
	for _, who := range []*kept{a, thief} {
		for _, l := range who.status().Links {
			require.NotEqual(t, id("b"), l.Cluster, "a link with the thief")
			require.NotEqual(t, id("a"), l.Cluster, "a link with the thief")
		}
	}
	// An address that another peer answers is not that of the one that was meant.
	run(a, 0, "peer", "remove", "b")
	c := started("c", "thief", id("c"))
	run(a, 0, "peer", "add", "b", c.proxy.addr(), "--node", id("b"), "--key", key)
	a.until(func(r *status.Report) bool { return strings.Contains(r.Peers[0].Error, "another node") }, "another one is taken for b")
}

// TestOperators: what makes a peer dial is refused to callers whom its operator has not admitted, and nothing changes (ACCS-024).
func TestOperators(t *testing.T) {
	s := serve(t, "--data", t.TempDir(), "--operator", "key:"+strings.Repeat("00", 32))
	for _, args := range [][]string{
		{"peer", s.addr, "add", "paris", "127.0.0.1:1"},
		{"peer", s.addr, "remove", "paris"},
		{"remote", s.addr, "stop", "paris"},
	} {
		code, _, errs := outcome(t, args...)
		require.Equal(t, exitDiffers, code, args)
		require.Contains(t, errs, "FORBIDDEN")
		require.Contains(t, errs, "is for operators")
	}
	code, out, errs := outcome(t, "peer", s.addr, "list")
	require.Equal(t, 0, code, errs)
	require.NotContains(t, out, "paris")
	code, _, errs = outcome(t, "serve", "--data", t.TempDir(), "--operator", "somebody")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "loopback")
}
