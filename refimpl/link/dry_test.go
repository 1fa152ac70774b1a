package link_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// drying is a carried that notes after how many RECORDS it was told that nothing is left. Its fields belong to the goroutine that reads.
type drying struct {
	*carried
	after []int
}

func (d *drying) HandleChannel(s *link.Stream, params []byte, ch *codec.Channel) link.ChannelReceiver {
	d.carried.HandleChannel(s, params, ch)
	return d
}

func (d *drying) OnDry(*link.Stream) { d.after = append(d.after, len(d.got)) }

// TestDry: a receiver is told once for all that was read together, also where other frames follow, and only if there were RECORDS.
func TestDry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &drying{carried: &carried{}}
		cfg := carrying(d.carried)
		cfg.Handlers["t"] = d
		r, _ := against(t, cfg, false, offersDelivery)
		a := []byte("a")
		r.send(openChannel(1), records(1, 0, 1, a), records(1, 0, 2, a), codec.Gap{Stream: 1, From: 3, To: 3, Reason: 1})
		r.stillAlive()
		require.Equal(t, []int{2}, d.after)
		r.send(codec.Gap{Stream: 1, From: 4, To: 4, Reason: 1})
		r.stillAlive()
		require.Equal(t, []int{2}, d.after)
		r.send(records(1, 0, 5, a))
		r.send(records(1, 0, 6, a))
		r.stillAlive()
		require.Equal(t, []int{2, 3, 4}, d.after)
	})
}
