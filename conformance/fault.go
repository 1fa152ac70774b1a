package conformance

import (
	"fmt"
	"strings"

	"handfast/codec"
)

// A fault is a packet that has to be answered with an error, beside its twin: both are edits of one packet in one scene.
type fault struct {
	id     string
	req    string // ids, separated by spaces
	what   string // the beginning of a sentence: "a PING of 23 bytes"
	scene  scene
	packet func(s *Stream) Packet
	good   edit
	bad    edit
}

// as makes the case of the fault, for peers in any role: a list whose scenes exist in one role alone says so.
func (f fault) as(level int, how string, want Want) Case {
	return Case{
		ID: f.id, Req: strings.Fields(f.req), Title: f.what + " " + how, Level: level,
		Reject: &Rejection{
			Good: func(c *Conn) { c.Send(f.good(f.packet(f.scene(c)))) },
			Bad:  func(c *Conn) { c.Send(f.bad(f.packet(f.scene(c))).Fault(f.what)) },
			Want: want,
		},
	}
}

// closing makes the cases of faults that end the link with one code.
func closing(code codec.Code, level int, list ...fault) []Case {
	return casesOf(list, func(f fault) Case { return f.as(level, fmt.Sprintf("ends the link with %v", code), Closed(code)) })
}

// resetting makes the cases of faults that end their stream, the first of its link, with one code.
func resetting(code codec.Code, level int, list ...fault) []Case {
	return casesOf(list, func(f fault) Case { return f.as(level, fmt.Sprintf("ends its stream with %v", code), Reset(1, code)) })
}

func casesOf(list []fault, as func(f fault) Case) []Case {
	cases := make([]Case, len(list))
	for i, f := range list {
		cases[i] = as(f)
	}
	return cases
}

// harmless makes a packet by edits that every receiver has to accept, and every sender may make.
func harmless(e edit) edit { return func(p Packet) Packet { return e(p).Harmless() } }

// ignored declares a packet that no sender should send and every receiver has to ignore. It is what the twin of a fault is where no
// sender may send either.
func ignored(p Packet) Packet { return p.Fault("which a receiver ignores") }

// resized gives a payload another size: what is missing is zero.
func resized(n int) edit {
	return func(p Packet) Packet {
		return p.Payload(fmt.Sprintf("%d bytes", n), func(b []byte) []byte {
			if n <= len(b) {
				return b[:n]
			}
			return append(b, make([]byte, n-len(b))...)
		})
	}
}

// onStream moves a frame to another stream.
func onStream(id byte) edit { return header(8, 0, 0, 0, id) }

// critical sets MUST_UNDERSTAND and no other flag.
func critical(p Packet) Packet { return header(1, byte(codec.FlagMustUnderstand))(p) }

// headerOnly makes a header announce a payload of n bytes of which nothing follows.
func headerOnly(n uint32) edit {
	return func(p Packet) Packet {
		return header(4, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))(p).Truncate("the header alone", codec.HeaderSize)
	}
}
