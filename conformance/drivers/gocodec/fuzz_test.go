package gocodec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// ops are what an item can be, by number.
var ops = []gocodec.Item{
	{What: testdata.OpMsgpack}, {What: testdata.OpOpening}, {What: testdata.OpFrame, MaxFrame: testdata.DefaultMaxFrame}, {What: testdata.OpFrame, MaxFrame: 16384},
	{What: testdata.OpFrame, MaxFrame: testdata.DefaultMaxFrame, BeforeReady: true},
	{What: testdata.OpCall, Turn: testdata.TurnRequest}, {What: testdata.OpCall, Turn: testdata.TurnArg}, {What: testdata.OpCall, Turn: testdata.TurnReply},
}

// FuzzDecode asks every parser about any bytes: the verdict is the same as a whole, byte by byte and at every cut; a fault has a code, a scope and a place inside the input; and the value of what is taken
// is written as bytes of the same value.
func FuzzDecode(f *testing.F) {
	files, err := testdata.Load()
	require.NoError(f, err)
	for i := range files {
		for j := range files[i].Vectors {
			v := &files[i].Vectors[j]
			for n, item := range ops {
				if item.What == v.Op && item.Turn == v.Turn && item.BeforeReady == v.BeforeReady && len(v.In) < 4096 {
					f.Add(uint8(n), v.Bytes())
					break
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, op uint8, b []byte) {
		item := ops[int(op)%len(ops)]
		item.Bytes = b
		require.Empty(t, gocodec.Unsound(item), "%s %x", item.What, b)
	})
}
