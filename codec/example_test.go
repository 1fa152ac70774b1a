package codec_test

import (
	"bytes"
	"fmt"

	"handfast/codec"
)

func Example() {
	b := codec.Ping{Echo: 1}.AppendFrame(nil)
	f, n, err := codec.ParseFrame(b, codec.MaxControl)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := codec.ParseMessage(f)
	fmt.Printf("%d bytes, %s: %+v %v\n", n, f.Type, m, err)
	// Output: 44 bytes, PING: {Echo:1 T1:0 ErrUS:0} <nil>
}

// Many messages go into one frame.
func ExamplePieces() {
	b := make([]byte, codec.HeaderSize) // room for the header
	b = codec.AppendPiece(b, []byte("one"))
	b = codec.AppendPiece(b, []byte("two"))
	b = append(b, make([]byte, codec.TrailerSize)...) // room for the trailer
	codec.SealFrame(b, codec.Header{Type: codec.TypeData, Flags: codec.FlagFin, Stream: 1})

	r := codec.NewReader(bytes.NewReader(b), 0)
	f, err := r.Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	pieces, err := codec.ParseData(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("charge", pieces.Charge(), "fin", pieces.Fin())
	for piece, ok := pieces.Next(); ok; piece, ok = pieces.Next() {
		fmt.Println(string(piece))
	}
	// Output:
	// charge 134 fin true
	// one
	// two
}

// A fault says which rule of SPEC.md was broken, and where.
func ExampleError() {
	b := codec.AppendFrame(nil, codec.Header{Type: codec.TypeStreams}, []byte{0, 0, 0, 1, 0, 0, 0, 0})
	f, _, _ := codec.ParseFrame(b, codec.MaxControl)
	_, err := codec.ParseMessage(f)
	fmt.Println(err)
	// Output: codec: ENCODING at byte 16 [CRED-008]: grant over 2^31 streams
}
