package conformance

import (
	"handfast/codec"
)

// streamFrame judges the frames that belong to a stream, apart from CREDIT.
func (l *link) streamFrame(from side, f codec.Frame) *violation {
	switch f.Type {
	case codec.TypeOpen:
		return l.openFrame(from, f)
	case codec.TypeAccept, codec.TypeReject:
		return l.answerFrame(from, f)
	case codec.TypeData:
		return l.dataFrame(from, f)
	case codec.TypeReset:
		return l.resetFrame(from, f)
	default: // RECORDS, ACK and GAP belong to the profile delivery
		_, v := l.use(from, f)
		return v
	}
}

func (l *link) openFrame(from side, f codec.Frame) *violation {
	if _, err := codec.ParseOpen(f); err != nil {
		return parsing(err)
	}
	e, reader := &l.ends[from], &l.ends[from.other()]
	first := uint32(1)
	if from == peer {
		first = 2
	}
	want := e.lastID + 2
	if e.lastID == 0 {
		want = first
	}
	switch {
	case f.Stream%2 != first%2:
		return brokeAt(8, "STRM-001", "stream %d opened by the side whose ids are %d, %d and so on", f.Stream, first, first+2)
	case f.Stream != want:
		return brokeAt(8, "STRM-002", "stream %d opened where %d is next", f.Stream, want)
	case e.opened >= reader.streamsGrant:
		return broke("STRM-018", "stream number %d, where %d are granted", e.opened+1, reader.streamsGrant)
	case e.drain != nil: // one that the reader sent may have crossed this OPEN
		return broke("DRAIN-001", "OPEN after DRAIN")
	}
	l.open(f.Stream, from)
	return nil
}

// use finds the stream of a frame and checks what holds for every frame on a stream but OPEN, ACCEPT and REJECT: it exists
// (STRM-012), its receiver has answered OPEN before it sends anything else (STRM-003), and nothing follows RESET (STRM-020).
func (l *link) use(from side, f codec.Frame) (*stream, *violation) {
	s := l.streams[f.Stream]
	switch {
	case s == nil:
		return nil, brokeAt(8, "STRM-012", "%v on stream %d, which was never opened", f.Type, f.Stream)
	case s.halves[from].reset:
		return s, broke("STRM-020", "%v on stream %d after its RESET", f.Type, f.Stream)
	case s.opener != from && !s.answered && f.Type != codec.TypeReset:
		return s, broke("STRM-003", "%v on stream %d before ACCEPT or REJECT", f.Type, f.Stream)
	}
	return s, nil
}

func (l *link) answerFrame(from side, f codec.Frame) *violation {
	s := l.streams[f.Stream]
	switch {
	case s == nil:
		return brokeAt(8, "STRM-012", "%v on stream %d, which was never opened", f.Type, f.Stream)
	case s.opener == from:
		return broke("STRM-016", "%v from the opener of stream %d", f.Type, f.Stream)
	case s.halves[from].reset:
		return broke("STRM-020", "%v on stream %d after its RESET", f.Type, f.Stream)
	case s.answered:
		return broke("STRM-016", "second answer to OPEN of stream %d", f.Stream)
	}
	if f.Type == codec.TypeAccept {
		if _, err := codec.ParseAccept(f); err != nil {
			return parsing(err)
		}
	} else if v := ending(f); v != nil {
		return v
	}
	s.answered = true
	s.halves[from].reset = f.Type == codec.TypeReject
	return nil
}

func (l *link) resetFrame(from side, f codec.Frame) *violation {
	s, v := l.use(from, f)
	if v != nil {
		return v
	}
	if v := ending(f); v != nil {
		return v
	}
	s.halves[from].reset = true
	return nil
}

// dataFrame judges DATA. The charge counts even where the frame breaks a rule, because its receiver counts it as well
// (STRM-014), and both must go on with the same sum.
func (l *link) dataFrame(from side, f codec.Frame) *violation {
	pieces, err := codec.ParseData(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.ends[from]
	e.linkCharge += pieces.Charge()
	s, v := l.use(from, f)
	if v != nil {
		return v
	}
	mine, theirs := &s.halves[from], &s.halves[from.other()]
	mine.charge += pieces.Charge()
	switch {
	case mine.fin:
		return broke("STRM-020", "DATA on stream %d after FIN", f.Stream)
	case mine.joins && pieces.Count() == 0:
		return broke("DATA-009", "FIN on stream %d in the middle of a message", f.Stream)
	case mine.charge > theirs.grant:
		return broke("CRED-003", "charge %d on stream %d, where %d is granted", mine.charge, f.Stream, theirs.grant)
	case e.linkCharge > l.ends[from.other()].linkGrant:
		return broke("CRED-004", "charge %d on the link, where %d is granted", e.linkCharge, l.ends[from.other()].linkGrant)
	}
	return l.joinPieces(from, f, mine, pieces)
}

// joinPieces follows the size of the message that is being joined (DATA-006) and notes FIN.
func (l *link) joinPieces(from side, f codec.Frame, mine *half, pieces codec.Pieces) *violation {
	most := l.ends[from.other()].hello.Limits.MaxMessage
	more := f.Flags&codec.FlagMore != 0
	for i, count := 0, pieces.Count(); i < count; i++ {
		piece, _ := pieces.Next()
		mine.joined += uint64(len(piece))
		if mine.joined > most {
			return broke("DATA-006", "message of %d bytes or more, where max_message is %d", mine.joined, most)
		}
		if i < count-1 || !more {
			mine.joined = 0
		}
	}
	mine.joins = more
	mine.fin = f.Flags&codec.FlagFin != 0
	return nil
}
