package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func requireRefused(t *testing.T, in []byte, req string, off int) {
	t.Helper()
	err := ValidateMsgpack(in)
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok, "want %s, got %v", req, err)
	require.Equal(t, req, e.Req, "%v", err)
	require.Equal(t, off, e.Offset, "%v", err)
	require.Equal(t, CodeEncoding, e.Code)
	require.Equal(t, ScopeLink, e.Scope)
	v, err := ParseValue(in)
	require.Equal(t, error(e), err)
	require.Equal(t, Value{}, v)
	_, err = DecodeValue(in)
	require.Equal(t, error(e), err)
}

func TestValidateMsgpack(t *testing.T) {
	seen := map[string]bool{}
	for _, tc := range refusals() {
		seen[tc.req] = true
		t.Run(tc.req+" "+tc.name, func(t *testing.T) {
			requireRefused(t, tc.refuse, tc.req, tc.off)
			require.NoError(t, ValidateMsgpack(tc.accept))
		})
	}
	for i := range 13 {
		require.True(t, seen[fmt.Sprintf("MP-%03d", i+1)], i+1)
	}
}

// One input, several faults: which one is reported is part of the specification.
func TestValidateMsgpackPrecedence(t *testing.T) {
	cases := []struct {
		name string
		in   []byte
		req  string
		off  int
	}{
		{"earlier value first", hx("92 a1ff c1"), "MP-005", 1},
		{"container before its contents", hx("93 c1"), "MP-013", 0},
		{"type before header cut", hx("ca"), "MP-001", 0},
		{"header cut before form", hx("ce 00"), "MP-013", 0},
		{"form before left", hx("d9 05"), "MP-004", 0},
		{"limit before left", hx("dd ffffffff"), "MP-006", 0},
		{"form before limit, str", hx("db 0000ffff"), "MP-004", 0},
		{"form before limit, array", hx("dd 0000ffff"), "MP-004", 0},
		{"form before limit, map", hx("df 0000ffff"), "MP-004", 0},
		{"limit where the form is right", hx("df 00010000"), "MP-006", 0},
		{"left before depth", cat(rep("91", 8), hx("92")), "MP-013", 8},
		{"type before depth", cat(rep("91", 8), hx("c1")), "MP-001", 8},
		{"form before depth", cat(rep("91", 8), hx("dc0000")), "MP-004", 8},
		{"limit before depth", cat(rep("91", 8), hx("dcffff")), "MP-006", 8},
		{"depth before contents", cat(rep("91", 9), hx("a1ff")), "MP-007", 8},
		{"depth before key", cat(rep("91", 7), hx("81 90 c0")), "MP-007", 8},
		{"no depth for scalars", cat(rep("91", 8), hx("a1ff")), "MP-005", 8},
		{"left before text", hx("a3 ffff"), "MP-013", 0},
		{"text before key length", hx("81", "d941", strings.Repeat("ff", 65), "c0"), "MP-005", 1},
		{"text before order", hx("82 a162c0 a100c0"), "MP-005", 4},
		{"limit before key length", cat(hx("81 da 1001"), rep("61", 4097), hx("c0")), "MP-006", 1},
		{"key length before order", hx("82 a162c0 a0c0"), "MP-009", 4},
		{"key before its contents", hx("81 91 c1"), "MP-009", 1},
		{"key before its value", hx("82 a161c0 a161c1"), "MP-011", 4},
		{"trailing last", hx("a1ff c0"), "MP-005", 0},
		{"left of the array, not the count of the type", hx("91"), "MP-013", 0},
		{"count before contents", cat(valuesOf(4096)[:1], valuesOf(4096)[1:4], rep("c0", 1024),
			hx("dc0400"), rep("c0", 1024), hx("dc0400"), rep("c0", 1024), hx("dc0400"), rep("c0", 1018), hx("a1ff"), rep("c0", 5), hx("90")),
			"MP-005", 1 + 4*3 + 3*1024 + 1018},
		{"count before text", cat(valuesOf(4096)[:1], valuesOf(4096)[1:4], rep("c0", 1024),
			hx("dc0400"), rep("c0", 1024), hx("dc0400"), rep("c0", 1024), hx("dc0400"), rep("c0", 1019), hx("a1ff"), rep("c0", 4), hx("90")),
			"MP-008", 1 + 4*3 + 3*1024 + 1019},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) { requireRefused(t, tc.in, tc.req, tc.off) })
	}
}

