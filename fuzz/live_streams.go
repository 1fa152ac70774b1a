package fuzz

import (
	"handfast/codec"
)

// streamModel follows a stream that the fuzzer has opened, as its receiver has to.
type streamModel struct {
	proto    string // call or mirror; "" where it is to be rejected
	accepted bool   // ACCEPT was seen
	finSent  bool
	joining  bool // a message or record goes on
	over     bool // finished for certain
	unsure   bool // the peer may have ended it, or may not: what depends on that is not judged
	fresh    bool // a channel that the peer cannot know
	free     bool // no sentence says what follows: nothing is judged

	charge  uint64
	asked   bool   // a whole REQUEST was sent
	method  string // of it
	reply   []byte // the first piece that has to come, or nil
	message []byte // that is joined; its bytes for call, its length for records
	next    uint64 // number of the next record; 0 before ACCEPT

	want wait // what has to come
	req  string
	ends []codec.Code // of RESET and REJECT that may come
}

// theirModel follows a stream that the peer has opened: the mirror of a channel.
type theirModel struct {
	accepted bool
	over     bool
	unsure   bool
	next     uint64 // that it offered
	stable   uint64 // that it offered
	acked    uint64 // greatest stable that it was told
}

// farAway is a number that no channel of a run reaches.
const farAway = 1 << 40

func exactly(code codec.Code, req string) (*expectation, bool) {
	return &expectation{codes: []codec.Code{code}, exact: true, req: req}, true
}

func perhaps(codes ...codec.Code) (*expectation, bool) {
	return &expectation{alive: true, codes: codes}, false
}

// fault is a link error because of the state of a stream.
func (s *streamModel) fault(code codec.Code, req string) (*expectation, bool) {
	if s.unsure || s.free {
		return perhaps(code)
	}
	return exactly(code, req)
}

// broke is a stream error.
func (s *streamModel) broke(code codec.Code, req string) (*expectation, bool) {
	s.ends = append(s.ends, code)
	if !s.unsure && !s.free {
		s.want, s.req, s.unsure = waitReset, req, true
	}
	return nil, false
}

// onStream judges a frame of stream scope, whose form is good.
func (m *model) onStream(f codec.Frame, msg codec.Message) (*expectation, bool) {
	id := f.Stream
	if open, ok := msg.(codec.Open); ok {
		return m.opening(open)
	}
	if data, ok := msg.(codec.Data); ok {
		m.charge += data.Pieces.Charge()
	}
	if id%2 == 0 {
		return m.onTheirs(id, msg)
	}
	s := m.streams[id]
	switch {
	case s == nil:
		return exactly(codec.CodeState, "STRM-012")
	case s.over:
		return nil, false // STRM-014
	}
	switch msg := msg.(type) {
	case codec.Accept, codec.Reject:
		return s.fault(codec.CodeState, "STRM-016")
	case codec.Reset:
		s.over, s.want = true, waitNothing
	case codec.Data:
		return m.onData(s, id, msg)
	case codec.Records:
		return m.onRecords(s, id, msg)
	case codec.Gap:
		return s.onGap(msg)
	case codec.Ack:
		return s.fault(codec.CodeState, "CHAN-015")
	}
	return nil, false
}

// nextID gives the id of the next stream.
func (m *model) nextID() uint32 {
	if m.greatest == 0 {
		return 1
	}
	return m.greatest + 2
}

