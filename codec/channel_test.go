package codec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPlainLinksIgnoreChannel: where delivery was not selected, channel is a key that nobody knows, whatever is in it (CHAN-001).
func TestPlainLinksIgnoreChannel(t *testing.T) {
	frame := func(kind Type, body []byte) Frame {
		return sealed(t, Header{Type: kind, Stream: 1}, body)
	}
	open := AppendUint(AppendStr(AppendStr(AppendStr(AppendUint(AppendStr(AppendMapHeader(nil, 3), "channel"), 7), "proto"), "call"), "ver"), 1)
	_, err := ParseOpen(frame(TypeOpen, open))
	requireFaultIs(t, err, CodeEncoding, ScopeLink, "FRAME-016", HeaderSize+9)
	o, err := ParsePlainOpen(frame(TypeOpen, open))
	require.NoError(t, err)
	require.Equal(t, Open{Stream: 1, Proto: "call", Ver: 1}, o)

	accept := AppendUint(AppendStr(AppendMapHeader(nil, 1), "channel"), 7)
	_, err = ParseAccept(frame(TypeAccept, accept))
	requireFaultIs(t, err, CodeEncoding, ScopeLink, "FRAME-016", HeaderSize+9)
	a, err := ParsePlainAccept(frame(TypeAccept, accept))
	require.NoError(t, err)
	require.Equal(t, Accept{Stream: 1}, a)
	require.Equal(t, "channel", keysOpen[0].Name, "plainOpen leaves out the first key")
	require.Equal(t, "channel", keysAccept[0].Name)
}

// TestChannelsThatAreNotSent: an encoder refuses what a parser would refuse.
func TestChannelsThatAreNotSent(t *testing.T) {
	for name, spoil := range map[string]func(c *Channel, p *Position){
		"lineage":       func(c *Channel, p *Position) { c.Lineage, p.Stable = nil, MaxSeq+1 },
		"nine starts":   func(c *Channel, p *Position) { c.Lineage, p.Dup = append(fullLineage(), Epoch{1, 1, 1}), MaxSeq+1 },
		"next":          func(c *Channel, p *Position) { c.Next, p.State = 0, "" },
		"first":         func(c *Channel, p *Position) { c.First, p.State = c.Next+1, PositionForeign },
		"stable":        func(c *Channel, p *Position) { c.Stable, p.Ranges = c.Next, []Range{{p.Stable, p.Stable}} },
		"epochs":        func(c *Channel, p *Position) { c.Lineage[1].Epoch, p.Ranges = 7, []Range{{60, 61}, {62, 63}} },
		"nonce":         func(c *Channel, p *Position) { c.Lineage[1].Nonce, p.Ranges = 1<<63, make([]Range, 65) },
		"entry's first": func(c *Channel, p *Position) { c.Lineage[2].First, p.Ranges = c.Next+1, []Range{{60, MaxSeq + 1}} },
		"name":          func(c *Channel, p *Position) { c.Name, p.State = strings.Repeat("n", 65), "KEPT" },
	} {
		t.Run(name, func(t *testing.T) {
			c, p := sampleChannel(), &Position{State: PositionKept, Stable: 57}
			spoil(c, p)
			b, err := Open{Stream: 1, Proto: "realtime", Ver: 1, Channel: c}.AppendFrame([]byte("before"))
			requireFaultIs(t, err, CodeEncoding, ScopeLink, channelReq, HeaderSize)
			require.Equal(t, "before", string(b))
			b, err = Accept{Stream: 1, Channel: p}.AppendFrame([]byte("before"))
			requireFaultIs(t, err, CodeEncoding, ScopeLink, channelReq, HeaderSize)
			require.Equal(t, "before", string(b))
		})
	}
}
