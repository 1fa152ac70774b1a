package fuzz

import (
	"slices"

	"handfast/codec"
)

// expectation is what a peer may answer to a sequence.
type expectation struct {
	alive  bool         // the link may go on
	silent bool         // the transport may end without a word
	codes  []codec.Code // of a CLOSE or REFUSE that may come
	exact  bool         // there is one right answer: the rule names it
	req    string       // the rule, where there is one

	// What the peer may have done meanwhile, so that the link goes on all the same.
	theirs  bool   // opened a stream of its own
	streams bool   // granted more streams
	flow    uint32 // granted more on this stream
}

// allows tells whether a CLOSE or REFUSE with a code is right.
func (e *expectation) allows(code codec.Code) bool { return slices.Contains(e.codes, code) }

// model follows what the fuzzer has sent on one link, as far as the right answer depends on it. It knows less than a peer: where that is so, it allows every answer that could be right.
type model struct {
	maxFrame uint32 // of the peer
	ready    bool   // READY was sent
	kit      kit
	delivery bool // it was selected
	pings    int
	drained  bool
	drain    uint32 // last of the newest DRAIN

	streams  map[uint32]*streamModel
	theirs   map[uint32]*theirModel
	greatest uint32 // id of the fuzzer's
	granted  uint64 // greatest STREAMS that was seen
	charge   uint64 // on the link
}

// ofStreams are the codes with which frames of streams may end a link, where nothing is known of the frame.
var ofStreams = []codec.Code{
	codec.CodeState, codec.CodeStreamID, codec.CodeStreamLimit, codec.CodeFlowViolation, codec.CodeProtocol, codec.CodeCalm, codec.CodeUnknownCritical,
}

// newModel makes the model of a link of a sequence with a peer.
func newModel(s *sequence, k kit) *model {
	if k.limits == (codec.Limits{}) {
		k.limits = codec.DefaultLimits()
	}
	return &model{
		kit: k, maxFrame: uint32(k.limits.MaxFrame), ready: s.state != Greeted, delivery: s.delivery && k.delivery,
		streams: make(map[uint32]*streamModel), theirs: make(map[uint32]*theirModel),
	}
}

// limit is the greatest payload that the peer takes.
func (m *model) limit() uint32 {
	if !m.ready {
		return codec.MaxControl
	}
	return m.maxFrame
}

// next judges a frame, or what stands in the place of one. It gives nil where the link goes on for certain; stop says that nothing behind it is read.
func (m *model) next(b []byte) (e *expectation, stop bool) {
	f, _, err := codec.ParseFrame(b, m.limit())
	if err != nil {
		return faultExpected(err)
	}
	if !m.ready {
		switch f.Type {
		case codec.TypeClose:
			return m.closing(f)
		case codec.TypeReady: // another link's: it cannot state the right hash
			m.ready = true
			if err := codec.CheckStream(f.Header); err != nil {
				return faultExpected(err)
			}
			if _, err := codec.ParseReady(f); err != nil {
				return faultExpected(err)
			}
			return &expectation{codes: []codec.Code{codec.CodeMismatch, codec.CodeDowngrade}, req: "READY-005"}, true
		}
		return &expectation{codes: []codec.Code{codec.CodeState}, exact: true, req: "READY-002"}, true
	}
	return m.frame(f)
}

// frame judges a frame behind READY.
func (m *model) frame(f codec.Frame) (e *expectation, stop bool) {
	switch f.Type {
	case codec.TypeReady:
		return exactly(codec.CodeState, "READY-003")
	case codec.TypeRecords, codec.TypeAck, codec.TypeGap: // unknown where delivery was not selected
		if !m.delivery {
			return m.unknown(f)
		}
	}
	if !codec.KnownType(f.Type) {
		return m.unknown(f)
	}
	if err := codec.CheckStream(f.Header); err != nil {
		return faultExpected(err)
	}
	var msg codec.Message
	var err error
	switch {
	case f.Type == codec.TypeOpen && !m.delivery:
		msg, err = codec.ParsePlainOpen(f)
	case f.Type == codec.TypeAccept && !m.delivery:
		msg, err = codec.ParsePlainAccept(f)
	default:
		msg, err = codec.ParseMessage(f)
	}
	if err != nil {
		return faultExpected(err)
	}
	switch msg := msg.(type) {
	case codec.Ping:
		if m.pings++; m.pings >= codec.StrikesMin {
			return perhaps(codec.CodeCalm)
		}
		return nil, false
	case codec.Pong, codec.Streams:
		return nil, false
	case codec.Drain:
		return m.draining(msg)
	case codec.Close:
		return m.closing(f)
	}
	if f.Stream == 0 { // CREDIT of the link
		return nil, false
	}
	return m.onStream(f, msg)
}

