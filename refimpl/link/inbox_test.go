package link

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInboxAgainstModel drives an inbox through random orders of putting, taking and dropping: messages and charge come
// out as they went in.
func TestInboxAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		var in inbox
		var want [][]byte
		var charge, joined uint64
		out := func(c inChunk) {
			charge -= c.charge
			joined -= uint64(c.joined)
			for b := *c.b; len(b) > 0; want = want[1:] {
				m, ok := nextPiece(&b)
				require.True(t, ok)
				require.Equal(t, want[0], m, "seed %d", seed)
			}
			putBuffer(c.b)
		}
		for range 2000 {
			msg := make([]byte, rnd.IntN(3000)*rnd.IntN(2)*rnd.IntN(30))
			for i := range msg {
				msg[i] = byte(len(want) + i)
			}
			switch n := rnd.IntN(20); {
			case n < 5:
				in.put(append(binary.BigEndian.AppendUint32(nil, uint32(len(msg))), msg...), chargeOf(len(msg)))
				want, charge = append(want, msg), charge+chargeOf(len(msg))
			case n < 9:
				in.putMessage(msg, 65, true)
				want, charge, joined = append(want, msg), charge+65, joined+uint64(len(msg))
			case n < 19:
				if !in.empty() {
					out(in.take())
				}
			case rnd.IntN(20) == 0:
				c, j := in.drop()
				require.Equal(t, charge, c, "seed %d", seed)
				require.Equal(t, joined, uint64(j), "seed %d", seed)
				want, charge, joined = nil, 0, 0
			}
			require.Equal(t, len(want) == 0, in.empty(), "seed %d", seed)
		}
	}
}

// TestInboxStaysSmall: a reader that is always one chunk behind makes the inbox keep no more and no more.
func TestInboxStaysSmall(t *testing.T) {
	var in inbox
	piece := append(binary.BigEndian.AppendUint32(nil, 9000), make([]byte, 9000)...)
	in.put(piece, 1)
	for range 100_000 {
		in.put(piece, 1)
		if len(in.chunks)-in.head > 1 {
			putBuffer(in.take().b)
		}
	}
	require.Less(t, cap(in.chunks), 1000)
}
