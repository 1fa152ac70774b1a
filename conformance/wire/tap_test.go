package wire_test

import (
	"encoding"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/conformance/wire"
)

// spoken is one thing that a side says, with the rule that it breaks.
type spoken struct {
	from wire.Side
	b    []byte
	what string
	req  string
}

// talk makes both sides of a link up to the grease behind READY.
func talk(t *testing.T) []spoken {
	t.Helper()
	hello := func(node byte) *codec.Hello {
		return &codec.Hello{
			Vers: []uint16{1, 0x2A3A}, Node: [16]byte{node}, Nonce: [32]byte{node}, Limits: codec.DefaultLimits(),
			Caps: codec.Caps{
				"probe.and": true, "probe.min": int64(5), "probe.max": int64(5),
				"probe.intersect": []string{"b"}, "probe.choose": []string{"a"}, "x.grease.0a0b": true,
			},
			Protos: map[string][]uint16{"call": {1}},
		}
	}
	d, a := hello(1), hello(2)
	opening := func(h *codec.Hello) []byte {
		b, err := h.AppendOpening(nil)
		require.NoError(t, err)
		return b
	}
	dialer, acceptor := opening(d), opening(a)
	agreed, err := codec.Agree(d, a)
	require.NoError(t, err)
	ready, err := codec.NewReady(agreed, codec.TranscriptHash(dialer, acceptor), nil).AppendFrame(nil)
	require.NoError(t, err)
	grease := codec.AppendFrame(nil, codec.Header{Type: codec.GreaseType(1)}, nil)
	return []spoken{
		{wire.Dialer, dialer, "HELLO vers [1 10810]", ""},
		{wire.Acceptor, acceptor, "HELLO vers [1 10810]", ""},
		{wire.Acceptor, ready, "", ""},
		{wire.Acceptor, grease, "", ""},
		{wire.Dialer, ready, "", ""},
		{wire.Dialer, grease, "", ""},
	}
}

func bytesOf(t *testing.T, m encoding.BinaryAppender) []byte {
	t.Helper()
	b, err := m.AppendBinary(nil)
	require.NoError(t, err)
	return b
}

// TestTapJudgesBothSides feeds a link in pieces of every size and looks at what each side broke, and where.
func TestTapJudgesBothSides(t *testing.T) {
	lines := append(talk(t),
		spoken{wire.Dialer, bytesOf(t, codec.Open{Stream: 1, Proto: "call", Ver: 1}), `OPEN on stream 1 "call" version 1`, ""},
		spoken{wire.Acceptor, bytesOf(t, codec.Open{Stream: 2, Proto: "call", Ver: 1}), `OPEN on stream 2 "call" version 1`, ""},
		spoken{wire.Dialer, bytesOf(t, codec.Open{Stream: 2, Proto: "call", Ver: 1}), `OPEN on stream 2 "call" version 1`, "STRM-001"},
		spoken{wire.Acceptor, bytesOf(t, codec.Credit{Stream: 1, Max: 1 << 20}), "CREDIT on stream 1 max 1048576", "STRM-003"},
		spoken{wire.Acceptor, bytesOf(t, codec.Accept{Stream: 1}), "ACCEPT on stream 1", ""},
		spoken{wire.Dialer, bytesOf(t, codec.Close{}), "CLOSE(NO_ERROR)", ""},
		spoken{wire.Dialer, []byte{1, 2, 3}, "bytes that are no frame", "CLOSE-002"},
		spoken{wire.Dialer, []byte{1, 2, 3}, "", ""}, // nothing is said of what follows
		spoken{wire.Acceptor, []byte{0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "bytes that are no frame", "FRAME-001"},
	)
	for _, size := range []int{1, 7, 1 << 20} {
		tap := wire.NewTap(false)
		offsets := map[wire.Side]int64{}
		for i, line := range lines {
			var items []wire.Item
			for b := line.b; len(b) > 0; b = b[min(size, len(b)):] {
				items = append(items, tap.Feed(line.from, b[:min(size, len(b))], time.Unix(1_700_000_000, 0))...)
			}
			if line.what == "" && line.req == "" && len(items) == 0 {
				continue
			}
			require.NotEmpty(t, items, "line %d in pieces of %d", i, size)
			got := items[0]
			if line.what != "" {
				assert.Equal(t, line.what, got.What)
			}
			assert.Equal(t, offsets[line.from], got.Offset, "line %d", i)
			assert.Equal(t, line.from, got.From)
			offsets[line.from] += int64(len(line.b))
			if line.req == "" {
				assert.Nil(t, got.Violation, "line %d: %v", i, got.Violation)
				continue
			}
			require.NotNil(t, got.Violation, "line %d", i)
			assert.Equal(t, line.req, got.Violation.Req)
		}
		assert.True(t, tap.Ends[wire.Dialer].Closed)
		assert.Equal(t, uint64(255), tap.Slots(wire.Acceptor))
	}
}

// TestTapCountsWhatIsCutShort leaves a frame unfinished.
func TestTapCountsWhatIsCutShort(t *testing.T) {
	tap := wire.NewTap(false)
	for _, line := range talk(t) {
		tap.Feed(line.from, line.b, time.Time{})
	}
	assert.Empty(t, tap.Feed(wire.Dialer, bytesOf(t, codec.Ping{})[:20], time.Time{}))
	assert.Equal(t, 20, tap.Rest(wire.Dialer))
	assert.Zero(t, tap.Rest(wire.Acceptor))
}
