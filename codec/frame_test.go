package codec

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
)

// The bytes of one frame, by hand: the checksums are computed here in the words of SPEC.md, and not with the package's functions.
func TestFrameBytes(t *testing.T) {
	head := hx("13 01 0000 00000005 00000001")
	table := crc32.MakeTable(0x82F63B78)
	want := binary.BigEndian.AppendUint32(head[:12:12], crc32.Checksum(head, table))
	want = append(want, "hello"...)
	want = binary.BigEndian.AppendUint32(want, crc32.Checksum(append(head[:12:12], "hello"...), table))

	h := Header{Type: TypeData, Flags: FlagFin, Stream: 1}
	require.Equal(t, want, AppendFrame(nil, h, []byte("hello")))
	inPlace := append(make([]byte, 16, 25), "hello"...)
	inPlace = inPlace[:25]
	SealFrame(inPlace, h)
	require.Equal(t, want, inPlace)

	got, err := ParseHeader(want)
	require.NoError(t, err)
	h.Length = 5
	require.Equal(t, h, got)
	require.Equal(t, want[:16], AppendHeader(nil, h))
	require.Equal(t, 25, h.Size())
}

func TestFrameWithoutPayloadHasNoTrailer(t *testing.T) {
	b := AppendFrame(nil, Header{Type: TypePing, Length: 99}, nil)
	require.Len(t, b, HeaderSize)
	inPlace := make([]byte, HeaderSize)
	SealFrame(inPlace, Header{Type: TypePing, Length: 99})
	require.Equal(t, b, inPlace)
	f, n, err := ParseFrame(append(b, 1, 2, 3), 0)
	require.NoError(t, err)
	require.Equal(t, HeaderSize, n)
	require.Equal(t, Frame{Header: Header{Type: TypePing}}, f)
}

func TestSealFrameNeedsRoom(t *testing.T) {
	for _, n := range []int{0, 15, 17, 20} {
		require.Panics(t, func() { SealFrame(make([]byte, n), Header{}) }, n)
	}
}

// TestFrameFaults follows chapter 14, steps 1 to 4: each input has the faults of later steps as well.
func TestFrameFaults(t *testing.T) {
	long := func(typ Type, n int) []byte { return AppendFrame(nil, Header{Type: typ, Stream: 1}, make([]byte, n)) }
	flip := func(b []byte, at int) []byte {
		b[at] ^= 1
		return b
	}
	for _, tc := range []struct {
		name string
		b    []byte
		code Code
		req  string
		off  int
	}{
		{"header checksum", flip(long(0xFF, 40000), 12), CodeHeaderCRC, "FRAME-001", 12},
		{"header bit", flip(long(TypeData, 10), 3), CodeHeaderCRC, "FRAME-001", 12},
		{"type 00", long(0, 40000)[:16], CodeProtocol, "FRAME-004", 0},
		{"type FF", long(0xFF, 40000)[:16], CodeProtocol, "FRAME-004", 0},
		{"open over 16384", flip(long(TypeOpen, 16385), 16)[:16], CodeFrameSize, "FRAME-018", 4},
		{"accept over both", long(TypeAccept, 40000)[:16], CodeFrameSize, "FRAME-018", 4},
		{"ready over 16384", long(TypeReady, 16385), CodeFrameSize, "FRAME-018", 4},
		{"data over max_frame", flip(long(TypeData, 20001), 16)[:16], CodeFrameSize, "FRAME-003", 4},
		{"unknown over max_frame", long(0x1B, 20001), CodeFrameSize, "FRAME-003", 4},
		{"trailer", flip(long(TypeData, 100), 119), CodePayloadCRC, "FRAME-002", 116},
		{"payload", flip(long(0x1B, 100), 16), CodePayloadCRC, "FRAME-002", 116},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, n, err := ParseFrame(tc.b, 20000)
			requireFaultIs(t, err, tc.code, ScopeLink, tc.req, tc.off)
			require.Equal(t, Frame{}, f)
			require.Zero(t, n)
			if h, err := ParseHeader(tc.b); err == nil && tc.req != "FRAME-002" {
				requireFaultIs(t, CheckHeader(h, 20000), tc.code, ScopeLink, tc.req, tc.off)
			}
		})
	}
	for _, b := range [][]byte{long(TypeData, 20000), long(TypeOpen, 16384), long(0x1B, 20000), long(TypeData, 1)} {
		_, n, err := ParseFrame(b, 20000)
		require.NoError(t, err)
		require.Equal(t, len(b), n)
	}
}

