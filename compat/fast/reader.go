package fast

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

const (
	readSmall = 4 << 10
	maxKept   = 64       // longest name that is kept for the next message
	readLarge = 64 << 10 // greatest buffer for messages that fit
)

// Reader takes messages out of a stream of bytes. Its buffer grows with what has arrived and never with what a header announces.
// It is not safe for concurrent use and does not close what it reads from.
type Reader struct {
	r       io.Reader
	conn    net.Conn      // for deadlines; may be nil
	timeout time.Duration // for a message whose first byte has arrived; 0: none
	limit   int
	sums    checksums

	buf        []byte
	start, end int
	armed      bool   // a read deadline is set
	count      uint64 // messages given
	armedFor   uint64 // count when the deadline was set
	err        error
	name       string // of the last message with one
	calm       int    // small reads in a row with a large buffer

	socket *poller // nil: r is no socket that can be read without waiting
	chance chance  // of a look before a wait
	filled uint64  // count at the last read
}

// NewReader makes a reader of messages whose payloads have at most limit bytes; 0 means DefaultMaxPayload. Messages of VERSION 1
// are held against the old checksum.
func NewReader(r io.Reader, limit int) *Reader {
	if limit == 0 {
		limit = DefaultMaxPayload
	}
	return &Reader{r: r, limit: limit}
}

// Next gives the next message, which is valid until the next call. At the end of the stream it returns io.EOF between messages
// and a *ProtocolError with IncompleteMessage within one. Errors are sticky.
func (r *Reader) Next() (Message, error) {
	for {
		m, ok, err := r.parse()
		if ok || err != nil {
			return m, err
		}
		if err := r.fill(); err != nil {
			r.err = err
			return Message{}, err
		}
	}
}

// more says whether a whole message has arrived that Next has not given yet, or an error.
func (r *Reader) more() bool {
	n := r.end - r.start
	return r.err != nil || n >= headerSize && uint64(n) >= headerSize+uint64(binary.BigEndian.Uint32(r.buf[r.start+11:]))
}

// peek gives the id of the message that Next gives without reading. False: none has arrived whole, or there is an error.
func (r *Reader) peek() (uint32, bool) {
	if r.err != nil || !r.more() {
		return 0, false
	}
	return binary.BigEndian.Uint32(r.buf[r.start+3:]), true
}

// parse takes a message out of the buffer. False: more bytes are needed.
func (r *Reader) parse() (Message, bool, error) {
	if r.err != nil {
		return Message{}, false, r.err
	}
	have := r.buf[r.start:r.end]
	if len(have) < headerSize {
		return Message{}, false, nil
	}
	m, crc, length, err := parseHeader(have[:headerSize], r.limit)
	if err == nil && len(have) < headerSize+length {
		return m, false, nil
	}
	if err == nil {
		m.Name = r.name
		err = m.parsePayload(have[headerSize:headerSize+length], crc, r.sums)
	}
	if err != nil {
		r.err = err
		return m, false, err
	}
	r.start += headerSize + length
	r.count++
	if r.name = m.Name; len(r.name) > maxKept {
		r.name = ""
	}
	return m, true, nil
}

// fill reads once.
func (r *Reader) fill() error {
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
	if r.end == len(r.buf) {
		r.grow()
	}
	r.arm()
	n, err := r.read()
	return r.filledBy(n, err)
}

// read reads once. It looks before it waits where messages come one by one; where several come together it is better to let
// more come.
func (r *Reader) read() (int, error) {
	if r.socket == nil {
		return r.r.Read(r.buf[r.end:])
	}
	if r.chance.window == 0 {
		return r.socket.read(r.buf[r.end:], nil)
	}
	if r.start < r.end || r.count-r.filled != 1 {
		r.chance.none()
	}
	r.filled = r.count
	return r.socket.read(r.buf[r.end:], &r.chance)
}

// poll is fill that waits for nothing, between messages. False: nothing came before until.
func (r *Reader) poll(until time.Time) (bool, error) {
	if r.start = 0; r.err != nil {
		return false, r.err
	}
	if r.end = 0; len(r.buf) == 0 {
		r.grow()
	}
	r.arm()
	n, err := r.socket.poll(r.buf, until)
	if n == 0 && err == nil {
		return false, nil
	}
	if err = r.filledBy(n, err); err != nil {
		r.err = err
	}
	return err == nil, err
}

// filledBy takes what a read has returned.
func (r *Reader) filledBy(n int, err error) error {
	r.end += n
	switch {
	case n > 0:
		r.settle(n)
		return nil
	case errors.Is(err, io.EOF) && r.start < r.end:
		return &ProtocolError{Reason: IncompleteMessage, Text: "fast protocol: incomplete message at end-of-stream"}
	case errors.Is(err, os.ErrDeadlineExceeded) && r.armed && r.start < r.end:
		return &ProtocolError{Reason: IncompleteMessage, Text: "fast protocol: a message did not arrive in time"}
	}
	return err
}

// grow makes room for more: a part of a message moves to the front, and a buffer that a message fills doubles.
func (r *Reader) grow() {
	have := r.end - r.start
	size := len(r.buf)
	if have > size/2 || size == 0 {
		size = max(readSmall, 2*size)
	}
	buf := r.buf
	if size != len(buf) {
		buf = make([]byte, size)
	}
	copy(buf, r.buf[r.start:r.end])
	r.buf, r.start, r.end = buf, 0, have
}

// settle gives back a large buffer once little arrives, and lets one that a read has filled grow.
func (r *Reader) settle(n int) {
	switch {
	case n > readSmall/2:
		r.calm = 0
		if r.end == len(r.buf) && len(r.buf) < readLarge && r.start == 0 {
			r.buf = append(r.buf, make([]byte, len(r.buf))...)
		}
	case len(r.buf) > readSmall:
		if r.calm++; r.calm >= 64 && r.end-r.start <= readSmall/2 {
			buf := make([]byte, readSmall)
			copy(buf, r.buf[r.start:r.end])
			r.buf, r.start, r.end, r.calm = buf, 0, r.end-r.start, 0
		}
	}
}

// arm sets a deadline before the rest of a message is waited for, so that a message that drips ends, and none before the first
// byte: connections may be idle for ever.
func (r *Reader) arm() {
	if r.conn == nil || r.timeout == 0 {
		return
	}
	switch partial := r.start < r.end; {
	case partial && (!r.armed || r.armedFor != r.count):
		_ = r.conn.SetReadDeadline(time.Now().Add(r.timeout))
		r.armed, r.armedFor = true, r.count
	case !partial && r.armed:
		_ = r.conn.SetReadDeadline(time.Time{})
		r.armed = false
	}
}
