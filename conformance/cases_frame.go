package conformance

import (
	"encoding/binary"
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance/wire"
)

// frameCases are the cases of SPEC.md chapter 8.
func frameCases() []Case {
	return slices.Concat(
		forAll(checksumCases(), lengthCases(), typeCases(), headerBitCases(), frameSizeCases(), frameScopeCases(), frameMapCases()),
		forAcceptors(frameCutCases(), senderCases()),
	)
}

// greasePacket makes a grease frame with payload.
func greasePacket(s *Stream) Packet {
	return Frame(codec.Header{Type: codec.GreaseType(uint8(s.c.t.Rand.Uint32()))}, []byte("without meaning"))
}

// checksumCases are about both checksums.
func checksumCases() []Case {
	const headerSum, trailer = 12, codec.HeaderSize
	last := func(p Packet) Packet { return flip(len(p.bytes) - 1)(p) }
	return slices.Concat(
		closing(codec.CodeHeaderCRC, 4,
			fault{"frame/header-checksum-wrong", "FRAME-001 ERR-001", "a header whose checksum is wrong", onLink, greasePacket, same, flip(headerSum)},
			fault{"frame/header-checksum-wrong-in-its-last-bit", "FRAME-001", "a header whose checksum is wrong in its last bit", onLink, greasePacket, same, flip(headerSum + 3)},
			fault{"frame/header-checksum-zero", "FRAME-001", "a header whose checksum is zero", onLink, greasePacket, same,
				func(p Packet) Packet { return p.Set("", headerSum, 0, 0, 0, 0) }},
			fault{"frame/stream-changed-on-the-way", "FRAME-001", "a header of which one bit of the stream was changed on the way", onLink, greasePacket, same, flip(11)},
			fault{"frame/length-changed-on-the-way", "FRAME-001", "a header of which the highest bit of the length was changed on the way", onLink, greasePacket, same,
				func(p Packet) Packet { return p.Flip("", 4, 0x80) }},
		),
		closing(codec.CodePayloadCRC, 6,
			fault{"frame/payload-changed-on-the-way", "FRAME-002", "a DATA of which one bit of the payload was changed on the way", onOpen, argPacket, same, flip(trailer + 6)},
			fault{"frame/trailer-wrong", "FRAME-002", "a DATA whose trailer is wrong", onOpen, argPacket, same, last},
			fault{"frame/trailer-without-header", "FRAME-002", "a DATA whose trailer covers the payload and not the header", onOpen, argPacket, same, sealedWithoutHeader},
			fault{"frame/ignored-trailer-wrong", "FRAME-011", "a frame of unknown type whose trailer is wrong", onLink, greasePacket, same, last},
			fault{"frame/finished-stream-trailer-wrong", "FRAME-011", "a DATA of a finished stream whose trailer is wrong", onFinished, argPacket, ignored, last},
		),
	)
}

// sealedWithoutHeader computes the trailer over the payload alone.
func sealedWithoutHeader(p Packet) Packet {
	end := len(p.bytes) - codec.TrailerSize
	sum := codec.Checksum(p.bytes[codec.HeaderSize:end])
	return p.Set("", end, binary.BigEndian.AppendUint32(nil, sum)...)
}

// lengthCases are about a length over its limit, whose payload never comes.
func lengthCases() []Case {
	largest := func(s *Stream) Packet { return s.strange(0x2F, int(s.c.Peer().Limits.MaxFrame)) }
	largestOpen := func(s *Stream) Packet { return s.Open().grown(codec.MaxControl) }
	over := func(p Packet) Packet { return headerOnly(rawHeader(p.bytes).Length + 1)(p) }
	return closing(codec.CodeFrameSize, 6,
		fault{"frame/length-over-max-frame", "FRAME-003", "a length one over max_frame", onLink, largest, same, over},
		fault{"frame/length-four-gibibytes", "FRAME-003", "a length of FFFFFFFF", onLink, largest, same, headerOnly(0xFFFFFFFF)},
		fault{"frame/data-length-four-gibibytes", "FRAME-003", "a DATA with a length of FFFFFFFF", onOpen, argPacket, same, headerOnly(0xFFFFFFFF)},
		fault{"frame/open-too-long", "FRAME-018", "an OPEN with a length of 16,385", onNext, largestOpen, same, over},
		fault{"frame/accept-too-long", "FRAME-018", "an ACCEPT with a length of 16,385", onFinished, acceptPacket, ignored, headerOnly(codec.MaxControl + 1)},
	)
}

