package main

import (
	"bufio"
	"encoding/binary"
	"io"
)

// rawAcked is the least that acknowledged messages can cost: 4 bytes of length and 8 of number before each, and 8 bytes of
// the highest number back whenever the receiver's buffer has run dry.
func rawAcked(size, outstanding int) (ackedFlow, error) {
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
	frame, w := append(make([]byte, rawHead), payload(size)...), bufio.NewWriterSize(a, bufSize)
	binary.BigEndian.PutUint32(frame, uint32(size))
	return &ackedLoop{
		size: size, outstanding: outstanding,
		put: func(seq uint64, _ []byte) error {
			if seq == 0 {
				return w.Flush()
			}
			binary.BigEndian.PutUint64(frame[4:], seq)
			_, err := w.Write(frame)
			return err
		},
		ack: func() (uint64, error) {
			var b [8]byte
			_, err := io.ReadFull(acks, b[:])
			return binary.BigEndian.Uint64(b[:]), err
		},
	}, nil
}
