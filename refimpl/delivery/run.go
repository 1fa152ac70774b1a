package delivery

import (
	"encoding/binary"

	"handfast/codec"
)

// Run is records of a queue that follow each other, as RECORDS carries them: each behind its length in 4 bytes. The zero value has none.
type Run struct {
	raw  []byte   // the records, with their lengths
	ends []uint32 // where each ends, counted from the beginning of some memory
	base uint32   // where raw begins in it
	own  []byte   // one record that lies alone, without its length, in the place of the others
}

// NewRun makes a Run of one record.
func NewRun(data []byte) Run {
	if data == nil {
		data = []byte{}
	}
	return Run{own: data}
}

// Count gives the number of records.
func (r *Run) Count() int {
	if r.own != nil {
		return 1
	}
	return len(r.ends)
}

// start gives where record i begins, with its length, counted as ends are.
func (r *Run) start(i int) uint32 {
	if i == 0 {
		return r.base
	}
	return r.ends[i-1]
}

// Size gives the bytes of record i.
func (r *Run) Size(i int) int {
	if r.own != nil {
		return len(r.own)
	}
	return int(r.ends[i]-r.start(i)) - pieceHead
}

// Bytes gives the bytes of the first n records together, of which there is at least one.
func (r *Run) Bytes(n int) int {
	if r.own != nil {
		return len(r.own)
	}
	return int(r.ends[n-1]-r.base) - n*pieceHead
}

// Record gives record i.
func (r *Run) Record(i int) []byte {
	if r.own != nil {
		return r.own
	}
	from, to := r.start(i)-r.base+pieceHead, r.ends[i]-r.base
	return r.raw[from:to:to]
}

// append appends the first n records, with their lengths.
func (r *Run) append(b []byte, n int) []byte {
	if r.own != nil {
		return codec.AppendPiece(b, r.own)
	}
	return append(b, r.raw[:r.ends[n-1]-r.base]...)
}

// add puts a record behind those that are there. Only for a Run that was made so.
func (r *Run) add(data []byte) {
	r.raw = append(binary.BigEndian.AppendUint32(r.raw, uint32(len(data))), data...)
	r.ends = append(r.ends, uint32(len(r.raw)))
}
