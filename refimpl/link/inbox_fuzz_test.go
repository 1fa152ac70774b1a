package link

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzInbox puts messages into an inbox, in frames and joined, and takes and drops them in any order: what comes out is what went in, charge included.
func FuzzInbox(f *testing.F) {
	f.Add([]byte{0, 3, 0, 200, 2, 1, 9, 3})
	f.Add([]byte{1, 255, 1, 255, 0, 0, 2, 2, 4})
	f.Fuzz(func(t *testing.T, orders []byte) {
		var in inbox
		var want [][]byte
		var charge, joined uint64
		total := 0
		for i := 0; i+1 < len(orders) && total < 1<<20; i += 2 {
			n := int(orders[i+1]) * int(orders[i]&0x70)
			msg := make([]byte, n)
			for k := range msg {
				msg[k] = byte(i + k)
			}
			switch orders[i] & 7 {
			case 0, 1:
				in.put(append(binary.BigEndian.AppendUint32(nil, uint32(n)), msg...), chargeOf(n))
				want, charge, total = append(want, msg), charge+chargeOf(n), total+n
			case 2, 3:
				in.putMessage(msg, 65, true)
				want, charge, joined, total = append(want, msg), charge+65, joined+uint64(n), total+n
			case 4:
				c, j := in.drop()
				require.Equal(t, charge, c)
				require.Equal(t, joined, uint64(j))
				want, charge, joined = nil, 0, 0
			default:
				if in.empty() {
					break
				}
				c := in.take()
				charge -= c.charge
				joined -= uint64(c.joined)
				for b := *c.b; len(b) > 0; want = want[1:] {
					m, ok := nextPiece(&b)
					require.True(t, ok)
					require.Equal(t, want[0], m)
				}
				putBuffer(c.b)
			}
			require.Equal(t, len(want) == 0, in.empty())
		}
	})
}