// unknown judges a frame of a type that the peer does not know.
func (m *model) unknown(f codec.Frame) (*expectation, bool) {
	if f.Flags&codec.FlagMustUnderstand == 0 {
		return nil, false
	}
	s := m.streams[f.Stream]
	if f.Stream%2 == 0 && f.Stream != 0 {
		t := m.theirs[f.Stream]
		if t != nil && !t.over {
			t.unsure = true
			return perhaps(codec.CodeUnknownCritical)
		}
		e, stop := exactly(codec.CodeUnknownCritical, "FRAME-006")
		e.theirs = t == nil
		return e, stop
	}
	switch {
	case s == nil || s.over:
		return exactly(codec.CodeUnknownCritical, "FRAME-006")
	case s.unsure || s.free:
		s.ends = append(s.ends, codec.CodeUnknownCritical)
		return perhaps(codec.CodeUnknownCritical)
	}
	return s.broke(codec.CodeUnknownCritical, "FRAME-007")
}

func (m *model) draining(d codec.Drain) (*expectation, bool) {
	if m.drained && d.Last > m.drain {
		return &expectation{codes: []codec.Code{codec.CodeState}, exact: true, req: "DRAIN-004"}, true
	}
	m.drained, m.drain = true, d.Last
	for _, t := range m.theirs { // it may end them
		t.unsure = true
	}
	return perhaps(codec.CodeNoError, codec.CodeDraining) // a peer may drain with the other
}

func (m *model) closing(f codec.Frame) (*expectation, bool) {
	if err := codec.CheckStream(f.Header); err != nil {
		if !m.ready {
			return &expectation{silent: true, codes: []codec.Code{codec.CodeState, codec.CodeProtocol, codec.CodeEncoding}}, true
		}
		return faultExpected(err)
	}
	if _, err := codec.ParseClose(f); err != nil {
		e, stop := faultExpected(err)
		if e != nil && !m.ready {
			e.codes, e.exact = append(e.codes, codec.CodeState), false
		}
		return e, stop
	}
	return &expectation{silent: true, req: "CLOSE-001"}, true
}

// faultExpected gives what follows on an error of codec. A frame that is not whole says nothing yet.
func faultExpected(err error) (*expectation, bool) {
	e, ok := asFault(err)
	if !ok {
		return &expectation{alive: true, silent: true, codes: ofStreams}, true
	}
	if e.Scope == codec.ScopeStream {
		return &expectation{alive: true, codes: ofStreams}, false
	}
	if e.Code == codec.CodeForeign {
		return &expectation{silent: true, exact: true, req: e.Req}, true
	}
	return &expectation{codes: []codec.Code{e.Code}, exact: true, req: e.Req}, true
}

// judge gives what may follow on a sequence of frames.
func (m *model) judge(frames [][]byte) expectation {
	sum := expectation{alive: true}
	m.add(&sum, frames)
	return sum
}

// add takes further frames into what may follow.
func (m *model) add(sum *expectation, frames [][]byte) {
	for _, b := range frames {
		e, stop := m.next(b)
		if e == nil {
			continue
		}
		for _, code := range e.codes {
			if !sum.allows(code) {
				sum.codes = append(sum.codes, code)
			}
		}
		sum.silent = sum.silent || e.silent
		if stop {
			sum.alive, sum.exact, sum.req = e.alive, e.exact && len(sum.codes) == len(e.codes), e.req
			sum.theirs, sum.streams, sum.flow = e.theirs, e.streams, e.flow
			break
		}
	}
}
