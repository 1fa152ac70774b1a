package mutant

import "handfast/codec"

// What stands here belongs to peers that look at the faults of an input in another order than chapter 14 (ERR-003). The healthy peer
// finds nothing here.

// beforeTrailer makes the check that a peer makes before it looks at the trailer, which is wrong.
func (l *link) beforeTrailer(f codec.Frame) error {
	switch {
	case l.has("looks-at-the-state-before-the-trailer"):
		return l.checkState(f)
	case l.has("looks-at-the-type-before-the-trailer") && !l.known(f.Type) && f.Flags&codec.FlagMustUnderstand != 0:
		return l.onUnknown(f)
	case l.has("looks-at-the-form-before-the-trailer"):
		_, err := codec.ParseMessage(f)
		return err
	}
	return nil
}

// beforeState makes the check that a peer makes before it looks at the state of the link, which is wrong.
func (l *link) beforeState(f codec.Frame, wrong error) error {
	switch {
	case l.has("looks-at-the-type-before-the-state") && !l.known(f.Type) && f.Flags&codec.FlagMustUnderstand != 0:
		return l.onUnknown(f)
	case l.has("looks-at-the-form-before-the-state") && l.known(f.Type):
		if _, err := codec.ParseMessage(f); err != nil {
			return err
		}
	}
	return wrong
}

// beforeForm makes the check that a peer makes before it looks at the form of DATA, which is wrong.
func (l *link) beforeForm(f codec.Frame, wrong error) error {
	if !l.has("looks-at-the-stream-before-the-form") {
		return wrong
	}
	if err := l.checkData(f, codec.Pieces{}); err != nil {
		return err
	}
	return wrong
}

// beforeID makes the checks that a peer makes before it looks at the id or the number of a stream, which is wrong.
func (l *link) beforeID(m codec.Open, wrong *fault) error {
	_, known := l.agreed.Protos[m.Proto]
	limit := wrong.req == "STRM-008"
	switch {
	case l.has("looks-at-the-limit-before-the-id") && !limit && l.opened >= l.granted:
		return linkFault("STRM-008", codec.CodeStreamLimit, "stream number %d, where %d are granted", l.opened+1, l.granted)
	case l.has("looks-at-the-protocol-before-the-limit") && limit && !known,
		l.has("looks-at-the-protocol-before-the-id") && !limit && !known:
		l.push(codec.Reject{Stream: m.Stream, Code: codec.CodeUnknownProto}.AppendFrame(nil))
		return nil
	}
	return wrong
}

// beforeCredit makes the checks that a peer makes before it looks at the charge, which is too much.
func (l *link) beforeCredit(s *stream, pieces codec.Pieces, wrong error) error {
	first, _ := pieces.Next()
	size := uint64(len(*s.part()) + pieces.Bytes())
	switch {
	case l.has("looks-at-the-size-before-the-credit") && size > l.self.Limits.MaxMessage:
		return &fault{req: "DATA-006", code: codec.CodeMsgTooBig, stream: s.id, text: "message over max_message"}
	case l.has("looks-at-the-call-before-the-credit") && !s.requested:
		if _, err := codec.ParseCallRequest(first); err != nil {
			return asFault(err, s.id)
		}
	}
	return wrong
}
