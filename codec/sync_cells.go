package codec

// Limits of the cells of sync (CELL-004).
const (
	MaxSyncCells     = 65_535 // of a sketch
	MaxSyncCellsMsg  = 1_024  // of one SKETCH
	SyncCellSize     = 24     // bytes of a cell
	SyncEstimateSize = 18     // bytes of an estimate
)

const (
	syncCellsSize  = 6
	syncSketchHead = 4

	syncFlagWithEstimate = 1 // of CELLS and SKETCH
)

// SyncCells asks for cells, with the capability sync.cells.
type SyncCells struct {
	First    int  // place of the first
	Count    int  // 1 to 1,024; First+Count is at most MaxSyncCells
	Estimate bool // send the estimate too; only where First is 0
}

// Kind implements SyncMessage.
func (SyncCells) Kind() SyncKind { return SyncKindCells }

// AppendBinary implements SyncMessage. Cells that cannot be asked for are an error.
func (m SyncCells) AppendBinary(b []byte) ([]byte, error) {
	if !cellsExist(m.First, m.Count) {
		return b, syncFault(2, "cells that no sketch has, or too many")
	}
	flags, err := cellsFlags(m.Estimate, m.First)
	if err != nil {
		return b, err
	}
	b = bigEndian.AppendUint16(append(b, byte(SyncKindCells), flags), uint16(m.First))
	return bigEndian.AppendUint16(b, uint16(m.Count)), nil
}

// cellsExist tells whether a message may be about these cells.
func cellsExist(first, count int) bool {
	return first >= 0 && count >= 1 && count <= MaxSyncCellsMsg && first <= MaxSyncCells-count
}

// cellsFlags gives the second byte of CELLS and SKETCH. An estimate that does not stand beside cell 0 is an error.
func cellsFlags(estimate bool, first int) (byte, error) {
	switch {
	case !estimate:
		return 0, nil
	case first != 0:
		return 0, syncFault(1, "ESTIMATE is for the first cells")
	default:
		return syncFlagWithEstimate, nil
	}
}

func parseSyncCells(msg []byte) (m SyncCells, err error) {
	if len(msg) != syncCellsSize {
		return m, syncFault(min(len(msg), syncCellsSize), "CELLS has 6 bytes")
	}
	m = SyncCells{int(bigEndian.Uint16(msg[2:])), int(bigEndian.Uint16(msg[4:])), msg[1]&syncFlagWithEstimate != 0}
	if !cellsExist(m.First, m.Count) {
		return SyncCells{}, syncFault(2, "cells that no sketch has, or too many")
	}
	if _, err := cellsFlags(m.Estimate, m.First); err != nil {
		return SyncCells{}, err
	}
	return m, nil
}

// SyncSketch brings cells, with the capability sync.cells.
type SyncSketch struct {
	First    int    // place of the first, as asked
	Estimate []byte // 18 bytes where CELLS asked for it, else none; only where First is 0
	Cells    []byte // 1 to 1,024 cells of 24 bytes, as many as were asked for
}

// Kind implements SyncMessage.
func (SyncSketch) Kind() SyncKind { return SyncKindSketch }

// AppendBinary implements SyncMessage. What ParseSyncAnswer would refuse is an error.
func (m SyncSketch) AppendBinary(b []byte) ([]byte, error) {
	if len(m.Cells)%SyncCellSize != 0 || !cellsExist(m.First, len(m.Cells)/SyncCellSize) {
		return b, syncFault(2, "not a whole number of cells, or such that no sketch has")
	}
	if n := len(m.Estimate); n != 0 && n != SyncEstimateSize {
		return b, syncFault(syncSketchHead, "an estimate has 18 bytes")
	}
	flags, err := cellsFlags(len(m.Estimate) > 0, m.First)
	if err != nil {
		return b, err
	}
	b = bigEndian.AppendUint16(append(b, byte(SyncKindSketch), flags), uint16(m.First))
	return append(append(b, m.Estimate...), m.Cells...), nil
}

func parseSyncSketch(msg []byte) (m SyncSketch, err error) {
	if len(msg) < syncSketchHead {
		return m, syncFault(len(msg), "SKETCH ends inside its head")
	}
	m = SyncSketch{First: int(bigEndian.Uint16(msg[2:])), Cells: msg[syncSketchHead:]}
	if msg[1]&syncFlagWithEstimate != 0 {
		if _, err := cellsFlags(true, m.First); err != nil {
			return SyncSketch{}, err
		}
		if len(m.Cells) < SyncEstimateSize {
			return SyncSketch{}, syncFault(len(msg), "SKETCH ends inside its estimate")
		}
		m.Estimate, m.Cells = m.Cells[:SyncEstimateSize], m.Cells[SyncEstimateSize:]
	}
	if len(m.Cells)%SyncCellSize != 0 {
		return SyncSketch{}, syncFault(len(msg), "SKETCH ends inside a cell")
	}
	if !cellsExist(m.First, len(m.Cells)/SyncCellSize) {
		return SyncSketch{}, syncFault(2, "no cells, or such that no sketch has")
	}
	return m, nil
}
