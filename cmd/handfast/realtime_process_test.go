package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/faulty"
	"handfast/refimpl/status"
)

var (
	realtimeKills = flag.Int("realtime.kills", 300, "processes that TestRealtimeKilled kills")
	realtimeCuts  = flag.Int("realtime.cuts", 100, "transports that TestRealtimeCut cuts")
)

// pair is two peers that send to each other.
func pair(t *testing.T) (a, b *kept) {
	a, b = newKept(t, "a"), newKept(t, "b")
	a.to(b)
	b.to(a)
	a.start()
	b.start()
	return a, b
}

// writing has writers at both peers until it is stopped.
func writing(t *testing.T, b *ledger, peers ...*kept) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		k := peers[i%len(peers)]
		wg.Go(func() { b.write(ctx, k, fmt.Sprint("w", i, "-"), 1500) })
	}
	stop = func() {
		cancel()
		wg.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// TestRealtimeKilled: two peers under load that are killed at random points, while links are cut now and then. In the end both hold the same, nothing
// that was acknowledged is gone, and no old value has come back.
func TestRealtimeKilled(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(uint64(*realtimeKills), 5))
	a, b := pair(t)
	books := newLedger()
	stop := writing(t, books, a, b)
	for i := range *realtimeKills {
		victim := []*kept{a, b}[rnd.IntN(2)]
		if rnd.IntN(2) == 0 { // in the middle of what goes between them
			victim.proxy.await(rnd.IntN(40_000))
		} else {
			for range rnd.IntN(8) {
				<-books.step
			}
		}
		cut := rnd.IntN(3) == 0
		victim.proxy.cutAfter(func() int {
			if !cut {
				return 0
			}
			cut = false // the next one lives
			return 1 + rand.IntN(20_000)
		})
		victim.exact()
		victim.kill()
		victim.start()
		if t.Failed() {
			t.Fatalf("kill %d", i)
		}
	}
	stop()
	a.drained()
	b.drained()
	a.exact()
	b.exact()
	a.stop()
	b.stop()
	books.judge(t, same(t, a, b))
	t.Logf("%d writes, %d tries, %d kills, %d cuts", books.count, sum(books.tried), *realtimeKills, a.proxy.cutSoFar()+b.proxy.cutSoFar())
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n = max(n, v)
	}
	return n
}

// TestRealtimeCut: links that are cut in the middle of frames, again and again.
func TestRealtimeCut(t *testing.T) {
	a, b := pair(t)
	books := newLedger()
	stop := writing(t, books, a, b)
	for _, p := range []*proxy{a.proxy, b.proxy} {
		rnd := rand.New(rand.NewPCG(9, 9))
		p.cutAfter(func() int { return 1 + rnd.IntN(30_000) })
		for c := range p.openNow() {
			_ = c.Close()
		}
	}
	ok := assertEventually(func() bool { return a.proxy.cutSoFar()+b.proxy.cutSoFar() >= *realtimeCuts })
	require.True(t, ok, "%d and %d cuts", a.proxy.cutSoFar(), b.proxy.cutSoFar())
	stop()
	a.proxy.cutAfter(nil)
	b.proxy.cutAfter(nil)
	a.drained()
	b.drained()
	for _, k := range []*kept{a, b} {
		k.until(func(r *status.Report) bool {
			return r.Remotes[0].Positions.Kept > 0 && r.Remotes[0].Positions.Diverged == 0
		}, "no resume")
	}
	a.stop()
	b.stop()
	books.judge(t, same(t, a, b))
	t.Logf("%d writes, %d cuts", books.count, a.proxy.cutSoFar()+b.proxy.cutSoFar())
}

// onlyLinux says loudly where the disk cannot be made to fail.
func onlyLinux(t *testing.T) {
	if faulty.CanFailSyncs {
		return
	}
	const why = "the disk of a process can be made to fail on Linux alone, on amd64 and arm64"
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip("NOT TESTED: " + why)
}

// size gives the bytes of the largest file of a peer.
func (k *kept) size() (largest uint64) {
	files, err := os.ReadDir(k.dir)
	require.NoError(k.t, err)
	for _, f := range files {
		if info, err := os.Stat(filepath.Join(k.dir, f.Name())); err == nil {
			largest = max(largest, uint64(info.Size()))
		}
	}
	return largest
}

