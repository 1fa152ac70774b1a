package fuzz

import (
	"maps"
	"slices"

	"handfast/codec"
)

// move makes a frame that means something where a link is: the next step, or a step that no sender takes there.
func (g *generator) move(m *model) []byte {
	id := uint32(1)
	if ids := slices.Sorted(maps.Keys(m.streams)); len(ids) > 0 && !g.one(12) {
		id = of(g.random, ids)
	}
	s := m.streams[id]
	switch {
	case len(m.theirs) > 0 && g.one(2):
		return g.moveTheirs(2)
	case s != nil && s.proto == protoMirror && !g.one(4):
		return g.moveChannel(m, s, id)
	case m.delivery && m.kit.mirror && g.one(12):
		return g.offer(m)
	case s == nil && g.one(2):
		return openCall(m.nextID())
	}
	return g.moveStream(m, s, id)
}

// moveStream makes a step of a stream.
func (g *generator) moveStream(m *model, s *streamModel, id uint32) []byte {
	request, err := codec.AppendCallRequest(nil, of(g.random, []string{"echo", "echo", "echo", "fuzz.none"}), 1000, g.bytes(g.size(200)))
	if err != nil {
		return nil
	}
	arg := codec.AppendCallArg(nil, g.bytes(g.size(100)))
	message := of(g.random, [][]byte{request, request, arg, nil, {byte(codec.CallKindReply)}, {0}, {byte(codec.CallKindRequest), 0, 0}})
	if s != nil && s.asked && !g.one(4) {
		message = arg
	}
	flags := of(g.random, []codec.Flags{0, 0, codec.FlagFin, codec.FlagMore})
	switch g.IntN(16) {
	case 0:
		return openCall(m.nextID())
	case 1:
		return messageFrame(codec.Open{Stream: of(g.random, []uint32{id, m.nextID() + 2, m.nextID() + 1, 2, 1<<32 - 3}), Proto: protoCall, Ver: 1})
	case 2:
		return messageFrame(codec.Open{Stream: m.nextID(), Proto: of(g.random, []string{"x.nobody", protoCall, ""}), Ver: uint16(g.IntN(3))})
	case 3, 4, 5:
		if len(message) == 0 && flags == codec.FlagMore {
			flags = 0
		}
		return dataFrame(id, flags, message)
	case 6:
		return dataFrame(id, flags&codec.FlagFin, message, arg, arg)
	case 7:
		return dataFrame(id, codec.FlagFin)
	case 8, 9:
		return messageFrame(codec.Reset{Stream: id, Code: of(g.random, codec.Errors()).Code})
	case 10:
		return messageFrame(codec.Credit{Stream: id, Max: of(g.random, []uint64{0, 1, 1 << 18, 1 << 30, 1<<63 - 1, 1 << 63})})
	case 11:
		return messageFrame(codec.Accept{Stream: id})
	case 12:
		return messageFrame(codec.Reject{Stream: id, Code: codec.CodeRefused})
	case 13:
		return codec.AppendFrame(nil, codec.Header{Type: of(g.random, []codec.Type{0x3F, 0x1B, 0xC5}), Flags: codec.FlagMustUnderstand, Stream: id}, g.bytes(g.IntN(20)))
	case 14:
		return g.tooMuch(m, id, codec.TypeData)
	default:
		return of(g.random, [][]byte{recordsFrame(id, 0, 1, []byte("a")), messageFrame(codec.Gap{Stream: id, From: 1, To: 1, Reason: 1}), messageFrame(codec.Ack{Stream: id})})
	}
}

// tooMuch makes a frame of empty pieces whose charge alone is above the first grant of a stream, or just below it.
func (g *generator) tooMuch(m *model, id uint32, t codec.Type) []byte {
	n := m.kit.limits.StreamCredit/codec.MessageCharge + uint64(g.IntN(2))
	if 4*n+8 > uint64(m.maxFrame) {
		return dataFrame(id, 0, nil)
	}
	payload := make([]byte, 4*n)
	if t == codec.TypeRecords {
		payload = append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, payload...)
	}
	return codec.AppendFrame(nil, codec.Header{Type: t, Stream: id}, payload)
}

