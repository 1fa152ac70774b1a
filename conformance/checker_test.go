package conformance

import (
	"encoding"
	"testing"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// openLink makes the state of a link whose opening is over: both HELLOs, both READYs, both grease frames. The suite has opened
// stream 1, and the peer has accepted it.
func openLink(t *testing.T) *wire.Link { return openLinkOf(t, func(*codec.Hello) {}) }

// openLinkOf is openLink with changes to what both sides offer.
func openLinkOf(t *testing.T, change func(h *codec.Hello)) *wire.Link {
	t.Helper()
	l := wire.NewLink(false)
	own := (&T{Rand: newRand(1, t.Name())}).Hello()
	own.Limits.StreamCredit, own.Limits.MaxFrame, own.Limits.PingMinMS = 65536, 16384, 1000
	for from, h := range map[wire.Side]*codec.Hello{wire.Dialer: own, wire.Acceptor: (&fakePeer{}).newHello()} {
		change(h)
		raw := Opening(h).Bytes()
		o, _, err := codec.ParseOpening(raw)
		if err != nil {
			t.Fatal(err)
		}
		if v := l.Opening(from, raw, o); v != nil {
			t.Fatal(v)
		}
	}
	ready := Message(codec.NewReady(*l.Agreed, l.Hash(), nil))
	for _, from := range []wire.Side{wire.Dialer, wire.Acceptor} {
		say(t, l, from, ready, "")
		say(t, l, from, Frame(codec.Header{Type: codec.GreaseType(1), Reserved: 7, Flags: 0x70}, []byte("x")), "")
	}
	say(t, l, wire.Dialer, Message(codec.Open{Stream: 1, Proto: "call", Ver: 1}), "")
	say(t, l, wire.Acceptor, Message(codec.Accept{Stream: 1}), "")
	return l
}

// say lets one side send a frame and checks which rule the checker finds broken, "" for none.
func say(t *testing.T, l *wire.Link, from wire.Side, p Packet, want string) {
	t.Helper()
	f, _, err := codec.ParseFrame(p.bytes, l.MaxPayload(from))
	got := ""
	if err != nil {
		got = wire.Unreadable(err).Req
	} else if v := l.Frame(from, f, time.Unix(1_700_000_000, 0)); v != nil {
		got = v.Req
	}
	if got != want {
		t.Errorf("%s from side %d: the checker finds %q, want %q", describePacket(p), from, got, want)
	}
}

func TestCheckerFindsWhatAPeerMayNotSend(t *testing.T) {
	m := func(m encoding.BinaryAppender) Packet { return Message(m) }
	data := func(id uint32, flags codec.Flags, n int) Packet {
		return Message(codec.Data{Stream: id, Pieces: codec.NewPieces(flags, make([]byte, n))})
	}
	ping := codec.Ping{Echo: 1, T1: 1_700_000_000e9}
	now := ping.T1
	tests := []struct {
		name   string
		before []Packet // from the peer, lawful
		send   Packet   // from the peer
		want   string
	}{
		{"lawful DATA", nil, data(1, 0, 10), ""},
		{"lawful RESET", []Packet{data(1, 0, 10)}, m(codec.Reset{Stream: 1}), ""},
		{"second READY", nil, m(codec.NewReady(codec.Agreement{}, [32]byte{}, nil)), "READY-003"},
		{"wrong header checksum", nil, m(ping).Flip("", 12, 1), "FRAME-001"},
		{"wrong payload checksum", nil, m(ping).Flip("", 20, 1), "FRAME-002"},
		{"payload over max_frame", nil, data(1, 0, 16384), "FRAME-012"},
		{"reserved bits", nil, m(ping).Set("", 2, 1).Reseal(), "FRAME-013"},
		{"undefined flag", nil, m(ping).Set("", 1, 1).Reseal(), "FRAME-013"},
		{"unknown type", nil, Frame(codec.Header{Type: 0x2A}, nil), "EXT-001"},
		{"type of a capability that was not selected", nil, m(codec.Gap{Stream: 1, From: 1, To: 1, Reason: 1}), "EXT-001"},
		{"grease that must be understood", nil, Frame(codec.Header{Type: codec.GreaseType(0), Flags: codec.FlagMustUnderstand}, nil), "READY-016"},
		{"link frame on a stream", nil, m(ping).Set("", 11, 1).Reseal(), "FRAME-009"},
		{"frame of another size", nil, m(ping).Payload("", func(b []byte) []byte { return b[:20] }), "FRAME-010"},
		{"stream of the other side", nil, m(codec.Open{Stream: 3, Proto: "call", Ver: 1}), "STRM-001"},
		{"stream with a gap", nil, m(codec.Open{Stream: 4, Proto: "call", Ver: 1}), "STRM-002"},
		{"OPEN after DRAIN", []Packet{m(codec.Drain{Last: 1})}, m(codec.Open{Stream: 2, Proto: "call", Ver: 1}), "DRAIN-001"},
		{"DRAIN that grows", []Packet{m(codec.Drain{Last: 1})}, m(codec.Drain{Last: 3}), "DRAIN-004"},
		{"DATA on a stream that nobody opened", nil, data(3, 0, 1), "STRM-012"},
		{"second answer", nil, m(codec.Reject{Stream: 1}), "STRM-016"},
		{"DATA after FIN", []Packet{data(1, codec.FlagFin, 1)}, data(1, 0, 1), "STRM-020"},
		{"DATA after RESET", []Packet{m(codec.Reset{Stream: 1})}, data(1, 0, 1), "STRM-020"},
		{"FIN in the middle of a message", []Packet{data(1, codec.FlagMore, 1)}, m(codec.Data{Stream: 1, Pieces: codec.NewPieces(codec.FlagFin)}), "DATA-009"},
		{"DATA beyond the grant", []Packet{data(1, 0, 16000), data(1, 0, 16000), data(1, 0, 16000), data(1, 0, 16000)}, data(1, 0, 16000), "CRED-003"},
		{"text that is not UTF-8", nil, m(codec.Close{Text: "x"}).Payload("", func(b []byte) []byte { return append(b, 0xFF) }), "CLOSE-004"},
		{"something after CLOSE", []Packet{m(codec.Close{})}, m(ping), "CLOSE-002"},
		{"PING on PING", []Packet{m(ping)}, m(codec.Ping{Echo: 2, T1: now}), "BEAT-005"},
		{"PONG without PING", nil, m(codec.Pong{Echo: 9, T2: now, T3: now}), "BEAT-001"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			l := openLink(t)
			for _, p := range tc.before {
				say(t, l, wire.Acceptor, p, "")
			}
			say(t, l, wire.Acceptor, tc.send, tc.want)
		})
	}
}

