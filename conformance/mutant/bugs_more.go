package mutant

import "handfast/conformance"

// moreBugs are those that single cases of call, close and order were written for.
func moreBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "resets-requests-with-reserved-bits", Req: "CALL-002", Doc: "It answers a REQUEST whose reserved byte is not 0 with PROTOCOL."},
		{Name: "replies-on-after-reset", Req: "CALL-008", Doc: "It goes on sending the replies of a call that was reset."},
		{Name: "closes-on-broken-text-of-reset", Req: "CLOSE-007", Doc: "It answers text of RESET that is not UTF-8 with ENCODING."},
		{Name: "closes-on-broken-text-of-close", Req: "CLOSE-007", Doc: "It answers text of CLOSE that is not UTF-8 with ENCODING."},
		{Name: "looks-at-the-trailer-before-the-type", Req: "ERR-003", Doc: "It answers a wrong trailer before type FF."},
		{Name: "looks-at-the-trailer-before-the-length", Req: "ERR-003", Doc: "It answers a wrong trailer before the length of a control frame."},
		{Name: "looks-at-the-scope-before-the-length", Req: "ERR-003", Doc: "It answers OPEN on stream 0 before its length."},
		{Name: "looks-at-the-stream-before-the-trailer", Req: "ERR-003", Doc: "It answers the state of the stream before it looks at the trailer."},
		{Name: "looks-at-the-id-before-the-form", Req: "ERR-003", Doc: "It answers an id that is not next before a malformed OPEN."},
		{Name: "looks-at-the-limit-before-the-form", Req: "ERR-003", Doc: "It answers a stream beyond the grant before a malformed OPEN."},
		{Name: "looks-at-the-credit-before-the-form", Req: "ERR-003", Doc: "It answers DATA beyond the grant before bytes that are left over."},
		{Name: "looks-at-the-messages-before-the-form", Req: "ERR-003", Doc: "It answers a message without bytes before bytes that are left over."},
	}
}
