package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/call"
	"handfast/refimpl/status"
)

var largeObjectMiB = flag.Int("large.object", 64, "MiB of the object that TestLargeObject writes, 17 to 1024")

// TestLargeObject: one object far above the limit of a record goes by put from a file to a peer, from there to another, and by get back. Meanwhile
// neither the link between them, which lives no longer than two seconds without a heartbeat, nor links of others notice.
func TestLargeObject(t *testing.T) {
	const idle = 2 * time.Second
	size := *largeObjectMiB << 20
	file := filepath.Join(t.TempDir(), "object")
	sum := randomFile(t, file, size)
	a, b := newKept(t, "a"), newKept(t, "b")
	a.to(b)
	for _, k := range []*kept{a, b} {
		k.args = append(k.args, "--max-object", strconv.Itoa(size+1<<20), "--realtime-queue", strconv.Itoa(2*size), "--limit-idle-ms", fmt.Sprint(idle.Milliseconds()), "--limit-ping-ms", "200")
		k.start()
	}
	var tries uint64
	a.until(func(r *status.Report) bool {
		tries = r.Remotes[0].Tries
		return r.Remotes[0].Attached
	}, "no channel")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	honest := make(chan []time.Duration, 2)
	for _, k := range []*kept{a, b} {
		go func() { honest <- echoes(ctx, k) }() // ends with ctx, and is waited for below
	}
	began := time.Now()
	out, err := handfast(t, "put", a.where(), "default", "large", "@"+file, "--timeout", "10m").CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, a.logged())
	wrote := time.Since(began)
	patient := time.Now().Add(10 * time.Minute)
	applied := func(r *status.Report) bool { return len(r.Sources) == 1 && r.Sources[0].Applied == 1 }
	for r := b.status(); (r == nil || !applied(r)) && time.Now().Before(patient); r = b.status() {
		<-time.After(50 * time.Millisecond)
	}
	arrived := time.Since(began)
	peakA, peakB := peakMiB(a.cmd.Process.Pid), peakMiB(b.cmd.Process.Pid)
	b.until(func(r *status.Report) bool {
		return applied(r) && r.Sources[0].Parts == uint64((size+1<<20)/(1<<20)) && r.Sources[0].Refused == 0
	}, "the object has not come whole")
	a.until(func(r *status.Report) bool { return r.Remotes[0].QueueRecords == 0 }, "not everything is acknowledged")
	a.until(func(r *status.Report) bool { return r.Remotes[0].Tries == tries && r.Remotes[0].Attached }, "the link has ended once")
	cancel()
	for range 2 {
		list := <-honest
		require.NotEmpty(t, list, "a link of somebody else has ended")
		slices.Sort(list)
		t.Logf("another link: %d echoes, median %v, 99th of 100 %v, slowest %v", len(list), list[len(list)/2], list[len(list)*99/100], list[len(list)-1])
		require.Less(t, list[len(list)-1], idle)
	}

	got := sha256.New()
	cmd := handfast(t, "get", b.where(), "default", "large", "--raw", "--timeout", "10m")
	cmd.Stdout = got
	require.NoError(t, cmd.Run())
	require.Equal(t, sum, got.Sum(nil))
	t.Logf("%d MiB: written in %v, at the other peer after %v; memory at most %d MiB at the sender, %d MiB at the receiver, %d MiB there after get",
		*largeObjectMiB, wrote.Round(time.Millisecond), arrived.Round(time.Millisecond), peakA, peakB, peakMiB(b.cmd.Process.Pid))
	a.stop()
	b.stop()
}

// TestLargeObjectRefused: a value over the limit of the peer is refused before it was sent as a whole; one over that of a remote is not taken there, and a
// CHECK is owed.
func TestLargeObjectRefused(t *testing.T) {
	a, b := newKept(t, "a"), newKept(t, "b")
	a.to(b)
	a.args = append(a.args, "--max-object", strconv.Itoa(20<<20))
	a.start()
	b.start()
	file := filepath.Join(t.TempDir(), "object")
	randomFile(t, file, 20<<20)
	out, err := handfast(t, "put", a.where(), "default", "k", "@"+file).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "TOO_LARGE")
	cmd := handfast(t, "put", a.where(), "default", "k", "-")
	cmd.Stdin = bytes.NewReader(make([]byte, 20<<20))
	out, err = cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "TOO_LARGE")
	randomFile(t, file, 18<<20)
	out, err = handfast(t, "put", a.where(), "default", "k", "@"+file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	b.until(func(r *status.Report) bool {
		return len(r.Sources) == 1 && r.Sources[0].CheckOwed && r.Sources[0].Refused > 0 && r.Sources[0].Parts == 0 && r.Store.Objects == 0
	}, "not refused")
	a.until(func(r *status.Report) bool { return r.Remotes[0].QueueRecords == 0 }, "the channel does not go on")
}

// randomFile writes bytes that nothing can make shorter, and gives their hash.
func randomFile(t *testing.T, path string, size int) []byte {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	h := sha256.New()
	_, err = io.CopyN(io.MultiWriter(f, h), rand.NewChaCha8([32]byte{1}), int64(size))
	require.NoError(t, errors.Join(err, f.Close()))
	return h.Sum(nil)
}

// echoes makes calls, one after the other, on a link that was opened for that, and gives how long each took. It gives nothing where the link has ended before ctx.
func echoes(ctx context.Context, k *kept) (list []time.Duration) {
	l, err := open(ctx, k.where())
	if err != nil {
		return nil
	}
	defer func() { _ = l.Close(0, "") }()
	for t := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			t.Stop()
			return list
		case <-t.C:
		}
		began := time.Now()
		if _, err := call.Call(ctx, l, "echo", []byte("still here"), nil); err != nil {
			t.Stop()
			if ctx.Err() != nil {
				return list
			}
			return nil
		}
		list = append(list, time.Since(began))
	}
}

// peakMiB gives the most memory that a process has had, of its own and of mapped files; 0 where the system does not say.
func peakMiB(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return kib >> 10
		}
	}
	return 0
}
