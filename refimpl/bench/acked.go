package main

import (
	"bufio"
	"encoding/binary"
	"io"
)

// ackedWindow is how many messages are outstanding at most, and ackedBatch how many a receiver acknowledges together where
// its peer does not say when the input has run dry.
const (
	ackedWindow = 1024
	ackedBatch  = 64
)

// ackedFlow sends messages of one stream that carry a number and are acknowledged. run sends until the trial fails, and tells
// c of what was acknowledged.
type ackedFlow interface {
	run(t *trial, c *counter)
}

// runAcked keeps a window of messages outstanding and counts what the sender knows to have been taken.
func runAcked(t *trial, p peer) (figures, error) {
	f, err := p.acked(t.Size)
	if err != nil {
		return nil, err
	}
	var got counter
	go f.run(t, &got)
	if err := t.wait(t.warm); err != nil {
		return nil, err
	}
	return t.window(got.n.Load)
}

// credit counts a window down: take before a message is sent, give when messages were acknowledged.
type credit struct{ free chan int64 } // capacity 1; the newest number that was acknowledged

// rawAcked is the least that acknowledged messages can cost: 4 bytes of length and 8 of number before each, and 8 bytes of
// the highest number back whenever the receiver's buffer has run dry.
func rawAcked(size int) (ackedFlow, error) {
	a, b, err := tcpPair()
	if err != nil {
		return nil, err
	}
	go func() { // ends with the process
		r := bufio.NewReaderSize(b, bufSize)
		frame, ack := make([]byte, rawHead+size), make([]byte, 8)
		for want := uint64(1); ; want++ {
			if _, err := io.ReadFull(r, frame); err != nil || binary.BigEndian.Uint64(frame[4:]) != want || checkSize(int(binary.BigEndian.Uint32(frame)), size) != nil {
				b.Close() // the sender fails, and with it the point
				return
			}
			if r.Buffered() < len(frame) {
				binary.BigEndian.PutUint64(ack, want)
				if _, err := b.Write(ack); err != nil {
					return
				}
			}
		}
	}()
	acks := bufio.NewReaderSize(a, bufSize)
	return &ackedLoop{
		size: size,
		put: func() func(uint64, []byte) error {
			frame, w := append(make([]byte, rawHead), payload(size)...), bufio.NewWriterSize(a, bufSize)
			binary.BigEndian.PutUint32(frame, uint32(size))
			return func(seq uint64, _ []byte) error {
				if seq == 0 {
					return w.Flush()
				}
				binary.BigEndian.PutUint64(frame[4:], seq)
				_, err := w.Write(frame)
				return err
			}
		}(),
		ack: func() (uint64, error) {
			var b [8]byte
			_, err := io.ReadFull(acks, b[:])
			return binary.BigEndian.Uint64(b[:]), err
		},
	}, nil
}

// ackedLoop is the flow of a peer that has no window of its own: put sends a number and a message, and with number 0 flushes;
// ack waits for the next acknowledgement.
type ackedLoop struct {
	size int
	put  func(seq uint64, msg []byte) error
	ack  func() (uint64, error)
}

func (l *ackedLoop) run(t *trial, c *counter) {
	c2 := credit{make(chan int64, 1)}
	go func() { // ends with the process
		for {
			n, err := l.ack()
			if err != nil {
				t.fail(err)
				return
			}
			c.n.Store(int64(n))
			select {
			case <-c2.free: // the older one
			default:
			}
			c2.free <- int64(n)
		}
	}()
	msg, acked := payload(l.size), int64(0)
	for seq := int64(1); ; seq++ {
		for seq-acked > ackedWindow {
			if err := l.put(0, nil); err != nil {
				t.fail(err)
				return
			}
			acked = max(acked, <-c2.free)
		}
		if err := l.put(uint64(seq), msg); err != nil {
			t.fail(err)
			return
		}
	}
}
