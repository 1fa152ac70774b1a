package delivery

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// list is the simplest queue there is, to hold Volatile against.
type list struct {
	first, next, stable, bytes, limit uint64
	records                           map[uint64][]byte // of first to next-1, but for holes
	holes                             map[uint64]uint32 // above stable
}

func (l *list) append(data []byte) {
	l.records[l.next] = data
	l.bytes += uint64(len(data)) + RecordOverhead
	l.next++
	for l.bytes > l.limit {
		l.shift(codec.GapOverflow)
	}
	l.settle()
}

// shift takes the oldest number out; reason 0 says that it is stable.
func (l *list) shift(reason uint32) {
	data, ok := l.records[l.first]
	if ok && reason != 0 {
		l.holes[l.first] = reason
	}
	delete(l.records, l.first)
	l.bytes -= uint64(len(data)) + RecordOverhead
	l.first++
}

func (l *list) settle() {
	for l.first < l.next && l.records[l.first] == nil {
		l.shift(codec.GapOverflow) // it is a hole already
	}
}

func (l *list) free(stable uint64) {
	for seq := range l.holes {
		if seq <= stable {
			delete(l.holes, seq)
		}
	}
	for l.first < l.next && l.first <= stable {
		l.shift(0)
	}
	l.stable = max(l.stable, stable)
	l.settle()
}

func (l *list) drop(first, last uint64, reason uint32) {
	for seq := max(first, l.first); seq <= last && seq < l.next; seq++ {
		if data, ok := l.records[seq]; ok {
			l.bytes -= uint64(len(data))
			delete(l.records, seq)
			l.holes[seq] = reason
		}
	}
	l.settle()
}

func (l *list) renew() {
	kept := map[uint64][]byte{}
	n := uint64(0)
	l.bytes = 0
	for seq := l.first; seq < l.next; seq++ {
		if data, ok := l.records[seq]; ok {
			n++
			kept[n] = data
			l.bytes += uint64(len(data)) + RecordOverhead
		}
	}
	l.first, l.next, l.stable, l.records, l.holes = 1, n+1, 0, kept, map[uint64]uint32{}
}

// TestVolatileIsAList: whatever is done with a queue, it says what the simplest one would, and what Run gives is what Get gives.
func TestVolatileIsAList(t *testing.T) {
	sizes := []int{0, 1, 60, 60, 60, 900, ownFrom - 5, ownFrom - 1, ownFrom, ownFrom + 1, 20_000}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		limit := uint64(20_000 + rng.IntN(400_000))
		q := NewVolatile("q", limit)
		l := &list{first: 1, next: 1, limit: limit, records: map[uint64][]byte{}, holes: map[uint64]uint32{}}
		data := func() []byte {
			return bytes.Repeat([]byte{byte(rng.Uint32())}, sizes[rng.IntN(len(sizes))])
		}
		for range 600 {
			switch rng.IntN(8) {
			case 0, 1, 2:
				one := data()
				seq, err := q.Append(one)
				require.NoError(t, err)
				require.Equal(t, l.next, seq)
				l.append(one)
			case 3:
				many := make([][]byte, rng.IntN(60))
				for i := range many {
					many[i] = data()
				}
				first, n, err := q.AppendAll(many)
				require.NoError(t, err)
				require.Equal(t, len(many), n)
				require.Equal(t, l.next, first)
				for _, one := range many {
					l.append(one)
				}
			case 4, 5:
				if l.next > 1 {
					stable := rng.Uint64N(l.next)
					require.NoError(t, q.Free(stable))
					if stable > l.stable {
						l.free(stable)
					}
				}
			case 6:
				first := l.first + rng.Uint64N(l.next-l.first+2)
				last, reason := first+rng.Uint64N(20), []uint32{codec.GapExpired, codec.GapFiltered}[rng.IntN(2)]
				require.NoError(t, q.Drop(first, last, reason))
				l.drop(first, last, reason)
			case 7:
				if rng.IntN(20) == 0 {
					require.NoError(t, q.Renew())
					l.renew()
				}
			}
			same(t, seed, q, l, rng)
		}
	}
}

func same(t *testing.T, seed uint64, q *Volatile, l *list, rng *rand.Rand) {
	t.Helper()
	b := q.Bounds()
	h := q.Head()
	require.Equal(t, h.bounds(), b)
	have, _ := q.Bytes()
	require.Equal(t, []uint64{l.first, l.next, l.stable, l.bytes}, []uint64{b.First, b.Next, b.Stable, have}, "seed %d", seed)
	for range 4 {
		seq := l.stable + 1 + rng.Uint64N(l.next-l.stable)
		if seq >= l.next {
			continue
		}
		want, ok := l.records[seq]
		got, there := q.Get(seq)
		require.Equal(t, ok, there, "seed %d record %d", seed, seq)
		require.True(t, bytes.Equal(want, got), "seed %d record %d", seed, seq)
		if !there {
			to, reason := q.Hole(seq)
			require.Equal(t, l.holes[seq], reason, "seed %d record %d", seed, seq)
			for at := seq; at <= to; at++ {
				require.Equal(t, reason, l.holes[at], "seed %d record %d", seed, at)
			}
		}
		r := q.Run(seq, 1<<16)
		require.Equal(t, ok, r.Count() > 0)
		wire := codec.Pieces{}
		if n := r.Count(); n > 0 {
			var pieces [][]byte
			for i := range n {
				require.True(t, bytes.Equal(l.records[seq+uint64(i)], r.Record(i)), "seed %d record %d", seed, seq+uint64(i))
				require.Equal(t, len(r.Record(i)), r.Size(i))
				pieces = append(pieces, r.Record(i))
			}
			wire = codec.NewPieces(0, pieces...)
			require.Equal(t, 4*n+wire.Bytes(), len(r.append(nil, n)))
		}
	}
}

// TestSlabsAreUsedAgain: a queue that lives long takes no memory for each record, and an empty one holds little.
func TestSlabsAreUsedAgain(t *testing.T) {
	q := NewVolatile("q", plenty)
	many := make([][]byte, 64)
	for i := range many {
		many[i] = make([]byte, 64)
	}
	step := func() {
		first, n, err := q.AppendAll(many)
		require.NoError(t, err)
		if last := first + uint64(n) - 1; last > 1024 {
			require.NoError(t, q.Free(last-1024))
		}
	}
	for range 1000 {
		step()
	}
	require.Less(t, testing.AllocsPerRun(2000, step), 1.0)
	require.NoError(t, q.Free(q.Bounds().Next-1))
	require.Nil(t, q.records.open)
	require.Empty(t, q.records.list)
	for range 20 { // one at a time needs no large memory
		seq, err := q.Append(many[0])
		require.NoError(t, err)
		require.NoError(t, q.Free(seq))
	}
	_, err := q.Append(many[0])
	require.NoError(t, err)
	require.LessOrEqual(t, cap(q.records.open.data), 2*firstSlab)
}

// TestSlabBetweenLargeRecords: small records between large ones do not take a slab each.
func TestSlabBetweenLargeRecords(t *testing.T) {
	q := NewVolatile("q", plenty)
	memory := map[*byte]bool{}
	for range 200 {
		_, err := q.Append([]byte("small"))
		require.NoError(t, err)
		memory[&q.records.open.data[:cap(q.records.open.data)][cap(q.records.open.data)-1]] = true
		_, err = q.Append(make([]byte, ownFrom))
		require.NoError(t, err)
	}
	require.Less(t, len(memory), 4, "slabs of 1 KiB and 2 KiB")
}