// opening judges an OPEN.
func (m *model) opening(open codec.Open) (*expectation, bool) {
	switch {
	case open.Stream%2 == 0:
		return exactly(codec.CodeStreamID, "STRM-001")
	case open.Stream != m.nextID():
		return exactly(codec.CodeStreamID, "STRM-002")
	case uint64(open.Stream/2) >= max(m.kit.limits.Streams, m.granted):
		e, stop := exactly(codec.CodeStreamLimit, "STRM-008")
		e.streams = true
		return e, stop
	}
	s := &streamModel{want: waitAnswer, req: "STRM-003"}
	m.streams[open.Stream] = s
	m.greatest = open.Stream
	reject := func(code codec.Code, req string) (*expectation, bool) {
		s.want, s.req, s.ends, s.unsure = waitReject, req, append(s.ends, code), true
		return nil, false
	}
	switch {
	case m.drained:
		s.free, s.want = true, waitNothing
	case open.Proto == protoCall && m.kit.call:
		s.proto = protoCall
		switch {
		case open.Ver != 1:
			return reject(codec.CodeProtoVersion, "STRM-005")
		case m.delivery && open.Channel != nil:
			return reject(codec.CodeProtocol, "CHAN-003")
		}
	case open.Proto == protoMirror && m.kit.mirror && m.delivery:
		s.proto = protoMirror
		switch {
		case open.Ver != 1:
			return reject(codec.CodeProtoVersion, "STRM-005")
		case open.Channel == nil:
			return reject(codec.CodeProtocol, "CHAN-003")
		case len(open.Channel.Name) == 64 && open.Channel.Name[63] != '~':
			return reject(codec.CodeProtocol, "MIRR-005")
		}
		m.attaching(s, open)
	case open.Proto == protoCall || open.Proto == protoMirror: // whatever the peer thinks of it
		s.free = true
	default:
		return reject(codec.CodeUnknownProto, "STRM-004")
	}
	return nil, false
}

// attaching follows an OPEN with a channel. Until ACCEPT is there, records would be a fault or none.
func (m *model) attaching(s *streamModel, open codec.Open) {
	s.unsure, s.fresh = true, open.Stream == 1 && open.Channel.Next == firstNext && open.Channel.Name == master
	s.ends = append(s.ends, codec.CodeBusyElsewhere, codec.CodeEpochStale, codec.CodeOverloaded)
	for _, other := range m.streams { // one of them overtakes another
		if other != s && other.proto == protoMirror && !other.over {
			other.unsure, other.want = true, waitNothing
			other.ends = append(other.ends, codec.CodeBusyElsewhere)
		}
	}
}

// onData judges a DATA.
func (m *model) onData(s *streamModel, id uint32, d codec.Data) (*expectation, bool) {
	pieces := d.Pieces
	switch {
	case s.finSent:
		return s.fault(codec.CodeState, "STRM-013")
	case s.joining && pieces.Count() == 0:
		return s.fault(codec.CodeEncoding, "DATA-009")
	case s.proto == protoMirror && pieces.Count() > 0: // no sentence says what DATA on the stream of a channel is
		s.free, s.want = true, waitNothing
		return perhaps(codec.CodeState, codec.CodeProtocol, codec.CodeEncoding, codec.CodeFlowViolation)
	}
	if e, stop := m.flow(s, id, pieces.Charge(), "CRED-001"); e != nil {
		return e, stop
	}
	if s.proto == protoCall {
		all := pieces.All()
		for i, p := range all {
			s.message = append(s.message, p...)
			s.joining = i == len(all)-1 && pieces.More()
			if uint64(len(s.message)) > m.kit.limits.MaxMessage {
				return s.broke(codec.CodeMsgTooBig, "DATA-006")
			}
			if !s.joining {
				m.onCall(s)
				s.message = s.message[:0]
			}
		}
	}
	if pieces.Fin() {
		s.finished(m)
	}
	return nil, false
}

// flow judges the charge of a frame. A receiver may raise its grants whenever it likes (OPT-003), which what came will show.
func (m *model) flow(s *streamModel, id uint32, charge uint64, req string) (*expectation, bool) {
	before := s.charge
	s.charge += charge
	switch {
	case s.charge > m.kit.limits.StreamCredit && before == 0:
		e, stop := s.fault(codec.CodeFlowViolation, req)
		e.flow = id
		return e, stop
	case s.charge > m.kit.limits.StreamCredit || m.charge > m.kit.limits.LinkCredit: // what was consumed meanwhile is granted again
		return perhaps(codec.CodeFlowViolation)
	}
	return nil, false
}

