package link

import (
	"context"
	"handfast/codec"
	"net"
	"testing"
)

func benchPair(b *testing.B) (*Stream, *Stream) {
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	dc, _ := net.Dial("tcp", ln.Addr().String())
	ac, _ := ln.Accept()
	lim := codec.DefaultLimits()
	ch := make(chan *Stream, 1)
	go Accept(context.Background(), ac, Config{Node: [16]byte{2}, Limits: &lim, Handlers: map[string]Handler{"b": HandlerFunc(func(s *Stream, _ []byte) { s.Accept(nil); ch <- s })}})
	d, err := Dial(context.Background(), dc, Config{Node: [16]byte{1}, Protos: map[string][]uint16{"b": {1}}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := d.Open(context.Background(), "b", nil)
	if err != nil {
		b.Fatal(err)
	}
	return s, <-ch
}
func benchOne(b *testing.B, n int) {
	s, r := benchPair(b)
	msg := make([]byte, n)
	b.SetBytes(int64(n))
	b.ResetTimer()
	go func() {
		for {
			if s.Send(msg) != nil {
				return
			}
		}
	}()
	for range b.N {
		if _, err := r.Recv(); err != nil {
			b.Fatal(err)
		}
	}
}
func BenchmarkTmp64(b *testing.B)  { benchOne(b, 64) }
func BenchmarkTmp1K(b *testing.B)  { benchOne(b, 1024) }
func BenchmarkTmp16K(b *testing.B) { benchOne(b, 16384) }
func BenchmarkTmp64K(b *testing.B) { benchOne(b, 65536) }
