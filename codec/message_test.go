package codec

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMessages(t *testing.T) {
	seen := map[Type]bool{}
	for _, tc := range messages() {
		seen[tc.m.FrameType()] = true
		t.Run(tc.name, func(t *testing.T) { checkMessage(t, tc.m, tc.rigid) })
	}
	for _, info := range typeTable {
		require.True(t, seen[info.Type], "no sample of %s", info.Name)
	}
}

// randomMessage takes random messages there and back.
func randomMessage[M Message](t *testing.T) {
	f := randomly(1)
	for range 200 {
		var m M
		f.Fuzz(&m)
		if m.StreamID() == 0 && CheckStream(Header{Type: m.FrameType()}) != nil {
			continue
		}
		b := encoded(t, m)
		_, again := reread(t, b)
		require.Equal(t, b, encoded(t, again))
		checkJSON(t, again)
	}
}

func TestRandomMessages(t *testing.T) {
	t.Run("ping", func(t *testing.T) { randomMessage[Ping](t) })
	t.Run("pong", func(t *testing.T) { randomMessage[Pong](t) })
	t.Run("credit", func(t *testing.T) { randomMessage[Credit](t) })
	t.Run("streams", func(t *testing.T) { randomMessage[Streams](t) })
	t.Run("drain", func(t *testing.T) { randomMessage[Drain](t) })
	t.Run("close", func(t *testing.T) { randomMessage[Close](t) })
	t.Run("open", func(t *testing.T) { randomMessage[Open](t) })
	t.Run("accept", func(t *testing.T) { randomMessage[Accept](t) })
	t.Run("reject", func(t *testing.T) { randomMessage[Reject](t) })
	t.Run("data", func(t *testing.T) { randomMessage[Data](t) })
	t.Run("reset", func(t *testing.T) { randomMessage[Reset](t) })
	t.Run("records", func(t *testing.T) { randomMessage[Records](t) })
	t.Run("ack", func(t *testing.T) { randomMessage[Ack](t) })
	t.Run("gap", func(t *testing.T) { randomMessage[Gap](t) })
	t.Run("unknown", func(t *testing.T) { randomMessage[Unknown](t) })
}

func TestRandomReady(t *testing.T) {
	f := randomly(2)
	for range 200 {
		m := &Ready{}
		f.Fuzz(m)
		checkMessage(t, m, false)
	}
}

// TestMessageFaults has one fault each, next to a twin that differs in that alone.
func TestMessageFaults(t *testing.T) {
	for _, tc := range messageFaults() {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseMessage(sealed(t, tc.h, tc.bad))
			requireFaultIs(t, err, tc.code, ScopeLink, tc.req, tc.off)
			twin := tc.h
			if tc.twin != nil {
				twin = *tc.twin
			}
			_, err = ParseMessage(sealed(t, twin, tc.good))
			require.NoError(t, err)
		})
	}
}

type messageFault struct {
	name string
	h    Header
	bad  []byte
	good []byte
	twin *Header // of the good frame, where it differs
	code Code
	req  string
	off  int
}

