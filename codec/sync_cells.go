package codec

// Limits of the cells of sync (CELL-004).
const (
	MaxSyncCells    = 65_535 // of a sketch
	MaxSyncCellsMsg = 1_024  // of one SKETCH
	SyncCellSize    = 24     // bytes of a cell
)

const (
	syncCellsSize  = 6
	syncSketchHead = 4
)

// SyncCells asks for cells, with the capability sync.cells.
type SyncCells struct {
	First int // place of the first
	Count int // 1 to 1,024; First+Count is at most MaxSyncCells
}

// Kind implements SyncMessage.
func (SyncCells) Kind() SyncKind { return SyncKindCells }

// AppendBinary implements SyncMessage. Cells that cannot be asked for are an error.
func (m SyncCells) AppendBinary(b []byte) ([]byte, error) {
	if !cellsExist(m.First, m.Count) {
		return b, syncFault(2, "cells that no sketch has, or too many")
	}
	b = bigEndian.AppendUint16(append(b, byte(SyncKindCells), 0), uint16(m.First))
	return bigEndian.AppendUint16(b, uint16(m.Count)), nil
}

// cellsExist tells whether a message may be about these cells.
func cellsExist(first, count int) bool {
	return first >= 0 && count >= 1 && count <= MaxSyncCellsMsg && first <= MaxSyncCells-count
}

func parseSyncCells(msg []byte) (m SyncCells, err error) {
	if len(msg) != syncCellsSize {
		return m, syncFault(min(len(msg), syncCellsSize), "CELLS has 6 bytes")
	}
	m = SyncCells{int(bigEndian.Uint16(msg[2:])), int(bigEndian.Uint16(msg[4:]))}
	if !cellsExist(m.First, m.Count) {
		return SyncCells{}, syncFault(2, "cells that no sketch has, or too many")
	}
	return m, nil
}

// SyncSketch brings cells, with the capability sync.cells.
type SyncSketch struct {
	First int    // place of the first, as asked
	Cells []byte // 1 to 1,024 cells of 24 bytes, as many as were asked for
}

// Kind implements SyncMessage.
func (SyncSketch) Kind() SyncKind { return SyncKindSketch }

// AppendBinary implements SyncMessage. What ParseSyncAnswer would refuse is an error.
func (m SyncSketch) AppendBinary(b []byte) ([]byte, error) {
	if len(m.Cells)%SyncCellSize != 0 || !cellsExist(m.First, len(m.Cells)/SyncCellSize) {
		return b, syncFault(2, "not a whole number of cells, or such that no sketch has")
	}
	b = bigEndian.AppendUint16(append(b, byte(SyncKindSketch), 0), uint16(m.First))
	return append(b, m.Cells...), nil
}

func parseSyncSketch(msg []byte) (m SyncSketch, err error) {
	if len(msg) < syncSketchHead || (len(msg)-syncSketchHead)%SyncCellSize != 0 {
		return m, syncFault(len(msg), "SKETCH ends inside its head or a cell")
	}
	m = SyncSketch{int(bigEndian.Uint16(msg[2:])), msg[syncSketchHead:]}
	if !cellsExist(m.First, len(m.Cells)/SyncCellSize) {
		return SyncSketch{}, syncFault(2, "no cells, or such that no sketch has")
	}
	return m, nil
}