// moveChannel makes a step of a channel that the fuzzer sends.
func (g *generator) moveChannel(m *model, s *streamModel, id uint32) []byte {
	next := max(s.next, 1)
	odd := of(g.random, []uint64{next + 1, next - 1, 0, 1, next + 1000, 1<<63 - 2, 1<<63 - 1})
	pieces := [][]byte{g.bytes(g.size(100)), g.bytes(g.size(100)), g.bytes(1 + g.IntN(50))}[g.IntN(3):]
	flags := of(g.random, []codec.Flags{0, 0, 0, codec.FlagMore, codec.FlagFin, codec.FlagPossibleDup})
	gap := func(from uint64) []byte {
		to := from + uint64(g.IntN(4))
		if g.one(6) {
			to = of(g.random, []uint64{from - 1, 1<<63 - 2, 1<<63 - 1})
		}
		return messageFrame(codec.Gap{Stream: id, From: from, To: to, Reason: uint32(g.IntN(7))})
	}
	switch g.IntN(13) {
	case 0, 1, 2, 3:
		return recordsFrame(id, flags, next, pieces...)
	case 4, 5:
		return recordsFrame(id, flags, odd, pieces...)
	case 6:
		return gap(next)
	case 7:
		return gap(odd)
	case 8:
		return messageFrame(codec.Ack{Stream: id, Stable: uint64(g.IntN(3))})
	case 9:
		return dataFrame(id, codec.FlagFin)
	case 10:
		return g.offer(m)
	case 11:
		return g.tooMuch(m, id, codec.TypeRecords)
	default:
		return g.moveStream(m, s, id)
	}
}

// offer makes an OPEN with a channel: of the same id under the same or another name, of an older or newer process.
func (g *generator) offer(m *model) []byte {
	name := of(g.random, []string{master, master, "other"})
	next := of(g.random, []uint64{firstNext, firstNext + 5, 1})
	switch g.IntN(4) {
	case 0:
		return openMaster(m.nextID(), name, next, codec.Epoch{Epoch: 1, Nonce: 5, First: 1})
	case 1:
		return openMaster(m.nextID(), name, next, codec.Epoch{Epoch: 2, Nonce: 7, First: 1}, codec.Epoch{Epoch: 3, Nonce: 9, First: next})
	case 2:
		return messageFrame(codec.Open{Stream: m.nextID(), Proto: of(g.random, []string{protoCall, protoMirror}), Ver: 1, Channel: channelOf(of(g.random, []string{master, "0123456789012345678901234567890123456789012345678901234567890123"}))})
	}
	if g.one(4) {
		return messageFrame(codec.Open{Stream: m.nextID(), Proto: protoMirror, Ver: 1})
	}
	return openMaster(m.nextID(), name, next)
}

func channelOf(name string) *codec.Channel {
	return &codec.Channel{ID: [16]byte{2}, Name: name, Lineage: codec.Lineage{{Epoch: 1, Nonce: 3, First: 1}}, First: 1, Next: 1}
}

// moveTheirs makes a step of a channel that the peer sends.
func (g *generator) moveTheirs(id uint32) []byte {
	switch g.IntN(9) {
	case 0, 1:
		return messageFrame(codec.Ack{Stream: id, Stable: of(g.random, []uint64{0, 1, farAway, 1<<63 - 2, 1<<63 - 1})})
	case 2:
		return messageFrame(codec.Ack{Stream: id, Stable: 1, Ranges: []codec.Range{{First: farAway, Last: farAway + uint64(g.IntN(3))}}})
	case 3:
		return messageFrame(codec.Accept{Stream: id, Channel: of(g.random, []*codec.Position{
			{State: codec.PositionKept}, {State: codec.PositionKept, Stable: farAway}, {State: codec.PositionKept, Dup: farAway}, {State: codec.PositionLost, Stable: farAway},
			{State: codec.PositionKept, Ranges: []codec.Range{{First: 2, Last: farAway}}}, {State: codec.PositionForeign}, nil,
		})})
	case 4:
		return messageFrame(codec.Reject{Stream: id, Code: codec.CodeRefused})
	case 5:
		return of(g.random, [][]byte{recordsFrame(id, 0, 1, []byte("a")), messageFrame(codec.Gap{Stream: id, From: 1, To: 1, Reason: 1})})
	case 6:
		return dataFrame(id, codec.FlagFin)
	case 7:
		return messageFrame(codec.Credit{Stream: id, Max: of(g.random, []uint64{0, 1 << 30, 1 << 63})})
	default:
		return messageFrame(codec.Reset{Stream: id, Code: codec.CodeSequence})
	}
}
