// Package exchange makes one whole exchange between two peers, as chapter 1 of SPEC.md shows it: both openings, both
// READYs, a call, and CLOSE. Its input is fixed, so that the bytes are the same on each run; they are encoded, hashed and
// parsed again by package codec.
//
//	x, err := exchange.Build()
//	fmt.Print(x.Text())      // the bytes with what they mean
//	first := x.Bytes(exchange.Dialer)
package exchange

import (
	"bytes"

	"handfast/codec"
)

// Side is one of the two peers.
type Side byte

// The sides. The values are the marks of the text form.
const (
	Dialer   Side = '>' // what it sends goes this way
	Acceptor Side = '<'
)

// Step is one opening or one frame.
type Step struct {
	From  Side
	Name  string // what it is, for people
	Bytes []byte
}

// Exchange is the steps in the order of time.
type Exchange struct{ Steps []Step }

// Bytes joins everything that one side sends.
func (x Exchange) Bytes(from Side) []byte {
	var b []byte
	for _, s := range x.Steps {
		if s.From == from {
			b = append(b, s.Bytes...)
		}
	}
	return b
}

// Build makes the exchange and verifies it.
func Build() (Exchange, error) {
	var x Exchange
	dialer, acceptor := dialerHello(), acceptorHello()
	dialed, err := dialer.AppendOpening(nil)
	if err != nil {
		return x, err
	}
	accepted, err := acceptor.AppendOpening(nil)
	if err != nil {
		return x, err
	}
	agreed, err := codec.Agree(dialer, acceptor)
	if err != nil {
		return x, err
	}
	ready, err := codec.NewReady(agreed, codec.TranscriptHash(dialed, accepted), nil).AppendFrame(nil)
	if err != nil {
		return x, err
	}
	open, err := codec.Open{Stream: stream, Proto: "call", Ver: 1}.AppendFrame(nil)
	if err != nil {
		return x, err
	}
	request, err := codec.AppendCallRequest(nil, "echo", 5000, []byte(argument))
	if err != nil {
		return x, err
	}
	accept, err := codec.Accept{Stream: stream}.AppendFrame(nil)
	if err != nil {
		return x, err
	}
	reply := codec.AppendCallReply(nil, []byte(argument))
	x.Steps = []Step{
		{Dialer, "the dialer offers: HELLO", dialed},
		{Acceptor, "the acceptor offers: HELLO", accepted},
		{Acceptor, "the acceptor states what both have computed: READY", ready},
		{Acceptor, "a grease frame without payload, and so without trailer", codec.AppendFrame(nil, acceptorGrease(), nil)},
		{Dialer, "the dialer states the same: READY", bytes.Clone(ready)},
		{Dialer, "a grease frame with payload", codec.AppendFrame(nil, dialerGrease(), []byte{0xDE, 0xC0, 0xDE})},
		{Dialer, "a stream for call, version 1: OPEN", open},
		{Dialer, "the request, which is all that the dialer sends on it: DATA with FIN", data(request)},
		{Acceptor, "the stream is served: ACCEPT", accept},
		{Acceptor, "the reply, which is all that the acceptor sends on it: DATA with FIN", data(reply)},
		{Dialer, "the end: CLOSE", codec.Close{Code: codec.CodeNoError, Text: "done"}.AppendFrame(nil)},
	}
	return x, x.verify()
}

// What the two sides say.
const (
	stream   = 1
	argument = "ping"
)

func data(message []byte) []byte {
	return codec.Data{Stream: stream, Pieces: codec.NewPieces(codec.FlagFin, message)}.AppendFrame(nil)
}

func dialerHello() *codec.Hello {
	return &codec.Hello{
		Vers:        []uint16{1, 0x3A5A},
		Node:        [16]byte([]byte("dialer node 0001")),
		Cluster:     [16]byte([]byte("example cluster1")),
		Incarnation: 3,
		Nonce:       nonce(0x10),
		Caps: codec.Caps{
			"probe.and": true, "probe.choose": []string{"red", "blue"}, "probe.intersect": []string{"one", "two"},
			"probe.max": int64(40), "probe.min": int64(40), "x.grease.5eed": int64(7),
		},
		Protos: map[string][]uint16{"call": {1}},
		Limits: codec.DefaultLimits(),
		SW:     "example-dialer 1.0",
	}
}

func acceptorHello() *codec.Hello {
	return &codec.Hello{
		Vers:        []uint16{0x7A0A, 1},
		Node:        [16]byte([]byte("acceptor node 01")),
		Cluster:     [16]byte([]byte("example cluster1")),
		Incarnation: 12,
		Nonce:       nonce(0x80),
		Caps: codec.Caps{
			"probe.and": true, "probe.choose": []string{"green", "blue", "red"}, "probe.intersect": []string{"three", "two"},
			"probe.max": int64(300), "probe.min": int64(300), "x.grease.09c1": true,
		},
		Protos: map[string][]uint16{"call": {1}},
		Limits: codec.DefaultLimits(),
		SW:     "example-acceptor 1.0",
	}
}

// nonce is not random here, so that the page does not change.
func nonce(first byte) (n [32]byte) {
	for i := range n {
		n[i] = first + byte(i)
	}
	return n
}

// dialerGrease has reserved flag bits and a reserved field, which a receiver ignores.
func dialerGrease() codec.Header {
	return codec.Header{Type: 0x3A, Flags: 0x50, Reserved: 0x1234}
}

func acceptorGrease() codec.Header { return codec.Header{Type: 0xB6} }