// TestRealtimeFullDisk: a receiver whose disk is full acknowledges nothing that it cannot keep, and goes on answering; a writer is told so. With
// room again, everything comes.
func TestRealtimeFullDisk(t *testing.T) {
	onlyLinux(t)
	a, b := pair(t)
	value := strings.Repeat("x", 300_000)
	put := func(k *kept, key string) (int, string) {
		code, _, errs := outcome(t, "put", k.where(), "default", key, value)
		return code, errs
	}
	code, errs := put(a, "first")
	require.Equal(t, 0, code, errs)
	a.drained()
	require.NoError(t, faulty.LimitFiles(b.cmd.Process.Pid, b.size()))
	for i := range 8 {
		code, errs := put(a, fmt.Sprint("at a ", i))
		require.Equal(t, 0, code, errs)
	}
	b.until(func(r *status.Report) bool { return r.Sources[0].Failures > 2 }, "its disk is not full")
	a.until(func(r *status.Report) bool {
		return r.Remotes[0].QueueRecords > 0 && r.Remotes[0].Stable+1 < r.Remotes[0].Next
	}, "all is acknowledged")
	var refused bool
	for i := range 8 {
		if code, errs := put(b, fmt.Sprint("at b ", i)); code != 0 {
			refused = true
			require.Equal(t, 1, code)
			require.Contains(t, errs, "DISK_FULL")
			require.Contains(t, errs, "processed: no")
		}
	}
	require.True(t, refused)
	code, out, errs := outcome(t, "get", b.where(), "default", "first")
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "xxx")

	require.NoError(t, faulty.LimitFiles(b.cmd.Process.Pid, 1<<40))
	code, errs = put(b, "last")
	require.Equal(t, 0, code, errs)
	a.drained()
	b.drained()
	a.stop()
	b.stop()
	all := same(t, a, b)
	require.Contains(t, all, "last")
	for i := range 8 {
		require.Contains(t, all, fmt.Sprint("at a ", i))
	}
}

// TestRealtimeSyncFails: a peer whose syncs fail acknowledges nothing any more, neither to writers nor to senders; its next process has what was
// acknowledged, and everything comes.
func TestRealtimeSyncFails(t *testing.T) {
	onlyLinux(t)
	a, b := pair(t)
	books := newLedger()
	stop := writing(t, books, a, b)
	for range 20 {
		<-books.step
	}
	require.NoError(t, b.cmd.Process.Signal(syscall.SIGUSR1))
	b.mu.Lock()
	said := b.said
	b.mu.Unlock()
	<-said
	code, _, errs := outcome(t, "put", b.where(), "default", "refused", "x")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "DISK")
	require.Contains(t, errs, "processed: maybe")
	stable := func() (n uint64) {
		a.until(func(r *status.Report) bool { n = r.Remotes[0].Stable; return true }, "")
		return n
	}
	was := stable()
	for range 20 {
		<-books.step // those of a
	}
	require.Equal(t, was, stable(), "b has acknowledged what it cannot keep")
	stop()
	b.kill()
	b.start()
	a.drained()
	b.drained()
	a.stop()
	b.stop()
	books.judge(t, same(t, a, b))
}

// TestRealtimeDrains: a peer that ends in good order has sent what was queued where it could, and keeps the rest.
func TestRealtimeDrains(t *testing.T) {
	a, b := newKept(t, "a"), newKept(t, "b")
	a.to(b)
	a.start()
	for i := range 20 {
		code, _, errs := outcome(t, "put", a.where(), "default", fmt.Sprint(i), "1")
		require.Equal(t, 0, code, errs)
	}
	a.stop() // nobody is there to take it
	b.start()
	a.start()
	a.until(func(r *status.Report) bool { return r.Remotes[0].Attached }, "not attached")
	for i := range 20 {
		code, _, errs := outcome(t, "put", a.where(), "default", fmt.Sprint("late", i), "2")
		require.Equal(t, 0, code, errs)
	}
	a.stop()
	require.Equal(t, "", a.where())
	b.until(func(r *status.Report) bool { return r.Sources[0].Applied == 40 }, "it was not drained")
	b.stop()
	require.Len(t, same(t, a, b), 40)
}
