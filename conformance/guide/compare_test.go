package guide

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handfast/codec/explain"
)

// TestDiffKeepsBothSides: whatever two inputs are, the lines of both and of one side make that side again.
func TestDiffKeepsBothSides(t *testing.T) {
	l := library(t)
	for _, v := range l.Vectors.Vectors {
		if v.Twinned == nil {
			continue
		}
		c := compare(v)
		assert.Equal(t, hexOf(linesOf(v.Input, whatOf(v.Op), v.Limit())), sideHex(c.Lines, OfInput), v.ID)
		assert.Equal(t, hexOf(linesOf(v.Twinned.Input, whatOf(v.Op), v.Limit())), sideHex(c.Lines, OfTwin), v.ID)
		changed := false
		for _, line := range c.Lines {
			changed = changed || line.Of != OfBoth
		}
		assert.True(t, changed, "%s: nothing is marked", v.ID)
	}
}

func hexOf(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Hex)
	}
	return b.String()
}

func sideHex(lines []Line, side string) string {
	var own []Line
	for _, l := range lines {
		if l.Of == OfBoth || l.Of == side {
			own = append(own, l)
		}
	}
	return hexOf(own)
}

func TestDiffering(t *testing.T) {
	assert.Equal(t, []int{1, 3}, differing("AABBCC", "AA00CCDD"))
	assert.Empty(t, differing("AABB", "AABB"))
	assert.Empty(t, differing("AABB", "AA"))
}

func TestPrintedFields(t *testing.T) {
	p := new(printer)
	p.lines(linesOf([]byte{0xC4, 0x02, 1, 2}, explain.Msgpack, 0), false)
	assert.Contains(t, p.b.String(), "C4 02 01 02")
	long := make([]Line, 100)
	for i := range long {
		long[i] = Line{Of: OfBoth, Offset: i, Hex: "00", Name: "x"}
	}
	long[50].Of, long[50].Wrong = OfInput, []int{0}
	p = new(printer)
	p.lines(long, true)
	assert.Equal(t, "           ... 48 fields", strings.Split(p.b.String(), "\n")[0])
	assert.Equal(t, 1+2+2+2+1, strings.Count(p.b.String(), "\n"), p.b.String())
}