// grown gives the map of an OPEN params that make it n bytes long.
func (p Packet) grown(n int) Packet {
	const key, head = len("?params"), 3 // of the entry, and of a bin of 256 bytes and more
	fill := n - (len(p.bytes) - codec.HeaderSize - codec.TrailerSize) - key - head
	return put("params", make([]byte, fill))(p).Harmless()
}

// typeCases are about types that are invalid or unknown.
func typeCases() []Case {
	cases := closing(codec.CodeProtocol, 4,
		fault{"frame/type-zero", "FRAME-004", "a frame of type 00", onLink, greasePacket, same, header(0, 0x00)},
		fault{"frame/type-all-ones", "FRAME-004", "a frame of type FF", onLink, greasePacket, same, header(0, 0xFF)},
	)
	cases = append(cases, closing(codec.CodeUnknownCritical, 8,
		fault{"frame/critical-on-the-link", "FRAME-006", "a frame of unknown type with MUST_UNDERSTAND on stream 0", onLink, strangePacket, same, critical},
		fault{"frame/critical-on-an-unopened-stream", "FRAME-006", "a frame of unknown type with MUST_UNDERSTAND on a stream that was never opened", onUnopened, strangePacket, same, critical},
		fault{"frame/critical-on-a-finished-stream", "FRAME-006", "a frame of unknown type with MUST_UNDERSTAND on a finished stream", onFinished, strangePacket, same, critical},
		fault{"frame/critical-records", "FRAME-015", "a RECORDS with MUST_UNDERSTAND where delivery was not selected", onLink, recordsPacket, same, critical},
	)...)
	cases = append(cases, resetting(codec.CodeUnknownCritical, 8,
		fault{"frame/critical-on-an-open-stream", "FRAME-007", "a frame of unknown type with MUST_UNDERSTAND", onOpen, strangePacket, same, critical},
		fault{"frame/critical-on-a-half-open-stream", "FRAME-007", "a frame of unknown type with MUST_UNDERSTAND, behind FIN,", onAsleep, strangePacket, same, critical},
		fault{"frame/critical-records-on-a-stream", "FRAME-015", "a RECORDS with MUST_UNDERSTAND on a stream where delivery was not selected", onOpen, recordsPacket, same, critical},
	)...)
	return append(cases,
		strangeCase("frame/unknown-on-the-link", "on stream 0", onLink),
		strangeCase("frame/unknown-on-an-open-stream", "on an open stream", onOpen),
		strangeCase("frame/unknown-on-an-unopened-stream", "on a stream that was never opened", onUnopened),
		strangeCase("frame/unknown-on-a-finished-stream", "on a finished stream", onFinished),
		Case{
			ID: "frame/delivery-not-selected", Req: []string{"FRAME-015"}, Level: 6,
			Title: "RECORDS, ACK and GAP of any form and on any stream are ignored where delivery was not selected",
			Run: func(t *T) {
				c := t.Open(Options{})
				open := onOpen(c)
				for _, s := range []*Stream{open, onLink(c), onUnopened(c)} {
					for _, typ := range []codec.Type{codec.TypeRecords, codec.TypeAck, codec.TypeGap} {
						c.Send(s.strange(typ, 0), s.strange(typ, 5))
					}
				}
				c.Barrier()
				open.stillServes()
				c.Echo()
			},
		},
	)
}

