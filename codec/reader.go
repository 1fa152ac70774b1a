package codec

import (
	"errors"
	"io"
)

const (
	readerSmall = 1 << 10  // bytes that a reader has while little arrives
	readerGrow  = 4        // factor between one size and the next
	readerSlack = 64 << 10 // bytes that may be allocated beyond twice what has arrived (FRAME-020)
	readerCalm  = 16       // small reads in a row after which a large buffer is given up
	readerEmpty = 100      // reads of nothing, without an error, that are borne
)

// Reader takes openings and frames out of a stream of bytes. It reads into one buffer and hands out frames that alias it, so
// that a frame costs no copy and no allocation.
//
// The buffer begins at 1 KiB and grows only because it was filled: up to the size given to NewReader by reads that fill it,
// and beyond that for a frame that does not fit and of which a buffer full has arrived. So a header that announces much costs
// nothing (FRAME-020). After 16 reads in a row that would have fitted into 1 KiB it is 1 KiB again: a link that only sees
// heartbeats keeps no more.
//
// A Reader is not safe for concurrent use. It does not close what it reads from.
type Reader struct {
	r        io.Reader
	size     int    // the buffer's greatest size, a larger frame's aside
	maxFrame uint32 // bytes of payload
	ready    bool   // SetMaxFrame was called

	buf        []byte
	start, end int // what has arrived and was not handed out is buf[start:end]

	have bool   // head and sum are those of the frame at start, and were checked
	head Header //
	sum  uint32 // checksum of head

	calm    int   // small reads in a row
	count   int64 // bytes read from r
	pending error // what r returned together with bytes
	fault   error // sticky
}

// NewReader makes a Reader on r whose buffer grows to size, at least 1 KiB; 256 KiB is good for bulk. Until SetMaxFrame is
// called a payload may have 16,384 bytes (READY-013). It allocates no buffer yet.
func NewReader(r io.Reader, size int) *Reader {
	return &Reader{r: r, size: max(size, readerSmall), maxFrame: MaxOpeningBody}
}

// SetMaxFrame says that READY has been received: from now on a payload may have n bytes, the receiver's own max_frame
// (FRAME-003). It holds for frames in the buffer too, none of which Next has looked at.
func (r *Reader) SetMaxFrame(n uint32) {
	r.maxFrame = n
	r.ready = true
	r.have = false // judge the next header again
	if len(r.buf) > readerSmall && r.end-r.start <= readerSmall/2 {
		r.move(readerSmall) // what the opening needed is not needed again
	}
}

// Count gives the number of bytes read so far, those of frames included that are not handed out yet.
func (r *Reader) Count() int64 { return r.count }

// ReadOpening reads one opening. raw is its bytes, a copy, for TranscriptHash. Faults and ends are as in Next; with a fault
// o.Header is what ParseOpening gives.
func (r *Reader) ReadOpening() (o Opening, raw []byte, err error) {
	if r.fault != nil {
		return Opening{}, nil, r.fault
	}
	for {
		o, n, err := ParseOpening(r.buf[r.start:r.end])
		if err == nil {
			raw = append([]byte(nil), r.buf[r.start:r.start+n]...)
			r.start += n
			return o, raw, nil
		}
		if !errors.Is(err, ErrShort) {
			r.fault = err
			return o, nil, err
		}
		if err := r.fill(OpeningSize + MaxOpeningBody); err != nil {
			return Opening{}, nil, err
		}
	}
}

