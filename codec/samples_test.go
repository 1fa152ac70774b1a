package codec

import (
	"bytes"
	"encoding/hex"
	"strings"

	"github.com/google/gofuzz"
)

// someMessage is a message to be checked.
type someMessage struct {
	name  string
	m     Message
	rigid bool
}

// messages lists one message or more of each type, edges included.
func messages() []someMessage {
	return []someMessage{
		{"ready", sampleReady(), true},
		{"ready empty", &Ready{CB: bytes.Repeat([]byte{7}, 32)}, true},
		{"ping", Ping{Echo: 1, T1: -2, ErrUS: 3}, true},
		{"ping max", Ping{Echo: 1<<64 - 1, T1: -1 << 63, ErrUS: UnknownError}, true},
		{"pong", Pong{Echo: 1, T1: 2, T2: 3, T3: 4, HoldUS: 5, ErrUS: 6, Clock: ClockStepped}, true},
		{"credit link", Credit{Max: MaxCredit}, true},
		{"credit stream", Credit{Stream: 1<<32 - 1, Max: 0}, true},
		{"streams", Streams{Max: MaxStreams}, true},
		{"drain", Drain{Last: DrainUndecided, Code: CodeShutdown, DeadlineMS: 30000}, true},
		{"close", Close{Code: CodeNoError, RetryMS: 0, Text: ""}, false},
		{"close text", Close{Code: 0xF123, RetryMS: RetryNever, Text: strings.Repeat("ä", 128)}, false},
		{"open", Open{Stream: 1, Proto: "call", Ver: 1}, true},
		{"open params", Open{Stream: 3, Proto: strings.Repeat("p", 64), Ver: 65535, Params: bytes.Repeat([]byte{1}, 300)}, true},
		{"open empty params", Open{Stream: 3, Proto: "", Ver: 0, Params: []byte{}}, true},
		{"open version of two bytes", Open{Stream: 3, Proto: "call", Ver: 200}, true},
		{"accept", Accept{Stream: 1}, true},
		{"accept params", Accept{Stream: 1, Params: []byte("abc")}, true},
		{"open channel", Open{Stream: 5, Proto: "realtime", Ver: 1, Channel: sampleChannel()}, true},
		{"open all", Open{Stream: 5, Proto: "realtime", Ver: 1, Params: []byte{1}, Channel: &Channel{
			Name: strings.Repeat("n", 64), Lineage: fullLineage(), First: MaxSeq + 1, Next: MaxSeq + 1, Stable: MaxSeq}}, true},
		{"accept kept", Accept{Stream: 5, Channel: &Position{State: PositionKept, Stable: 57, Ranges: []Range{{60, 61}}}}, true},
		{"accept all", Accept{Stream: 5, Params: []byte("abc"), Channel: &Position{State: PositionDiverged, Stable: 1, Dup: MaxSeq, Ranges: fullRanges()}}, true},
		{"accept foreign", Accept{Stream: 5, Channel: &Position{State: PositionForeign}}, true},
		{"accept lost", Accept{Stream: 5, Channel: &Position{State: PositionLost, Stable: MaxSeq, Dup: 300}}, true},
		{"reject", Reject{Stream: 1, Code: CodeUnknownProto, RetryMS: RetryNever, Text: "no"}, false},
		{"data", Data{Stream: 1, Pieces: NewPieces(FlagFin, []byte("ping"))}, false},
		{"data fin", Data{Stream: 2, Pieces: NewPieces(FlagFin)}, false},
		{"data more", Data{Stream: 2, Pieces: NewPieces(FlagMore, nil, []byte{1}, []byte("tail"))}, false},
		{"data empty", Data{Stream: 2, Pieces: NewPieces(0, nil)}, false},
		{"reset", Reset{Stream: 1, Code: CodeCancelled, RetryMS: 1, Text: "\x00"}, false},
		{"records", Records{Stream: 4, Flags: FlagPossibleDup, Seq: 1, Pieces: NewPieces(0, []byte("a"), nil)}, false},
		{"records more", Records{Stream: 4, Flags: FlagMore, Seq: MaxSeq, Pieces: NewPieces(FlagMore, []byte("a"))}, false},
		{"ack", Ack{Stream: 4, Stable: 10, DelayUS: 7}, true},
		{"ack ranges", Ack{Stream: 4, Ranges: []Range{{1, 1}, {3, 9}, {MaxSeq, MaxSeq}}}, true},
		{"gap", Gap{Stream: 4, From: 1, To: MaxSeq, Reason: GapOperator}, true},
		{"unknown", Unknown{Type: 0x1B, Flags: 0xF0, Reserved: 0xABCD, Stream: 9, Payload: []byte{1, 2}}, false},
		{"unknown empty", Unknown{Type: 0xFE}, false},
	}
}

