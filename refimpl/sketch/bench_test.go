package sketch_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
)

// benchItems are random items, the same in every run.
func benchItems(n int) []digest.Item {
	rng := rand.New(rand.NewPCG(1, 11))
	items := make([]digest.Item, n)
	for i := range items {
		items[i] = randomItem(rng)
	}
	return items
}

// BenchmarkUpkeep is the change of one object.
func BenchmarkUpkeep(b *testing.B) {
	for _, cells := range []int{64, 1_024, 16_384, sketch.MaxCells} {
		b.Run(fmt.Sprint(cells), func(b *testing.B) {
			items := benchItems(100_000)
			s := newSketch(b, [16]byte{}, cells)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				was := items[i%len(items)]
				now := was
				now[15]++
				s.Change(was, now)
			}
		})
	}
}

// BenchmarkBuild is the first sketch of 10^6 items.
func BenchmarkBuild(b *testing.B) {
	for _, cells := range []int{1_024, 16_384, sketch.MaxCells} {
		b.Run(fmt.Sprint(cells), func(b *testing.B) {
			items := benchItems(1_000_000)
			b.ReportAllocs()
			for b.Loop() {
				s := newSketch(b, [16]byte{}, cells)
				for _, it := range items {
					s.Add(it)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/10^6")
		})
	}
}

// BenchmarkSession is the work of both sides for one session over 10^6 items of which so many objects are changed: the copy of
// the sketch and the encoding of the cells on one side, the copy, the parsing and the decoding on the other. B/session is the bytes of the cells that it takes.
func BenchmarkSession(b *testing.B) {
	base := newSketch(b, [16]byte{}, sketch.MaxCells)
	for _, it := range benchItems(1_000_000) {
		base.Add(it)
	}
	for _, changed := range []int{0, 1, 10, 100, 1_000, 10_000, 20_000} {
		b.Run(fmt.Sprint(changed), func(b *testing.B) {
			own, other := base.Prefix(sketch.MaxCells), base.Prefix(sketch.MaxCells)
			rng := rand.New(rand.NewPCG(1, 17))
			for _, it := range benchItems(changed) {
				newer, newest := changedState(rng, it), changedState(rng, it)
				own.Change(it, newer)
				other.Change(it, newest)
			}
			b.ReportAllocs()
			used := 0
			for b.Loop() {
				used = session(b, own, other)
			}
			b.ReportMetric(float64(used*sketch.CellSize), "B/session")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/session")
		})
	}
}

// session gives the number of cells that the difference takes.
func session(b *testing.B, own, other *sketch.Sketch) int {
	snapshot, d := other.Prefix(other.Len()), sketch.NewDecoder(own)
	var raw []byte
	for at := 0; !d.Done(); {
		raw = snapshot.AppendCells(raw[:0], at, 16)
		cells, err := sketch.ParseCells(raw)
		if err != nil || len(cells) == 0 {
			b.Fatal(err, at)
		}
		if err := d.Add(cells); err != nil {
			b.Fatal(err)
		}
		at += len(cells)
	}
	return d.Used()
}