// onCall judges a message of call.
func (m *model) onCall(s *streamModel) {
	if !s.asked {
		r, err := codec.ParseCallRequest(s.message)
		if err != nil {
			_, _ = s.broke(codec.CodeProtocol, "CALL-002")
			return
		}
		s.asked, s.method = true, r.Method
		if s.method == "echo" && m.kit.echo {
			s.reply = append([]byte{byte(codec.CallKindReply)}, r.Args...)
		}
		return
	}
	if kind, _, err := codec.ParseCallKind(s.message); err == nil && kind == codec.CallKindArg {
		return
	}
	if s.method == "echo" && m.kit.echo {
		_, _ = s.broke(codec.CodeProtocol, "CALL-010")
		return
	}
	s.ends, s.unsure = append(s.ends, codec.CodeProtocol), true // when a method looks at it is its affair
}

// finished follows FIN of the fuzzer.
func (s *streamModel) finished(m *model) {
	s.finSent = true
	switch {
	case s.proto == protoMirror:
		for _, t := range m.theirs { // it ends the mirror (MIRR-008), and forgets it when all of it was acknowledged
			t.unsure = true
		}
		if !s.unsure {
			s.want, s.req = waitEnd, "REC-019"
		}
		s.unsure = true
	case s.proto != protoCall:
	case !s.asked:
		_, _ = s.broke(codec.CodeProtocol, "CALL-012")
	case s.method == "sleep" && m.kit.sleep: // it is at work
	case s.method == "echo" && m.kit.echo && !s.unsure:
		s.want, s.req, s.unsure = waitEnd, "CALL-004", true
	default:
		s.unsure = true
	}
}

// onRecords judges a RECORDS.
func (m *model) onRecords(s *streamModel, id uint32, r codec.Records) (*expectation, bool) {
	m.charge += r.Pieces.Charge()
	if s.proto != protoMirror || s.finSent {
		return s.fault(codec.CodeState, "CHAN-015")
	}
	if !s.accepted {
		return perhaps(codec.CodeState, codec.CodeFlowViolation)
	}
	if e, stop := m.flow(s, id, r.Pieces.Charge(), "REC-011"); e != nil {
		return e, stop
	}
	if r.Seq != s.next {
		req := "REC-006"
		if s.joining {
			req = "REC-007"
		}
		return s.broke(codec.CodeSequence, req)
	}
	complete := uint64(r.Pieces.Count())
	s.joining = r.Pieces.More()
	if s.joining {
		complete--
	}
	s.next += complete
	if r.Pieces.Fin() {
		s.finished(m)
	}
	return nil, false
}

// onGap judges a GAP.
func (s *streamModel) onGap(g codec.Gap) (*expectation, bool) {
	switch {
	case s.proto != protoMirror || s.finSent:
		return s.fault(codec.CodeState, "CHAN-015")
	case !s.accepted:
		return perhaps(codec.CodeState)
	case s.joining:
		return s.broke(codec.CodeSequence, "REC-007")
	case g.From != s.next:
		return s.broke(codec.CodeSequence, "REC-006")
	}
	s.next = g.To + 1
	return nil, false
}

// onTheirs judges a frame on a stream of the peer.
func (m *model) onTheirs(id uint32, msg codec.Message) (*expectation, bool) {
	s := m.theirs[id]
	if s == nil {
		e, stop := exactly(codec.CodeState, "STRM-012")
		e.theirs = true
		return e, stop
	}
	if s.over {
		return nil, false
	}
	fault := func(code codec.Code, req string) (*expectation, bool) {
		if s.unsure {
			return perhaps(code)
		}
		return exactly(code, req)
	}
	switch msg := msg.(type) {
	case codec.Reset:
		s.over = true
	case codec.Reject:
		if s.accepted {
			return fault(codec.CodeState, "STRM-016")
		}
		s.over = true
	case codec.Accept:
		return s.onAccept(msg, fault)
	case codec.Data:
		if !s.accepted {
			return fault(codec.CodeState, "STRM-021")
		}
		s.unsure = true // FIN of the receiver is a stream error (REC-021), and of DATA no sentence says what it is
		return perhaps(codec.CodeState, codec.CodeProtocol, codec.CodeEncoding, codec.CodeFlowViolation)
	case codec.Credit:
		if !s.accepted {
			return fault(codec.CodeState, "STRM-021")
		}
	case codec.Records, codec.Gap:
		return fault(codec.CodeState, "CHAN-015")
	case codec.Ack:
		return s.onAck(msg, fault)
	}
	return nil, false
}

