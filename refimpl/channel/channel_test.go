package channel_test

import (
	"bytes"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/refimpl/delivery"
)

const plenty = 256 << 20

func TestDelivers(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain %v", plain), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			b := newBooks()
			sink := newSink(t, b.of(plain))
			q := delivery.NewVolatile("q", plenty)
			src := newSource(q)
			ca, cb := net.Pipe()
			la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
			src.Attach(la)
			var last uint64
			for i := range 5000 {
				data := record(i)
				if i%500 == 499 { // larger than a frame
					data = bytes.Repeat(data, 300_000/len(data))
				}
				seq, err := src.Push(waits(t), data)
				require.NoError(t, err)
				last = seq
			}
			require.NoError(t, src.AwaitStable(waits(t), last))
			st := sink.Stats()
			require.Len(t, st, 1)
			require.Equal(t, uint64(5000), st[0].Stable)
			require.Equal(t, uint64(5000), st[0].Applied)
			got := b.effects[st[0].Key]
			require.Len(t, got, 5000)
			for i, e := range got {
				require.Equal(t, uint64(i+1), e.seq)
				if i%500 != 499 {
					require.Equal(t, string(record(i)), e.data)
				}
			}
			s := src.Stats()
			require.Zero(t, s.Unacked)
			t.Logf("%+v %+v commits %d", s, st[0], b.commits)
			src.Close()
			end(la, lb)
			sink.Close()
		})
	}
}
