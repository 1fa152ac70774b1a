package codec

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// BenchmarkFrame seals a frame in place, and parses it: what each frame costs, both sides together and each by itself.
func BenchmarkFrame(b *testing.B) {
	for _, size := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10} {
		buf := make([]byte, HeaderSize+size+TrailerSize)
		h := Header{Type: TypeData, Stream: 1}
		b.Run(fmt.Sprintf("seal/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				SealFrame(buf, h)
			}
		})
		b.Run(fmt.Sprintf("parse/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := ParseFrame(buf, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("both/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				SealFrame(buf, h)
				if _, _, err := ParseFrame(buf, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// endless gives the same bytes again and again.
type endless struct {
	b   []byte
	off int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.b[e.off:])
	e.off = (e.off + n) % len(e.b)
	return n, nil
}

// BenchmarkReader reads small messages, many in a frame: one op is a message of 64 bytes.
func BenchmarkReader(b *testing.B) {
	var payload []byte
	for range 200 {
		payload = AppendPiece(payload, make([]byte, 64))
	}
	stream := bytes.Repeat(AppendFrame(nil, Header{Type: TypeData, Stream: 1}, payload), 50)
	r := NewReader(&endless{b: stream}, 256<<10)
	r.SetMaxFrame(1 << 20)
	b.SetBytes(64)
	b.ReportAllocs()
	var p Pieces
	for b.Loop() {
		if _, ok := p.Next(); ok {
			continue
		}
		f, err := r.Next()
		if err != nil {
			b.Fatal(err)
		}
		if p, err = ParseData(f); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWriter writes a frame of one 64-byte message each.
func BenchmarkWriter(b *testing.B) {
	w := NewWriter(io.Discard, 64<<10)
	payload := AppendPiece(nil, make([]byte, 64))
	b.SetBytes(64)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.WriteFrame(Header{Type: TypeData, Stream: 1}, payload); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkControl takes control frames there and back.
func BenchmarkControl(b *testing.B) {
	buf := make([]byte, 0, 4096)
	frame := func(b *testing.B, in []byte) Frame {
		f, _, err := ParseFrame(in, 1<<20)
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	b.Run("PING", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParsePing(frame(b, Ping{Echo: 1}.AppendFrame(buf))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("OPEN", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			in, _ := Open{Stream: 1, Proto: "call", Ver: 1}.AppendFrame(buf)
			if _, err := ParseOpen(frame(b, in)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ACK", func(b *testing.B) {
		b.ReportAllocs()
		ack := Ack{Stream: 1, Stable: 5, Ranges: []Range{{7, 9}}}
		var got Ack
		for b.Loop() {
			in, _ := ack.AppendFrame(buf)
			if err := got.Parse(frame(b, in)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("REQUEST", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			in, _ := AppendCallRequest(buf, "echo", 0, nil)
			if _, err := ParseCallRequest(in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("HELLO", func(b *testing.B) {
		b.ReportAllocs()
		in := openingOf(sampleHello(), nil)
		for b.Loop() {
			if _, _, err := ParseOpening(in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