func messageFaults() []messageFault {
	link := func(t Type) Header { return Header{Type: t} }
	on := func(t Type, flags Flags) Header { return Header{Type: t, Flags: flags, Stream: 1} }
	zeros := func(n int) []byte { return make([]byte, n) }
	piece := func(s string) []byte { return AppendPiece(nil, []byte(s)) }
	seq := func(n uint64) []byte { return bigEndian.AppendUint64(nil, n) }
	ack := func(stable uint64, count uint16, numbers ...uint64) []byte {
		b := append(seq(stable), 0, 0, 0, 0)
		b = append(bigEndian.AppendUint16(b, count), 0xFF, 0xFF)
		for _, n := range numbers {
			b = append(b, seq(n)...)
		}
		return b
	}
	header := func(h Header) *Header { return &h }
	th := bytes.Repeat([]byte{1}, 32)
	ready := func(entries ...[]byte) []byte { return append(AppendMapHeader(nil, len(entries)), cat(entries...)...) }
	entry := func(key string, v any) []byte {
		b, err := AppendValue(AppendStr(nil, key), v)
		if err != nil {
			panic(err)
		}
		return b
	}
	caps, protos := entry("caps", map[string]any{}), entry("protos", map[string]any{})
	goodReady := ready(caps, protos, entry("th", th), entry("ver", 1))
	goodOpen := ready(entry("proto", "call"), entry("ver", 1))
	e, p := CodeEncoding, CodeProtocol
	return []messageFault{
		{"ping on a stream", on(TypePing, 0), zeros(24), zeros(24), header(link(TypePing)), p, "FRAME-009", 8},
		{"data on the link", link(TypeData), piece("a"), piece("a"), header(on(TypeData, 0)), p, "FRAME-009", 8},
		{"stream before form", link(TypeGap), nil, append(seq(1), append(seq(1), zeros(8)...)...), header(on(TypeGap, 0)), p, "FRAME-009", 8},
		{"ping of 23", link(TypePing), zeros(23), zeros(24), nil, e, "FRAME-010", 4},
		{"ping of 25", link(TypePing), zeros(25), zeros(24), nil, e, "FRAME-010", 4},
		{"ping of 0", link(TypePing), nil, zeros(24), nil, e, "FRAME-010", 4},
		{"pong of 47", link(TypePong), zeros(47), zeros(48), nil, e, "FRAME-010", 4},
		{"credit of 9", link(TypeCredit), zeros(9), zeros(8), nil, e, "FRAME-010", 4},
		{"credit of 2^63", on(TypeCredit, 0), seq(1 << 63), seq(1<<63 - 1), nil, e, "CRED-008", 16},
		{"streams of 7", link(TypeStreams), zeros(7), zeros(8), nil, e, "FRAME-010", 4},
		{"streams of 2^31+1", link(TypeStreams), seq(1<<31 + 1), seq(1 << 31), nil, e, "CRED-008", 16},
		{"drain of 12", link(TypeDrain), zeros(12), zeros(16), nil, e, "FRAME-010", 4},
		{"close of 7", link(TypeClose), zeros(7), zeros(8), nil, e, "FRAME-010", 4},
		{"close of 265", link(TypeClose), zeros(265), zeros(264), nil, e, "FRAME-010", 4},
		{"reject of 7", on(TypeReject, 0), zeros(7), zeros(8), nil, e, "FRAME-010", 4},
		{"reset of 265", on(TypeReset, 0), zeros(265), zeros(264), nil, e, "FRAME-010", 4},
		{"gap of 23", on(TypeGap, 0), append(seq(1), append(seq(1), zeros(7)...)...), append(seq(1), append(seq(1), zeros(8)...)...), nil, e, "FRAME-010", 4},
		{"gap from 0", on(TypeGap, 0), zeros(24), append(seq(1), append(seq(1), zeros(8)...)...), nil, e, "GAP-001", 16},
		{"gap backwards", on(TypeGap, 0), append(seq(2), append(seq(1), zeros(8)...)...), append(seq(2), append(seq(2), zeros(8)...)...), nil, e, "GAP-001", 16},

		{"ready empty", link(TypeReady), nil, goodReady, nil, e, "MP-013", 16},
		{"ready no map", link(TypeReady), []byte{0x90}, goodReady, nil, e, "READY-009", 16},
		{"ready two values", link(TypeReady), append(bytes.Clone(goodReady), 0xC0), goodReady, nil, e, "MP-012", 16 + len(goodReady)},
		{"ready without caps", link(TypeReady), ready(protos, entry("th", th), entry("ver", 1)), goodReady, nil, e, "READY-009", 16},
		{"ready without th", link(TypeReady), ready(caps, protos, entry("ver", 1)), goodReady, nil, e, "READY-009", 16},
		{"ready without ver", link(TypeReady), ready(caps, protos, entry("th", th)), goodReady, nil, e, "READY-009", 16},
		{"ready only unknown", link(TypeReady), ready(entry("z", 1)), goodReady, nil, e, "READY-009", 16},
		{"ready caps no map", link(TypeReady), ready(entry("caps", 1), protos, entry("th", th), entry("ver", 1)), goodReady, nil, e, "READY-009", 22},
		{"ready th of 31", link(TypeReady), ready(caps, protos, entry("th", th[1:]), entry("ver", 1)), goodReady, nil, e, "READY-009", 34},
		{"ready cb of 33", link(TypeReady), ready(caps, entry("cb", append(th, 0)), protos, entry("th", th), entry("ver", 1)), ready(caps, entry("cb", th), protos, entry("th", th), entry("ver", 1)), nil, e, "READY-009", 26},
		{"ready ver of 65536", link(TypeReady), ready(caps, protos, entry("th", th), entry("ver", 65536)), ready(caps, protos, entry("th", th), entry("ver", 65535)), nil, e, "READY-009", 72},
		{"ready ver negative", link(TypeReady), ready(caps, protos, entry("th", th), entry("ver", -1)), goodReady, nil, e, "READY-009", 72},
		{"open no map", on(TypeOpen, 0), []byte{0xC0}, goodOpen, nil, e, "FRAME-016", 16},
		{"open keys not ascending", on(TypeOpen, 0), ready(entry("ver", 1), entry("proto", "call")), goodOpen, nil, e, "MP-010", 22},
		{"open without proto", on(TypeOpen, 0), ready(entry("ver", 1)), goodOpen, nil, e, "FRAME-016", 16},
		{"open without ver", on(TypeOpen, 0), ready(entry("proto", "call")), goodOpen, nil, e, "FRAME-016", 16},
		{"open proto is bin", on(TypeOpen, 0), ready(entry("proto", []byte("call")), entry("ver", 1)), goodOpen, nil, e, "FRAME-016", 23},
		{"open proto of 65", on(TypeOpen, 0), ready(entry("proto", string(zeros65())), entry("ver", 1)), ready(entry("proto", string(zeros65()[1:])), entry("ver", 1)), nil, e, "FRAME-016", 23},
		{"open params is str", on(TypeOpen, 0), ready(entry("params", "a"), entry("proto", "call"), entry("ver", 1)), ready(entry("params", []byte("a")), entry("proto", "call"), entry("ver", 1)), nil, e, "FRAME-016", 24},
		{"accept no map", on(TypeAccept, 0), []byte{0x01}, []byte{0x80}, nil, e, "FRAME-016", 16},
		{"accept params is int", on(TypeAccept, 0), ready(entry("params", 1)), ready(entry("other", 1)), nil, e, "FRAME-016", 24},

		{"data of 3", on(TypeData, 0), zeros(3), zeros(4), nil, e, "DATA-001", 16},
		{"data left over", on(TypeData, FlagFin), append(piece("a"), 0), piece("a"), nil, e, "DATA-001", 21},
		{"data piece too long", on(TypeData, 0), append(piece("a"), 0, 0, 0, 2, 0), append(piece("a"), 0, 0, 0, 1, 0), nil, e, "DATA-001", 21},
		{"data piece of 4 GiB", on(TypeData, 0), []byte{0xFF, 0xFF, 0xFF, 0xFF, 0}, []byte{0, 0, 0, 1, 0}, nil, e, "DATA-001", 16},
		{"data nothing", on(TypeData, 0), nil, nil, header(on(TypeData, FlagFin)), e, "DATA-002", 4},
		{"data fin and more", on(TypeData, FlagFin|FlagMore), piece("a"), piece("a"), header(on(TypeData, FlagMore)), e, "DATA-004", 1},
		{"data fin and more, nothing", on(TypeData, FlagFin|FlagMore), nil, nil, header(on(TypeData, FlagFin)), e, "DATA-004", 1},
		{"data more, last empty", on(TypeData, FlagMore), append(piece("a"), piece("")...), append(piece("a"), piece("")...), header(on(TypeData, 0)), e, "DATA-005", 21},
		{"data more, nothing", on(TypeData, FlagMore), nil, piece("a"), nil, e, "DATA-005", 1},

		{"records of 7", on(TypeRecords, 0), zeros(7), append(seq(1), piece("")...), nil, e, "REC-001", 4},
		{"records from 0", on(TypeRecords, 0), append(seq(0), piece("")...), append(seq(1), piece("")...), nil, e, "REC-001", 16},
		{"records piece too long", on(TypeRecords, 0), append(seq(1), 0, 0, 0, 1), append(seq(1), 0, 0, 0, 0), nil, e, "DATA-001", 24},
		{"records without piece", on(TypeRecords, 0), seq(1), append(seq(1), piece("")...), nil, e, "DATA-002", 4},
		{"records fin without piece", on(TypeRecords, FlagFin), seq(1), append(seq(1), piece("")...), nil, e, "DATA-002", 4},
		{"records wrap", on(TypeRecords, 0), append(seq(MaxSeq), append(piece(""), piece("")...)...), append(seq(MaxSeq-1), append(piece(""), piece("")...)...), nil, e, "REC-001", 16},

		{"ack of 15", on(TypeAck, 0), zeros(15), zeros(16), nil, e, "FRAME-010", 4},
		{"ack without its range", on(TypeAck, 0), ack(1, 1), ack(1, 1, 3, 3), nil, e, "FRAME-010", 4},
		{"ack with a range too many", on(TypeAck, 0), ack(1, 0, 3, 3), ack(1, 1, 3, 3), nil, e, "FRAME-010", 4},
		{"ack of 65 ranges", on(TypeAck, 0), ack(1, 65, make([]uint64, 130)...), ack(1, 0), nil, e, "ACK-001", 28},
		{"ack range stable", on(TypeAck, 0), ack(3, 1, 3, 4), ack(3, 1, 4, 4), nil, e, "ACK-001", 32},
		{"ack range backwards", on(TypeAck, 0), ack(3, 1, 6, 5), ack(3, 1, 6, 6), nil, e, "ACK-001", 32},
		{"ack ranges touch", on(TypeAck, 0), ack(3, 2, 5, 6, 7, 7), ack(3, 2, 5, 6, 8, 8), nil, e, "ACK-001", 48},
		{"ack range after the last number", on(TypeAck, 0), ack(3, 2, 5, MaxSeq, 0, 0), ack(3, 1, 5, MaxSeq), nil, e, "ACK-001", 48},
	}
}

