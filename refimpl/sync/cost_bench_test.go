package sync_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/codec"
	"handfast/refimpl/store"
	"handfast/refimpl/sync"
)

// What the measurements are about: objects, and cells of each store.
const (
	costObjects = 1_000_000
	costCells   = 65_535
)

func costKey(i int) string { return fmt.Sprintf("object/%09d", i) }

// spreadKey gives keys in no order.
func spreadKey(i int) string { return fmt.Sprintf("object/%016x", uint64(i)*0x9E3779B97F4A7C15) }

// fill makes so many objects with values of so many bytes, in transactions of 10,000.
func fill(b *testing.B, s store.Store, name func(int) string, objects, size int) {
	b.Helper()
	value := make([]byte, size)
	for i := 0; i < objects; {
		update(b, s, func(tx store.Tx) error {
			for end := min(i+10_000, objects); i < end; i++ {
				if _, err := tx.Put(key(name(i)), nil, value); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// twins are two stores with the same objects and clocks.
func twins(b *testing.B, objects int) (one, other *store.Bolt) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "one")
	cells := func(c *store.Config) { c.Cells = costCells }
	one = open(b, func(c *store.Config) { c.Path = path; cells(c) })
	fill(b, one, costKey, objects, 100)
	copied := filepath.Join(b.TempDir(), "other")
	from, err := os.Open(path)
	require.NoError(b, err)
	to, err := os.Create(copied)
	require.NoError(b, err)
	_, err = io.Copy(to, from) // nobody writes
	require.NoError(b, err)
	require.NoError(b, from.Close())
	require.NoError(b, to.Close())
	other = open(b, func(c *store.Config) { c.Path = copied; c.Restored = true; cells(c) })
	require.Equal(b, root(b, one), root(b, other))
	return one, other
}

// tally counts the bytes of a connection, in both directions.
type tally struct {
	net.Conn
	bytes *atomic.Int64
}

func (c tally) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c tally) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// cost is what a session took.
type cost struct {
	report *sync.Report
	bytes  int64 // of the messages and of params of OPEN, both directions
	frames int64 // on the transport, both directions, with all frames
	alloc  uint64
	took   time.Duration
	cpu    time.Duration // of this process: of both sides
}

// processor gives the processor time that this process has taken.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs a session over a link that is open already.
func measure(b *testing.B, from, to store.Store, plan sync.Plan) cost {
	b.Helper()
	bytes := new(atomic.Int64)
	dc, ac := tcpPair(b)
	d := cellPair(b, tally{dc, bytes}, ac, sync.NewHandler(sync.Settings{Store: to}), cellsOf(from), cellsOf(to))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	first, begin, cpu := bytes.Load(), time.Now(), processor(b)
	r, err := sync.Run(b.Context(), d, sync.Options{Store: from, Namespace: ns, Plan: plan})
	took, used := time.Since(begin), processor(b)
	require.NoError(b, err)
	runtime.ReadMemStats(&after)
	params := codec.SyncParams{Namespace: ns}.Append(nil)
	messages := int64(r.In.Bytes+r.Out.Bytes) + int64(len(params))
	return cost{r, messages, bytes.Load() - first, after.TotalAlloc - before.TotalAlloc, took, used - cpu}
}

// cellsOf gives how many cells a store keeps: no more may be offered (CELL-010).
func cellsOf(s store.Store) int { return s.(store.Sketcher).Cells() }

// change overwrites so many objects with values of 1 KiB, and gives the bytes of their encodings and keys.
func change(b *testing.B, s store.Store, objects, changed int, value string) (bytes int) {
	b.Helper()
	update(b, s, func(tx store.Tx) error {
		for i := range changed {
			k := key(costKey(i * 97 % objects))
			set, err := store.Overwrite(tx, k, append([]byte(value), make([]byte, 1_024)...))
			if err != nil {
				return err
			}
			bytes += set.EncodedSize() + len(k.Name)
		}
		return nil
	})
	return bytes
}

// BenchmarkCost is what a session about 10^6 objects takes of which so many are changed on the answering side. B/session is the bytes of all messages in
// both directions, with params of OPEN, B/meta those without the changed objects and their keys, and B/wire everything on the transport, with frames,
// lengths, opening and end; turns are round trips behind OPEN; cpu_s is the processor time of both sides. The plans:
// since: what every session does; dry: CHECK and DIGEST, or CELLS and SKETCH, alone; scrub: the same and the repair.
func BenchmarkCost(b *testing.B) {
	one, other := twins(b, costObjects)
	for _, plan := range []struct {
		name string
		plan sync.Plan
	}{
		{"since", sync.Plan{NoCells: true}},
		{"dry", sync.Plan{DryRun: true, NoCells: true}},
		{"dry-cells", sync.Plan{DryRun: true}},
		{"scrub", sync.Plan{NoSince: true, NoCells: true}},
		{"scrub-cells", sync.Plan{NoSince: true}},
	} {
		for _, changed := range []int{0, 1, 10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", plan.name, changed), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					b.StopTimer()
					bytes := change(b, other, costObjects, changed, fmt.Sprint(plan.name, changed, i))
					b.StartTimer()
					c := measure(b, one, other, plan.plan)
					b.StopTimer()
					meta := c.bytes - int64(bytes)
					if plan.plan.DryRun {
						meta = c.bytes
						require.Equal(b, changed, c.report.Found.Both)
						measure(b, one, other, sync.Plan{})
					} else {
						require.Equal(b, sync.OK, c.report.Outcome)
						require.EqualValues(b, changed, c.report.Mine.Received)
					}
					b.ReportMetric(float64(c.bytes), "B/session")
					b.ReportMetric(float64(c.frames), "B/wire")
					b.ReportMetric(c.cpu.Seconds(), "cpu_s")
					b.ReportMetric(float64(meta), "B/meta")
					b.ReportMetric(float64(c.report.Turns), "turns")
					b.ReportMetric(float64(c.alloc), "alloc_B")
					b.ReportMetric(c.took.Seconds(), "s/session")
					b.StartTimer()
				}
			})
		}
	}
}

