package delivery

import (
	"encoding/binary"
	"math"

	"handfast/codec"
)

// Filled says what Fill has appended.
type Filled struct {
	Frames       int
	Charge       int    // what the pieces cost
	Records      uint64 // pieces of records
	PossibleDups uint64 // of them, flagged
	Gaps         []codec.Gap
}

const (
	recordsHead = codec.HeaderSize + 8 // bytes of a RECORDS before its pieces
	pieceHead   = 4
)

// Fill is Step with a Room, for an owner that wants no copy: it appends whole frames of RECORDS and GAP to b, straight from the
// queue. What it returns is valid until the next Fill or Step; the effects stand behind the frames.
//
// A record is cut only where it would not fit into all of the room: a piece of a record costs a frame of its own, and the receiver
// a copy.
func (s *Sender) Fill(room Room, b []byte) ([]byte, *Filled, []SenderEffect) {
	s.out = s.out[:0]
	s.filled = Filled{Gaps: s.filled.Gaps[:0]}
	for goOn := true; goOn && s.state == senderAttached; {
		b, goOn = s.one(&room, b)
	}
	if s.finish && s.Idle() {
		s.end()
	}
	return b, &s.filled, s.out
}

// room is Fill with frames that are taken apart.
func (s *Sender) room(room Room) {
	b, _, rest := s.Fill(room, s.frames[:0])
	s.frames = b
	rest = append([]SenderEffect(nil), rest...)
	s.out = s.out[:0]
	for len(b) > 0 {
		f, n, _ := codec.ParseFrame(b, math.MaxUint32) // its own frames have no faults
		b = b[n:]
		if f.Type == codec.TypeGap {
			g, _ := codec.ParseGap(f)
			s.emit(SendGap{g})
			continue
		}
		m, _ := codec.ParseRecords(f)
		s.emit(SendRecords{m})
	}
	s.out = append(s.out, rest...)
}

// one appends one frame, or steps over numbers. It is false where nothing more can be sent now.
func (s *Sender) one(room *Room, b []byte) ([]byte, bool) {
	h := s.q.Bounds()
	if s.begun == nil {
		if s.next = s.skip.past(s.next); s.next >= h.Next {
			return b, false
		}
		if s.next < h.First {
			return s.gap(room, b)
		}
	}
	return s.records(&h, room, b)
}

// gap covers the hole at next, as far as the ranges of ACCEPT leave it open (GAP-007).
func (s *Sender) gap(room *Room, b []byte) ([]byte, bool) {
	if past := s.has.past(s.next); past > s.next {
		s.next = past
		return b, true
	}
	to, reason := s.q.Hole(s.next)
	to = s.has.missing(s.next, to)[0].Last // next itself is missing
	if s.rule.noGap {
		s.next = to + 1
		return b, true
	}
	g := codec.Gap{Stream: s.stream, From: s.next, To: to, Reason: reason}
	if !s.window.fits(0) || room.Bytes < g.Size() {
		return b, false
	}
	_ = s.window.push(to, 0, s.acked) // fits, and is above
	room.Bytes -= g.Size()
	s.next = to + 1
	s.filled.Frames++
	s.filled.Gaps = append(s.filled.Gaps, g)
	return g.AppendFrame(b), true
}

// recordsFrame is a RECORDS that is being made.
type recordsFrame struct {
	b      []byte
	from   int // where it begins in b
	space  int // bytes of pieces that still fit
	count  int
	charge int
	flags  codec.Flags
}

// add appends n records of a run.
func (f *recordsFrame) add(r *Run, n, bytes int) {
	f.b = r.append(f.b, n)
	f.took(n, bytes)
}

func (f *recordsFrame) took(n, bytes int) {
	f.count += n
	f.charge += bytes + n*codec.MessageCharge
	f.space -= bytes + n*pieceHead
}

