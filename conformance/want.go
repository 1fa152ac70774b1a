package conformance

import (
	"fmt"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Want is something that the peer has to do. Cases hand it to Conn.Expect; a Rejection names one as the answer to its fault.
type Want struct {
	Text string // "CLOSE(HEADER_CRC)"

	// see looks at one event. The default for the end of the link is contrary; ends says that see decides on that as well.
	see  func(e *Event) (grade, string)
	ends bool
	// stream is the stream that the wanted thing happens on, 0 for none: its end by another way is contrary.
	stream uint32
	// scope is what the wanted thing ends. What is larger has to live on, which the probe of a Rejection looks at.
	scope scope
	// code is that of a REFUSE, 0 for other wants and for several codes.
	code codec.Code
	// req is what is broken when the wanted thing does not come; nil for all ids of the case.
	req []string
}

// grade is what an event means for a Want.
type grade uint8

const (
	miss     grade = iota // not about this
	hit                   // this is it
	weak                  // the rejection that was wanted, but without a readable reason
	contrary              // after this it cannot come any more
)

// scope is what a rejection ends.
type scope uint8

const (
	scopeNothing scope = iota // it is no rejection
	scopeItem                 // one message
	scopeStream               // one stream
	scopeLink                 // the link
)

// Closed wants the link to be ended by CLOSE with one of the codes. A transport that ends without CLOSE is weak.
func Closed(codes ...codec.Code) Want {
	w := Want{Text: "CLOSE(" + codeNames(codes) + ")", ends: true, scope: scopeLink}
	w.see = func(e *Event) (grade, string) {
		m, ok := e.Message.(codec.Close)
		switch {
		case ok && slices.Contains(codes, m.Code):
			return hit, ""
		case ok:
			return contrary, wire.DescribeFrame(*e.Frame)
		case e.Opening != nil && e.Opening.Refuse != nil:
			return contrary, wire.DescribeOpening(*e.Opening)
		case e.End != nil:
			return weak, "the end of the transport without CLOSE"
		}
		return miss, ""
	}
	return w
}

// Refused wants REFUSE with one of the codes as the answer to HELLO. A transport that ends without a byte is weak.
func Refused(codes ...codec.Code) Want {
	w := Want{Text: "REFUSE(" + codeNames(codes) + ")", ends: true, scope: scopeLink}
	if len(codes) == 1 {
		w.code = codes[0]
	}
	w.see = func(e *Event) (grade, string) {
		switch {
		case e.Opening != nil && e.Opening.Refuse != nil && slices.Contains(codes, e.Opening.Refuse.Code):
			return hit, ""
		case e.Opening != nil:
			return contrary, wire.DescribeOpening(*e.Opening)
		case e.Frame != nil:
			return contrary, wire.DescribeFrame(*e.Frame)
		case e.End != nil:
			return weak, "the end of the transport without REFUSE"
		}
		return miss, ""
	}
	return w
}

// Silence wants the transport to end without a byte.
func Silence() Want {
	w := Ended()
	w.Text, w.scope = "the end of the transport without a byte", scopeLink
	return w
}

// Ended wants the transport to end with nothing before it that was not expected yet.
func Ended() Want {
	w := Want{Text: "the end of the transport", ends: true}
	w.see = func(e *Event) (grade, string) {
		switch {
		case e.End != nil:
			return hit, ""
		case e.Opening != nil:
			return contrary, wire.DescribeOpening(*e.Opening)
		case e.Frame != nil && !passing(e):
			return contrary, wire.DescribeFrame(*e.Frame)
		}
		return miss, ""
	}
	return w
}

// Gone wants the transport to end, whatever still comes before that.
func Gone() Want {
	return Want{Text: "the end of the transport", ends: true, see: func(e *Event) (grade, string) {
		if e.End != nil {
			return hit, ""
		}
		return miss, ""
	}}
}

// Reset wants a stream to be ended by RESET with one of the codes.
func Reset(id uint32, codes ...codec.Code) Want {
	w := Want{Text: fmt.Sprintf("RESET(%s) on stream %d", codeNames(codes), id), stream: id, scope: scopeStream}
	w.see = func(e *Event) (grade, string) {
		if m, ok := e.Message.(codec.Reset); ok && m.Stream == id && slices.Contains(codes, m.Code) {
			return hit, ""
		}
		return miss, ""
	}
	return w
}

// Rejected wants an OPEN to be answered by REJECT with one of the codes.
func Rejected(id uint32, codes ...codec.Code) Want {
	w := Want{Text: fmt.Sprintf("REJECT(%s) on stream %d", codeNames(codes), id), stream: id, scope: scopeStream}
	w.see = func(e *Event) (grade, string) {
		if m, ok := e.Message.(codec.Reject); ok && m.Stream == id && slices.Contains(codes, m.Code) {
			return hit, ""
		}
		return miss, ""
	}
	return w
}

// Errored wants a call to end by ERROR with one of the codes.
func Errored(id uint32, codes ...codec.Code) Want {
	w := Want{Text: fmt.Sprintf("ERROR(%s) on stream %d", codeNames(codes), id), stream: id, scope: scopeItem}
	w.see = func(e *Event) (grade, string) {
		if e.Frame == nil || e.Frame.Stream != id {
			return miss, ""
		}
		for _, m := range e.Messages {
			failed, err := codec.ParseCallError(m)
			switch {
			case err != nil && len(m) > 0 && m[0] == byte(codec.CallKindError):
				return contrary, "an ERROR that is malformed: " + err.Error()
			case err == nil && slices.Contains(codes, failed.Code):
				return hit, ""
			case err == nil:
				return contrary, fmt.Sprintf("ERROR(%v)", failed.Code)
			}
		}
		return endOf(e, id)
	}
	return w
}

// Greeted wants the acceptor's HELLO.
func Greeted() Want {
	return Want{Text: "HELLO", see: func(e *Event) (grade, string) {
		if e.Opening != nil && e.Opening.Hello != nil {
			return hit, ""
		}
		return miss, ""
	}}
}

// Accepted wants an OPEN to be answered by ACCEPT.
func Accepted(id uint32) Want { return FrameOn(codec.TypeAccept, id) }

// answer wants an OPEN to be answered, by ACCEPT or REJECT.
func answer(id uint32) Want {
	return Matching(fmt.Sprintf("ACCEPT or REJECT on stream %d", id), func(e *Event) bool {
		return e.Frame.Stream == id && (e.Frame.Type == codec.TypeAccept || e.Frame.Type == codec.TypeReject)
	})
}

// FrameOn wants a frame of a type on a stream, 0 for the link.
func FrameOn(typ codec.Type, id uint32) Want {
	w := Want{Text: typ.String(), stream: id}
	if id != 0 {
		w.Text = fmt.Sprintf("%v on stream %d", typ, id)
	}
	w.see = func(e *Event) (grade, string) {
		if e.Frame != nil && e.Frame.Type == typ && e.Frame.Stream == id {
			return hit, ""
		}
		return miss, ""
	}
	return w
}

// Citing names the requirements that are broken when the wanted thing does not come, where they are not those of the case.
func (w Want) Citing(req ...string) Want {
	w.req = req
	return w
}

// unless makes what another Want is about contrary to this one.
func (w Want) unless(other Want) Want {
	see := w.see
	w.see = func(e *Event) (grade, string) {
		if g, _ := other.see(e); g == hit {
			return contrary, describeEvent(e)
		}
		return see(e)
	}
	return w
}

// Matching wants a frame that a function accepts. Text completes "expected".
func Matching(text string, match func(e *Event) bool) Want {
	return Want{Text: text, see: func(e *Event) (grade, string) {
		if e.Frame != nil && match(e) {
			return hit, ""
		}
		return miss, ""
	}}
}

// Ponged wants the PONG that answers a PING.
func Ponged(ping codec.Ping) Want {
	return Matching(fmt.Sprintf("PONG with echo %016X", ping.Echo), func(e *Event) bool {
		m, ok := e.Message.(codec.Pong)
		return ok && m.Echo == ping.Echo
	})
}

// Greased wants a grease frame.
func Greased() Want {
	return Matching("a grease frame", func(e *Event) bool { return codec.IsGreaseType(e.Frame.Type) })
}

// endOf grades the ways in which a stream can end as contrary.
func endOf(e *Event, id uint32) (grade, string) {
	if e.Frame == nil || e.Frame.Stream != id {
		return miss, ""
	}
	switch e.Frame.Type {
	case codec.TypeReset, codec.TypeReject:
		return contrary, wire.DescribeFrame(*e.Frame)
	case codec.TypeData:
		if e.Frame.Flags&codec.FlagFin != 0 {
			return contrary, "FIN"
		}
	}
	return miss, ""
}

// passing tells frames that say nothing about what a case did: they may come at any time.
func passing(e *Event) bool {
	if e.Frame == nil {
		return false
	}
	switch e.Frame.Type {
	case codec.TypeReady, codec.TypePing, codec.TypePong, codec.TypeStreams, codec.TypeCredit:
		return true
	}
	return codec.IsGreaseType(e.Frame.Type)
}

func codeNames(codes []codec.Code) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = c.String()
	}
	return strings.Join(names, " or ")
}
