package codec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpeningRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name   string
		hello  *Hello
		refuse *Refuse
	}{
		{"hello", sampleHello(), nil},
		{"hello, least", &Hello{Vers: []uint16{1}, Caps: Caps{}, Need: []string{}, Protos: map[string][]uint16{}, Limits: MinLimits()}, nil},
		{"refuse", nil, sampleRefuse()},
		{"refuse, least", nil, &Refuse{Vers: []uint16{1, 0x0A0A}}},
		{"refuse, needs nothing", nil, &Refuse{Need: []string{}, Vers: []uint16{2}, Text: "\u00e4"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := openingOf(tc.hello, tc.refuse)
			o, n, err := ParseOpening(append(bytes.Clone(b), "more"...))
			require.NoError(t, err)
			require.Equal(t, len(b), n)
			require.Equal(t, tc.hello, o.Hello)
			require.Equal(t, tc.refuse, o.Refuse)
			require.Equal(t, b, openingOf(o.Hello, o.Refuse))
			for i := range b {
				_, _, err := ParseOpening(b[:i])
				require.ErrorIs(t, err, ErrShort, "%d of %d bytes", i, len(b))
			}
			require.LessOrEqual(t, allocated(func() { _, _, _ = ParseOpening(b) }), uint64(2*len(b)+64<<10))
			checkOpeningJSON(t, o)
		})
	}
}

func checkOpeningJSON(t *testing.T, o Opening) {
	t.Helper()
	j, err := OpeningJSON(o)
	require.NoError(t, err)
	again, err := OpeningFromJSON(j)
	require.NoError(t, err, "%s", j)
	require.Equal(t, o.Hello, again.Hello)
	require.Equal(t, o.Refuse, again.Refuse)
	require.Equal(t, o.Header.Kind, again.Header.Kind)
	require.Equal(t, o.Header.VerMin, again.Header.VerMin)
	require.Equal(t, o.Header.VerMax, again.Header.VerMax)
}

func TestRandomHello(t *testing.T) {
	f := randomly(3)
	for range 300 {
		h := &Hello{}
		f.Fuzz(h)
		b, err := h.AppendOpening(nil)
		require.NoError(t, err)
		o, _, err := ParseOpening(b)
		require.NoError(t, err)
		require.Equal(t, h, o.Hello)
		checkOpeningJSON(t, o)
	}
}

// The header's fields, by hand.
func TestOpeningHeader(t *testing.T) {
	b := openingOf(sampleHello(), nil)
	require.Equal(t, hx("C1 48 46 50 0D 0A 1A 0A 01 00 0001 0001 0001"), b[:16])
	h, err := ParseOpeningHeader(b[:24])
	require.NoError(t, err)
	require.Equal(t, OpeningHeader{VerMin: 1, VerMax: 1, Kind: KindHello, Length: uint32(len(b) - 24), Checksum: Checksum(append(b[:20:20], b[24:]...))}, h)
	b = AppendRawOpening(nil, 0xAB, 3, 4, KindRefuse, nil)
	h, err = ParseOpeningHeader(b)
	require.NoError(t, err)
	require.Equal(t, uint8(0xAB), h.Flags)
}

// TestOpeningIsJudgedByteByByte cuts openings: a fault is there as soon as its byte is, and not before.
func TestOpeningIsJudgedByteByByte(t *testing.T) {
	good := openingOf(sampleHello(), nil)
	change := func(at int, to ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], to)
		return b
	}
	for _, tc := range []struct {
		name   string
		b      []byte
		seenAt int // bytes that must be there
		code   Code
		req    string
		off    int
	}{
		{"first byte", change(0, 'G'), 1, CodeForeign, "HELLO-003", 0},
		{"line ends were changed", change(4, 0x0A, 0x1A, 0x0A), 5, CodeForeign, "HELLO-003", 4},
		{"last byte of the magic", change(7, 0), 8, CodeForeign, "HELLO-003", 7},
		{"invariants", change(8, 2), 9, CodeForeign, "HELLO-004", 8},
		{"kind 0", change(14, 0, 0), 16, CodeForeign, "HELLO-006", 14},
		{"kind 3", change(14, 0, 3), 16, CodeForeign, "HELLO-006", 14},
		{"kind 257", change(14, 1, 1), 16, CodeForeign, "HELLO-006", 14},
		{"length", change(16, 0, 0, 0x40, 1), 20, CodeFrameSize, "HELLO-007", 16},
		{"length of 4 GiB", change(16, 255, 255, 255, 255), 20, CodeFrameSize, "HELLO-007", 16},
		{"length of a REFUSE", change(14, 0, 2, 0, 0, 4, 1), 20, CodeFrameSize, "HELLO-020", 16},
		{"checksum", change(20, good[20]^1), len(good), CodeHeaderCRC, "HELLO-008", 20},
		{"flags are under the checksum", change(9, 1), len(good), CodeHeaderCRC, "HELLO-008", 20},
		{"body", change(len(good)-1, good[len(good)-1]^1), len(good), CodeHeaderCRC, "HELLO-008", 20},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for i := range len(tc.b) + 1 {
				_, _, err := ParseOpening(tc.b[:i])
				if i < tc.seenAt {
					require.ErrorIs(t, err, ErrShort, "%d bytes", i)
				} else {
					requireFaultIs(t, err, tc.code, ScopeLink, tc.req, tc.off)
				}
			}
		})
	}
}