func TestValidateMsgpackCutsAndTails(t *testing.T) {
	for _, tc := range refusals() {
		step := 1 + len(tc.accept)/500 // all cuts of short samples, about 500 of long ones
		for i := 0; i < len(tc.accept); i += step {
			err := ValidateMsgpack(tc.accept[:i])
			require.ErrorIs(t, err, &Error{Code: CodeEncoding, Req: "MP-013"}, "%s %s cut at %d", tc.req, tc.name, i)
		}
		for _, tail := range []byte{0x00, 0xc0, 0xc1, 0xff} {
			requireRefused(t, append(bytes.Clone(tc.accept), tail), "MP-012", len(tc.accept))
		}
	}
}

func TestValidateMsgpackBombs(t *testing.T) {
	bombs := []struct {
		name string
		in   []byte
		req  string
		off  int
	}{
		{"nested arrays", rep("91", 1e6), "MP-007", 8},
		{"nested maps", rep("81a161", 333333), "MP-007", 24},
		{"nested maps in keys", rep("81", 1e6), "MP-009", 1},
		{"array of 4G", hx("dd ffffffff"), "MP-006", 0},
		{"map of 4G", hx("df ffffffff"), "MP-006", 0},
		{"str of 4G", hx("db ffffffff"), "MP-006", 0},
		{"bin of 4G", hx("c6 ffffffff"), "MP-006", 0},
		{"ext of 4G, CVE-2026-21452", hx("c9 ffffffff 01"), "MP-001", 0},
		{"many wide arrays", cat(hx("dc0400"), rep("dc0400", 1e5)), "MP-007", 24},
		{"empty arrays", cat(hx("dc0400"), rep("9f"+strings.Repeat("90", 15), 1024)), "MP-008", 3 + 4095},
	}
	for _, tc := range bombs {
		t.Run(tc.name, func(t *testing.T) {
			requireRefused(t, tc.in, tc.req, tc.off)
			// the error is the one allocation
			require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _ = ValidateMsgpack(tc.in) }), 1.0)
		})
	}
}

// A nesting bomb must not grow the stack: Go would give it a gigabyte before it kills the process.
func TestValidateMsgpackStack(t *testing.T) {
	bomb := rep("91", 1e6)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan error)
	go func() { done <- ValidateMsgpack(bomb) }() // ends with the validation
	require.Error(t, <-done)
	runtime.ReadMemStats(&after)
	require.LessOrEqual(t, int64(after.StackInuse)-int64(before.StackInuse), int64(256<<10))
}

func TestValidateMsgpackAllocs(t *testing.T) {
	for _, in := range [][]byte{sample(), mapOf(256), valuesOf(4096), hx("c0")} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if ValidateMsgpack(in) != nil {
				t.Error("refused")
			}
		}))
	}
}

func TestKindString(t *testing.T) {
	require.Equal(t, "map", ValueMap.String())
	require.Equal(t, "nil", ValueNil.String())
	require.Equal(t, "invalid", (ValueMap + 1).String())
}

// The limits are those of the machine-readable specification.
func TestMsgpackLimitsAreThoseOfTheRegistry(t *testing.T) {
	raw, err := os.ReadFile("../spec/registry.json")
	require.NoError(t, err)
	var registry struct{ Msgpack map[string]int }
	require.NoError(t, json.Unmarshal(raw, &registry))
	require.Equal(t, map[string]int{
		"depth": MsgpackMaxDepth, "values": MsgpackMaxValues, "str": MsgpackMaxStr, "bin": MsgpackMaxBin,
		"array": MsgpackMaxArray, "map": MsgpackMaxMap, "key": MsgpackMaxKey,
	}, registry.Msgpack)
}

func BenchmarkValidateMsgpack(b *testing.B) {
	for _, in := range []struct {
		name string
		body []byte
	}{{"hello", sample()}, {"map256", mapOf(256)}, {"values4096", valuesOf(4096)}} {
		b.Run(in.name, func(b *testing.B) {
			b.SetBytes(int64(len(in.body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := ValidateMsgpack(in.body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
