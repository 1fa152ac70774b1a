package digest_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/digest"
)

// naive is the definition, over all items.
func naive(items []digest.Item, depth int) (fp [16]byte) {
	if len(items) == 0 {
		return fp
	}
	slices.SortFunc(items, digest.Item.Compare)
	b := []byte{'L'}
	if len(items) > 32 && depth < 16 {
		b[0] = 'N'
		for nib := range byte(16) {
			var part []digest.Item
			for _, it := range items {
				if it[depth/2]>>(4*(1-depth%2))&15 == nib {
					part = append(part, it)
				}
			}
			sub := naive(part, depth+1)
			b = append(b, sub[:]...)
		}
	} else {
		for _, it := range items {
			b = append(b, it[:]...)
		}
	}
	sum := sha256.Sum256(b)
	copy(fp[:], sum[:])
	return fp
}

// randomItem makes items of which many share long prefixes.
func randomItem(rng *rand.Rand) (it digest.Item) {
	binary.BigEndian.PutUint64(it[8:], rng.Uint64())
	switch rng.IntN(3) {
	case 0:
		binary.BigEndian.PutUint64(it[:8], rng.Uint64()&0x0f0f)
	case 1:
		binary.BigEndian.PutUint64(it[:8], 7)
	default:
		binary.BigEndian.PutUint64(it[:8], rng.Uint64())
	}
	return it
}

func TestAgreesWithTheDefinition(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var tree digest.Tree
		var items []digest.Item
		for step := range 600 {
			if len(items) > 0 && rng.IntN(100) < int(seed%100) {
				i := rng.IntN(len(items))
				require.True(t, tree.Remove(items[i]))
				require.False(t, tree.Remove(items[i]))
				items = slices.Delete(items, i, i+1)
			} else {
				items = append(items, randomItem(rng))
				tree.Add(items[len(items)-1], 5)
			}
			if step%7 == 0 {
				got := tree.Summary(nil)
				require.Equal(t, digest.Summary{Count: uint64(len(items)), FP: naive(slices.Clone(items), 0)}, got, "seed %d", seed)
			}
		}
		checkParts(t, &tree, items, rng)
		var list []digest.Ref
		for _, it := range items {
			list = append(list, digest.Ref{Item: it, Ref: 5})
		}
		loaded := digest.Load(list)
		checkParts(t, loaded, items, rng)
		for _, it := range items[:len(items)/2] { // a loaded tree changes as any other
			require.True(t, loaded.Remove(it))
			loaded.Add(it, 5)
		}
		require.Equal(t, tree.Summary(nil), loaded.Summary(nil))
		for _, it := range items {
			require.True(t, tree.Remove(it))
		}
		require.Equal(t, digest.Summary{}, tree.Summary(nil))
	}
}

func checkParts(t *testing.T, tree *digest.Tree, items []digest.Item, rng *rand.Rand) {
	t.Helper()
	slices.SortFunc(items, digest.Item.Compare)
	for range 40 {
		p := make(digest.Prefix, rng.IntN(17))
		it := randomItem(rng)
		if len(items) > 0 && rng.IntN(2) == 0 {
			it = items[rng.IntN(len(items))]
		}
		for i := range p {
			p[i] = it[i/2] >> (4 * (1 - i%2)) & 15
		}
		var want []digest.Item
		for _, it := range items {
			same := true
			for i, n := range p {
				same = same && it[i/2]>>(4*(1-i%2))&15 == n
			}
			if same {
				want = append(want, it)
			}
		}
		require.Equal(t, digest.Summary{Count: uint64(len(want)), FP: naive(slices.Clone(want), len(p))}, tree.Summary(p))
		var got []digest.Item
		var after *digest.Item
		for more := true; more; {
			var page []digest.Item
			page, more = tree.List(p, after, 7)
			require.True(t, len(page) == 7 || !more)
			got = append(got, page...)
			if len(page) > 0 {
				after = &page[len(page)-1]
			}
		}
		require.Equal(t, want, got)
	}
}