func (s *theirModel) onAccept(a codec.Accept, fault func(codec.Code, string) (*expectation, bool)) (*expectation, bool) {
	if s.accepted {
		return fault(codec.CodeState, "STRM-016")
	}
	s.accepted = true
	p := a.Channel
	switch {
	case p == nil:
		s.unsure = true // RESET(PROTOCOL), CHAN-027
		return nil, false
	case p.Stable >= s.next, p.Dup >= s.next, len(p.Ranges) > 0 && p.Ranges[len(p.Ranges)-1].Last >= s.next, p.State == codec.PositionLost && p.Stable != s.stable:
		return fault(codec.CodeAckInvalid, "CHAN-028")
	case p.State == codec.PositionForeign:
		s.unsure = true
	}
	s.acked = p.Stable
	return nil, false
}

func (s *theirModel) onAck(a codec.Ack, fault func(codec.Code, string) (*expectation, bool)) (*expectation, bool) {
	if !s.accepted {
		return fault(codec.CodeState, "CHAN-015")
	}
	if s.unsure { // the peer may have left the channel behind
		return perhaps(codec.CodeState, codec.CodeAckInvalid)
	}
	last := a.Stable
	if n := len(a.Ranges); n > 0 {
		last = a.Ranges[n-1].Last
	}
	switch {
	case a.Stable < s.acked, last >= farAway:
		return fault(codec.CodeAckInvalid, "ACK-008")
	case last >= s.next: // what it has covered meanwhile
		return perhaps(codec.CodeAckInvalid)
	}
	s.acked = a.Stable
	return nil, false
}

// settle takes over what came while the sequence waited.
func (m *model) settle(o *outcome) {
	for id, a := range o.streams {
		if id%2 == 0 {
			if a.opened != nil && a.opened.Channel != nil {
				m.theirs[id] = &theirModel{next: a.opened.Channel.Next, stable: a.opened.Channel.Stable, unsure: a.over()}
			} else if a.opened != nil {
				m.theirs[id] = &theirModel{unsure: true}
			}
			continue
		}
		if s := m.streams[id]; s != nil {
			s.settle(a)
		}
	}
	m.granted = max(m.granted, o.granted)
}

func (s *streamModel) settle(a *arrived) {
	if a.accepted != nil && !s.accepted {
		s.accepted = true
		if s.want == waitAnswer {
			s.want = waitNothing
		}
		if s.proto == protoMirror {
			if p := a.accepted.Channel; p != nil {
				s.next, s.unsure = p.Stable+1, p.State == codec.PositionForeign
			} else {
				s.free = true
			}
		}
	}
	if a.rejected != nil || a.reset != nil || a.fin && s.finSent {
		s.over, s.want = true, waitNothing
	}
}

// assume settles as if everything had come that is waited for.
func (m *model) assume(list []await) {
	o := outcome{streams: make(map[uint32]*arrived), granted: m.granted}
	code := codec.CodeNoError
	for _, w := range list {
		a := &arrived{}
		switch w.what {
		case waitAnswer:
			a.accepted = &codec.Accept{Channel: &codec.Position{State: codec.PositionLost}}
		case waitReject, waitReset:
			a.reset = &code
		case waitEnd:
			a.fin = true
		case waitOpened:
			a.opened = &codec.Open{Channel: &codec.Channel{Next: 2, Stable: 0}}
		}
		o.streams[w.stream] = a
	}
	m.settle(&o)
}

// wants lists what has to come on the streams.
func (m *model) wants() (list []await) {
	for id, s := range m.streams {
		if s.want != waitNothing && !s.free {
			list = append(list, await{id, s.want})
		}
	}
	return list
}
