package access

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/clock"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

// ErrReply says that a peer has answered with something that the method does not reply.
var ErrReply = errors.New("access: the peer's reply is not one of this method")

// Object is an object as a client sees it.
type Object struct {
	Context  []byte // opaque: for the next write
	Siblings []clock.Sibling
}

// Written says what an object is behind a write.
type Written struct {
	Context  []byte // opaque: for the next write
	Siblings int
}

// Seen says what a write has seen. The zero Seen replaces whatever the peer has in the moment of the write.
type Seen struct {
	given   bool
	context []byte
}

// SeenContext is the context of a read: the write replaces what that read has seen, and nothing else. Without bytes it replaces nothing.
func SeenContext(c []byte) Seen { return Seen{true, c} }

func request(k store.Key, seen Seen) ([]byte, error) {
	return requestMore(args{}, k, seen)
}

func requestMore(q args, k store.Key, seen Seen) ([]byte, error) {
	q.key, q.hasSeen = k, seen.given
	if err := k.Validate(); err != nil {
		return nil, err
	}
	var ok bool
	if q.seen, ok = parseContext(seen.context); !ok {
		return nil, call.ErrBadArgument("the context is none that a peer gives")
	}
	return q.append(nil), nil
}

// Get reads an object, tombstones included. Errors are those of call.Call; one of the store has its code as name.
func Get(ctx context.Context, l *link.Link, k store.Key) (*Object, error) {
	return GetTo(ctx, l, k, nil)
}

// GetTo is Get, but where there is one sibling alone, and w is not nil, its value goes to w as it comes, and Object has it without the value. Errors are
// those of w too.
func GetTo(ctx context.Context, l *link.Link, k store.Key, w io.Writer) (*Object, error) {
	q, err := requestMore(args{piece: pieceSize}, k, Seen{})
	if err != nil {
		return nil, err
	}
	s, err := call.Open(ctx, l, MethodGet, q, true)
	if err != nil {
		return nil, err
	}
	first, err := s.Recv()
	if err != nil {
		return nil, short(err)
	}
	head, err := parseHead(first)
	if err != nil {
		s.Cancel()
		return nil, err
	}
	o := &Object{Context: head.Context}
	for {
		b, err := s.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(b) < siblingHead || len(o.Siblings) == head.Siblings {
			s.Cancel()
			return nil, fmt.Errorf("%w: sibling %d", ErrReply, len(o.Siblings))
		}
		one, err := takeSibling(s, b, w, head.Siblings == 1)
		if err != nil {
			s.Cancel()
			return nil, err
		}
		o.Siblings = append(o.Siblings, one)
	}
	if len(o.Siblings) != head.Siblings {
		return nil, fmt.Errorf("%w: %d siblings of %d", ErrReply, len(o.Siblings), head.Siblings)
	}
	return o, nil
}

// Put writes a value. Errors are those of Get.
func Put(ctx context.Context, l *link.Link, k store.Key, seen Seen, value []byte) (*Written, error) {
	return PutFrom(ctx, l, k, seen, bytes.NewReader(value), int64(len(value)))
}

// PutFrom writes what r gives until io.EOF: size bytes, or as many as there are where size is negative. It never holds more than 1 MiB of it, and does not
// return before r does. Errors are those of Get and of r.
func PutFrom(ctx context.Context, l *link.Link, k store.Key, seen Seen, r io.Reader, size int64) (*Written, error) {
	var a args
	if size >= 0 {
		a.size, a.sized = uint64(size), size > pieceSize // a small one stands in one ARG, which says it
	}
	q, err := requestMore(a, k, seen)
	if err != nil {
		return nil, err
	}
	s, err := call.Open(ctx, l, MethodPut, q, false)
	if err != nil {
		return nil, err
	}
	sent := make(chan error, 1)
	go func() { // ends with r, and with the call
		err := sendValue(s, r, int(min(pieceSize, l.Peer().Limits.MaxMessage-1)))
		if err != nil {
			s.Cancel()
		}
		sent <- err
	}()
	w, err := written(s)
	if err != nil {
		s.Cancel() // it was refused before all of it was sent
	}
	if failed := <-sent; failed != nil {
		return nil, failed
	}
	return w, err
}

// Delete deletes. Errors are those of Get.
func Delete(ctx context.Context, l *link.Link, k store.Key, seen Seen) (*Written, error) {
	q, err := request(k, seen)
	if err != nil {
		return nil, err
	}
	s, err := call.Open(ctx, l, MethodDelete, q, true)
	if err != nil {
		return nil, err
	}
	return written(s)
}

func written(s *call.Stream) (*Written, error) {
	b, err := s.Recv()
	if err != nil {
		return nil, short(err)
	}
	w, err := parseHead(b)
	if err != nil {
		s.Cancel()
		return nil, err
	}
	switch _, err := s.Recv(); {
	case err == nil:
		s.Cancel()
		return nil, fmt.Errorf("%w: a second one", ErrReply)
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return w, nil
}

func short(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: none", ErrReply)
	}
	return err
}

func parseHead(b []byte) (*Written, error) {
	v, err := codec.ParseValue(b)
	if err != nil || v.Kind() != codec.ValueMap {
		return nil, fmt.Errorf("%w: no map", ErrReply)
	}
	c, ok1 := v.Lookup("context")
	n, ok2 := v.Lookup("siblings")
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%w: context and siblings are missing", ErrReply)
	}
	raw, ok1 := c.Bin()
	count, ok2 := n.Uint()
	if _, ok := parseContext(raw); !ok1 || !ok2 || !ok || count > clock.MaxSiblings {
		return nil, fmt.Errorf("%w: context or siblings", ErrReply)
	}
	return &Written{Context: append([]byte{}, raw...), Siblings: int(count)}, nil
}
