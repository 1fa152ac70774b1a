package delivery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

func starts(n ...uint64) (l codec.Lineage) {
	for i := 0; i < len(n); i += 3 {
		l = append(l, codec.Epoch{Epoch: n[i], Nonce: n[i+1], First: n[i+2]})
	}
	return l
}

func known() *Cursor {
	return &Cursor{ID: [16]byte{1}, Lineage: starts(1, 70, 1, 2, 71, 40), Stable: 57, Ranges: []codec.Range{{First: 60, Last: 61}}}
}

func offer(first, next, stable uint64, l codec.Lineage) *codec.Channel {
	return &codec.Channel{ID: [16]byte{1}, Lineage: l, First: first, Next: next, Stable: stable}
}

// TestPositionTable is the worked table of spec/delivery.md, and the rows that it has no room for (CHAN-017).
func TestPositionTable(t *testing.T) {
	const kept, lost, diverged = codec.PositionKept, codec.PositionLost, codec.PositionDiverged
	two := starts(1, 70, 1, 2, 71, 40)
	more := []codec.Range{{First: 60, Last: 61}}
	for _, tc := range []struct {
		name          string
		offered       *codec.Channel
		foreign, full bool
		row           int
		state         codec.PositionState
		stable, dup   uint64
		ranges        []codec.Range
		code          codec.Code
	}{
		{"same process", offer(51, 66, 50, two), false, false, 8, kept, 57, 0, more, 0},
		{"lost queue", offer(66, 66, 50, append(two[:2:2], codec.Epoch{Epoch: 3, Nonce: 72, First: 66})), false, false, 8, kept, 57, 0, more, 0},
		{"restored from the first epoch", offer(31, 48, 30, starts(1, 70, 1, 2, 75, 45)), false, false, 6, diverged, 39, 0, nil, 0},
		{"restored from the second epoch", offer(31, 59, 30, starts(1, 70, 1, 2, 71, 40, 3, 77, 59)), false, false, 6, diverged, 57, 0, nil, 0},
		{"nothing in common", offer(1, 10, 0, starts(1, 90, 1)), false, false, 5, diverged, 0, 9, nil, 0},
		{"older process", offer(21, 40, 20, starts(1, 70, 1)), false, false, 2, "", 0, 0, nil, codec.CodeEpochStale},
		{"receiver restored", offer(65, 66, 64, two), false, false, 7, diverged, 57, 0, more, 0},
		{"other id", &codec.Channel{ID: [16]byte{2}, Lineage: starts(1, 80, 1), First: 1, Next: 5}, false, false, 4, lost, 0, 4, nil, 0},
		{"other id, with the places taken", &codec.Channel{ID: [16]byte{2}, Lineage: starts(1, 80, 1), First: 1, Next: 5}, false, true, 4, lost, 0, 4, nil, 0},
		{"foreign", offer(51, 66, 50, two), true, false, 1, codec.PositionForeign, 0, 0, nil, 0},
		{"same epoch, other nonce", offer(41, 66, 40, starts(1, 70, 1, 2, 99, 40)), false, false, 6, diverged, 39, 0, nil, 0},
		{"oldest entry was dropped", offer(51, 66, 50, starts(2, 71, 40)), false, false, 8, kept, 57, 0, more, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			have := known()
			f := find(have, tc.offered, tc.foreign, tc.full, rules{})
			require.Equal(t, known(), have, "the known cursor is not changed")
			require.Equal(t, tc.row, f.row)
			if tc.code != 0 {
				require.Equal(t, tc.code, f.reject.Code)
				return
			}
			require.Nil(t, f.reject)
			require.Equal(t, tc.state, f.state)
			require.Equal(t, tc.stable, f.cursor.Stable)
			require.Equal(t, tc.dup, f.cursor.Dup)
			require.Equal(t, len(tc.ranges), len(f.cursor.Ranges))
			if len(tc.ranges) > 0 {
				require.Equal(t, tc.ranges, f.cursor.Ranges)
			}
			if tc.row > 1 {
				require.Equal(t, tc.offered.Lineage, f.cursor.Lineage)
				require.Equal(t, tc.state != kept, f.cursor.CheckOwed(), "CHAN-019")
			}
		})
	}
	f := find(nil, offer(51, 66, 50, two), false, true, rules{})
	require.Equal(t, 3, f.row)
	require.Equal(t, codec.CodeOverloaded, f.reject.Code)
	f = find(nil, offer(51, 66, 50, two), false, false, rules{})
	require.Equal(t, 4, f.row)
	require.Equal(t, []uint64{50, 65}, []uint64{f.cursor.Stable, f.cursor.Dup})
}

// TestDupEndsAtThePoint: above it stand other records now, and no sender would understand a dup beyond its next.
func TestDupEndsAtThePoint(t *testing.T) {
	have := known()
	have.Dup = 80
	f := find(have, offer(31, 59, 30, starts(1, 70, 1, 2, 71, 40, 3, 77, 59)), false, false, rules{})
	require.EqualValues(t, 58, f.cursor.Dup)
}