// records appends one RECORDS: as many whole records as fit, or a piece of one that does not.
func (s *Sender) records(h *Bounds, room *Room, b []byte) ([]byte, bool) {
	first := s.next
	flags, end := s.alike(h)
	f := recordsFrame{b: b, from: len(b), flags: flags, space: min(room.Bytes-recordsHead-codec.TrailerSize, s.maxFrame-8)}
	f.b = append(f.b, make([]byte, recordsHead)...)
	if s.begun != nil {
		s.piece(&f, room, s.begun)
	}
	for s.begun == nil && s.next < end {
		r := s.q.Run(s.next, f.space)
		if r.Count() == 0 {
			if f.count == 0 {
				return s.gap(room, b)
			}
			break
		}
		if !s.whole(&f, room, &r, end) {
			if f.count > 0 {
				break
			}
			if uint64(r.Size(0)) > s.maxMessage { // REC-016
				return b, !s.broken(s.q.Drop(s.next, s.next, codec.GapOperator))
			}
			if s.window.fits(r.Size(0)) && s.filled.Frames == 0 {
				s.cut(&f, room, &r)
			}
			break
		}
	}
	if f.count == 0 {
		return b, false
	}
	f.b = append(f.b, 0, 0, 0, 0)
	frame := f.b[f.from:]
	binary.BigEndian.PutUint64(frame[codec.HeaderSize:], first)
	codec.SealFrame(frame, codec.Header{Type: codec.TypeRecords, Flags: f.flags, Stream: s.stream})
	room.Bytes -= len(frame)
	room.Charge -= f.charge
	s.filled.Frames++
	s.filled.Charge += f.charge
	s.filled.Records += uint64(f.count)
	if flags != 0 {
		s.filled.PossibleDups += uint64(f.count)
	}
	return f.b, true
}

// alike gives POSSIBLE_DUP if record next may have been applied (CHAN-024, CHAN-026), and the end of the records that go into one
// frame with it.
func (s *Sender) alike(h *Bounds) (flags codec.Flags, end uint64) {
	end = h.Next
	if dup := max(s.dup, h.Dup); s.next <= dup && !s.rule.noFlag {
		flags, end = codec.FlagPossibleDup, min(end, dup+1)
	}
	if i := s.skip.from(s.next); i < len(s.skip) {
		end = min(end, s.skip[i].First)
	}
	return flags, end
}

// whole appends what of a run fits. False: it is not all of it.
func (s *Sender) whole(f *recordsFrame, room *Room, r *Run, end uint64) bool {
	count := r.Count()
	if left := end - s.next; uint64(count) > left {
		count = int(left)
	}
	n, bytes := s.fitting(f, room, r, count)
	if n > 0 {
		s.window.joinRun(s.next, r, n)
		f.add(r, n, bytes)
		s.next += uint64(n)
	}
	return n == count
}

// fitting gives how many of the first count records of a run fit, and their bytes.
func (s *Sender) fitting(f *recordsFrame, room *Room, r *Run, count int) (n, bytes int) {
	space, charge := f.space, room.Charge-f.charge
	left, most := s.window.left()
	if count = min(count, left); count == 0 {
		return 0, 0
	}
	if all := r.Bytes(count); uint64(all) <= min(s.maxMessage, most) && all+count*pieceHead <= space && all+count*codec.MessageCharge <= charge {
		return count, all // nearly always
	}
	for ; n < count; n++ {
		size := r.Size(n)
		if space -= size + pieceHead; space < 0 {
			break
		}
		if charge -= size + codec.MessageCharge; charge < 0 || uint64(size) > s.maxMessage || uint64(bytes+size) > most {
			break
		}
		bytes += size
	}
	return n, bytes
}

// cut begins a record that does not fit into the room.
func (s *Sender) cut(f *recordsFrame, room *Room, r *Run) {
	data := r.Record(0)
	if s.piece(f, room, data) {
		_ = s.window.push(s.next, len(data), s.acked)
	}
}

// piece appends what fits of the rest of record next. It is false where nothing does.
func (s *Sender) piece(f *recordsFrame, room *Room, data []byte) bool {
	n := min(f.space-pieceHead, room.Charge-f.charge-codec.MessageCharge, len(data))
	switch {
	case n == len(data):
		s.begun = nil
		s.next++
	case n > 0:
		s.begun = data[n:]
		f.flags |= codec.FlagMore
	default:
		return false
	}
	f.b = codec.AppendPiece(f.b, data[:n])
	f.took(1, n)
	return true
}
