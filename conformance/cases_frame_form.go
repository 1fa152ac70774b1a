package conformance

import (
	"bytes"
	"fmt"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// frameSizeCases are about payloads of another size than their table allows: each one byte short, and one byte long.
func frameSizeCases() []Case {
	const shortest, longest = 8, 8 + codec.MaxText // of CLOSE, REJECT and RESET
	var cases []Case
	for _, f := range []struct {
		typ         codec.Type
		least, most int
		scene       scene
		packet      func(s *Stream) Packet
		good        edit
	}{
		{codec.TypePing, 24, 24, onLink, pingPacket, same},
		{codec.TypePong, 48, 48, onLink, pongPacket, ignored},
		{codec.TypeCredit, 8, 8, onLink, creditPacket, same},
		{codec.TypeStreams, 8, 8, onLink, streamsPacket, same},
		{codec.TypeDrain, 16, 16, onLink, drainPacket, same},
		{codec.TypeReject, shortest, longest, onFinished, rejectPacket, ignored},
		{codec.TypeReset, shortest, longest, onOpen, resetPacket, same},
	} {
		name := strings.ToLower(f.typ.String())
		a := "a " + f.typ.String()
		cases = append(cases, closing(codec.CodeEncoding, 8,
			fault{"frame/" + name + "-short", "FRAME-010", fmt.Sprintf("%s of %d bytes", a, f.least-1), f.scene, f.packet, then(filled(f.least), f.good), resized(f.least - 1)},
			fault{"frame/" + name + "-long", "FRAME-010", fmt.Sprintf("%s of %d bytes", a, f.most+1), f.scene, f.packet, then(filled(f.most), f.good), resized(f.most + 1)},
			fault{"frame/" + name + "-empty", "FRAME-010", a + " without payload", f.scene, f.packet, then(filled(f.least), f.good), resized(0)},
		)...)
	}
	return append(cases,
		closeFault("frame/close-short", "FRAME-010", "a CLOSE of 7 bytes", codec.CodeEncoding, filled(shortest), resized(shortest-1)),
		closeFault("frame/close-long", "FRAME-010", "a CLOSE of 265 bytes", codec.CodeEncoding, filled(longest), resized(longest+1)),
	)
}

// filled gives a payload another size that is lawful.
func filled(n int) edit { return harmless(resized(n)) }

// closeFault makes the case of a CLOSE that is at fault and so has to be answered. Its twin ends a link of its own, in silence.
func closeFault(id, req, what string, code codec.Code, good, bad edit) Case {
	return Case{
		ID: id, Req: []string{req}, Level: 8, Title: fmt.Sprintf("%s ends the link with %v", what, code),
		Reject: &Rejection{
			Good: func(c *Conn) {
				other := c.t.Open(Options{NoHangUp: true})
				other.Send(good(closePacket(nil)))
				other.Expect(Ended())
			},
			Bad:  func(c *Conn) { c.Send(bad(closePacket(nil)).Fault(what)) },
			Want: Closed(code),
		},
	}
}

// frameScopeCases are about frames of the link on a stream, and frames of a stream on the link.
func frameScopeCases() []Case {
	const req = "FRAME-009"
	cases := closing(codec.CodeProtocol, 8,
		fault{"frame/ping-on-a-stream", req, "a PING on an open stream", onOpen, pingPacket, same, onStream(1)},
		fault{"frame/pong-on-a-stream", req, "a PONG on an open stream", onOpen, pongPacket, same, onStream(1)},
		fault{"frame/streams-on-a-stream", req, "a STREAMS on an open stream", onOpen, streamsPacket, same, onStream(1)},
		fault{"frame/drain-on-a-stream", req, "a DRAIN on an open stream", onOpen, drainPacket, same, onStream(1)},
		fault{"frame/open-on-the-link", req, "an OPEN on stream 0", onNext, openPacket, same, onStream(0)},
		fault{"frame/accept-on-the-link", req, "an ACCEPT on stream 0", onFinished, acceptPacket, ignored, onStream(0)},
		fault{"frame/reject-on-the-link", req, "a REJECT on stream 0", onFinished, rejectPacket, ignored, onStream(0)},
		fault{"frame/data-on-the-link", req, "a DATA on stream 0", onOpen, argPacket, same, onStream(0)},
		fault{"frame/reset-on-the-link", req, "a RESET on stream 0", onOpen, resetPacket, same, onStream(0)},
	)
	return append(cases, closeFault("frame/close-on-a-stream", req, "a CLOSE on a stream", codec.CodeProtocol, same, onStream(1)))
}

// frameMapCases are about the maps of OPEN and ACCEPT.
func frameMapCases() []Case {
	const req = "FRAME-016"
	name := func(n int) string { return strings.Repeat("n", n) }
	open := func(id, what string, good, bad edit) fault {
		return fault{"frame/open-" + id, req, "an OPEN " + what, onNext, openPacket, harmless(good), bad}
	}
	accept := func(id, what string, bad edit) fault {
		return fault{"frame/accept-" + id, req, "an ACCEPT " + what, onFinished, acceptPacket, ignored, bad}
	}
	return append(closing(codec.CodeEncoding, 6,
		open("empty", "without payload", same, body()),
		open("array", "whose payload is an array", same, body(0x90)),
		open("trailing-byte", "with a byte behind its map", same, func(p Packet) Packet {
			return p.Payload("one byte more", func(b []byte) []byte { return append(b, 0xC0) })
		}),
		open("keys-unsorted", "whose keys are not in ascending order", same, body(swapped()...)),
		open("without-proto", "without proto", same, drop("proto")),
		open("without-ver", "without ver", same, drop("ver")),
		open("proto-bin", "whose proto is a bin", same, put("proto", []byte("call"))),
		open("proto-long", "whose proto has 65 bytes", put("proto", name(64)), put("proto", name(65))),
		open("ver-str", "whose ver is a str", same, put("ver", "1")),
		open("ver-large", "whose ver is 65,536", put("ver", 65535), put("ver", 65536)),
		open("params-str", "whose params are a str", put("params", []byte("p")), put("params", "p")),
		accept("array", "whose payload is an array", body(0x90)),
		accept("params-str", "whose params are a str", put("params", "p")),
	), Case{
		ID: "frame/open-unknown-keys", Req: []string{"FRAME-017"}, Level: 6,
		Title: "keys of OPEN that nobody knows, before, between and behind the others, are ignored",
		Run: func(t *T) {
			c := t.Open(Options{})
			extra := then(put("a", nil), put("prot", []any{-1, "text"}), put("proton", map[string]any{"deep": []byte{1}}), put("zz", true))
			s := c.NewStream()
			if c.own == wire.Acceptor { // a dialer need not serve what it calls
				c.Send(extra(s.Open()).Harmless())
				c.Expect(answer(s.ID))
				c.Echo()
				return
			}
			c.Send(extra(s.Open()).Harmless(), s.Data(codec.FlagFin, Request("echo", 0, []byte("a"))))
			s.answered("a")
		},
	})
}

// swapped is the map of an OPEN with ver before proto.
func swapped() []byte {
	return bytes.Join([][]byte{
		codec.AppendMapHeader(nil, 2),
		codec.AppendUint(codec.AppendStr(nil, "ver"), 1),
		codec.AppendStr(codec.AppendStr(nil, "proto"), "call"),
	}, nil)
}

// senderCases make the peer send frames of all kinds, for the wire checker to look at.
func senderCases() []Case {
	return []Case{
		{
			ID: "frame/max-frame-of-the-receiver", Req: []string{"FRAME-012"}, Level: 7,
			Title: "a message over max_frame of its receiver arrives in frames that keep to it",
			Run: func(t *T) {
				c := t.Open(Options{Hello: func(h *codec.Hello) { h.Limits.MaxFrame = codec.MinLimits().MaxFrame }})
				value := make([]byte, 3*codec.MinLimits().MaxFrame)
				t.fill(value)
				s := c.NewStream()
				c.Send(s.Open())
				c.Expect(Accepted(s.ID))
				s.Pour(Request("echo", 0, value))
				s.expectReply(value)
				s.End()
			},
		},
		{
			ID: "frame/bits-without-meaning-sent-zero", Req: []string{"FRAME-013"}, Level: 8,
			Title: "reserved and undefined flag bits are sent as zero in frames of every kind",
			Run:   func(t *T) { t.Open(Options{}).tour() },
		},
	}
}
