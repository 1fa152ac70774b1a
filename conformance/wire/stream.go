package wire

import (
	"handfast/codec"
)

// streamFrame judges the frames that belong to a stream, apart from CREDIT.
func (l *Link) streamFrame(from Side, f codec.Frame) *Violation {
	v := l.judgeStream(from, f)
	if v != nil {
		l.spoil(f)
	}
	return v
}

// judgeStream is streamFrame for a frame whose faults leave no trace.
func (l *Link) judgeStream(from Side, f codec.Frame) *Violation {
	switch f.Type {
	case codec.TypeOpen:
		return l.openFrame(from, f)
	case codec.TypeAccept, codec.TypeReject:
		return l.answerFrame(from, f)
	case codec.TypeData:
		return l.dataFrame(from, f)
	case codec.TypeReset:
		return l.resetFrame(from, f)
	case codec.TypeRecords:
		return l.recordsFrame(from, f)
	case codec.TypeGap:
		return l.gapFrame(from, f)
	case codec.TypeAck:
		return l.ackFrame(from, f)
	default:
		_, v := l.use(from, f)
		return v
	}
}

func (l *Link) openFrame(from Side, f codec.Frame) *Violation {
	parse := codec.ParsePlainOpen
	if l.delivery() {
		parse = codec.ParseOpen
	}
	m, err := parse(f)
	if err != nil {
		return parsing(err)
	}
	e, reader := &l.Ends[from], &l.Ends[from.Other()]
	first := from.FirstID()
	want := e.LastID + 2
	if e.LastID == 0 {
		want = first
	}
	switch {
	case f.Stream%2 != first%2:
		return brokeAt(8, "STRM-001", "stream %d opened by the side whose ids are %d, %d and so on", f.Stream, first, first+2)
	case f.Stream != want:
		return brokeAt(8, "STRM-002", "stream %d opened where %d is next", f.Stream, want)
	case e.Opened >= reader.StreamsGrant:
		return Broke("STRM-018", "stream number %d, where %d are granted", e.Opened+1, reader.StreamsGrant)
	case e.Drain != nil: // one that the reader sent may have crossed this OPEN
		return Broke("DRAIN-001", "OPEN after DRAIN")
	}
	return l.openChannel(from, l.Open(f.Stream, from), m)
}

// use finds the stream of a frame and checks what holds for every frame on a stream but OPEN, ACCEPT and REJECT: it exists
// (STRM-012), its receiver has answered OPEN before it sends anything else (STRM-003), and nothing follows RESET (STRM-020).
func (l *Link) use(from Side, f codec.Frame) (*Stream, *Violation) {
	s := l.Streams[f.Stream]
	switch {
	case s == nil:
		return nil, brokeAt(8, "STRM-012", "%v on stream %d, which was never opened", f.Type, f.Stream)
	case s.Halves[from].Reset:
		return s, Broke("STRM-020", "%v on stream %d after its RESET", f.Type, f.Stream)
	case s.Opener != from && !s.Answered && f.Type != codec.TypeReset:
		return s, Broke("STRM-003", "%v on stream %d before ACCEPT or REJECT", f.Type, f.Stream)
	}
	return s, nil
}

func (l *Link) answerFrame(from Side, f codec.Frame) *Violation {
	s := l.Streams[f.Stream]
	switch {
	case s == nil:
		return brokeAt(8, "STRM-012", "%v on stream %d, which was never opened", f.Type, f.Stream)
	case s.Opener == from:
		return Broke("STRM-016", "%v from the opener of stream %d", f.Type, f.Stream)
	case s.Halves[from].Reset:
		return Broke("STRM-020", "%v on stream %d after its RESET", f.Type, f.Stream)
	case s.Answered:
		return Broke("STRM-016", "second answer to OPEN of stream %d", f.Stream)
	}
	if f.Type == codec.TypeReject {
		if v := ending(f); v != nil {
			return v
		}
		s.Answered, s.Halves[from].Reset = true, true
		return nil
	}
	parse := codec.ParsePlainAccept
	if l.delivery() {
		parse = codec.ParseAccept
	}
	m, err := parse(f)
	if err != nil {
		return parsing(err)
	}
	s.Answered = true
	return l.acceptChannel(s, m)
}

func (l *Link) resetFrame(from Side, f codec.Frame) *Violation {
	s, v := l.use(from, f)
	if v != nil {
		return v
	}
	if v := ending(f); v != nil {
		return v
	}
	s.Halves[from].Reset = true
	return nil
}

// dataFrame judges DATA. The charge counts even where the frame breaks a rule, because its receiver counts it as well
// (STRM-014), and both must go on with the same sum.
func (l *Link) dataFrame(from Side, f codec.Frame) *Violation {
	pieces, err := codec.ParseData(f)
	if err != nil {
		return parsing(err)
	}
	e := &l.Ends[from]
	e.LinkCharge += pieces.Charge()
	s, v := l.use(from, f)
	if v != nil {
		return v
	}
	mine, theirs := &s.Halves[from], &s.Halves[from.Other()]
	mine.Charge += pieces.Charge()
	switch {
	case mine.Fin:
		return Broke("STRM-020", "DATA on stream %d after FIN", f.Stream)
	case mine.Joins && pieces.Count() == 0:
		return Broke("DATA-009", "FIN on stream %d in the middle of a message", f.Stream)
	case mine.Charge > theirs.Grant:
		return Broke("CRED-003", "charge %d on stream %d, where %d is granted", mine.Charge, f.Stream, theirs.Grant)
	case e.LinkCharge > l.Ends[from.Other()].LinkGrant:
		return Broke("CRED-004", "charge %d on the link, where %d is granted", e.LinkCharge, l.Ends[from.Other()].LinkGrant)
	}
	if c := s.Channel; c != nil && pieces.Count() > 0 {
		return Broke("REC-018", "DATA with pieces on stream %d, which carries a channel", f.Stream)
	}
	return l.joinPieces("DATA-006", from, f, mine, pieces)
}

// joinPieces follows the size of the message that is being joined, over which a rule is broken, and notes FIN.
func (l *Link) joinPieces(rule string, from Side, f codec.Frame, mine *Half, pieces codec.Pieces) *Violation {
	most := l.Ends[from.Other()].Hello.Limits.MaxMessage
	more := f.Flags&codec.FlagMore != 0
	for i, count := 0, pieces.Count(); i < count; i++ {
		piece, _ := pieces.Next()
		mine.joined += uint64(len(piece))
		if mine.joined > most {
			return Broke(rule, "message of %d bytes or more, where max_message is %d", mine.joined, most)
		}
		if i < count-1 || !more {
			mine.joined = 0
		}
	}
	mine.Joins = more
	mine.Fin = f.Flags&codec.FlagFin != 0
	return nil
}