func zeros65() []byte { return bytes.Repeat([]byte("p"), 65) }

// Every requirement id that messages answer for has a fault above.
func TestMessageFaultsCoverTheirRequirements(t *testing.T) {
	seen := map[string]bool{}
	for _, tc := range messageFaults() {
		seen[tc.req] = true
	}
	for _, req := range []string{"FRAME-009", "FRAME-010", "FRAME-016", "READY-009", "CRED-008", "DATA-001", "DATA-002", "DATA-004", "DATA-005"} {
		require.True(t, seen[req], req)
	}
}

func TestParseMessageOfUnknownTypeTakesAnyStream(t *testing.T) {
	for _, stream := range []uint32{0, 1, 1<<32 - 1} {
		m, err := ParseMessage(sealed(t, Header{Type: 0x1B, Flags: FlagMustUnderstand, Stream: stream}, nil))
		require.NoError(t, err)
		require.Equal(t, Unknown{Type: 0x1B, Flags: FlagMustUnderstand, Stream: stream}, m)
	}
}

// Encoders that can fail refuse what their parsers would refuse, and then leave b as it was.
func TestAppendFrameRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		m    Message
		req  string
	}{
		{"proto not UTF-8", Open{Proto: "\xFF"}, "MP-005"},
		{"proto with U+0000", Open{Proto: "\x00"}, "MP-005"},
		{"proto of 65", Open{Proto: string(zeros65())}, "FRAME-016"},
		{"open over 16384", Open{Params: make([]byte, 16384)}, "FRAME-018"},
		{"accept over 16384", Accept{Params: make([]byte, 16384)}, "FRAME-018"},
		{"65 ranges", Ack{Ranges: make([]Range, 65)}, "ACK-001"},
		{"ranges that touch", Ack{Ranges: []Range{{1, 2}, {3, 3}}}, "ACK-001"},
		{"range that is stable", Ack{Stable: 1, Ranges: []Range{{1, 2}}}, "ACK-001"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, err := tc.m.AppendBinary(prefix)
			require.Equal(t, tc.req, requireFault(t, err).Req)
			require.Equal(t, prefix, b)
		})
	}
}

// The greatest params that go: the whole payload is 16,384 bytes.
func TestControlFramesAtTheirLimit(t *testing.T) {
	open := Open{Stream: 1, Proto: "call", Ver: 1}
	open.Params = make([]byte, MaxControl+HeaderSize+TrailerSize-open.Size()-len("?params")-3)
	for _, m := range []Message{open, Accept{Stream: 1, Params: make([]byte, MaxControl-1-len("?params")-3)}} {
		f, again := reread(t, encoded(t, m))
		require.Len(t, f.Payload, MaxControl)
		require.Equal(t, m, again)
	}
}

func TestNewReady(t *testing.T) {
	a := Agreement{Version: 1, Caps: Caps{"probe.and": true}, Protos: map[string]uint16{"call": 1}}
	want := &Ready{Version: 1, Caps: a.Caps, Protos: a.Protos, TH: [32]byte{9}, CB: make([]byte, 32)}
	require.Equal(t, want, NewReady(a, [32]byte{9}, make([]byte, 32)))
}
