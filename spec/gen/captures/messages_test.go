package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/spec/exchange"
	"handfast/spec/internal/outputs"
)

// messageVector is a vector of a sub-protocol: what the files of sync and of realtime have in common, and what they have not.
type messageVector struct {
	ID, In, Verdict string
	Req             any    // of sync one requirement, of realtime a list
	To              string // of sync
	Error           struct{ Req string }
}

// rule gives the requirement that a rejected vector breaks.
func (v *messageVector) rule() string {
	if one, ok := v.Req.(string); ok {
		return one
	}
	return v.Error.Req
}

// onStream gives the vector as a message of a stream.
func (v *messageVector) onStream(t *testing.T, proto string) input {
	t.Helper()
	in, err := hex.DecodeString(strings.ReplaceAll(v.In, " ", ""))
	require.NoError(t, err)
	o := codec.Open{Stream: 1, Proto: proto, Ver: 1}
	from := exchange.Dialer
	message := codec.Data{Stream: 1, Pieces: codec.NewPieces(0, in)}.AppendFrame(nil)
	if proto == "realtime" {
		o.Channel = realtimeChannel()
		message = codec.Records{Stream: 1, Seq: 1, Pieces: codec.NewPieces(0, in)}.AppendFrame(nil)
	} else if v.To == "initiator" {
		from = exchange.Acceptor
	}
	open, err := o.AppendFrame(nil)
	require.NoError(t, err)
	return input{[]exchange.Side{exchange.Dialer, from}, [][]byte{open, message}}
}

// TestDissectorMessages shows the dissector the vectors of the sub-protocols that have a layout, as TestDissectorVectors does.
func TestDissectorMessages(t *testing.T) {
	root, err := outputs.Root()
	require.NoError(t, err)
	for proto, f := range map[string]struct {
		path     string
		unjudged map[string]int
	}{
		"sync":     {"testdata/sync/messages.json", nil},
		"realtime": {"testdata/realtime/records.json", nil},
	} {
		raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.path)))
		require.NoError(t, err)
		var file struct{ Vectors, Records []messageVector }
		require.NoError(t, json.Unmarshal(raw, &file))
		list := append(file.Vectors, file.Records...)
		require.NotEmpty(t, list)
		var inputs []input
		for i := range list {
			inputs = append(inputs, list[i].onStream(t, proto))
		}
		found := faultsOf(t, inputs)
		unjudged := map[string]int{}
		for i, v := range list {
			faults, ok := found[i]
			switch {
			case !ok:
				t.Errorf("%s: no packet of it", v.ID)
			case v.Verdict == "accept" && len(faults) > 0:
				t.Errorf("%s is good, and the dissector says %q", v.ID, faults)
			case v.Verdict == "reject" && (len(faults) == 0 || faults[0] != v.rule()):
				unjudged[fmt.Sprintf("%s as %q", v.rule(), faults)]++
				t.Logf("%s: want %s, the dissector says %q", v.ID, v.rule(), faults)
			}
		}
		compareCounts(t, unjudged, f.unjudged)
	}
}
