package main

import (
	"handfast/codec"
	"handfast/spec/exchange"
)

// realtimeChannel is a channel that has had no record yet.
func realtimeChannel() *codec.Channel {
	return &codec.Channel{ID: filled(0x11), Name: "b", Lineage: codec.Lineage{{Epoch: 1, Nonce: 7, First: 1}}, First: 1, Next: 1}
}

// playRealtime is a channel of realtime: an object, a part of a larger one, and an object that goes over two frames.
func playRealtime(t *tape) error {
	err := opened(t, codec.Caps{"delivery": true}, "realtime")
	if err != nil {
		return err
	}
	object := codec.Realtime{Path: [][16]byte{filled(0xc1), filled(0xc2)}, Namespace: "users", Key: "ann", Object: playedObject}
	whole := must(&err, func() ([]byte, error) { return object.Append(nil) })
	part := must(&err, func() ([]byte, error) {
		return (&codec.RealtimePart{ID: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, Total: uint64(len(whole)), Bytes: whole[:20]}).Append(nil)
	})
	open := must(&err, func() ([]byte, error) {
		return codec.Open{Stream: 1, Proto: "realtime", Ver: 1, Channel: realtimeChannel()}.AppendFrame(nil)
	})
	accept := must(&err, func() ([]byte, error) {
		return codec.Accept{Stream: 1, Channel: &codec.Position{State: codec.PositionLost}}.AppendFrame(nil)
	})
	records := func(seq uint64, flags codec.Flags, pieces ...[]byte) []byte {
		return codec.Records{Stream: 1, Flags: flags, Seq: seq, Pieces: codec.NewPieces(flags, pieces...)}.AppendFrame(nil)
	}
	if err != nil {
		return err
	}
	for _, s := range []struct {
		from  exchange.Side
		bytes []byte
	}{
		{'>', open}, {'<', accept},
		{'>', records(1, 0, whole, part)},
		{'>', records(3, codec.FlagMore, whole[:30])},
		{'>', records(3, codec.FlagFin, whole[30:])},
		{'<', must(&err, func() ([]byte, error) { return codec.Ack{Stream: 1, Stable: 3}.AppendFrame(nil) })},
	} {
		t.send(s.from, s.bytes)
	}
	t.part()
	return err
}
