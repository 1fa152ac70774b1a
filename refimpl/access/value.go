package access

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"handfast/codec"
	"handfast/refimpl/bulk"
	"handfast/refimpl/call"
	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// pieceSize is how much of a value a client sends in one ARG, and asks for in one REPLY, in bytes.
const pieceSize = 1 << 20

// leastPiece is the smallest piece that a callee cuts a value into (ACCS-012).
const leastPiece = 4096

// value takes the value of a put: the bytes of all ARGs (ACCS-010). It is copied once, and memory for it grows with what has come. free gives its room
// back when the write has ended; it is never nil.
func (a *server) value(r *call.Request, q *args) (value []byte, free func(), err error) {
	var held int64
	free = func() { a.room.Add(held) }
	tooLarge := func() error {
		return failure(&store.Error{Code: store.CodeTooLarge, Detail: fmt.Sprintf("a value has at most %d bytes here", a.maxValue)})
	}
	most := a.maxValue
	if q.sized {
		if q.size > most {
			return nil, free, tooLarge()
		}
		most = q.size
	}
	for first := true; ; first = false {
		arg, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && first:
			return nil, free, call.ErrBadArgument("a put has one ARG or more, the value")
		case errors.Is(err, io.EOF) && q.sized && uint64(len(value)) != q.size:
			return nil, free, call.ErrBadArgument("size is not that of the value")
		case errors.Is(err, io.EOF):
			return value, free, nil
		case err != nil:
			return nil, free, err
		}
		need := uint64(len(value)) + uint64(len(arg))
		switch {
		case need > a.maxValue:
			return nil, free, tooLarge()
		case need > most:
			return nil, free, call.ErrBadArgument("size is not that of the value")
		}
		if value == nil || need > uint64(cap(value)) {
			room := min(max(need, 2*uint64(cap(value))), most)
			more := int64(room) - int64(cap(value))
			held += more
			if a.room.Add(-more) < 0 {
				return nil, free, &call.Error{
					Code: codec.CodeCallFailed, Name: string(store.CodeBusy), Text: "too many values come at once", Processed: codec.ProcessedNo,
					Retry: time.Second, HasRetry: true,
				}
			}
			value = bulk.Append(make([]byte, 0, room), value)
		}
		value = append(value, arg...)
	}
}

// replySibling sends a sibling, in pieces where the caller has asked for that (ACCS-012).
func replySibling(w *call.Writer, one clock.Sibling, piece uint64) error {
	if piece > 0 {
		piece = max(piece, leastPiece)
	}
	head := make([]byte, siblingHead, min(uint64(siblingHead+len(one.Value)), max(piece, siblingHead)))
	if piece == 0 {
		head = make([]byte, siblingHead, siblingHead+len(one.Value))
	}
	copy(head, one.Dot.Actor[:])
	binary.BigEndian.PutUint64(head[16:], one.Dot.Counter)
	if one.Tombstone {
		head[24] = flagTombstone
	}
	if piece == 0 || uint64(siblingHead+len(one.Value)) <= piece {
		return w.Reply(append(head, one.Value...))
	}
	head[24] |= flagMore
	rest := one.Value
	n := int(piece) - siblingHead
	if err := w.Reply(append(head, rest[:n]...)); err != nil {
		return err
	}
	for rest = rest[n:]; ; rest = rest[n:] {
		n = min(int(piece), len(rest))
		if err := w.Reply(rest[:n]); err != nil || n < int(piece) {
			return err
		}
	}
}

// takeSibling reads a sibling whose first REPLY is b. Its value goes to w, where that is not nil and the sibling is the only one.
func takeSibling(s *call.Stream, b []byte, w io.Writer, alone bool) (one clock.Sibling, err error) {
	one.Tombstone = b[24]&flagTombstone != 0
	copy(one.Dot.Actor[:], b)
	one.Dot.Counter = binary.BigEndian.Uint64(b[16:])
	if w == nil || !alone {
		one.Value = []byte{}
	}
	take := func(p []byte) error {
		if w != nil && alone {
			_, err := w.Write(p)
			return err
		}
		one.Value = append(one.Value, p...)
		return nil
	}
	piece, goesOn := len(b), b[24]&flagMore != 0
	if err := take(b[siblingHead:]); err != nil {
		return one, err
	}
	for goesOn {
		if b, err = s.Recv(); err != nil {
			return one, short(err)
		}
		if len(b) > piece {
			return one, fmt.Errorf("%w: a piece of %d bytes behind one of %d", ErrReply, len(b), piece)
		}
		goesOn = len(b) == piece
		if err := take(b); err != nil {
			return one, err
		}
	}
	return one, nil
}

// sendValue sends what r gives, in ARGs of so many bytes, and that no more follows. Why something could not be sent, the answer says better: the error is that of r.
func sendValue(s *call.Stream, r io.Reader, piece int) error {
	buf := make([]byte, piece)
	for first := true; ; first = false {
		n, err := io.ReadFull(r, buf)
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return err
		}
		if n > 0 || first {
			if s.Send(buf[:n]) != nil {
				return nil
			}
		}
		if ended {
			_ = s.CloseSend()
			return nil
		}
	}
}
