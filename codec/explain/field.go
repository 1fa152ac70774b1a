package explain

import (
	"iter"

	"handfast/codec"
)

// Field is a run of bytes that means one thing. The fields of a packet stand in the order of their bytes, a container before what
// it holds, and their own bytes cover the packet without gap or overlap.
//
// A field of no bytes is something that should be there and is not.
type Field struct {
	Offset int          // from the start of the input
	Size   int          // bytes that it covers, those of the fields inside it included
	Own    int          // bytes from Offset on that are the field itself; less than Size for a container that holds something
	Key    int          // of Own, the bytes of the key in front of the value of an entry of a map
	Head   int          // of Own, the bytes in front of the contents of a MessagePack value: the key, its type and its length; else 0
	Depth  int          // 0 for what stands in the packet itself, 1 for what stands inside that, and so on
	Type   string       // u8, u16, u32, u64, i64, bytes, ascii, utf8, range; of MessagePack: nil, bool, int, str, bin, array, map, float, ext
	Name   string       // as the specification calls it; of an entry of a map its key, of an element [0], [1] and so on
	Value  string       // for people; what a peer chose is quoted and escaped (CLOSE-006)
	Doc    string       // what it is for; "" where nothing is known
	Req    []string     // ids of the requirements that govern it; shared, do not change it
	Fault  *codec.Error // the fault of the packet, if it begins in the field's own bytes; Offset counts from the start of the input
}

// End gives the offset behind the field's own bytes.
func (f *Field) End() int { return f.Offset + f.Own }

// FaultSpan gives the bytes that the fault is about: from its offset to the end of the key or value that it begins in. Only for a
// field with a fault.
func (f *Field) FaultSpan() (from, to int) {
	if behindKey := f.Offset + f.Key; f.Fault.Offset < behindKey {
		return f.Fault.Offset, behindKey
	}
	return f.Fault.Offset, f.End()
}

// Packet is one opening, one frame, one body or one message; or the bytes from which nothing can be told apart any more.
type Packet struct {
	Offset  int    // from the start of the input
	Bytes   []byte // aliases the input
	Name    string // HELLO, REFUSE, PING and so on; "grease"; "frame 42" for a type that is not registered
	Doc     string // the registry's word for it
	Missing int    // bytes that it lacks at least because the input ends inside it; 0 if it is whole
	Fields  []Field
	Fault   *codec.Error // the fault that a receiver reports (ERR-003), or nil; it also stands in one of Fields
}

// Own gives the field's own bytes. They alias the input.
func (p *Packet) Own(f *Field) []byte {
	from, to := f.Offset-p.Offset, f.End()-p.Offset
	return p.Bytes[from:to:to]
}

// mark hangs the fault on the field in which it begins. What is missing has a field of no bytes, which goes before one that
// begins at the same offset; where there is none it is made, so that no fault is lost.
func (p *Packet) mark() {
	off, hit, after := p.Fault.Offset, -1, len(p.Fields)
	for i := range p.Fields {
		f := &p.Fields[i]
		switch {
		case f.Offset == off && f.Own == 0:
			f.Fault = p.Fault
			return
		case f.Offset > off:
			after = min(after, i)
		case off < f.End():
			hit = i
		}
	}
	if hit < 0 {
		missing := Field{Offset: off, Name: "missing"}
		p.Fields = append(p.Fields[:after], append([]Field{missing}, p.Fields[after:]...)...)
		hit = after
	}
	p.Fields[hit].Fault = p.Fault
}

// Rows cuts b, the field's own bytes or the first of them, into rows of at most n bytes, with the offset of each in b. Where one row
// is not enough the contents of a MessagePack value begin a row. A field of no bytes has one empty row.
func (f *Field) Rows(b []byte, n int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for at := 0; at == 0 || at < len(b); {
			end := min(at+n, len(b))
			if len(b) > n && at < f.Head && f.Head < end {
				end = f.Head
			}
			if !yield(at, b[at:end]) || end == at {
				return
			}
			at = end
		}
	}
}
