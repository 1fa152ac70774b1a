package mutant

import "handfast/conformance"

// frameBugs are those of chapter 8.
func frameBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "takes-wrong-header-checksum", Req: "FRAME-001", Doc: "It does not look at the checksum of a header."},
		{Name: "compares-half-of-the-header-checksum", Req: "FRAME-001", Doc: "It looks at the lower half of a header's checksum."},
		{Name: "takes-wrong-trailer", Req: "FRAME-002", Doc: "It does not look at the checksum of a payload."},
		{Name: "takes-frames-over-max-frame", Req: "FRAME-003", Doc: "It takes a frame of any length."},
		{Name: "waits-for-oversized-payloads", Req: "FRAME-003", Doc: "It answers a length over max_frame when the payload has arrived."},
		{Name: "ignores-frame-type-00", Req: "FRAME-004", Doc: "It skips a frame of type 00 like one of unknown type."},
		{Name: "ignores-frame-type-ff", Req: "FRAME-004", Doc: "It skips a frame of type FF like one of unknown type."},
		{Name: "closes-on-unknown-types", Req: "FRAME-005", Doc: "It knows the numbers of grease, and closes on every other type that it does not know."},
		{Name: "closes-on-unknown-types-on-streams", Req: "FRAME-005", Doc: "It skips frames of unknown type on stream 0 alone."},
		{Name: "skips-critical-frames", Req: "FRAME-006", Doc: "It skips a frame with MUST_UNDERSTAND on stream 0."},
		{Name: "skips-critical-frames-of-finished-streams", Req: "FRAME-006", Doc: "It skips a frame with MUST_UNDERSTAND on a stream that is not open."},
		{Name: "skips-critical-frames-of-open-streams", Req: "FRAME-007", Doc: "It skips a frame with MUST_UNDERSTAND on an open stream."},
		{Name: "closes-on-reserved-bits", Req: "FRAME-008", Doc: "It answers a frame with reserved bits with PROTOCOL."},
		{Name: "closes-on-undefined-flags", Req: "FRAME-008", Doc: "It answers a frame with flags that its type does not define with PROTOCOL."},
		{Name: "closes-on-critical-frames-that-it-knows", Req: "FRAME-021", Doc: "It answers MUST_UNDERSTAND on a type that it knows with PROTOCOL."},
		{Name: "takes-link-frames-on-streams", Req: "FRAME-009", Doc: "It does not care on which stream a frame of link scope comes."},
		{Name: "ignores-stream-frames-on-stream-0", Req: "FRAME-009", Doc: "It skips frames of stream scope on stream 0."},
		{Name: "takes-fixed-frames-of-any-size", Req: "FRAME-010", Doc: "It cuts or fills the payload of a fixed frame to its size."},
		{Name: "takes-short-endings", Req: "FRAME-010", Doc: "It fills a short CLOSE, REJECT or RESET with zeros."},
		{Name: "takes-long-endings", Req: "FRAME-010", Doc: "It cuts a long CLOSE, REJECT or RESET."},
		{Name: "takes-wrong-trailers-of-ignored-frames", Req: "FRAME-011", Doc: "It does not look at the checksum of a frame that it skips."},
		{Name: "takes-wrong-trailers-of-finished-streams", Req: "FRAME-011", Doc: "It does not look at the checksum of a frame of a finished stream."},
		{Name: "sends-frames-over-max-frame", Req: "FRAME-012", Doc: "It takes max_frame of the other side for its default."},
		{Name: "forgets-the-lengths-of-pieces", Req: "FRAME-012", Doc: "It fills a frame with a piece of max_frame bytes, before which stands its length."},
		{Name: "sends-reserved-bits", Req: "FRAME-013", Doc: "It sets reserved in the header of PONG."},
		{Name: "sends-undefined-flags", Req: "FRAME-013", Doc: "It sets a flag in the header of PONG."},
		{Name: "wants-headers-in-one-read", Req: "FRAME-014", Doc: "It takes a header that arrives in two parts for a broken one."},
		{Name: "wants-payloads-in-one-read", Req: "FRAME-014", Doc: "It takes a payload that arrives in two parts for a broken one."},
		{Name: "drops-what-comes-with-ready", Req: "FRAME-014", Doc: "It drops what arrives in one piece with READY."},
		{Name: "knows-frames-of-delivery", Req: "FRAME-015", Doc: "It answers RECORDS, ACK and GAP with STATE, where delivery was not selected."},
		{Name: "skips-critical-frames-of-delivery", Req: "FRAME-015", Doc: "It knows RECORDS, ACK and GAP, and skips them even with MUST_UNDERSTAND."},
		{Name: "skips-malformed-open", Req: "FRAME-016", Doc: "It skips an OPEN that is malformed."},
		{Name: "rejects-malformed-open", Req: "FRAME-016", Doc: "It answers an OPEN that is malformed with REJECT."},
		{Name: "looks-at-the-state-before-accept", Req: "FRAME-016", Doc: "It answers an ACCEPT that is malformed by its stream's state."},
		{Name: "refuses-unknown-keys-of-open", Req: "FRAME-017", Doc: "It answers an OPEN with a key that it does not know with ENCODING."},
		{Name: "takes-long-control-frames", Req: "FRAME-018", Doc: "It takes an OPEN or ACCEPT up to max_frame."},
	}
}