// recordsPacket makes a RECORDS with one record, which means nothing where delivery was not selected.
func recordsPacket(s *Stream) Packet {
	payload := codec.AppendPiece([]byte{0, 0, 0, 0, 0, 0, 0, 1}, []byte("record"))
	return ignored(Frame(codec.Header{Type: codec.TypeRecords, Stream: s.ID}, payload))
}

// strangeCase makes the case of frames of unknown types, which are ignored in a scene.
func strangeCase(id, where string, on scene) Case {
	return Case{
		ID: id, Req: []string{"FRAME-005"}, Level: 6,
		Title: "frames of unknown types " + where + " are ignored",
		Run: func(t *T) {
			c := t.Open(Options{})
			s := on(c)
			for _, typ := range strangeTypes() {
				c.Send(s.strange(typ, 0), s.strange(typ, 1+t.Rand.IntN(100)))
			}
			c.Barrier()
			s.stillServes()
			c.Echo()
		},
	}
}

// stillServes goes on with a call of echo that was left open; other streams have nothing to go on with.
func (s *Stream) stillServes() {
	if s.call != nil && s.c.opens(s.ID) {
		s.finish([]byte("still here"))
		return
	}
	if s.c.opens(s.ID) {
		s.c.Send(s.Data(codec.FlagFin, Arg([]byte("still here"))))
		s.expectReply([]byte("still here"))
		s.End()
	}
}

// opens reports whether a stream is open, as far as both sides have said.
func (c *Conn) opens(id uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.wire.Streams[id]
	return s != nil && !s.Finished()
}

// headerBitCases are about the bits of a header that mean nothing.
func headerBitCases() []Case {
	bits := func(id, req, what string, e edit) Case {
		return Case{
			ID: id, Req: []string{req}, Level: 6, Title: what + " is ignored in frames of every kind",
			Run: func(t *T) {
				c := t.Open(Options{})
				ping := c.Ping()
				if c.own == wire.Acceptor {
					s := c.begin("echo", nil)
					c.Send(e(Message(ping)), e(acceptPacket(s)), e(creditPacket(s)), e(s.reply(0, []byte("a"))), e(s.Fin()))
					c.Expect(Ponged(ping))
					s.done([]byte("a"))
					return
				}
				s := c.NewStream()
				c.Send(e(Message(ping)), e(s.Open()), e(s.Data(0, Request("echo", 0, []byte("a")))), e(creditPacket(s)), e(s.Fin()))
				c.Expect(Ponged(ping))
				s.answered("a")
			},
		}
	}
	flags := func(mask byte) edit {
		return func(p Packet) Packet { return header(1, p.bytes[1]|mask)(p) }
	}
	return []Case{
		bits("frame/reserved-ignored", "FRAME-008", "reserved", header(2, 0xFF, 0xFF)),
		bits("frame/reserved-flags-ignored", "FRAME-008", "each of the flag bits 70", flags(0x70)),
		bits("frame/flags-of-other-types-ignored", "FRAME-008", "a flag bit that other types define", func(p Packet) Packet {
			if codec.Type(p.bytes[0]) == codec.TypeData {
				return flags(byte(codec.FlagPossibleDup))(p)
			}
			return flags(0x0F)(p)
		}),
		bits("frame/must-understand-of-known-types", "FRAME-021", "MUST_UNDERSTAND", flags(byte(codec.FlagMustUnderstand))),
	}
}

// expectReply waits for a REPLY on the stream and checks its value.
func (s *Stream) expectReply(value []byte) {
	want := codec.AppendCallReply(nil, value)
	if m := s.Next(); !slices.Equal(m, want) {
		s.c.t.Fail(fmt.Sprintf("REPLY with %s", brief(value)), "%s", brief(m))
	}
}

// brief shows the beginning of some bytes.
func brief(b []byte) string {
	const most = 24
	if len(b) > most {
		return fmt.Sprintf("%x... (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%x", b)
}