func TestCheckerFollowsAnExchange(t *testing.T) {
	l := openLink(t)
	const now = 1_700_000_000_000_000_000
	say(t, l, wire.Dialer, Message(codec.Ping{Echo: 5, T1: now}), "")
	say(t, l, wire.Acceptor, Message(codec.Pong{Echo: 5, T1: now, T2: now, T3: now}), "")
	say(t, l, wire.Acceptor, Message(codec.Ping{Echo: 6, T1: now}), "")
	say(t, l, wire.Dialer, Message(codec.Pong{Echo: 6, T1: now, T2: now, T3: now - 1}), "BEAT-003")
	say(t, l, wire.Acceptor, Message(codec.Ping{Echo: 7, T1: now + 1e6}), "BEAT-006")
	say(t, l, wire.Dialer, Message(codec.Open{Stream: 3, Proto: "call", Ver: 1}), "")
	say(t, l, wire.Acceptor, Message(codec.Credit{Stream: 3, Max: 1}), "STRM-003")
	say(t, l, wire.Acceptor, Message(codec.Reject{Stream: 3}), "")
	say(t, l, wire.Dialer, Message(codec.Credit{Stream: 1, Max: 1 << 20}), "")
	for range 5 {
		say(t, l, wire.Acceptor, Message(codec.Data{Stream: 1, Pieces: codec.NewPieces(0, make([]byte, 16000))}), "")
	}
}