// Next gives the next whole frame, after steps 1 to 4 of chapter 14 of SPEC.md. Its payload is good until the next call that has
// to read: as long as Buffered says true, frames may be gathered and used together.
//
// A fault in what arrived is an *Error, with Offset counted from the frame's first byte; from then on every call returns it. The
// end of the stream is io.EOF between frames and io.ErrUnexpectedEOF inside one (FRAME-019). Other errors are the
// stream's own, once: after a timeout the caller may go on.
func (r *Reader) Next() (Frame, error) {
	for {
		err := r.peek()
		if err == nil {
			payload, n, err := readPayload(r.buf[r.start:r.end], r.head.Length, r.sum)
			if err == nil {
				r.start += n
				r.have = false
				return Frame{Header: r.head, Payload: payload}, nil
			}
			if err != ErrShort { //nolint:errorlint // it is returned as it is
				r.fault = err
				return Frame{}, err
			}
		} else if err != ErrShort { //nolint:errorlint // it is returned as it is
			r.fault = err
			return Frame{}, err
		}
		need := HeaderSize
		if r.have {
			need = r.head.Size()
		}
		if err := r.fill(need); err != nil {
			return Frame{}, err
		}
	}
}

// Buffered tells whether Next will return without reading, with a frame or a fault.
func (r *Reader) Buffered() bool {
	switch r.peek() {
	case nil:
		return r.end-r.start >= r.head.Size()
	case ErrShort:
		return false
	default:
		return true
	}
}

// peek reads and checks the header at start, once.
func (r *Reader) peek() error {
	if r.fault != nil {
		return r.fault
	}
	if r.have {
		return nil
	}
	h := &r.head
	sum, err := readHeader(r.buf[r.start:r.end], h)
	if err != nil {
		return err
	}
	if !r.ready && h.Length > MaxOpeningBody && h.Type != 0x00 && h.Type != 0xFF {
		return linkFault(CodeFrameSize, "READY-013", offLength, "length over 16384 before READY")
	}
	if err := h.check(r.maxFrame); err != nil {
		return err
	}
	r.have, r.sum = true, sum
	return nil
}

// fill reads once. need is the size of what is wanted from start on, all of which has passed the limits.
func (r *Reader) fill(need int) error {
	if err := r.pending; err != nil {
		r.pending = nil
		return r.ended(err)
	}
	r.makeRoom(need)
	for range readerEmpty {
		n, err := r.r.Read(r.buf[r.end:])
		if n < 0 || n > len(r.buf)-r.end {
			return errRead // a broken io.Reader
		}
		r.end += n
		r.count += int64(n)
		r.note(n)
		switch {
		case n > 0:
			r.pending = err
			return nil
		case err != nil:
			return r.ended(err)
		}
	}
	return io.ErrNoProgress
}

var errRead = errors.New("codec: the reader returned an impossible count")

// ended turns the end of the stream inside something into io.ErrUnexpectedEOF.
func (r *Reader) ended(err error) error {
	if errors.Is(err, io.EOF) && r.end > r.start {
		return io.ErrUnexpectedEOF
	}
	return err
}

// note counts small reads in a row.
func (r *Reader) note(n int) {
	if n > readerSmall {
		r.calm = 0
	} else {
		r.calm = min(r.calm+1, readerCalm)
	}
}

// makeRoom sees to it that there is room behind end to read into. What was handed out before may be overwritten.
func (r *Reader) makeRoom(need int) {
	grow := r.end == len(r.buf) && len(r.buf) < r.size // more comes than it holds
	arrived := r.end - r.start
	if arrived == 0 {
		r.start, r.end = 0, 0
	}
	free := len(r.buf) - r.end
	switch {
	case r.buf == nil:
		r.buf = make([]byte, readerSmall)
	case len(r.buf) > readerSmall && r.calm == readerCalm && arrived <= readerSmall/2:
		r.move(readerSmall)
	case grow:
		r.move(min(readerGrow*len(r.buf), 2*len(r.buf)+readerSlack, r.size))
		r.calm = 0
	case free > 0 && (r.start == 0 || free >= max(need-arrived, len(r.buf)/4)):
		// enough room where we are, or nothing to be gained by copying down
	case arrived < len(r.buf):
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	default: // a frame larger than size, of which need is more than has arrived
		r.move(min(2*arrived, need))
	}
}

// move goes on in a new buffer of the given size.
func (r *Reader) move(size int) {
	buf := make([]byte, size)
	r.end = copy(buf, r.buf[r.start:r.end])
	r.start = 0
	r.buf = buf
}
