package explain

import "handfast/codec"

// stream is what this direction has said on one stream.
type stream struct {
	proto    string // "" if it is not known
	caller   bool   // this direction opened it
	done     bool   // FIN or RESET was sent
	joining  bool   // the last piece goes on in the next DATA
	begun    int    // where the message that is being joined begins
	joined   []byte // of a call: what is there of it; a copy, so that it takes no more than what was read
	messages int    // whole ones
	failed   bool   // ERROR was sent
	broken   bool   // a fault was found: the receiver has reset the stream, and judges no more
}

// judge judges a whole message of a call by what came before it. Offsets count from its beginning.
func (s *stream) judge(msg []byte) *codec.Error {
	if s.broken {
		return nil
	}
	fault := s.fault(msg)
	s.messages++
	s.broken = fault != nil
	return fault
}

func (s *stream) fault(msg []byte) *codec.Error {
	if s.caller && s.messages == 0 {
		_, err := codec.ParseCallRequest(msg)
		return faultOf(err, 0)
	}
	kind, _, err := codec.ParseCallKind(msg)
	switch {
	case s.caller && err != nil:
		return faultOf(err, 0)
	case s.caller && kind != codec.CallKindArg:
		return streamFault("CALL-010", 0, "only ARG may follow REQUEST")
	case s.caller:
		return nil
	case s.failed:
		return streamFault("CALL-016", 0, "a message behind ERROR")
	case kind == codec.CallKindError:
		s.failed = true
		_, err = codec.ParseCallError(msg)
		return faultOf(err, 0)
	case kind != codec.CallKindReply:
		return streamFault("CALL-016", 0, "a callee sends only REPLY and ERROR")
	}
	return nil
}

// finish judges the end of this direction, whose flag stands at an offset.
func (s *stream) finish(at int) *codec.Error {
	if s.proto == callProto && s.caller && s.messages == 0 && !s.joining && !s.broken {
		s.broken = true
		return streamFault("CALL-012", at, "the stream ends without a REQUEST")
	}
	return nil
}
