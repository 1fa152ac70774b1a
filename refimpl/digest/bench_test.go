package digest_test

import (
	"encoding/binary"
	"runtime"
	"testing"

	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
)

// benchObjects is the number of objects of the measurements.
const benchObjects = 1_000_000

// benchSet is an object with a value of 100 bytes, after its n-th write.
func benchSet(n uint64) clock.Set {
	s, _ := clock.Set{}.Put(nil, clock.Dot{Actor: clock.Actor{1}, Counter: n + 1}, make([]byte, 100))
	return s
}

func benchName(i int) string {
	return "object/" + string(binary.BigEndian.AppendUint64(nil, uint64(i)))
}

// benchRefs are the items of so many objects.
func benchRefs(n int) []digest.Ref {
	list := make([]digest.Ref, n)
	for i := range list {
		list[i] = digest.Ref{Item: benchSet(uint64(i)).Item([16]byte{}, "n", benchName(i)), Ref: uint64(i)}
	}
	return list
}

// heap gives the bytes in use behind a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkTreeBuild is the first digest of 10^6 objects that are in memory: hashes of the objects, the tree, and its root, on one
// core. s/build is the time, B/object the memory of the tree.
func BenchmarkTreeBuild(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		before := heap()
		b.StartTimer()
		tree := digest.Load(benchRefs(benchObjects))
		tree.Summary(nil)
		b.StopTimer()
		b.ReportMetric(float64(heap()-before)/benchObjects, "B/object")
		runtime.KeepAlive(tree)
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/build")
}

// BenchmarkTreeUpkeep is the change of one of 10^6 objects: both items from the objects, one out and one in, and with every the
// root each time.
func BenchmarkTreeUpkeep(b *testing.B) {
	for _, every := range []struct {
		name string
		root int
	}{{"root-every-change", 1}, {"root-every-1000", 1_000}} {
		b.Run(every.name, func(b *testing.B) {
			refs := benchRefs(benchObjects)
			tree := digest.Load(refs)
			tree.Summary(nil)
			writes := make([]uint64, benchObjects)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at := i * 7919 % benchObjects
				was := benchSet(uint64(at) + writes[at])
				writes[at] += benchObjects
				now := benchSet(uint64(at) + writes[at])
				tree.Remove(was.Item([16]byte{}, "n", benchName(at)))
				tree.Add(now.Item([16]byte{}, "n", benchName(at)), uint64(at))
				if i%every.root == 0 {
					tree.Summary(nil)
				}
			}
		})
	}
}
