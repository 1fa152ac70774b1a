package explain

import (
	"iter"
	"strconv"

	"handfast/codec"
)

// What says what the bytes are.
type What uint8

// The kinds of input.
const (
	Auto    What = iota // see Detect
	Stream              // everything that one side sent: its opening, then frames
	Opening             // one opening; what stands behind it is not explained
	Frames              // frames without the opening, one or more, from anywhere in a stream
	Msgpack             // one MessagePack value in the strict profile
	Call                // one message of the sub-protocol call
)

// String gives the name in flags and JSON.
func (w What) String() string {
	names := [...]string{"auto", "stream", "opening", "frame", "msgpack", "call"}
	if int(w) >= len(names) {
		return "what " + strconv.Itoa(int(w))
	}
	return names[w]
}

// ParseWhat reads what String gives.
func ParseWhat(name string) (w What, ok bool) {
	for w = Auto; w <= Call; w++ {
		if w.String() == name {
			return w, true
		}
	}
	return Auto, false
}

// Options say how to look at the bytes. The zero Options are good.
type Options struct {
	What     What
	MaxFrame uint32 // the receiver's max_frame, bytes (FRAME-003); 0: 1,048,576, the most that any receiver states
}

// Explanation is everything about one input.
type Explanation struct {
	What    What // never Auto
	Size    int  // bytes of the input
	Packets []Packet
	Fault   *codec.Error // the first packet's that has one, or nil
	Missing int          // what the last packet lacks at least because the input ends inside it, bytes
}

// Explain explains the whole input. It takes any bytes. What it allocates is in proportion to the input: about 200 bytes for each
// field, and a field has at least one byte. For large inputs Packets needs no more than the largest packet.
func Explain(b []byte, o Options) *Explanation {
	if o.What == Auto {
		o.What = Detect(b)
	}
	e := &Explanation{What: o.What, Size: len(b)}
	for p := range Packets(b, o) {
		e.Packets = append(e.Packets, p)
		if e.Fault == nil {
			e.Fault = p.Fault
		}
		e.Missing = p.Missing
	}
	return e
}

// Packets explains the input packet by packet. Each packet is the receiver's, but for its Bytes, which alias b.
func Packets(b []byte, o Options) iter.Seq[Packet] {
	return func(yield func(Packet) bool) {
		x := newExplainer(b, o)
		for at := 0; at < len(b); {
			p := x.next(at)
			at += len(p.Bytes)
			if !yield(p) {
				return
			}
		}
	}
}

// explainer walks one input.
type explainer struct {
	in       []byte
	what     What
	maxFrame uint32
	lost     bool    // the next packet cannot be found
	doubt    bool    // it may not be where it seems to be
	cut      bool    // the packet under way is not whole: what it lacks is no fault of its sender
	fields   []Field // of the packet under way
	link     linkState
}

func newExplainer(b []byte, o Options) *explainer {
	if o.What == Auto {
		o.What = Detect(b)
	}
	if o.MaxFrame == 0 {
		o.MaxFrame = uint32(codec.MaxLimits().MaxFrame)
	}
	return &explainer{in: b, what: o.What, maxFrame: o.MaxFrame, link: newLinkState()}
}

// next explains the packet at an offset inside the input. It has at least one byte.
func (x *explainer) next(at int) Packet {
	x.fields, x.cut = nil, false
	var p Packet
	switch {
	case x.lost:
		p = x.rest(at)
	case at == 0 && (x.what == Stream || x.what == Opening):
		p = x.opening(at)
	case x.what == Stream || x.what == Frames:
		p = x.frame(at)
	case x.what == Msgpack && at == 0:
		p = x.body(at)
	case x.what == Call && at == 0:
		p = x.message(at)
	default:
		p = x.rest(at)
	}
	p.Offset, p.Fields = at, x.fields
	if p.Fault != nil {
		p.mark()
	}
	return p
}

// add takes a field that holds nothing but its own bytes.
func (x *explainer) add(f Field) { f.Size = f.Own; x.fields = append(x.fields, f) }

// rest is a packet of everything that is left.
func (x *explainer) rest(at int) Packet {
	x.add(Field{Offset: at, Own: len(x.in) - at, Type: "bytes", Name: "rest", Value: bytesText(x.in[at:])})
	return Packet{Bytes: x.in[at:len(x.in):len(x.in)], Name: "rest", Doc: "cannot be told apart"}
}

// faultOf gives an error of package codec with its offset moved from a packet to the input; nil for nil and for ErrShort.
func faultOf(err error, at int) *codec.Error {
	e, ok := err.(*codec.Error) //nolint:errorlint // fresh from a parser, never wrapped
	if !ok {
		return nil
	}
	e.Offset += at
	return e
}

// linkFault and streamFault make the errors that codec, which sees one packet at a time, cannot find.
func linkFault(code codec.Code, req string, off int, detail string) *codec.Error {
	return &codec.Error{Code: code, Scope: codec.ScopeLink, Req: req, Offset: off, Detail: detail}
}

func streamFault(req string, off int, detail string) *codec.Error {
	return &codec.Error{Code: codec.CodeProtocol, Scope: codec.ScopeStream, Req: req, Offset: off, Detail: detail}
}
