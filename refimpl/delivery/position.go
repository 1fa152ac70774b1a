package delivery

import (
	"math"
	"slices"

	"handfast/codec"
)

// finding is what a receiver makes of an OPEN with channel: a row of the table of spec/delivery.md.
type finding struct {
	row    int
	state  codec.PositionState
	cursor Cursor // the new one, in rows 4 to 8
	reject *codec.Error
	closed bool // the known channel had another id, and is closed as lost
}

// find applies the table (CHAN-017). known is nil where the receiver has nothing under the key. foreign says that the id stands under
// another key, full that no channel may be added. Neither argument is changed.
func find(known *Cursor, offered *codec.Channel, foreign, full bool, rule rules) finding {
	if foreign {
		return finding{row: 1, state: codec.PositionForeign}
	}
	if known == nil || known.ID != offered.ID {
		if known == nil && full {
			return finding{row: 3, reject: fault(codec.CodeOverloaded, codec.ScopeStream, "CHAN-017", "64 channels of this node")}
		}
		c := Cursor{ID: offered.ID, Lineage: slices.Clone(offered.Lineage), Stable: offered.Stable, Dup: offered.Next - 1}
		if known != nil {
			c.Checks, c.Checked = known.Checks, known.Checked
		}
		f := finding{row: 4, state: codec.PositionLost, cursor: c, closed: known != nil}
		if !rule.noNewCheck {
			f.cursor.Checks++
		}
		return f
	}
	if rule.noEpoch {
		return finding{row: 8, state: codec.PositionKept, cursor: known.Clone()}
	}
	newest := offered.Lineage[len(offered.Lineage)-1]
	if i := indexOf(known.Lineage, newest); i >= 0 && i < len(known.Lineage)-1 {
		return finding{row: 2, reject: fault(codec.CodeEpochStale, codec.ScopeStream, "CHAN-017", "a newer process of this sender was here")}
	}
	c := known.Clone()
	c.Lineage = slices.Clone(offered.Lineage)
	point, common := commonPoint(known.Lineage, offered)
	if common {
		c.Dup = min(c.Dup, point) // above it stand other records
	}
	switch {
	case !common:
		c.Stable, c.Ranges, c.Dup = offered.Stable, nil, offered.Next-1
		c.Checks++
		return finding{row: 5, state: codec.PositionDiverged, cursor: c}
	case c.top() > point:
		c.cut(point)
		c.Checks++
		return finding{row: 6, state: codec.PositionDiverged, cursor: c}
	case c.Stable < offered.Stable:
		c.Checks++
		return finding{row: 7, state: codec.PositionDiverged, cursor: c}
	default:
		return finding{row: 8, state: codec.PositionKept, cursor: c}
	}
}

// indexOf finds an entry by epoch and nonce.
func indexOf(l codec.Lineage, e codec.Epoch) int {
	return slices.IndexFunc(l, func(have codec.Epoch) bool { return have.Epoch == e.Epoch && have.Nonce == e.Nonce })
}

// commonPoint gives the end of the latest entry that both lineages have.
func commonPoint(known codec.Lineage, offered *codec.Channel) (point uint64, common bool) {
	for i := len(known) - 1; i >= 0; i-- {
		j := indexOf(offered.Lineage, known[i])
		if j < 0 {
			continue
		}
		point = offered.Next - 1
		if j+1 < len(offered.Lineage) {
			point = offered.Lineage[j+1].First - 1
		}
		end := uint64(math.MaxUint64)
		if i+1 < len(known) {
			end = known[i+1].First - 1
		}
		return min(point, end), true
	}
	return 0, false
}
