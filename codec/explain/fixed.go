package explain

import "handfast/codec"

// cutShort is the value of a field of which not all bytes are there.
const cutShort = "cut short"

// fixed explains a fixed layout in x.in[from:to] and gives the offset behind what it has explained, which is to. A part of variable size takes what
// is left, or as much as sizes says. Of what is missing the first field is named; what is left over is bytes.
func (x *explainer) fixed(from, to int, prefix string, fields []codec.FieldInfo, sizes map[string]int) int {
	at := from
	for _, info := range fields {
		size, left := info.Size, to-at
		if size < 0 {
			size = left
			if n, ok := sizes[info.Name]; ok {
				size = n
			}
		}
		f := Field{Offset: at, Own: min(size, left), Type: info.Type, Name: info.Name, Doc: info.Doc, Req: reqs(prefix, info.Name)}
		switch raw := x.in[at : at+f.Own]; {
		case size == 0:
			continue
		case left == 0 && !x.cut:
			f.Value = "missing"
		case left == 0:
			return to
		case left < size:
			f.Value = cutShort
		default:
			f.Value = fixedText(prefix, info, raw)
		}
		x.add(f)
		at += f.Own
		if f.Own < size {
			break
		}
	}
	x.behind(at, to, "bytes behind the last field")
	return to
}

// behind explains bytes that belong to nothing.
func (x *explainer) behind(from, to int, doc string) {
	if from < to {
		x.add(Field{Offset: from, Own: to - from, Type: "bytes", Name: "rest", Value: bytesText(x.in[from:to]), Doc: doc})
	}
}
