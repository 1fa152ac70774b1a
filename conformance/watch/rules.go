package watch

import (
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// kinds is what a side has sent, as far as rules speak about it.
type kinds uint16

const (
	hello kinds = 1 << iota
	refuse
	ready
	frame // of any type
	beat  // PING or PONG
	open  // OPEN
	onStream
	data
	credit // CREDIT or STREAMS
	drain
	end // CLOSE
	body
	channel // OPEN or ACCEPT: channel of either
	records // RECORDS or GAP
	ack
)

// kindsOf tells what an item is.
func kindsOf(i *wire.Item) kinds {
	switch {
	case i.Opening != nil && i.Opening.Hello != nil:
		return hello | body
	case i.Opening != nil:
		return refuse | body
	case i.Frame == nil:
		return 0 // nobody can say what it should have been; the rule that it broke is counted all the same
	}
	k := frame
	if i.Frame.Stream != 0 {
		k |= onStream
	}
	switch i.Frame.Type {
	case codec.TypeReady:
		k |= ready | body
	case codec.TypePing, codec.TypePong:
		k |= beat
	case codec.TypeOpen:
		k |= open | body | channel
	case codec.TypeAccept:
		k |= body | channel
	case codec.TypeRecords, codec.TypeGap:
		k |= records
	case codec.TypeAck:
		k |= ack
	case codec.TypeData:
		k |= data
	case codec.TypeCredit, codec.TypeStreams:
		k |= credit
	case codec.TypeDrain:
		k |= drain
	case codec.TypeClose:
		k |= end
	}
	return k
}

// rule is a requirement that a sender can be seen to break.
type rule struct {
	req  string
	when kinds // it is judged as soon as the side has sent one of these
}

// rules lists them in the order of SPEC.md.
func rules() []rule {
	var all []rule
	add := func(when kinds, ids string) {
		for id := range strings.FieldsSeq(ids) {
			all = append(all, rule{id, when})
		}
	}
	add(hello|refuse, "HELLO-003 HELLO-004 HELLO-006 HELLO-007 HELLO-008 HELLO-009 HELLO-010")
	add(hello, "HELLO-012 HELLO-013 HELLO-014")
	add(refuse, "HELLO-019 HELLO-020 HELLO-021")
	add(hello, "HELLO-027 VER-004")
	add(ready, "VER-001 VER-003")
	add(ready, "CAP-001 CAP-002 CAP-003 CAP-004 CAP-005 CAP-006")
	add(hello, "CAP-007 CAP-009 CAP-010 CAP-012")
	add(ready, "READY-001 READY-003 READY-004 READY-009 READY-011 READY-013 READY-014 READY-016 TLS-009")
	add(body, "MP-001 MP-002 MP-003 MP-004 MP-005 MP-006 MP-007 MP-008 MP-009 MP-010 MP-011 MP-012 MP-013")
	add(frame, "FRAME-001 FRAME-002 FRAME-004 FRAME-009 FRAME-010 FRAME-012 FRAME-013 FRAME-016 FRAME-018 EXT-001")
	add(beat, "BEAT-001 BEAT-003 BEAT-005 BEAT-006 BEAT-012")
	add(open, "STRM-001 STRM-002 STRM-018")
	add(onStream, "STRM-003 STRM-012 STRM-016 STRM-020")
	add(data, "DATA-001 DATA-002 DATA-004 DATA-005 DATA-006 DATA-009 CRED-003 CRED-004")
	add(credit, "CRED-008")
	add(drain|open, "DRAIN-001")
	add(drain, "DRAIN-004")
	add(end, "CLOSE-002 CLOSE-004")
	add(channel, "CHAN-002 CHAN-004 CHAN-013 CHAN-017")
	add(records, "CHAN-014 REC-001 REC-004 REC-012 REC-013 REC-015 REC-018 ACK-010 GAP-001 GAP-007")
	add(ack, "ACK-001 ACK-002 ACK-003")
	add(records|ack, "CHAN-015")
	return all
}

// unnamed is cited for what breaks no rule that has a name, such as bytes of another protocol.
const unnamed = "EXT-004"
