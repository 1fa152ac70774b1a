package codec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
