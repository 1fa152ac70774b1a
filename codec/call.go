package codec

// MaxMethod is the greatest length of a method's name, in bytes.
const MaxMethod = 128

// ParseCallKind says what a message of a call is, and gives what stands behind its first byte, which aliases msg. An empty
// message and an unknown kind are stream error PROTOCOL (CALL-010). Whose turn it is to send that kind is not judged.
func ParseCallKind(msg []byte) (kind CallKind, body []byte, err error) {
	if len(msg) == 0 {
		return 0, nil, callFault("CALL-010", 0, "message without a kind")
	}
	kind = CallKind(msg[0])
	switch kind {
	case CallKindRequest, CallKindReply, CallKindError, CallKindArg:
		return kind, msg[1:], nil
	default:
		return 0, nil, callFault("CALL-010", 0, "message of an unknown kind")
	}
}

// ParseCallArg reads what a callee may get behind REQUEST: it gives the value of an ARG, which aliases msg. Everything else is stream error
// PROTOCOL (CALL-010).
func ParseCallArg(msg []byte) (value []byte, err error) {
	kind, value, err := ParseCallKind(msg)
	if err == nil && kind != CallKindArg {
		err = callFault("CALL-010", 0, "only ARG may follow REQUEST")
	}
	if err != nil {
		return nil, err
	}
	return value, nil
}

// ParseCallAnswer reads what a caller may get: it gives the value of a REPLY, which aliases msg, or an ERROR. Everything else is stream error
// PROTOCOL: CALL-016, and in the map of an ERROR the rule that it breaks.
func ParseCallAnswer(msg []byte) (value []byte, failure *CallError, err error) {
	switch kind, value, err := ParseCallKind(msg); {
	case err != nil:
		return nil, nil, callFault("CALL-016", 0, err.(*Error).Detail)
	case kind == CallKindReply:
		return value, nil, nil
	case kind == CallKindError:
		failure, err := ParseCallError(msg)
		return nil, failure, err
	}
	return nil, nil, callFault("CALL-016", 0, "a callee sends only REPLY and ERROR")
}

// AppendCallReply appends a REPLY: one result, whose bytes the method defines. It is the message, without the length that
// AppendPiece puts in front.
func AppendCallReply(b, value []byte) []byte {
	return append(append(b, byte(CallKindReply)), value...)
}

// AppendCallArg appends an ARG: one further argument of a streamed request.
func AppendCallArg(b, value []byte) []byte {
	return append(append(b, byte(CallKindArg)), value...)
}

// callFault makes an error that ends a stream.
func callFault(req string, off int, detail string) *Error {
	return &Error{Code: CodeProtocol, Scope: ScopeStream, Req: req, Offset: off, Detail: detail}
}
