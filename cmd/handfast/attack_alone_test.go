package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
)

// TestAttackReconnect is row 35: a remote that ends each connection at once is not dialled in a storm: each try waits about twice as long as the one before.
func TestAttackReconnect(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	p := serve(t, "--log", "off", "--data", t.TempDir(), "--realtime-to", "rude="+ln.Addr().String())
	cpu, began := processorTime(t, p.cmd.Process.Pid), time.Now()
	const tries = 5
	for range tries {
		require.NoError(t, ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
		c, err := ln.Accept()
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	took := time.Since(began)
	t.Logf("%d tries in %v", tries, took)
	require.Greater(t, took, 400*time.Millisecond, "100, 200, 400 and 800 ms, each of them with chance in it")
	require.Less(t, float64(processorTime(t, p.cmd.Process.Pid)-cpu)/float64(took), 0.5, "of a processor")
}

// TestAttackHijack is row 18: on TLS a channel belongs to the key that its sender has proved. Who has another key, and says the node id, the channel's name, its id and its lineage,
// is told that nothing of it is known, and changes nothing for its owner.
func TestAttackHijack(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, filepath.Join(dir, "ca"))
	file := func(name string) string { return filepath.Join(dir, name+".pem") }
	for _, who := range []string{"server", "owner", "thief"} {
		ca.issue(t, filepath.Join(dir, who))
	}
	as := func(who string) tlsFlags {
		return tlsFlags{TLS: dial.TLS{CA: file("ca"), Cert: file(who), Key: file(who + "-key")}}
	}
	p := serve(t, "--log", "off", "--mirror", "--data", filepath.Join(dir, "data"), "--tls-ca", file("ca"), "--tls-cert", file("server"), "--tls-key", file("server-key"))
	attach := func(who string, q channel.Queue) (*channel.Source, *link.Link) {
		flags := as(who)
		cfg, err := flags.client()
		require.NoError(t, err)
		conn, err := dial.Transport(t.Context(), p.addr, cfg)
		require.NoError(t, err)
		back := &notes{cursors: map[delivery.Key]delivery.Cursor{}, come: make(chan struct{}, 1)}
		sink, err := channel.NewSink(channel.SinkConfig{Transactional: back})
		require.NoError(t, err)
		t.Cleanup(sink.Close)
		l, err := link.Dial(t.Context(), conn, link.Config{Node: honestNode, Delivery: true, Handlers: map[string]link.Handler{mirror.Proto: sink}})
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close(codec.CodeNoError, "") })
		src := channel.NewSource(channel.SourceConfig{Queue: q, Proto: mirror.Proto, RetryMin: time.Millisecond})
		t.Cleanup(src.Close)
		src.Attach(l)
		return src, l
	}
	path := filepath.Join(dir, "queue")
	q, err := delivery.OpenDurable(path, "a", 1<<20)
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	owner, _ := attach("owner", q)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	push := func(src *channel.Source) {
		t.Helper()
		seq, err := src.Push(ctx, []byte("x"))
		require.NoError(t, err)
		require.NoError(t, src.AwaitStable(ctx, seq), "%+v", src.Stats())
	}
	push(owner)
	stolen := filepath.Join(dir, "stolen")
	copyQueue(t, path, stolen)
	sq, err := delivery.OpenDurable(stolen, "a", 1<<20)
	require.NoError(t, err)
	defer func() { require.NoError(t, sq.Close()) }()
	require.Equal(t, q.Head().ID, sq.Head().ID)
	thief, _ := attach("thief", sq)
	push(thief)
	require.Zero(t, thief.Stats().Positions.Kept, "the position of another key")
	require.EqualValues(t, 1, thief.Stats().Positions.Lost)
	push(owner)
	require.Zero(t, owner.Stats().Positions.Diverged+owner.Stats().Positions.Kept, "its stream has gone on")
}

// copyQueue copies a file that may be written meanwhile; what the copy lacks is one commit at most.
func copyQueue(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
}

// TestAttackLogs is row 31: what others choose stands in the log as one word of one line, whatever it is.
func TestAttackLogs(t *testing.T) {
	p := serve(t, "--log", "debug")
	forged := "x\r\nlevel=ERROR msg=forged\x1b[31m"
	a := raider{addr: p.addr, tells: func(string) {}}
	a.link(append(frameBytes(t, codec.Open{Stream: 1, Proto: forged, Ver: 1}), frameBytes(t, codec.Reset{Stream: 1, Code: codec.CodeCancelled, Text: forged})...))
	a.link(frameBytes(t, codec.Close{Code: codec.CodeInternal, Text: forged}))
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, p.cmd.Wait())
	log := p.log.String()
	require.Contains(t, log, "forged", "what it has said is there: the attack has reached the log")
	for _, line := range strings.Split(strings.TrimSpace(log), "\n") {
		require.True(t, strings.HasPrefix(line, "time="), "%q", line)
		require.NotContains(t, line, "\x1b")
		require.NotContains(t, line, "\r")
	}
}