func sampleReady() *Ready {
	return &Ready{
		Version: 1,
		Caps:    Caps{"probe.and": true, "probe.choose": []string{"b"}, "probe.intersect": []string{"a", "c"}, "probe.max": int64(9)},
		Protos:  map[string]uint16{"call": 1},
		TH:      [32]byte{1, 2, 3},
	}
}

func sampleHello() *Hello {
	return &Hello{
		Vers:        []uint16{0x3A7A, 1},
		Node:        [16]byte{0: 1},
		Cluster:     [16]byte{15: 2},
		ClusterName: "blue",
		Incarnation: 7,
		Nonce:       [32]byte{31: 3},
		Caps: Caps{
			"probe.and": true, "probe.choose": []string{"b", "a"}, "probe.intersect": []string{"a", "b", "c"},
			"probe.max": int64(9), "probe.min": int64(4), "x.grease.1a2b": int64(-5),
			"x.grease.zzzz": map[string]any{"k": []any{nil, []byte{1}, "s"}},
		},
		Need:   []string{"probe.and"},
		Protos: map[string][]uint16{"call": {1}, "x.other": {3, 2}},
		Limits: DefaultLimits(),
		SW:     "test/1",
	}
}

func sampleRefuse() *Refuse {
	return &Refuse{Code: CodeNeedUnmet, Need: []string{"a"}, RetryMS: 5, HasRetry: true, Text: "why", Vers: []uint16{1}}
}

func openingOf(hello *Hello, refuse *Refuse) []byte {
	var b []byte
	var err error
	if hello != nil {
		b, err = hello.AppendOpening(nil)
	} else {
		b, err = refuse.AppendOpening(nil)
	}
	if err != nil {
		panic(err)
	}
	return b
}

// randomly makes random messages that can be encoded.
func randomly(seed int64) *fuzz.Fuzzer {
	return fuzz.NewWithSeed(seed).NilChance(0.2).NumElements(0, 8).Funcs(
		func(p *Pieces, c fuzz.Continue) {
			pieces := make([][]byte, 1+c.Intn(4))
			for i := range pieces {
				pieces[i] = randomBytes(c, 80)
			}
			flags := []Flags{0, FlagFin}[c.Intn(2)]
			if len(pieces[len(pieces)-1]) > 0 && c.RandBool() {
				flags = FlagMore
			}
			*p = NewPieces(flags, pieces...)
		},
		func(m *Records, c fuzz.Continue) {
			c.Fuzz(&m.Pieces)
			m.Stream, m.Seq = c.Uint32()|1, 1+c.Uint64()/4
			m.Flags = m.Pieces.flags | []Flags{0, FlagPossibleDup}[c.Intn(2)]
		},
		func(r *[]Range, c fuzz.Continue) {
			*r = nil
			at := uint64(1 << 32)
			for range c.Intn(MaxRanges + 1) {
				first := at + uint64(c.Intn(5))
				last := first + uint64(c.Intn(5))
				*r = append(*r, Range{first, last})
				at = last + 2
			}
		},
		func(m *Ack, c fuzz.Continue) {
			m.Stream, m.Stable, m.DelayUS = c.Uint32()|1, uint64(c.Uint32())-1&0xFFFFFFFF, c.Uint32()
			c.Fuzz(&m.Ranges)
		},
		func(m *Gap, c fuzz.Continue) {
			from := 1 + c.Uint64()/4
			*m = Gap{Stream: c.Uint32() | 1, From: from, To: from + c.Uint64()/8, Reason: c.Uint32()}
		},
		func(m *Credit, c fuzz.Continue) { *m = Credit{c.Uint32(), c.Uint64() >> 1} },
		func(m *Streams, c fuzz.Continue) { m.Max = c.Uint64() % (MaxStreams + 1) },
		func(m *Pong, c fuzz.Continue) {
			c.FuzzNoCustom(m)
			m.Clock &= ClockStepped
		},
		func(m *Open, c fuzz.Continue) {
			*m = Open{c.Uint32() | 1, randomName(c), uint16(c.Uint32()), optionalBytes(c), randomChannel(c)}
		},
		func(m *Accept, c fuzz.Continue) { *m = Accept{c.Uint32() | 1, optionalBytes(c), randomPosition(c)} },
		func(m *Ready, c fuzz.Continue) {
			*m = Ready{Version: uint16(c.Uint32()), Caps: randomCaps(c), Protos: map[string]uint16{}}
			for range c.Intn(4) {
				m.Protos[randomName(c)] = uint16(c.Uint32())
			}
			copy(m.TH[:], randomBytes(c, 32))
			if c.RandBool() {
				m.CB = bytes.Repeat([]byte{byte(c.Uint32())}, 32)
			}
		},
		func(m *Unknown, c fuzz.Continue) {
			*m = Unknown{GreaseType(uint8(c.Uint32())), Flags(c.Uint32()), uint16(c.Uint32()), c.Uint32(), randomBytes(c, 64)}
		},
		func(m *Hello, c fuzz.Continue) { randomHello(m, c) },
	)
}

