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

// entries is a HELLO or REFUSE as a generic map, for bodies that the encoders refuse to make.
type entries map[string]any

func helloEntries() entries {
	versions := func(v ...any) []any { return v }
	return entries{
		"caps": map[string]any{}, "cluster": make([]byte, 16), "incarnation": 0, "limits": map[string]any{}, "need": []any{},
		"node": make([]byte, 16), "nonce": make([]byte, 32), "protos": map[string]any{}, "vers": versions(1),
	}
}

func (e entries) with(key string, v any) entries {
	e[key] = v
	return e
}

func (e entries) without(key string) entries {
	delete(e, key)
	return e
}

func (e entries) opening(kind Kind) []byte {
	body, err := AppendValue(nil, map[string]any(e))
	if err != nil {
		panic(err)
	}
	return AppendRawOpening(nil, 0, 1, 1, kind, body)
}

type helloFaultCase struct {
	name      string
	bad, good entries
	req       string
}

// TestHelloFaults has one fault each, next to a twin that differs in that alone.
func TestHelloFaults(t *testing.T) {
	for _, tc := range append(helloKeyFaults(), helloCapFaults()...) {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := ParseOpening(tc.bad.opening(KindHello))
			e := requireFault(t, err)
			require.Equal(t, tc.req, e.Req, "%v", err)
			require.Equal(t, CodeEncoding, e.Code)
			require.Equal(t, ScopeLink, e.Scope)
			require.GreaterOrEqual(t, e.Offset, 10)
			_, _, err = ParseOpening(tc.good.opening(KindHello))
			require.NoError(t, err)
		})
	}
}

func helloKeyFaults() []helloFaultCase {
	h := helloEntries
	m := func(k string, v any) map[string]any { return map[string]any{k: v} }
	list := func(v ...any) []any { return v }
	names := func(n int) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = "a"
		}
		return out
	}
	numbers := func(from, n int) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = from + i
		}
		return out
	}
	cases := []helloFaultCase{
		{"cluster of 15", h().with("cluster", make([]byte, 15)), h(), "HELLO-010"},
		{"cluster is str", h().with("cluster", strings.Repeat("a", 16)), h(), "HELLO-010"},
		{"cluster_name of 65", h().with("cluster_name", strings.Repeat("a", 65)), h().with("cluster_name", strings.Repeat("a", 64)), "HELLO-010"},
		{"incarnation negative", h().with("incarnation", -1), h().with("incarnation", 1<<62), "HELLO-010"},
		{"need of 65", h().with("need", names(65)), h().with("need", names(64)), "HELLO-010"},
		{"need with a number", h().with("need", list("a", 1)), h().with("need", list("a", "b")), "HELLO-010"},
		{"node of 17", h().with("node", make([]byte, 17)), h(), "HELLO-010"},
		{"nonce of 31", h().with("nonce", make([]byte, 31)), h(), "HELLO-010"},
		{"sw is bin", h().with("sw", []byte("a")), h().with("sw", "a"), "HELLO-010"},
		{"caps is array", h().with("caps", list()), h(), "HELLO-010"},
		{"vers is map", h().with("vers", m("a", 1)), h(), "HELLO-010"},
		{"vers with 65536", h().with("vers", list(1, 65536)), h().with("vers", list(1, 0xFAFA)), "HELLO-010"},
		{"protos with a number", h().with("protos", m("a", 1)), h().with("protos", m("a", list(1))), "HELLO-010"},
		{"protos with no version", h().with("protos", m("a", list())), h().with("protos", m("a", list(1))), "HELLO-027"},
		{"protos with 17 versions", h().with("protos", m("a", numbers(1, 17))), h().with("protos", m("a", numbers(1, 16))), "HELLO-027"},
		{"protos with a version twice", h().with("protos", m("a", list(1, 1))), h().with("protos", m("a", list(1, 2))), "HELLO-027"},
		{"protos with version 0", h().with("protos", m("a", list(0))), h().with("protos", m("a", list(1))), "HELLO-027"},
		{"protos with 65536", h().with("protos", m("a", list(65536))), h().with("protos", m("a", list(65535))), "HELLO-010"},
		{"limit is str", h().with("limits", m("idle_ms", "200")), h().with("limits", m("idle_ms", 200)), "HELLO-010"},
		{"limit negative", h().with("limits", m("idle_ms", -200)), h().with("limits", m("idle_zz", -200)), "HELLO-010"},
		{"type before range", h().with("limits", m("idle_ms", 1)).with("vers", 1), h(), "HELLO-010"},
		{"range before vers", h().with("limits", m("idle_ms", 1)).with("vers", list()), h(), "HELLO-012"},
		{"vers empty", h().with("vers", list()), h(), "HELLO-013"},
		{"vers of 17", h().with("vers", append(list(1), numbers(0x0A0A, 16)...)), h().with("vers", append(list(1), list(0x0A0A, 0x1A0A, 0x2A0A, 0x3A0A)...)), "HELLO-013"},
		{"vers twice", h().with("vers", list(1, 0x0A0A, 1)), h().with("vers", list(1, 0x0A0A)), "HELLO-013"},
		{"vers all grease", h().with("vers", list(0x0A0A)), h().with("vers", list(0x0A0A, 1)), "HELLO-013"},
		{"ver_max", h().with("vers", list(1, 2)), h().with("vers", list(0x0A0A, 1)), "HELLO-014"},
		{"ver_min", h().with("vers", list(2)), h().with("vers", list(1)), "HELLO-014"},
		{"vers before caps", h().with("vers", list(2)).with("caps", m("probe.and", 1)), h(), "HELLO-014"},
	}
	for _, key := range keysHello {
		if key.Required {
			cases = append(cases, helloFaultCase{"without " + key.Name, h().without(key.Name), h(), "HELLO-010"})
		}
	}
	for _, l := range limitTable {
		cases = append(cases,
			helloFaultCase{l.Name + " too small", h().with("limits", m(l.Name, l.Min-1)), h().with("limits", m(l.Name, l.Min)), "HELLO-012"},
			helloFaultCase{l.Name + " too great", h().with("limits", m(l.Name, l.Max+1)), h().with("limits", m(l.Name, l.Max)), "HELLO-012"})
	}
	return cases
}

