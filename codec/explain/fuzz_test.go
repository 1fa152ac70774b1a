package explain

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"handfast/codec"
)

// FuzzExplain: any bytes are covered by fields, the first fault is what package codec says, every form can be written, and the number of
// fields is bounded by the input.
func FuzzExplain(f *testing.F) {
	stream := join(sampleHello(), ready(), open(1, "call"), data(1, codec.FlagMore, request("m")), data(1, codec.FlagFin, []byte("x"), callError()),
		codec.Close{Text: "bye"}.AppendFrame(nil))
	f.Add(stream, uint8(Stream))
	f.Add(join(sampleHello(), ready(), must(codec.Accept{Stream: 1}.AppendFrame(nil)), data(1, 0, callError(), request("x"))), uint8(Auto))
	f.Add(stream[len(sampleHello()):], uint8(Frames))
	f.Add(sampleHello(), uint8(Opening))
	f.Add(must((&codec.Refuse{Vers: []uint16{1}}).AppendOpening(nil)), uint8(Auto))
	f.Add([]byte("\x82\xA1a\x92\x01\xC0\xA1b\xC4\x01x"), uint8(Msgpack))
	f.Add(request("method"), uint8(Call))
	f.Add(callError(), uint8(Call))
	f.Add(join(codec.Records{Stream: 1, Seq: 1, Pieces: codec.NewPieces(0, []byte("a"))}.AppendFrame(nil),
		must(codec.Ack{Stream: 1, Ranges: []codec.Range{{First: 2, Last: 3}}}.AppendFrame(nil)), codec.Gap{Stream: 1, From: 1, To: 1}.AppendFrame(nil)), uint8(Frames))
	f.Add([]byte(strings.Repeat("\x91", 70)), uint8(Msgpack))
	f.Add(stream, uint8(Stream)|repaired)
	f.Add(stream[len(sampleHello()):], uint8(Frames)|repaired)
	f.Fuzz(func(t *testing.T, b []byte, what uint8) {
		o := Options{What: What(what &^ repaired % uint8(Call+1))}
		if what&repaired != 0 {
			b = repair(b, o.What)
		}
		e := checked(t, b, o)
		fields := 0
		for i := range e.Packets {
			fields += len(e.Packets[i].Fields)
			if err := e.Packets[i].WriteText(io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		if fields > len(b)+2*len(e.Packets) {
			t.Fatalf("%d fields for %d bytes in %d packets", fields, len(b), len(e.Packets))
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		if len(b) > 0 {
			sameFault(t, e.Packets[0].Fault, byCodec(b, e.What))
		}
	})
}

// repaired asks for right lengths and checksums, so that a fuzzer gets past them.
const repaired = 0x80

// repair gives a copy of b in which the checksums are right, and the lengths of frames where they do not fit.
func repair(b []byte, what What) []byte {
	b = bytes.Clone(b)
	rest := b
	if what == Stream || what == Opening {
		if len(b) < codec.OpeningSize {
			return b
		}
		n := min(int(binary.BigEndian.Uint16(b[offBodyLength+2:])), len(b)-codec.OpeningSize)
		binary.BigEndian.PutUint32(b[offBodyLength:], uint32(n))
		rest = b[codec.OpeningSize+n:]
		binary.BigEndian.PutUint32(b[offBodySum:], codec.Checksum(join(b[:offBodySum], b[codec.OpeningSize:codec.OpeningSize+n])))
	}
	for len(rest) >= codec.HeaderSize+codec.TrailerSize {
		h := rawHeader(rest)
		h.Length = min(h.Length, uint32(len(rest)-codec.HeaderSize-codec.TrailerSize))
		codec.SealFrame(rest[:h.Size()], h)
		rest = rest[h.Size():]
	}
	return b
}

// byCodec judges the first packet with package codec alone.
func byCodec(b []byte, what What) error {
	switch what {
	case Stream, Opening:
		_, _, err := codec.ParseOpening(b)
		return err
	case Msgpack:
		return codec.ValidateMsgpack(b)
	case Call:
		switch codec.CallKind(b[0]) {
		case codec.CallKindRequest:
			_, err := codec.ParseCallRequest(b)
			return err
		case codec.CallKindError:
			_, err := codec.ParseCallError(b)
			return err
		}
		_, _, err := codec.ParseCallKind(b)
		return err
	}
	f, _, err := codec.ParseFrame(b, uint32(codec.MaxLimits().MaxFrame))
	if err != nil {
		return err
	}
	if !codec.KnownType(f.Type) && f.Flags&codec.FlagMustUnderstand != 0 {
		return &codec.Error{Code: codec.CodeUnknownCritical, Req: "FRAME-006"}
	}
	_, err = codec.ParseMessage(f)
	return err
}
