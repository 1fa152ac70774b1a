package explain

import (
	"fmt"
	"strconv"

	"handfast/codec"
)

// body explains the whole input as one value in the strict profile.
func (x *explainer) body(at int) Packet {
	b := x.in[at:]
	x.value(at, len(x.in), "value", meaning{}, 0)
	return Packet{Bytes: b[:len(b):len(b)], Name: "msgpack", Doc: "one value in the strict profile", Fault: faultOf(codec.ValidateMsgpack(b), at)}
}

// level is a container that has begun.
type level struct {
	field int    // its index in the fields
	left  uint64 // elements or entries still to come
	isMap bool
	next  int // index of the next element
	what  meaning
}

// valueWalk explains one MessagePack value in x.in[at:to]. It recurses nowhere: the input decides the nesting.
type valueWalk struct {
	x     *explainer
	at    int
	to    int
	depth int
	open  []level
}

// value explains the MessagePack value that should fill x.in[from:to], however far it can be told apart.
func (x *explainer) value(from, to int, name string, what meaning, depth int) {
	w := valueWalk{x: x, at: from, to: to, depth: depth}
	whole := w.one(name, what)
	for whole && len(w.open) > 0 {
		top := &w.open[len(w.open)-1]
		if top.isMap {
			whole = w.entry(top)
		} else {
			label := "[" + strconv.Itoa(top.next) + "]"
			top.next++
			whole = w.value(0, label, top.what.in(""))
		}
		w.close()
	}
	w.end(name, whole)
}

// one explains the outermost value.
func (w *valueWalk) one(name string, what meaning) bool {
	whole := w.value(0, name, what)
	w.close()
	return whole
}

// entry explains a key and its value, which are one field; or the key alone, where the value cannot be read. A key that is a
// container, which the profile forbids (MP-009), ends the walk.
func (w *valueWalk) entry(top *level) bool {
	key, ok := readToken(w.x.in[w.at:w.to])
	if !ok || key.isContainer() {
		return false
	}
	label := key.text
	if key.kind == "str" || key.kind == "bin" {
		label = keyText(key.body)
	}
	what := top.what.in(string(key.body))
	if w.value(key.size, label, what) {
		return true
	}
	w.x.add(Field{Offset: w.at, Own: key.size, Key: key.size, Head: key.size, Depth: w.depth + len(w.open),
		Name: label, Value: cutShort, Doc: what.doc, Req: what.req})
	w.at += key.size
	return false
}

// keyText writes a key: as it is, where it is a name, and else quoted.
func keyText(key []byte) string {
	for _, c := range key {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return quoted(key)
		}
	}
	if len(key) == 0 || len(key) > maxText {
		return quoted(key)
	}
	return string(key)
}

// value explains the value that stands behind a key of so many bytes. It is false, and nothing was explained, where the value cannot
// be read.
func (w *valueWalk) value(key int, name string, what meaning) bool {
	t, ok := readToken(w.x.in[w.at+key : w.to])
	if !ok {
		return false
	}
	if n := len(w.open); n > 0 {
		w.open[n-1].left--
	}
	f := Field{Offset: w.at, Own: key + t.size, Key: key, Head: key + t.head, Depth: w.depth + len(w.open), Type: t.kind,
		Name: name, Value: what.value(t), Doc: what.doc, Req: what.req}
	w.at += f.Own
	w.x.add(f)
	if t.isContainer() {
		w.open = append(w.open, level{field: len(w.x.fields) - 1, left: t.n, isMap: t.kind == "map", what: what})
	}
	return true
}

// close ends the containers to which nothing more belongs.
func (w *valueWalk) close() {
	for n := len(w.open); n > 0 && w.open[n-1].left == 0; n-- {
		w.span(w.open[n-1])
		w.open = w.open[:n-1]
	}
}

// span sets how many bytes a container covers.
func (w *valueWalk) span(l level) {
	f := &w.x.fields[l.field]
	f.Size = w.at - f.Offset
}

// end explains what could not be told apart, and what stands behind the value.
func (w *valueWalk) end(name string, whole bool) {
	depth := w.depth + len(w.open)
	rest := Field{Offset: w.at, Own: w.to - w.at, Depth: depth, Type: "bytes", Name: "rest",
		Value: bytesText(w.x.in[w.at:w.to]), Doc: "cannot be told apart"}
	switch {
	case w.at < w.to && whole:
		rest.Doc = "bytes behind the value"
		w.x.add(rest)
	case w.at < w.to && w.x.cut:
		rest.Value, rest.Doc = cutShort, ""
		w.x.add(rest)
	case w.at < w.to:
		w.x.add(rest)
	case whole || w.x.cut:
	case len(w.open) == 0:
		w.x.add(Field{Offset: w.at, Depth: depth, Name: name, Value: "missing"})
	default:
		left := w.open[len(w.open)-1].left
		w.x.add(Field{Offset: w.at, Depth: depth, Name: "missing", Value: fmt.Sprintf("%d more", left)})
	}
	w.at = w.to
	if whole {
		return
	}
	for _, l := range w.open {
		w.span(l)
	}
}
