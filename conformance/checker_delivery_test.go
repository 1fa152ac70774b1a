package conformance

import (
	"testing"

	"handfast/codec"
	"handfast/conformance/wire"
)

// deliveryLink is openLink with delivery selected. The acceptor, which is the peer, has opened stream 2 for a channel whose next is 100, and the dialer, which is
// the suite, stream 3.
func deliveryLink(t *testing.T) *wire.Link {
	t.Helper()
	l := openLinkOf(t, func(h *codec.Hello) { h.Caps["delivery"], h.Protos[mirrorProto] = true, []uint16{1} })
	for from, id := range map[wire.Side]uint32{wire.Acceptor: 2, wire.Dialer: 3} {
		say(t, l, from, Message(codec.Open{Stream: id, Proto: mirrorProto, Ver: 1, Channel: checkedChannel(byte(id))}), "")
	}
	return l
}

func checkedChannel(id byte) *codec.Channel {
	return &codec.Channel{ID: [16]byte{id}, Name: "a", Lineage: codec.Lineage{{Epoch: 1, Nonce: 7, First: 1}}, First: 1, Next: 100}
}

func TestCheckerFollowsChannels(t *testing.T) {
	const peer, suite = wire.Acceptor, wire.Dialer
	type saying struct {
		from wire.Side
		p    Packet
	}
	records := func(seq uint64, flags codec.Flags, sizes ...int) saying {
		pieces := make([][]byte, len(sizes))
		for i, n := range sizes {
			pieces[i] = make([]byte, n)
		}
		return saying{peer, Message(codec.Records{Stream: 2, Flags: flags, Seq: seq, Pieces: codec.NewPieces(flags, pieces...)})}
	}
	gap := func(from, to uint64) saying {
		return saying{peer, Message(codec.Gap{Stream: 2, From: from, To: to, Reason: codec.GapExpired})}
	}
	at := func(stable uint64, ranges ...codec.Range) saying {
		return saying{suite, Message(codec.Accept{Stream: 2, Channel: &codec.Position{State: codec.PositionKept, Stable: stable, Ranges: ranges}})}
	}
	taken := saying{suite, Message(codec.Records{Stream: 3, Seq: 1, Pieces: codec.NewPieces(0, []byte("one"), []byte("two"))})}
	accept := func(p *codec.Position) saying { return saying{peer, Message(codec.Accept{Stream: 3, Channel: p})} }
	kept := accept(&codec.Position{State: codec.PositionKept})
	ack := func(stable uint64, ranges ...codec.Range) saying {
		return saying{peer, Message(codec.Ack{Stream: 3, Stable: stable, Ranges: ranges})}
	}
	fin := saying{peer, Message(codec.Data{Stream: 2, Pieces: codec.NewPieces(codec.FlagFin)})}
	const more = codec.FlagMore
	window := []saying{at(0)}
	for n := uint64(1); n <= codec.WindowRecords; n++ {
		window = append(window, gap(n, n))
	}
	missing := codec.Range{First: 4, Last: 5}
	tests := []struct {
		name   string
		before []saying
		last   saying
		want   string
	}{
		{"records in order", []saying{at(0), records(1, 0, 3), records(2, more, 1, 1), records(3, 0, 1), gap(4, 9)}, records(10, 0, 1), ""},
		{"ranges that are left out", []saying{at(2, missing), records(3, 0, 1)}, records(6, 0, 1), ""},
		{"a range that is sent all the same", []saying{at(2, missing), records(3, 0, 1), records(4, 0, 1)}, records(6, 0, 1), ""},
		{"OPEN without channel", nil, saying{peer, Message(codec.Open{Stream: 4, Proto: mirrorProto, Ver: 1})}, "CHAN-002"},
		{"a channel on two streams", nil, saying{peer, Message(codec.Open{Stream: 4, Proto: mirrorProto, Ver: 1, Channel: checkedChannel(2)})}, "CHAN-013"},
		{"a channel on the next stream", []saying{{peer, Message(codec.Reset{Stream: 2})}}, saying{peer, Message(codec.Open{Stream: 4, Proto: mirrorProto, Ver: 1, Channel: checkedChannel(2)})}, ""},
		{"RECORDS before ACCEPT", nil, records(1, 0, 1), "CHAN-014"},
		{"GAP before ACCEPT", nil, gap(1, 1), "CHAN-014"},
		{"RECORDS of a foreign channel", []saying{{suite, Message(codec.Accept{Stream: 2, Channel: &codec.Position{State: codec.PositionForeign}})}}, records(1, 0, 1), "CHAN-014"},
		{"RECORDS from the receiver", []saying{kept}, saying{peer, Message(codec.Records{Stream: 3, Seq: 1, Pieces: codec.NewPieces(0, nil)})}, "CHAN-015"},
		{"ACK from the sender", []saying{at(0)}, saying{peer, Message(codec.Ack{Stream: 2})}, "CHAN-015"},
		{"RECORDS after FIN", []saying{at(0), fin}, records(1, 0, 1), "STRM-020"},
		{"a number that is jumped over", []saying{at(0)}, records(2, 0, 1), "REC-004"},
		{"a number that comes again", []saying{at(0), records(1, 0, 1)}, records(1, 0, 1), "ACK-010"},
		{"a number below the position", []saying{at(9)}, records(9, 0, 1), "REC-004"},
		{"a hole behind a range", []saying{at(2, missing), records(3, 0, 1)}, records(7, 0, 1), "REC-004"},
		{"another record inside of one", []saying{at(0), records(1, more, 1)}, records(2, 0, 1), "REC-004"},
		{"GAP inside of a record", []saying{at(0), records(1, more, 1)}, gap(1, 1), "REC-004"},
		{"GAP over a range of ACCEPT", []saying{at(2, missing)}, gap(3, 6), "GAP-007"},
		{"RECORDS beyond the grant", []saying{at(0), records(1, 0, 16000), records(2, 0, 16000), records(3, 0, 16000), records(4, 0, 16000)}, records(5, 0, 16000), "REC-012"},
		{"a window of 65,537", window, gap(codec.WindowRecords+1, codec.WindowRecords+1), "REC-013"},
		{"a window that was acknowledged", append(append([]saying{}, window...), saying{suite, Message(codec.Ack{Stream: 2, Stable: 1})}), gap(codec.WindowRecords+1, codec.WindowRecords+1), ""},
		{"DATA with pieces", []saying{at(0)}, saying{peer, Message(codec.Data{Stream: 2, Pieces: codec.NewPieces(0, []byte("x"))})}, "REC-018"},
		{"ACCEPT without a position", nil, accept(nil), "CHAN-017"},
		{"a position at next", nil, accept(&codec.Position{State: codec.PositionKept, Stable: 100}), "CHAN-017"},
		{"lost with another stable", nil, accept(&codec.Position{State: codec.PositionLost, Stable: 1, Dup: 99}), "CHAN-017"},
		{"lost with a small dup", nil, accept(&codec.Position{State: codec.PositionLost, Dup: 98}), "CHAN-017"},
		{"ACKs that grow", []saying{kept, taken, ack(1)}, ack(2), ""},
		{"ACK of what did not come", []saying{kept, taken}, ack(3), "ACK-002"},
		{"a range of what did not come", []saying{kept, taken}, ack(0, codec.Range{First: 2, Last: 3}), "ACK-002"},
		{"ACK that falls", []saying{kept, taken, ack(2)}, ack(1), "ACK-003"},
		{"ACK below the position", []saying{accept(&codec.Position{State: codec.PositionKept, Stable: 5})}, ack(4), "ACK-003"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			l := deliveryLink(t)
			for _, s := range tc.before {
				say(t, l, s.from, s.p, "")
			}
			say(t, l, tc.last.from, tc.last.p, tc.want)
		})
	}
}
