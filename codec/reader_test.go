package codec

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// outcome is all that a Reader gave of a stream: what it read, and how it ended.
type outcome struct {
	opening []byte
	frames  []Frame
	err     error
}

// drain reads an opening, if there is to be one, and frames to the end.
func drain(r *Reader, opening bool) (out outcome) {
	if opening {
		if _, out.opening, out.err = r.ReadOpening(); out.err != nil {
			return out
		}
	}
	for {
		whole := r.Buffered()
		read := r.Count()
		f, err := r.Next()
		if whole && r.Count() != read {
			panic("Next has read although Buffered was true")
		}
		if err != nil {
			out.err = err
			return out
		}
		f.Payload = bytes.Clone(f.Payload)
		out.frames = append(out.frames, f)
		if f.Type == TypeReady {
			r.SetMaxFrame(1 << 20)
		}
	}
}

// wayward reads an input in pieces whose sizes come from a list.
type wayward struct {
	rest  []byte
	sizes []int
	next  int
}

func (w *wayward) Read(b []byte) (int, error) {
	if len(w.rest) == 0 {
		return 0, io.EOF
	}
	size := len(w.rest)
	if len(w.sizes) > 0 {
		size = min(size, w.sizes[w.next%len(w.sizes)])
		w.next++
	}
	n := copy(b, w.rest[:size])
	w.rest = w.rest[n:]
	return n, nil
}

// exchange is an opening and frames of many sizes.
func exchange(t testing.TB) []byte {
	b := openingOf(sampleHello(), nil)
	for _, tc := range messages() {
		var err error
		b, err = tc.m.AppendBinary(b)
		require.NoError(t, err)
	}
	for _, n := range []int{0, 1, 4000, 4076, 4077, 16384, 70000, 1 << 20, 5, 300000, 3} {
		b = AppendFrame(b, Header{Type: TypeData, Stream: 1}, make([]byte, n))
	}
	return b
}

// FRAME-014: the same answer, however the transport cuts the bytes.
func TestReaderIsIndifferentToCuts(t *testing.T) {
	b := exchange(t)
	want := drain(NewReader(bytes.NewReader(b), 1<<20), true)
	require.ErrorIs(t, want.err, io.EOF)
	require.Len(t, want.frames, len(messages())+11)
	for name, r := range map[string]io.Reader{
		"one by one":         iotest.OneByteReader(bytes.NewReader(b)),
		"half":               iotest.HalfReader(bytes.NewReader(b)),
		"end with the data":  iotest.DataErrReader(bytes.NewReader(b)),
		"17 bytes":           &wayward{rest: b, sizes: []int{17}},
		"4096 and 1":         &wayward{rest: b, sizes: []int{4096, 1}},
		"up to the megabyte": &wayward{rest: b, sizes: []int{1, 1000, 65536, 1 << 20, 3}},
	} {
		for _, size := range []int{0, 64 << 10, 1 << 20} {
			require.Equal(t, want, drain(NewReader(r, size), true), name)
			if s, ok := r.(*wayward); ok {
				s.rest = b
				continue
			}
			break
		}
	}
}

func TestReaderEnds(t *testing.T) {
	opening := openingOf(sampleHello(), nil)
	frame := Ping{}.AppendFrame(nil)
	for i := range frame {
		got := drain(NewReader(bytes.NewReader(append(bytes.Clone(opening), frame[:i]...)), 0), true)
		want := io.ErrUnexpectedEOF
		if i == 0 {
			want = io.EOF
		}
		require.Equal(t, want, got.err, "%d bytes of a frame", i)
	}
	for i := range opening {
		got := drain(NewReader(bytes.NewReader(opening[:i]), 0), true)
		require.Equal(t, i == 0, got.err == io.EOF, "%d bytes of an opening", i)
		require.Equal(t, i != 0, got.err == io.ErrUnexpectedEOF, "%d bytes of an opening", i)
	}
}

func TestReaderFaultsAreSticky(t *testing.T) {
	bad := Ping{}.AppendFrame(nil)
	bad[20] ^= 1
	r := NewReader(bytes.NewReader(cat(Ping{}.AppendFrame(nil), bad, Ping{}.AppendFrame(nil))), 0)
	_, err := r.Next()
	require.NoError(t, err)
	require.True(t, r.Buffered())
	_, err = r.Next()
	requireFaultIs(t, err, CodePayloadCRC, ScopeLink, "FRAME-002", 40)
	_, again := r.Next()
	require.Same(t, err, again)
	_, _, again = r.ReadOpening()
	require.Same(t, err, again)
	require.True(t, r.Buffered())

	r = NewReader(bytes.NewReader([]byte("GET / HTTP/1.1")), 0)
	_, _, err = r.ReadOpening()
	requireFaultIs(t, err, CodeForeign, ScopeLink, "HELLO-003", 0)
	_, again = r.Next()
	require.Same(t, err, again)
}