func randomHello(m *Hello, c fuzz.Continue) {
	*m = *sampleHello()
	m.Vers = []uint16{uint16(c.Uint32())&^GreaseVersionMask | 1, GreaseVersion(uint16(c.Uint32()))}
	m.Caps = randomCaps(c)
	m.Protos = map[string][]uint16{}
	for range c.Intn(4) {
		first := uint16(c.Uint32()) | 1
		m.Protos[randomName(c)] = []uint16{first, first ^ 0x8000}
	}
	m.Incarnation = c.Uint64() >> 1
	m.ClusterName, m.SW = cutText(strings.ReplaceAll(c.RandString(), "\x00", ""), 64), randomName(c)
	m.Need = make([]string, c.Intn(3))
	for i := range m.Need {
		m.Need[i] = randomName(c)
	}
	lowest, highest := MinLimits(), MaxLimits()
	for i := range limitTable {
		low, high := *lowest.ref(i), *highest.ref(i)
		*m.Limits.ref(i) = low + c.Uint64()%(high-low+1)
	}
}

// randomCaps never uses a registered name.
func randomCaps(c fuzz.Continue) Caps {
	caps := Caps{}
	for range c.Intn(5) {
		values := []any{true, int64(c.Uint64() >> 1), int64(-3), []string{randomName(c)}, "s", []any{int64(1), nil}, randomBytes(c, 9)}
		caps["x."+randomName(c)] = values[c.Intn(len(values))]
	}
	return caps
}

func randomName(c fuzz.Continue) string {
	return hex.EncodeToString(append(randomBytes(c, 20), byte(c.Uint32())))
}

func randomBytes(c fuzz.Continue, most int) []byte {
	b := make([]byte, c.Intn(most+1))
	for i := range b {
		b[i] = byte(c.Uint32())
	}
	return b
}

func optionalBytes(c fuzz.Continue) []byte {
	if c.RandBool() {
		return nil
	}
	return randomBytes(c, 300)
}

func sampleChannel() *Channel {
	return &Channel{ID: [16]byte{15: 1}, Name: "out", Lineage: Lineage{{1, 70, 1}, {2, 1<<63 - 1, 1}, {3, 0, 300}}, First: 256, Next: 70000, Stable: 255}
}

func fullLineage() (l Lineage) {
	for i := range uint64(MaxLineage) {
		l = append(l, Epoch{Epoch: 1<<62 + i, Nonce: i << 40, First: 1 + i<<16})
	}
	return l
}

func fullRanges() (r []Range) {
	for i := range uint64(MaxRanges) {
		r = append(r, Range{First: 3 + i<<40, Last: 100 + i<<40})
	}
	return r
}

func randomChannel(c fuzz.Continue) *Channel {
	if c.RandBool() {
		return nil
	}
	m := &Channel{Name: randomName(c), First: 1 + c.Uint64()/4}
	m.Next = m.First + c.Uint64()/4
	m.Stable = c.Uint64() % m.Next
	copy(m.ID[:], randomBytes(c, 16))
	first, epoch := 1+c.Uint64()%m.Next, 1+c.Uint64()/4
	for range 1 + c.Intn(MaxLineage) {
		m.Lineage = append(m.Lineage, Epoch{epoch, c.Uint64() / 2, first})
		epoch, first = epoch+1, first+c.Uint64()%(m.Next-first+1)
	}
	return m
}

func randomPosition(c fuzz.Continue) *Position {
	if c.RandBool() {
		return nil
	}
	m := &Position{State: []PositionState{PositionKept, PositionLost, PositionDiverged}[c.Intn(3)], Stable: uint64(c.Uint32()), Dup: c.Uint64() / 4}
	at := m.Stable + 2
	for range c.Intn(MaxRanges + 1) {
		first := at + uint64(c.Intn(5))
		m.Ranges = append(m.Ranges, Range{first, first + uint64(c.Intn(5))})
		at = m.Ranges[len(m.Ranges)-1].Last + 2
	}
	return m
}