// TestWalkFindsTheDifference: the walk of a session finds exactly what differs.
func TestWalkFindsTheDifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var a, b digest.Tree
	for range 20000 {
		it := randomItem(rng)
		a.Add(it, 0)
		b.Add(it, 0)
	}
	want := map[digest.Item]bool{}
	for range 30 {
		it := randomItem(rng)
		want[it] = true
		b.Add(it, 0)
	}
	got := map[digest.Item]bool{}
	var walk func(p digest.Prefix)
	walk = func(p digest.Prefix) {
		sa, sb := a.Summary(p), b.Summary(p)
		if sa == sb {
			return
		}
		if sb.Count > 32 && len(p) < 16 {
			parts, err := b.Probe(p, 1)
			require.NoError(t, err)
			require.Len(t, parts, 16)
			for i := range parts {
				walk(append(slices.Clone(p), byte(i)))
			}
			return
		}
		have, _ := a.List(p, nil, 1<<20)
		theirs, _ := b.List(p, nil, 1<<20)
		for _, it := range theirs {
			if !slices.Contains(have, it) {
				got[it] = true
			}
		}
	}
	walk(nil)
	require.Equal(t, want, got)
}

func TestRefs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var tree digest.Tree
	want := map[[8]byte]map[uint64]bool{}
	for ref := range uint64(3000) {
		it := randomItem(rng)
		tree.Add(it, ref)
		kh := [8]byte(it[:8])
		if want[kh] == nil {
			want[kh] = map[uint64]bool{}
		}
		want[kh][ref] = true
	}
	for kh, refs := range want {
		got := tree.Refs(kh)
		require.Len(t, got, len(refs))
		for _, ref := range got {
			require.True(t, refs[ref])
		}
	}
	require.Empty(t, tree.Refs([8]byte{1, 2, 3, 4, 5, 6, 7, 8}))
}

func TestPrefixesAreChecked(t *testing.T) {
	var tree digest.Tree
	for _, tc := range []struct {
		p     digest.Prefix
		depth int
	}{{nil, 0}, {nil, 3}, {nil, -1}, {digest.Prefix{16}, 1}, {make(digest.Prefix, 16), 1}, {make(digest.Prefix, 15), 2}, {make(digest.Prefix, 17), 1}} {
		_, err := tree.Probe(tc.p, tc.depth)
		require.ErrorIs(t, err, digest.ErrPrefix, "%v", tc)
	}
	parts, err := tree.Probe(make(digest.Prefix, 14), 2)
	require.NoError(t, err)
	require.Len(t, parts, 256)
}

// TestMemory holds the bound of 64 bytes an item at the sizes where leaves are fullest and emptiest.
func TestMemory(t *testing.T) {
	for _, n := range []int{100_000, 150_000, 250_000, 600_000} {
		bytes := memory(n)
		t.Logf("%d items: %.1f bytes each", n, bytes)
		require.Less(t, bytes, 64.0, n)
	}
}

func memory(n int) float64 {
	rng := rand.New(rand.NewPCG(1, 1))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tree := fill(n, rng)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(tree)
	return float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
}

func fill(n int, rng *rand.Rand) *digest.Tree {
	tree := new(digest.Tree)
	for range n {
		var it digest.Item
		binary.BigEndian.PutUint64(it[:8], rng.Uint64())
		binary.BigEndian.PutUint64(it[8:], rng.Uint64())
		tree.Add(it, 0)
	}
	return tree
}

// BenchmarkUpkeep changes one of 10^6 items and takes the root, each time.
func BenchmarkUpkeep(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	tree := fill(1_000_000, rng)
	items, _ := tree.List(nil, nil, 1<<20)
	tree.Summary(nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		it := &items[i*7919%len(items)]
		tree.Remove(*it)
		it[15]++
		tree.Add(*it, 0)
		tree.Summary(nil)
	}
}

// BenchmarkLoad makes the tree of 10^6 items at once, and its root.
func BenchmarkLoad(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	list := make([]digest.Ref, 1_000_000)
	for b.Loop() {
		for i := range list {
			binary.BigEndian.PutUint64(list[i].Item[:8], rng.Uint64())
		}
		digest.Load(list).Summary(nil)
	}
}

// BenchmarkBuild makes the tree of 10^6 items and its root.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		fill(1_000_000, rand.New(rand.NewPCG(1, 1))).Summary(nil)
	}
}
