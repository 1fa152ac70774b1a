package mutant

import "handfast/conformance"

// closeBugs are those of chapter 13, and of the errors in chapter 14.
func closeBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "resets-streams-on-drain", Req: "DRAIN-002", Doc: "It resets the open streams when DRAIN comes."},
		{Name: "closes-on-drain", Req: "DRAIN-002", Doc: "It answers DRAIN with CLOSE(NO_ERROR)."},
		{Name: "takes-a-greater-last", Req: "DRAIN-004", Doc: "It does not remember last of the DRAIN before."},
		{Name: "answers-close-with-close", Req: "CLOSE-001", Doc: "It answers CLOSE with CLOSE."},
		{Name: "stays-after-close", Req: "CLOSE-001", Doc: "It does not end the transport when CLOSE has come."},
		{Name: "goes-on-after-close", Req: "CLOSE-001", Doc: "It skips CLOSE."},
		{Name: "sends-on-after-close", Req: "CLOSE-002", Doc: "It sends a grease frame after its CLOSE."},
		{Name: "closes-twice", Req: "CLOSE-002", Doc: "It sends CLOSE twice."},
		{Name: "stays-after-its-close", Req: "CLOSE-003", Doc: "It does not end the transport after its CLOSE."},
		{Name: "reads-no-more-after-its-close", Req: "CLOSE-003", Doc: "It stops reading when it has sent CLOSE."},
		{Name: "closes-with-long-text", Req: "CLOSE-004", Doc: "It puts 257 bytes of text into CLOSE."},
		{Name: "closes-with-broken-text", Req: "CLOSE-004", Doc: "It puts text that is not UTF-8 into CLOSE."},
		{Name: "resets-with-broken-text", Req: "CLOSE-004", Doc: "It puts text that is not UTF-8 into RESET."},
		{Name: "rejects-with-broken-text", Req: "CLOSE-004", Doc: "It puts text that is not UTF-8 into REJECT."},
		{Name: "ends-without-close", Req: "ERR-001", Doc: "It answers every fault of a link by ending the transport."},
		{Name: "closes-with-internal", Req: "ERR-001", Doc: "It answers every fault of a link with CLOSE(INTERNAL)."},
		{Name: "ends-all-links-by-one", Req: "ERR-004", Doc: "It ends all links when one ends by an error."},
		{Name: "ends-all-streams-by-one", Req: "ERR-004", Doc: "It resets all streams of the link when one ends by an error."},
	}
}

// orderBugs look at the faults of an input in another order than chapter 14.
func orderBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "looks-at-the-type-before-the-header-checksum", Req: "ERR-003", Doc: "It answers type FF before it looks at the header's checksum."},
		{Name: "looks-at-the-length-before-the-header-checksum", Req: "ERR-003", Doc: "It answers a length over max_frame before it looks at the header's checksum."},
		{Name: "looks-at-the-length-before-the-type", Req: "ERR-003", Doc: "It answers a length over max_frame before type FF."},
		{Name: "looks-at-the-state-before-the-trailer", Req: "ERR-003", Doc: "It answers a second READY before it looks at its trailer."},
		{Name: "looks-at-the-type-before-the-trailer", Req: "ERR-003", Doc: "It answers an unknown critical frame before it looks at its trailer."},
		{Name: "looks-at-the-type-before-the-state", Req: "ERR-003", Doc: "It answers an unknown critical frame before it misses READY."},
		{Name: "looks-at-the-form-before-the-trailer", Req: "ERR-003", Doc: "It answers a malformed payload before it looks at its trailer."},
		{Name: "looks-at-the-form-before-the-state", Req: "ERR-003", Doc: "It answers a malformed frame before it misses READY."},
		{Name: "looks-at-the-form-before-the-scope", Req: "ERR-003", Doc: "It answers a malformed payload before it looks at the stream's being 0."},
		{Name: "looks-at-the-stream-before-the-form", Req: "ERR-003", Doc: "It answers the state of the stream before a malformed payload."},
		{Name: "looks-at-the-limit-before-the-id", Req: "ERR-003", Doc: "It answers a stream beyond the grant before an id that is wrong."},
		{Name: "looks-at-the-protocol-before-the-limit", Req: "ERR-003", Doc: "It answers an unknown sub-protocol before a stream beyond the grant."},
		{Name: "looks-at-the-protocol-before-the-id", Req: "ERR-003", Doc: "It answers an unknown sub-protocol before an id that is wrong."},
		{Name: "looks-at-the-credit-before-the-state", Req: "ERR-003", Doc: "It answers DATA beyond the grant before DATA after FIN."},
		{Name: "looks-at-the-size-before-the-credit", Req: "ERR-003", Doc: "It answers a message over max_message before DATA beyond the grant."},
		{Name: "looks-at-the-call-before-the-credit", Req: "ERR-003", Doc: "It answers a malformed REQUEST before DATA beyond the grant."},
	}
}

// calmBugs are those of floods in chapter 15.
func calmBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "closes-on-a-hundred-idle-frames", Req: "CALM-001", Doc: "It tolerates 100 idle frames."},
		{Name: "closes-on-nine-hundred-idle-frames", Req: "CALM-001", Doc: "It tolerates 900 idle frames."},
		{Name: "bears-eleven-thousand-idle-frames", Req: "CALM-002", Doc: "It tolerates 11,000 idle frames."},
		{Name: "bears-idle-unknown", Req: "CALM-002", Doc: "It takes no frame of unknown type for an idle frame."},
		{Name: "bears-idle-credit", Req: "CALM-002", Doc: "It takes no CREDIT for an idle frame."},
		{Name: "bears-idle-streams", Req: "CALM-002", Doc: "It takes no STREAMS for an idle frame."},
		{Name: "bears-idle-pong", Req: "CALM-002", Doc: "It takes no PONG for an idle frame."},
		{Name: "bears-idle-drain", Req: "CALM-002", Doc: "It takes no DRAIN for an idle frame."},
		{Name: "bears-frames-of-finished-streams", Req: "CALM-002", Doc: "It takes no frame of a finished stream for an idle frame."},
		{Name: "bears-idle-frames", Req: "CALM-002", Doc: "It does not count idle frames."},
		{Name: "closes-on-ten-early-resets", Req: "CALM-003", Doc: "It tolerates 10 early RESETs."},
		{Name: "closes-on-ninety-early-resets", Req: "CALM-003", Doc: "It tolerates 90 early RESETs."},
		{Name: "bears-eleven-hundred-early-resets", Req: "CALM-004", Doc: "It tolerates 1,100 early RESETs."},
		{Name: "bears-early-resets", Req: "CALM-004", Doc: "It does not count early RESETs."},
	}
}

// extensionBugs are those of chapter 18.
func extensionBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "sends-frames-of-delivery", Req: "EXT-001", Doc: "It sends an ACK with each ACCEPT, where delivery was not selected."},
		{Name: "sends-unregistered-frames", Req: "EXT-001", Doc: "It sends a frame of type 40 with each ACCEPT."},
		{Name: "refuses-unknown-limits", Req: "EXT-005", Doc: "It answers a HELLO with a limit that it does not know with ENCODING."},
	}
}