func TestReaderLimits(t *testing.T) {
	header := func(typ Type, n uint32) []byte { return AppendHeader(nil, Header{Type: typ, Length: n}) }
	for _, tc := range []struct {
		name  string
		b     []byte
		ready bool
		code  Code
		req   string
	}{
		{"before READY", header(TypeData, 16385), false, CodeFrameSize, "READY-013"},
		{"before READY, a READY", header(TypeReady, 16385), false, CodeFrameSize, "READY-013"},
		{"before READY, type 00", header(0, 16385), false, CodeProtocol, "FRAME-004"},
		{"after READY", header(TypeData, 20001), true, CodeFrameSize, "FRAME-003"},
		{"after READY, OPEN", header(TypeOpen, 16385), true, CodeFrameSize, "FRAME-018"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// A whole header is enough: nothing waits for the payload.
			r := NewReader(io.MultiReader(bytes.NewReader(tc.b), iotest.ErrReader(errors.New("must not read on"))), 0)
			if tc.ready {
				r.SetMaxFrame(20000)
			}
			_, err := r.Next()
			e := requireFault(t, err)
			require.Equal(t, tc.code, e.Code)
			require.Equal(t, tc.req, e.Req)
		})
	}
}

// SetMaxFrame holds for a frame that is in the buffer already.
func TestSetMaxFrameHoldsForTheBuffer(t *testing.T) {
	b := cat(encoded(t, sampleReady()), AppendFrame(nil, Header{Type: TypeData, Stream: 1}, make([]byte, 20000)))
	for _, peeked := range []bool{false, true} {
		r := NewReader(bytes.NewReader(b), 0)
		_, err := r.Next()
		require.NoError(t, err)
		if peeked {
			require.True(t, r.Buffered(), "a fault")
		}
		r.SetMaxFrame(20000)
		require.False(t, r.Buffered())
		f, err := r.Next()
		require.NoError(t, err)
		require.Len(t, f.Payload, 20000)
	}
}

// FRAME-020: nothing is allocated on the word of a header.
func TestReaderAllocatesForWhatArrived(t *testing.T) {
	for _, arrived := range []int{0, 1, 4000, 5000, 20000, 100000, 300000, 900000} {
		b := append(AppendHeader(nil, Header{Type: TypeData, Stream: 1, Length: 1 << 20}), make([]byte, arrived)...)
		for _, size := range []int{0, 256 << 10, 1 << 20} {
			r := NewReader(&wayward{rest: b, sizes: []int{1500}}, size)
			r.SetMaxFrame(1 << 20)
			_, err := r.Next()
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.LessOrEqual(t, len(r.buf), 2*len(b)+64<<10, "%d arrived, size %d", arrived, size)
		}
	}
	r := NewReader(&wayward{rest: append(openingOf(sampleHello(), nil)[:16:16], 0, 0, 0x40, 0, 1, 2, 3, 4, 5), sizes: nil}, 1<<20)
	_, _, err := r.ReadOpening()
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.LessOrEqual(t, len(r.buf), readerSmall)
}

// An idle link keeps little, after a burst as well.
func TestReaderGivesTheLargeBufferUp(t *testing.T) {
	r := NewReader(nil, 256<<10)
	r.SetMaxFrame(1 << 20)
	require.Nil(t, r.buf, "nothing before the first read")
	read := func(b []byte, sizes ...int) {
		r.r = &wayward{rest: b, sizes: sizes}
		got := drain(r, false)
		require.ErrorIs(t, got.err, io.EOF)
	}
	read(AppendFrame(nil, Header{Type: TypeData, Stream: 1}, make([]byte, 1<<20)))
	require.Greater(t, len(r.buf), 256<<10)
	for range readerCalm + 1 {
		read(Ping{}.AppendFrame(nil))
	}
	require.Len(t, r.buf, readerSmall)
}

// Messages of 5 KB, each in a read of its own, must not make the buffer grow and shrink for ever.
func TestReaderDoesNotThrash(t *testing.T) {
	frame := AppendFrame(nil, Header{Type: TypeData, Stream: 1}, make([]byte, 5000))
	stream := &wayward{rest: nil, sizes: []int{len(frame)}}
	r := NewReader(stream, 64<<10)
	noAllocs(t, "5 KB messages", func() {
		stream.rest = frame
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReaderPassesErrorsOfTheStreamOn(t *testing.T) {
	frame := Ping{}.AppendFrame(nil)
	r := NewReader(io.MultiReader(bytes.NewReader(frame[:20]), iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(frame[20:])))), 0)
	_, err := r.Next()
	require.ErrorIs(t, err, iotest.ErrTimeout)
	_, err = r.Next()
	require.NoError(t, err, "a timeout is not the end")

	r = NewReader(iotest.ErrReader(os.ErrDeadlineExceeded), 0)
	_, err = r.Next()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, err = NewReader(broken(0), 0).Next()
	require.ErrorIs(t, err, io.ErrNoProgress)
	_, err = NewReader(broken(1<<30), 0).Next()
	require.ErrorIs(t, err, errRead)
	_, err = NewReader(broken(-1), 0).Next()
	require.ErrorIs(t, err, errRead)
}

// broken is a reader that claims a count.
type broken int

func (n broken) Read([]byte) (int, error) { return int(n), nil }

func TestReaderFramesStayUntilItReads(t *testing.T) {
	var b []byte
	for i := range 50 {
		b = AppendFrame(b, Header{Type: TypeData, Stream: 1}, bytes.Repeat([]byte{byte(i)}, 60))
	}
	r := NewReader(bytes.NewReader(b), 0)
	var kept []Frame
	for first := true; first || r.Buffered(); first = false {
		f, err := r.Next()
		require.NoError(t, err)
		kept = append(kept, f)
	}
	require.Greater(t, len(kept), 10)
	for i, f := range kept {
		require.Equal(t, bytes.Repeat([]byte{byte(i)}, 60), f.Payload)
	}
	require.Equal(t, int64(min(len(b), readerSmall)), r.Count())
}
