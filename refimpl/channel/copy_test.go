package channel_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/refimpl/delivery"
)

// marked makes a record whose every 8 bytes tell its number.
func marked(i int) []byte {
	size := []int{0, 1, 64, 64, 64, 900, 5000}[i%7]
	if i%400 == 399 { // comes in pieces
		size = 300_000
	}
	return bytes.Repeat(fmt.Appendf(nil, "%08d", i), size/8+1)[:size]
}

// TestWhatWaitsKeepsItsBytes: records that wait for the store are not those of the frames that come meanwhile, and neither are those of a
// batch that has failed and comes again.
func TestWhatWaitsKeepsItsBytes(t *testing.T) {
	for _, inline := range []bool{false, true} {
		t.Run(fmt.Sprintf("inline %v", inline), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			b := newBooks()
			gate, commits := make(chan struct{}), 0
			b.fail = func(at string) (error, bool) {
				if at != "commit" {
					return nil, false
				}
				if commits++; commits == 1 && !inline {
					<-gate
				}
				if commits == 3 {
					return errors.New("no"), false
				}
				return nil, false
			}
			l := b.of(false)
			l.inline = inline
			sink := newSink(t, l)
			src := newSource(delivery.NewVolatile("q", plenty))
			ca, cb := tcp(t)
			la, lb := linked(t, ca, cb, config(1, nil), config(2, sink))
			src.Attach(la)
			const count = 4000
			var last uint64
			for i := 0; i < count; i += 50 {
				list := make([][]byte, 50)
				for n := range list {
					list[n] = marked(i + n)
				}
				var err error
				last, _, err = src.PushAll(waits(t), list)
				require.NoError(t, err)
			}
			if !inline {
				require.Eventually(t, func() bool {
					st := sink.Stats()
					return len(st) == 1 && st[0].Waiting > 100
				}, patience, time.Millisecond)
			}
			close(gate)
			require.NoError(t, src.AwaitStable(waits(t), last))
			st := sink.Stats()[0]
			require.EqualValues(t, []uint64{count, count, 1}, []uint64{st.Stable, st.Applied, st.Failures})
			got := b.effects[st.Key]
			require.Len(t, got, count)
			for i, e := range got {
				require.EqualValues(t, i+1, e.seq)
				require.Equal(t, string(marked(i)), e.data, "record %d", e.seq)
			}
			src.Close()
			end(la, lb)
			sink.Close()
		})
	}
}
