package wire

import (
	"errors"
	"slices"
	"time"

	"handfast/codec"
)

// Item is what one side sent at once: an opening or a frame, or bytes that are neither.
type Item struct {
	From   Side
	At     time.Time // when its last byte was fed
	Offset int64     // of its first byte among all bytes of this side
	Bytes  []byte    // all of it; owned by the item
	What   string    // in a few words

	Opening *codec.Opening // nil for other items
	Frame   *codec.Frame   // nil for other items; its Payload is part of Bytes

	// Violation is the first rule that it breaks, nil for none. Its Offset counts within Bytes.
	Violation *Violation
}

// Lost tells an item that is neither an opening nor a frame, or that may not be there at all. It is the last of its side: nothing
// behind it can be read.
func (i *Item) Lost() bool { return i.Opening == nil && i.Frame == nil }

// Reader cuts the bytes of one side into items and judges them. Both sides of a link have one, over the same Link. It is not safe for
// concurrent use, and neither are two of one Link.
type Reader struct {
	link *Link
	from Side
	in   []byte
	off  int64 // of in among all bytes
	lost bool
}

// NewReader makes the reader of one side.
func NewReader(l *Link, from Side) *Reader { return &Reader{link: l, from: from} }

// Feed takes bytes as they come, cut anywhere, and returns the items that are whole now. It keeps no more than one opening or frame that is
// not whole, which max_frame of the other side bounds.
func (r *Reader) Feed(b []byte, at time.Time) []Item {
	if r.lost {
		return nil
	}
	r.in = append(r.in, b...)
	var items []Item
	for len(r.in) > 0 && !r.lost {
		item, n, err := r.next()
		if errors.Is(err, codec.ErrShort) {
			break
		}
		if err != nil {
			item, n = r.lose(err), len(r.in)
		}
		item.From, item.At, item.Offset = r.from, at, r.off
		r.in, r.off = r.in[n:], r.off+int64(n)
		if item.Frame != nil { // the state changes here, in the order of the bytes
			item.Violation = r.link.Frame(r.from, *item.Frame, at)
		} else if item.Opening != nil {
			item.Violation = r.link.Opening(r.from, item.Bytes, *item.Opening)
		}
		items = append(items, item)
	}
	return items
}

// Rest is the number of bytes at the end that are not whole: a frame that the end of the transport has cut short (FRAME-019).
func (r *Reader) Rest() int { return len(r.in) }

// next takes what is next from the front of the bytes: an opening, then frames, and nothing after the last word of a side.
func (r *Reader) next() (Item, int, error) {
	switch said := &r.link.Ends[r.from]; {
	case said.Opening == nil:
		return r.opening()
	case said.Refused:
		return Item{}, 0, &codec.Error{Req: "HELLO-021", Detail: "bytes after REFUSE"}
	case said.Closed:
		return Item{}, 0, &codec.Error{Req: "CLOSE-002", Detail: "bytes after CLOSE"}
	}
	return r.frame()
}

func (r *Reader) opening() (Item, int, error) {
	o, n, err := codec.ParseOpening(r.in)
	if err != nil {
		return Item{}, 0, err
	}
	return Item{Bytes: slices.Clone(r.in[:n]), Opening: &o, What: DescribeOpening(o)}, n, nil
}

func (r *Reader) frame() (Item, int, error) {
	f, n, err := codec.ParseFrame(r.in, r.link.MaxPayload(r.from))
	if err != nil {
		return Item{}, 0, err
	}
	raw := slices.Clone(r.in[:n])
	f.Payload = nil
	if n > codec.HeaderSize {
		f.Payload = raw[codec.HeaderSize : n-codec.TrailerSize]
	}
	return Item{Bytes: raw, Frame: &f, What: DescribeFrame(f)}, n, nil
}

// lose makes the item of bytes that cannot be read, or that may not be there.
func (r *Reader) lose(err error) Item {
	r.lost = true
	what := "bytes that are no frame"
	if r.link.Ends[r.from].Opening == nil {
		what = "bytes that are no opening"
	}
	return Item{Bytes: slices.Clone(r.in), What: what, Violation: Unreadable(err)}
}

// Tap judges both sides of one link from their bytes. It is not safe for concurrent use.
type Tap struct {
	*Link
	readers [2]*Reader
}

// NewTap makes the judge of a link on which nothing was said. Secure says that its transport is TLS.
func NewTap(secure bool) *Tap {
	l := NewLink(secure)
	return &Tap{Link: l, readers: [2]*Reader{Dialer: NewReader(l, Dialer), Acceptor: NewReader(l, Acceptor)}}
}

// Feed takes bytes of one side in the order in which they were sent, and returns the items that are whole now. Where both sides have sent
// bytes, those that the other may have answered come first.
func (t *Tap) Feed(from Side, b []byte, at time.Time) []Item { return t.readers[from].Feed(b, at) }

// Rest is the number of bytes of a side that are not whole.
func (t *Tap) Rest(from Side) int { return t.readers[from].Rest() }