// beatBugs are those of chapter 9.
func beatBugs() []conformance.Mutant {
	return []conformance.Mutant{
		{Name: "leaves-pings-unanswered", Req: "BEAT-001", Doc: "It sends no PONG."},
		{Name: "answers-with-another-echo", Req: "BEAT-001", Doc: "It sends PONG with an echo of its own."},
		{Name: "answers-with-its-own-t1", Req: "BEAT-001", Doc: "It puts its own clock into t1."},
		{Name: "states-microseconds", Req: "BEAT-003", Doc: "It states t2 and t3 in microseconds."},
		{Name: "answers-before-it-was-asked", Req: "BEAT-003", Doc: "It states a t3 that lies before t2."},
		{Name: "never-pings", Req: "BEAT-004", Doc: "It sends no PING."},
		{Name: "pings-once", Req: "BEAT-004", Doc: "It sends its first PING only."},
		{Name: "pings-while-it-waits", Req: "BEAT-005", Doc: "It sends the next PING although the last one is unanswered."},
		{Name: "pings-sooner-than-tolerated", Req: "BEAT-006", Doc: "It does not look at ping_min_ms of the other side."},
		{Name: "bears-silence", Req: "BEAT-007", Doc: "It does not close a silent link."},
		{Name: "forgets-that-intervals-count", Req: "BEAT-007", Doc: "It closes after idle_ms, although three of its PING intervals are longer."},
		{Name: "counts-known-frames-as-life", Req: "BEAT-008", Doc: "It takes no frame that it ignores for a sign of life."},
		{Name: "counts-pongs-as-life", Req: "BEAT-008", Doc: "It takes nothing but PONG for a sign of life."},
		{Name: "counts-bytes-as-life", Req: "BEAT-009", Doc: "It takes every byte for a sign of life."},
		{Name: "bears-early-pings", Req: "BEAT-010", Doc: "It counts no early PINGs."},
		{Name: "bears-twenty-early-pings", Req: "BEAT-010", Doc: "It closes on the 21st early PING in a row."},
		{Name: "closes-on-the-third-early-ping", Req: "BEAT-011", Doc: "It tolerates two early PINGs in a row."},
		{Name: "closes-on-the-first-early-ping", Req: "BEAT-011", Doc: "It tolerates no early PING."},
		{Name: "takes-any-pong", Req: "BEAT-012", Doc: "It takes a PONG with any echo for the answer to its PING."},
		{Name: "closes-on-stray-pongs", Req: "BEAT-012", Doc: "It answers a PONG that answers nothing with STATE."},
		{Name: "waits-for-ever-to-write", Req: "BEAT-013", Doc: "It does not end a transport that takes no bytes."},
		{Name: "answers-pings-late", Req: "BEAT-015", Doc: "It sends PONG 1.5 s after the PING."},
	}
}
