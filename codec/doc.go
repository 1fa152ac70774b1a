// Package codec turns the bytes of Handfast, wire version 1, into messages and back. SPEC.md is its law: each error names
// the requirement that the input breaks.
//
//	b := codec.Ping{Echo: 1}.AppendFrame(nil)
//	f, n, err := codec.ParseFrame(b, codec.MaxControl) // n bytes were the frame
//	m, err := codec.ParseMessage(f)                    // codec.Ping{Echo: 1}
//
// It is pure: it has no goroutine, clock, socket, random source or logger. It judges one opening, one frame, one message
// at a time; whatever needs memory of what came before (states, credit, joining of pieces) belongs to a link.
//
// Faults of a peer are *Error, with the code to answer and the scope that ends. ErrShort says that more bytes are needed.
// Functions that append return b unchanged in length together with an error.
package codec
