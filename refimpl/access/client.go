package access

import (
	"context"
	"encoding/binary"
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
	q := args{key: k, hasSeen: seen.given}
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
	q, err := request(k, Seen{})
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
		one := clock.Sibling{Tombstone: b[24]&flagTombstone != 0, Value: append([]byte{}, b[siblingHead:]...)}
		copy(one.Dot.Actor[:], b)
		one.Dot.Counter = binary.BigEndian.Uint64(b[16:])
		o.Siblings = append(o.Siblings, one)
	}
	if len(o.Siblings) != head.Siblings {
		return nil, fmt.Errorf("%w: %d siblings of %d", ErrReply, len(o.Siblings), head.Siblings)
	}
	return o, nil
}

// Put writes a value. Errors are those of Get.
func Put(ctx context.Context, l *link.Link, k store.Key, seen Seen, value []byte) (*Written, error) {
	q, err := request(k, seen)
	if err != nil {
		return nil, err
	}
	s, err := call.Open(ctx, l, MethodPut, q, false)
	if err != nil {
		return nil, err
	}
	if s.Send(value) == nil { // why it was not sent, the answer says better
		_ = s.CloseSend()
	}
	return written(s)
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