func helloCapFaults() []helloFaultCase {
	list := func(v ...any) []any { return v }
	caps := func(pairs ...any) entries {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return helloEntries().with("caps", m)
	}
	seventeen := make([]any, 17)
	for i := range seventeen {
		seventeen[i] = string(rune('a' + i))
	}
	return []helloFaultCase{
		{"true is false", caps("probe.and", false), caps("probe.and", true), "CAP-010"},
		{"true is 1", caps("tls.bind", 1), caps("tls.bind", true), "CAP-010"},
		{"uint is true", caps("probe.min", true), caps("probe.min", 0), "CAP-010"},
		{"uint is negative", caps("probe.max", -1), caps("probe.max", 1<<63-1), "CAP-010"},
		{"set is str", caps("probe.intersect", "a"), caps("probe.intersect", list("a")), "CAP-010"},
		{"set is empty", caps("probe.intersect", list()), caps("probe.intersect", list("a")), "CAP-010"},
		{"set of 17", caps("probe.intersect", seventeen), caps("probe.intersect", seventeen[:16]), "CAP-010"},
		{"set with a number", caps("probe.intersect", list("a", 1)), caps("probe.intersect", list("a", "b")), "CAP-010"},
		{"list with a bin", caps("probe.choose", list([]byte("a"))), caps("probe.choose", list("not a name", "")), "CAP-010"},
		{"list is a map", caps("probe.choose", map[string]any{}), caps("x.unknown", map[string]any{}), "CAP-010"},
		{"set not ascending", caps("probe.intersect", list("b", "a")), caps("probe.choose", list("b", "a")), "CAP-012"},
		{"set with no name twice", caps("probe.intersect", list("", "")), caps("probe.intersect", list("", "A")), "CAP-012"},
		{"set with one name twice", caps("probe.intersect", list("a", "a")), caps("probe.intersect", list("a", "aa")), "CAP-012"},
		{"list with one name twice", caps("probe.choose", list("b", "a", "b")), caps("probe.choose", list("b", "a", "c")), "CAP-012"},
		{"types before forms", caps("probe.choose", list("b", "b"), "probe.min", true), caps(), "CAP-010"},
	}
}

func TestHelloBodyFaults(t *testing.T) {
	good := helloEntries().opening(KindHello)[24:]
	for _, tc := range []struct {
		name string
		body []byte
		req  string
		off  int
	}{
		{"empty", nil, "MP-013", 24},
		{"no map", []byte{0x90}, "HELLO-009", 24},
		{"two values", append(bytes.Clone(good), 0xC0), "MP-012", 24 + len(good)},
		{"profile before keys", hx("81 a1 61 ca 00000000"), "MP-001", 27},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := ParseOpening(AppendRawOpening(nil, 0, 1, 1, KindHello, tc.body))
			requireFaultIs(t, err, CodeEncoding, ScopeLink, tc.req, tc.off)
		})
	}
	_, _, err := ParseOpening(AppendRawOpening(nil, 0xFF, 1, 1, KindHello, good))
	require.NoError(t, err, "HELLO-005: flags are ignored")
}

func TestHelloIgnoresWhatItDoesNotKnow(t *testing.T) {
	b := helloEntries().with("aaa", 1).with("zzz", map[string]any{"k": nil}).with("limits", map[string]any{"x": "y", "zz": nil}).opening(KindHello)
	o, _, err := ParseOpening(b)
	require.NoError(t, err)
	require.Equal(t, DefaultLimits(), o.Hello.Limits)
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
		{"vers twice", r().with("vers", []any{1, 1}), "HELLO-019"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := ParseOpening(tc.bad.opening(KindRefuse))
			require.Equal(t, tc.req, requireFault(t, err).Req, "%v", err)
			_, _, err = ParseOpening(r().opening(KindRefuse))
			require.NoError(t, err)
		})
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