func TestRefuseFaults(t *testing.T) {
	r := func() entries { return entries{"code": 5, "vers": []any{1}} }
	for _, tc := range []struct {
		name string
		bad  entries
		req  string
	}{
		{"without code", r().without("code"), "HELLO-022"},
		{"without vers", r().without("vers"), "HELLO-022"},
		{"code over 32 bits", r().with("code", 1<<32), "HELLO-022"},
		{"retry_ms over 32 bits", r().with("retry_ms", 1<<32), "HELLO-022"},
		{"text of 257", r().with("text", strings.Repeat("a", 257)), "HELLO-022"},
		{"need is str", r().with("need", "a"), "HELLO-022"},
		{"vers empty", r().with("vers", []any{}), "HELLO-019"},
		{"17 vers", r().with("vers", []any{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}), "HELLO-019"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := ParseOpening(tc.bad.opening(KindRefuse))
			require.Equal(t, tc.req, requireFault(t, err).Req, "%v", err)
			_, _, err = ParseOpening(r().opening(KindRefuse))
			require.NoError(t, err)
		})
	}
}

// HELLO-030: of vers in a REFUSE the number of entries alone is judged.
func TestRefuseVers(t *testing.T) {
	for _, vers := range [][]uint16{{1, 1}, {0}, {0x0A0A}, {65535, 0, 0}} {
		o, _, err := ParseOpening(openingOf(nil, &Refuse{Code: CodeNoVersion, Vers: vers}))
		require.NoError(t, err)
		require.Equal(t, vers, o.Refuse.Vers)
	}
}

// HELLO-020: what the other side needs comes from its HELLO, and must not keep a REFUSE from being sent.
func TestRefuseAlwaysFits(t *testing.T) {
	r := &Refuse{Code: CodeNeedUnmet, Text: strings.Repeat("t", 300), Vers: []uint16{1}}
	for range 64 {
		r.Need = append(r.Need, strings.Repeat("n", 200))
	}
	o, n, err := ParseOpening(openingOf(nil, r))
	require.NoError(t, err)
	require.LessOrEqual(t, n, OpeningSize+MaxRefuseBody)
	require.Empty(t, o.Refuse.Text)
	require.Equal(t, r.Need[:4], o.Refuse.Need)
	r = &Refuse{Text: "a\x00b\xFF", Vers: []uint16{1}}
	o, _, err = ParseOpening(openingOf(nil, r))
	require.NoError(t, err)
	require.Equal(t, "a\uFFFDb\uFFFD", o.Refuse.Text)
}

// An encoder refuses what its own parser would refuse, and then leaves b as it was.
func TestAppendOpeningRefuses(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Hello)
		req    string
	}{
		{"no versions", func(h *Hello) { h.Vers = nil }, "HELLO-013"},
		{"only grease", func(h *Hello) { h.Vers = []uint16{0x0A0A} }, "HELLO-013"},
		{"a limit of zero", func(h *Hello) { h.Limits.Streams = 0 }, "HELLO-012"},
		{"a long name", func(h *Hello) { h.SW = strings.Repeat("a", 65) }, "HELLO-010"},
		{"an incarnation of 2^63", func(h *Hello) { h.Incarnation = 1 << 63 }, "MP-002"},
		{"a set out of order", func(h *Hello) { h.Caps["probe.intersect"] = []string{"b", "a"} }, "CAP-012"},
		{"a value outside the profile", func(h *Hello) { h.Caps["x.a"] = 1.5 }, "MP-001"},
		{"too much", func(h *Hello) { h.Caps["x.a"] = make([]byte, 16384) }, "HELLO-007"},
		{"too deep", func(h *Hello) {
			v := any(nil)
			for range 7 {
				v = []any{v}
			}
			h.Caps["x.a"] = v
		}, "MP-007"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := sampleHello()
			tc.change(h)
			b, err := h.AppendOpening(prefix)
			require.Equal(t, prefix, b)
			require.Equal(t, tc.req, requireFault(t, err).Req, "%v", err)
		})
	}
	_, err := (&Refuse{}).AppendOpening(nil)
	require.Equal(t, "HELLO-019", requireFault(t, err).Req)
}
