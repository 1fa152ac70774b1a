package codec

import "unique"

const callRequestSize = 8 // bytes before the method

// CallRequest is the first message of a call.
type CallRequest struct {
	Method     string // 1 to 128 bytes of printable ASCII without space
	DeadlineMS uint32 // ms that the caller will wait, from now; 0: for ever (CALL-007)
	Args       []byte // defined by the method; aliases the message that it was parsed from
}

// Append appends the REQUEST. A method that is not 1 to 128 bytes of printable ASCII is PROTOCOL (CALL-002).
func (r CallRequest) Append(b []byte) ([]byte, error) {
	return AppendCallRequest(b, r.Method, r.DeadlineMS, r.Args)
}

// Size gives the bytes that Append appends.
func (r CallRequest) Size() int { return callRequestSize + len(r.Method) + len(r.Args) }

// AppendCallRequest is CallRequest.Append for values that lie apart.
func AppendCallRequest(b []byte, method string, deadlineMS uint32, args []byte) ([]byte, error) {
	if !isMethod(method) {
		return b, callFault("CALL-002", 2, "method is not 1 to 128 bytes of printable ASCII")
	}
	b = append(b, byte(CallKindRequest), 0)
	b = bigEndian.AppendUint16(b, uint16(len(method)))
	b = bigEndian.AppendUint32(b, deadlineMS)
	b = append(b, method...)
	return append(b, args...), nil
}

// ParseCallRequest reads the first message of a call. Everything that is not a REQUEST of the right form is stream error
// PROTOCOL (CALL-002).
//
// Args aliases msg; Method does not. The names of methods are shared by all calls (package unique), so that only
// the first call of a method, after each garbage collection, allocates its name; names over 32 bytes always do.
func ParseCallRequest(msg []byte) (CallRequest, error) {
	if len(msg) == 0 || CallKind(msg[0]) != CallKindRequest {
		return CallRequest{}, callFault("CALL-002", 0, "the first message is no REQUEST")
	}
	if len(msg) < callRequestSize {
		return CallRequest{}, callFault("CALL-002", len(msg), "REQUEST ends inside its header")
	}
	n := int(bigEndian.Uint16(msg[2:]))
	if n > len(msg)-callRequestSize {
		return CallRequest{}, callFault("CALL-002", 2, "method is longer than what is left")
	}
	method := msg[callRequestSize : callRequestSize+n]
	if !isMethod(method) {
		return CallRequest{}, callFault("CALL-002", callRequestSize, "method is not 1 to 128 bytes of printable ASCII")
	}
	return CallRequest{
		Method:     unique.Make(string(method)).Value(),
		DeadlineMS: bigEndian.Uint32(msg[4:]),
		Args:       msg[callRequestSize+n:],
	}, nil
}

// isMethod tells whether s is 1 to 128 bytes from 21 to 7E.
func isMethod[S ~string | ~[]byte](s S) bool {
	if len(s) == 0 || len(s) > MaxMethod {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7E {
			return false
		}
	}
	return true
}
