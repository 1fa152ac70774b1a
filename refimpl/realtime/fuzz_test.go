package realtime_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/realtime"
	"handfast/refimpl/store"
)

// FuzzIntake gives the sink of realtime records of any bytes, each behind its length in two bytes. Whatever comes: a commit succeeds, every record is counted once, a refusal has a code and owes a CHECK,
// nothing of a namespace that is not taken reaches the store, and records that come together fare as they do one by one.
func FuzzIntake(f *testing.F) {
	s := newSite(f, 's')
	s.cfg.Take = realtime.Rules{Deny: []string{"b"}}
	s.open()
	framed := func(records ...[]byte) (b []byte) {
		for _, r := range records {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(r))), r...)
		}
		return b
	}
	var all [][]byte
	for i, ns := range []string{"a", "b", "none", "a"} {
		set, err := clock.Set{}.Put(nil, clock.Dot{Actor: clock.Actor{byte(i + 1)}, Counter: 1}, []byte("value"))
		require.NoError(f, err)
		object, err := set.AppendBinary(nil)
		require.NoError(f, err)
		r := codec.Realtime{Namespace: ns, Key: "k", Path: [][16]byte{id('x')}, Object: object}
		if i == 3 {
			r.Path = append(r.Path, id('s')) // came through here
		}
		one, err := r.Append(nil)
		require.NoError(f, err)
		all = append(all, one)
		f.Add(framed(one))
		f.Add(framed(one[:len(one)-1], one))
	}
	f.Add(framed(all...))
	f.Add(framed(nil, []byte{0xFF}))
	nothing := errors.New("an object of a namespace that is not taken")
	f.Fuzz(func(t *testing.T, b []byte) {
		var items []channel.Item
		for len(b) >= 2 && len(items) < 16 {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			items = append(items, channel.Item{Record: delivery.Record{Seq: uint64(len(items) + 1), Data: b[2 : 2+n]}})
			b = b[2+n:]
		}
		in := realtime.Intake(s.rt)
		var counts [2]realtime.IntakeCounts
		for i, name := range []string{"together", "one by one"} {
			k := delivery.Key{Node: "node:1", Proto: realtime.Proto, Name: name}
			require.NoError(t, in.Keep(k, delivery.Cursor{ID: [16]byte{1}, Lineage: codec.Lineage{{Epoch: 1, Nonce: 1, First: 1}}}))
			var batches []*channel.Batch
			if i == 0 {
				batches = append(batches, &channel.Batch{Key: k, Items: items})
			} else {
				for _, one := range items {
					batches = append(batches, &channel.Batch{Key: k, Items: []channel.Item{one}})
				}
			}
			for _, batch := range batches {
				require.NoError(t, in.Commit(batch))
			}
			c, owed, err := realtime.Counts(s.rt, k)
			require.NoError(t, err)
			require.Equal(t, uint64(len(items)), c.Applied+c.NoOps+c.Denied+c.Parts+c.Refused, "%+v", c)
			sum := uint64(0)
			for code, n := range c.Refusals {
				require.NotEmpty(t, code)
				sum += n
			}
			require.Equal(t, c.Refused, sum)
			require.True(t, owed || c.Refused == 0)
			counts[i] = c
			require.NoError(t, in.Forget(k))
		}
		together, single := counts[0], counts[1]
		require.Equal(t, together.Applied+together.NoOps, single.Applied+single.NoOps)
		require.Equal(t, together.Denied, single.Denied)
		require.Equal(t, together.Refusals, single.Refusals)
		require.NoError(t, s.file.Ascend("b", "", "", func(store.Key, clock.Set) error { return nothing }))
	})
}
