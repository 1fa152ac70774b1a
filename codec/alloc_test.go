package codec

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// The frames of the hot path cost no allocation, there and back.
func TestHotPathAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 64<<10)
	payload := make([]byte, 1000)
	ranges := []Range{{10, 20}, {30, 40}}
	var ack Ack
	var sum uint64

	parse := func(b []byte) Frame {
		f, _, err := ParseFrame(b, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	noAllocs(t, "PING", func() {
		m, err := ParsePing(parse(Ping{Echo: 1}.AppendFrame(buf)))
		check(err)
		sum += m.Echo
	})
	noAllocs(t, "PONG", func() {
		m, err := ParsePong(parse(Pong{Echo: 1}.AppendFrame(buf)))
		check(err)
		sum += m.Echo
	})
	noAllocs(t, "CREDIT", func() {
		m, err := ParseCredit(parse(Credit{Stream: 1, Max: 2}.AppendFrame(buf)))
		check(err)
		sum += m.Max
	})
	noAllocs(t, "STREAMS", func() {
		m, err := ParseStreams(parse(Streams{Max: 2}.AppendFrame(buf)))
		check(err)
		sum += m.Max
	})
	noAllocs(t, "DATA", func() {
		b := append(buf, make([]byte, HeaderSize)...)
		b = AppendPiece(AppendPiece(b, payload), payload)
		b = append(b, 0, 0, 0, 0)
		SealFrame(b, Header{Type: TypeData, Stream: 1})
		p, err := ParseData(parse(b))
		check(err)
		for piece, ok := p.Next(); ok; piece, ok = p.Next() {
			sum += uint64(len(piece))
		}
	})
	pieces := NewPieces(0, payload, payload)
	noAllocs(t, "RECORDS", func() {
		m, err := ParseRecords(parse(Records{Stream: 1, Seq: 5, Pieces: pieces}.AppendFrame(buf)))
		check(err)
		sum += m.Seq
	})
	noAllocs(t, "ACK", func() {
		b, err := Ack{Stream: 1, Stable: 5, Ranges: ranges}.AppendFrame(buf)
		check(err)
		check(ack.Parse(parse(b)))
		sum += ack.Stable
	})
	noAllocs(t, "OPEN", func() {
		b, err := Open{Stream: 1, Proto: "call", Ver: 1}.AppendFrame(buf)
		check(err)
		m, err := ParseOpen(parse(b))
		check(err)
		sum += uint64(m.Ver)
	})
	noAllocs(t, "ACCEPT", func() {
		b, err := Accept{Stream: 1}.AppendFrame(buf)
		check(err)
		_, err = ParseAccept(parse(b))
		check(err)
	})
	noAllocs(t, "REQUEST", func() {
		b, err := AppendCallRequest(buf, "a.method", 0, payload)
		check(err)
		m, err := ParseCallRequest(b)
		check(err)
		sum += uint64(len(m.Method))
	})
	noAllocs(t, "REPLY", func() {
		_, body, err := ParseCallKind(AppendCallReply(buf, payload))
		check(err)
		sum += uint64(len(body))
	})
	require.NotZero(t, sum)
}

func TestReaderAndWriterAllocateNothing(t *testing.T) {
	var stream bytes.Buffer
	w := NewWriter(&stream, 16<<10)
	r := NewReader(&stream, 64<<10)
	payload := AppendPiece(nil, make([]byte, 60))
	noAllocs(t, "a batch of frames", func() {
		for range 100 {
			if err := w.WriteFrame(Header{Type: TypeData, Stream: 1}, payload); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Names of methods outlive a garbage collection only as long as somebody holds them, and are found again after one.
func TestMethodsAfterGarbageCollection(t *testing.T) {
	msg := must(AppendCallRequest(nil, "method.after.gc", 0, nil))
	for range 3 {
		r, err := ParseCallRequest(msg)
		require.NoError(t, err)
		require.Equal(t, "method.after.gc", r.Method)
		runtime.GC()
	}
}