// BenchmarkRepair repairs an empty store with 100,000 objects of 1 KiB, and writes the same bytes with the engine alone, in transactions of 64 and of 1,000
// objects. x_bare64 and x_bare1000 are the rate of the session, as a part of those. With keys in order the engine fills one page behind the
// other; with keys in no order it rewrites pages all over the file, as stores do whose keys are names.
func BenchmarkRepair(b *testing.B) {
	b.Run("ordered", func(b *testing.B) { repair(b, costKey) })
	b.Run("spread", func(b *testing.B) { repair(b, spreadKey) })
}

func repair(b *testing.B, name func(int) string) {
	const objects, size = 100_000, 1_024
	for b.Loop() {
		b.StopTimer()
		from, to := open(b), open(b)
		fill(b, from, name, objects, size)
		b.StartTimer()
		c := measure(b, to, from, sync.Plan{})
		b.StopTimer()
		require.Equal(b, sync.OK, c.report.Outcome)
		require.EqualValues(b, objects, c.report.Mine.Received)
		set, err := from.Get(key(name(1)))
		require.NoError(b, err)
		encoded, err := set.AppendBinary(nil)
		require.NoError(b, err)
		b.ReportMetric(c.took.Seconds(), "s/session")
		b.ReportMetric(objects/c.took.Seconds(), "objects/s")
		for _, atOnce := range []int{64, 1_000} {
			bare := writeBare(b, name, objects, atOnce, encoded)
			b.ReportMetric(bare.Seconds()/c.took.Seconds(), fmt.Sprintf("x_bare%d", atOnce))
		}
		b.StartTimer()
	}
}

// writeBare writes objects with the engine alone.
func writeBare(b *testing.B, name func(int) string, objects, atOnce int, encoded []byte) time.Duration {
	b.Helper()
	db, err := bolt.Open(filepath.Join(b.TempDir(), "bare"), 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	require.NoError(b, err)
	begin := time.Now()
	for i := 0; i < objects; {
		require.NoError(b, db.Update(func(bt *bolt.Tx) error {
			bucket, err := bt.CreateBucketIfNotExists([]byte("objects"))
			for end := min(i+atOnce, objects); i < end && err == nil; i++ {
				err = bucket.Put([]byte(name(i)), encoded)
			}
			return err
		}))
	}
	took := time.Since(begin)
	require.NoError(b, db.Close())
	return took
}