// The trailer binds the payload to its header: two frames' payloads cannot change places.
func TestTrailerCoversTheHeader(t *testing.T) {
	a := AppendFrame(nil, Header{Type: TypeData, Stream: 1}, []byte("same"))
	b := AppendFrame(nil, Header{Type: TypeData, Stream: 3}, []byte("same"))
	mixed := append(a[:HeaderSize:HeaderSize], b[HeaderSize:]...)
	_, _, err := ParseFrame(mixed, 100)
	requireFaultIs(t, err, CodePayloadCRC, ScopeLink, "FRAME-002", 20)
}

func TestEveryBitOfAFrameCounts(t *testing.T) {
	b := AppendFrame(nil, Header{Type: TypeData, Flags: FlagMore, Reserved: 7, Stream: 5}, []byte("payload"))
	for bit := range 8 * len(b) {
		b[bit/8] ^= 1 << (bit % 8)
		_, _, err := ParseFrame(b, 100)
		requireFault(t, err)
		b[bit/8] ^= 1 << (bit % 8)
	}
}

func TestCheckStreamFollowsTheRegistry(t *testing.T) {
	for n := range 256 {
		typ := Type(n)
		info, known := typ.Info()
		require.Equal(t, known, KnownType(typ), "%s", typ)
		link, stream := CheckStream(Header{Type: typ}), CheckStream(Header{Type: typ, Stream: 9})
		require.Equal(t, known && info.Scope == "stream", link != nil, "%s", typ)
		require.Equal(t, known && info.Scope == "link", stream != nil, "%s", typ)
	}
}

// Sizes that the code has as constants are those of the registry.
func TestSizesFollowTheRegistry(t *testing.T) {
	for typ, size := range map[Type]int{
		TypePing: pingSize, TypePong: pongSize, TypeCredit: creditSize, TypeStreams: streamsSize, TypeDrain: drainSize, TypeGap: gapSize,
	} {
		info, _ := typ.Info()
		require.Equal(t, size, info.MinPayload, info.Name)
		require.Equal(t, size, info.MaxPayload, info.Name)
	}
	for _, typ := range []Type{TypeClose, TypeReject, TypeReset} {
		info, _ := typ.Info()
		require.Equal(t, endingMin, info.MinPayload, info.Name)
		require.Equal(t, endingMax, info.MaxPayload, info.Name)
	}
}

func TestPieces(t *testing.T) {
	f := sealed(t, Header{Type: TypeData, Flags: FlagFin, Stream: 1}, cat(AppendPiece(nil, []byte("one")), AppendPiece(nil, nil), AppendPiece(nil, []byte("three"))))
	p, err := ParseData(f)
	require.NoError(t, err)
	copied := p
	for _, want := range []string{"one", "", "three"} {
		piece, ok := p.Next()
		require.True(t, ok)
		require.Equal(t, want, string(piece))
		require.Equal(t, len(piece), cap(piece), "an append must not write into the frame")
	}
	_, ok := p.Next()
	require.False(t, ok)
	require.Equal(t, 3, p.Count())
	require.Equal(t, 8, p.Bytes())
	require.Equal(t, uint64(8+3*64), p.Charge())
	require.True(t, p.Fin())
	require.False(t, p.More())
	first, _ := copied.Next()
	require.Equal(t, "one", string(first), "a copy walks on its own")
	require.Len(t, p.All(), 3)
}

// Should the frame be changed under it, a walk ends and does not panic.
func TestPiecesSurviveChange(t *testing.T) {
	payload := AppendPiece(nil, []byte("piece"))
	p, err := ParseData(Frame{Payload: payload})
	require.NoError(t, err)
	payload[0] = 0xFF
	_, ok := p.Next()
	require.False(t, ok)
	require.Zero(t, Pieces{}.Count())
	require.Empty(t, Pieces{}.All())
}
