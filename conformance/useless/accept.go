package useless

import (
	"crypto/rand"
	"io"
	"net"
	"time"

	"handfast/codec"
)

// acceptAll opens a link with whoever sends a HELLO, answers each PING and each OPEN, echoes DATA, and never finds a fault. It reads
// frames by their lengths alone.
func acceptAll(nc net.Conn) {
	dialer, raw, ok := readOpening(nc)
	if !ok {
		return
	}
	acceptor := offer()
	opening, err := acceptor.AppendOpening(nil)
	if err != nil {
		return
	}
	agreed, _ := codec.Agree(dialer, acceptor) // what is not agreed is accepted all the same
	flight, err := codec.NewReady(agreed, codec.TranscriptHash(raw, opening), nil).AppendFrame(opening)
	if err != nil {
		return
	}
	flight = codec.AppendFrame(flight, codec.Header{Type: codec.GreaseType(0)}, nil)
	if _, err := nc.Write(flight); err != nil {
		return
	}
	for {
		f, ok := readFrame(nc)
		if !ok {
			return
		}
		if _, err := nc.Write(answer(f)); err != nil {
			return
		}
	}
}

// offer makes a HELLO.
func offer() *codec.Hello {
	h := &codec.Hello{
		Vers: []uint16{codec.WireVersion, codec.GreaseVersion(0)}, Node: [16]byte{1}, Incarnation: 1,
		Caps: codec.Caps{
			"probe.and": true, "probe.min": int64(1), "probe.max": int64(1),
			"probe.intersect": []string{"a"}, "probe.choose": []string{"a"}, codec.GreaseCapability(0): true,
		},
		Protos: map[string][]uint16{"call": {1}},
		Limits: codec.MinLimits(), // so that a case that waits for its timers need not wait long
	}
	_, _ = rand.Read(h.Nonce[:]) // never fails
	return h
}

// readOpening reads one opening.
func readOpening(r io.Reader) (*codec.Hello, []byte, bool) {
	raw := make([]byte, codec.OpeningSize)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, nil, false
	}
	h, err := codec.ParseOpeningHeader(raw)
	if err != nil {
		return nil, nil, false
	}
	raw = append(raw, make([]byte, h.Length)...) // at most 16 KiB: the header was parsed
	if _, err := io.ReadFull(r, raw[codec.OpeningSize:]); err != nil {
		return nil, nil, false
	}
	o, _, err := codec.ParseOpening(raw)
	if err != nil || o.Hello == nil {
		return nil, nil, false
	}
	return o.Hello, raw, true
}

// readFrame reads one frame and ignores its checksums.
func readFrame(r io.Reader) (codec.Frame, bool) {
	head := make([]byte, codec.HeaderSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return codec.Frame{}, false
	}
	f := codec.Frame{Header: codec.Header{
		Type: codec.Type(head[0]), Flags: codec.Flags(head[1]),
		Length: uint32(head[4])<<24 | uint32(head[5])<<16 | uint32(head[6])<<8 | uint32(head[7]),
		Stream: uint32(head[8])<<24 | uint32(head[9])<<16 | uint32(head[10])<<8 | uint32(head[11]),
	}}
	const most = 1 << 21 // over every max_frame; this peer takes a lot, and still not 4 GiB
	if f.Length > most {
		return codec.Frame{}, false
	}
	if f.Length > 0 {
		f.Payload = make([]byte, f.Length+codec.TrailerSize)
		if _, err := io.ReadFull(r, f.Payload); err != nil {
			return codec.Frame{}, false
		}
		f.Payload = f.Payload[:f.Length]
	}
	return f, true
}

// answer gives the friendliest frame.
func answer(f codec.Frame) []byte {
	switch f.Type {
	case codec.TypePing:
		m, err := codec.ParsePing(f)
		if err != nil {
			return nil
		}
		now := time.Now().UnixNano()
		return codec.Pong{Echo: m.Echo, T1: m.T1, T2: now, T3: now}.AppendFrame(nil)
	case codec.TypeOpen:
		b, err := codec.Accept{Stream: f.Stream}.AppendFrame(nil)
		if err != nil {
			return nil
		}
		return b
	case codec.TypeData:
		return codec.AppendFrame(nil, codec.Header{Type: codec.TypeData, Flags: f.Flags, Stream: f.Stream}, f.Payload)
	}
	return nil
}
