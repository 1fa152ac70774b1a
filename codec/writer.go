package codec

import "io"

// Writer gathers frames and writes many of them at once. It is for tools and simple peers: it has no credit and no
// turns. The link of the reference peer has a scheduler of its own, on top of SealFrame.
//
// After an error of the io.Writer every method returns that error. A Writer is not safe for concurrent use.
type Writer struct {
	w    io.Writer
	buf  []byte
	size int
	err  error // sticky
}

// NewWriter makes a Writer that writes when size bytes or more are gathered, and on Flush. With a size of 0 it writes each frame by
// itself.
func NewWriter(w io.Writer, size int) *Writer { return &Writer{w: w, size: max(size, 0)} }

// WriteFrame takes any frame, lawful or not. The payload may be used again when it returns.
func (w *Writer) WriteFrame(h Header, payload []byte) error {
	if w.err != nil {
		return w.err
	}
	w.buf = AppendFrame(w.buf, h, payload)
	return w.flushIfFull()
}

// WriteMessage takes a message. Its error is the message's own, after which the Writer goes on, or that of the io.Writer.
func (w *Writer) WriteMessage(m Message) error {
	if w.err != nil {
		return w.err
	}
	b, err := m.AppendBinary(w.buf)
	if err != nil {
		return err
	}
	w.buf = b
	return w.flushIfFull()
}

// Write takes bytes as they are: an opening, or what a suite wants to be wrong.
func (w *Writer) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.buf = append(w.buf, b...)
	if err := w.flushIfFull(); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Buffered gives the bytes that are gathered and not written.
func (w *Writer) Buffered() int { return len(w.buf) }

// Flush writes what is gathered.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	n, err := w.w.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	w.err = err
	if cap(w.buf) > 2*max(w.size, readerSmall) { // one large frame must not be paid for ever after
		w.buf = nil
	}
	w.buf = w.buf[:0]
	return err
}

func (w *Writer) flushIfFull() error {
	if len(w.buf) < w.size {
		return nil
	}
	return w.Flush()
}
