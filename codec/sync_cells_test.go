package codec

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSyncCells: what may be asked and answered about cells, and what is refused on both sides.
func TestSyncCells(t *testing.T) {
	for _, m := range []SyncMessage{
		SyncCells{0, 1, false}, SyncCells{0, 1_024, true}, SyncCells{MaxSyncCells - 1, 1, false}, SyncCells{MaxSyncCells - 1_024, 1_024, false},
		SyncSketch{0, nil, make([]byte, 24)}, SyncSketch{MaxSyncCells - 1_024, nil, bytes.Repeat([]byte{7}, 24*1_024)}, SyncSketch{0, make([]byte, 18), make([]byte, 24)},
	} {
		b, err := m.AppendBinary([]byte("x"))
		require.NoError(t, err)
		b = b[1:]
		mine, other := ParseSyncRequest, ParseSyncAnswer
		if m.Kind() == SyncKindSketch {
			mine, other = ParseSyncAnswer, ParseSyncRequest
		}
		got, err := mine(b)
		require.NoError(t, err)
		require.Equal(t, m, got)
		refused(t, other, b)
		refused(t, mine, append(b, 0))
		for n := range min(len(b), 28) { // longer ones may end behind a cell
			refused(t, mine, b[:n])
		}
	}
	for _, m := range []SyncMessage{
		SyncCells{0, 0, false}, SyncCells{-1, 1, false}, SyncCells{0, 1_025, false}, SyncCells{MaxSyncCells, 1, false}, SyncCells{MaxSyncCells - 1, 2, false},
		SyncCells{1 << 40, 1, false}, SyncCells{1, 1, true},
		SyncSketch{0, nil, nil}, SyncSketch{0, nil, make([]byte, 23)}, SyncSketch{0, nil, make([]byte, 24*1_025)}, SyncSketch{MaxSyncCells - 1, nil, make([]byte, 48)},
		SyncSketch{0, make([]byte, 17), make([]byte, 24)}, SyncSketch{1, make([]byte, 18), make([]byte, 24)}, SyncSketch{0, make([]byte, 18), nil},
	} {
		b, err := m.AppendBinary([]byte("x"))
		require.Error(t, err)
		require.Equal(t, "x", string(b))
	}
	refused(t, ParseSyncRequest, []byte{11, 0, 0, 0, 0, 0})
	refused(t, ParseSyncRequest, []byte{11, 0, 0, 0, 4, 1})
	refused(t, ParseSyncRequest, []byte{11, 0, 0xff, 0xff, 0, 1})
	refused(t, ParseSyncAnswer, append([]byte{12, 0, 0xff, 0xff}, make([]byte, 24)...))
	refused(t, ParseSyncAnswer, append([]byte{12, 0, 0, 0}, make([]byte, 24*1_025)...))
	refused(t, ParseSyncAnswer, []byte{12, 0, 0, 0})
}

func refused(t *testing.T, parse func([]byte) (SyncMessage, error), b []byte) {
	t.Helper()
	m, err := parse(b)
	require.Nil(t, m)
	require.ErrorIs(t, err, &Error{Code: CodeProtocol})
}
