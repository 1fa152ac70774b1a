package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/status"
)

// TestRepairProcess: what a queue had to drop is owed over the end of the process, comes by a session as soon as both are there again, and is owed no more:
// by neither side, and not by the next process (REAL-040, REAL-041).
func TestRepairProcess(t *testing.T) {
	t.Parallel()
	a, b := newKept(t, "a"), newKept(t, "b")
	a.pays, b.pays = true, true
	a.to(b)
	a.args = append(a.args, "--realtime-queue", "20000")
	a.start()
	b.start()
	put := func(key, value string) {
		t.Helper()
		code, _, errs := outcome(t, "put", a.where(), "default", key, value)
		require.Equal(t, 0, code, errs)
	}
	paid := func() {
		t.Helper()
		a.until(func(r *status.Report) bool { return len(r.Repairs) == 1 && !r.Remotes[0].CheckOwed }, "it owes a CHECK")
		b.until(func(r *status.Report) bool { return len(r.Sources) == 1 && !r.Sources[0].CheckOwed }, "it owes a CHECK")
	}
	put("first", "1")
	paid()
	b.stop()
	value := strings.Repeat("x", 1000)
	for i := range 40 {
		put(fmt.Sprint("key", i), value)
	}
	owed := func(r *status.Report) bool { return r.Remotes[0].CheckOwed && len(r.Repairs) == 0 }
	a.until(func(r *status.Report) bool { return r.Remotes[0].CheckOwed }, "nothing was lost")
	a.kill()
	a.start()
	a.until(owed, "the note is gone with the process")
	_, out, _ := outcome(t, "status", a.where())
	require.Contains(t, out, "OWED")

	b.start()
	a.until(func(r *status.Report) bool {
		return !r.Remotes[0].CheckOwed && len(r.Repairs) == 1 && r.Repairs[0].Repaired > 0
	}, "it is not repaired")
	b.until(func(r *status.Report) bool {
		return r.Sources[0].Gaps.Overflow > 0 && !r.Sources[0].CheckOwed && r.Store.Objects == 41
	}, "it is not repaired")
	_, out, _ = outcome(t, "status", a.where())
	require.NotContains(t, out, "OWED")
	require.Contains(t, out, "REPAIR WITH")
	require.Contains(t, out, "repaired")
	a.stop() // one that is killed queues again what it had queued last, and its queue is small
	a.start()
	a.until(func(r *status.Report) bool {
		return r.Remotes[0].Attached && !r.Remotes[0].CheckOwed && len(r.Repairs) == 0
	}, "it is owed again")
	a.stop()
	b.stop()
	require.Len(t, same(t, a, b), 41)
}
