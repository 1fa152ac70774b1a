package link_test

import (
	"encoding/binary"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
	"handfast/testdata"
)

// FuzzLink feeds a link arbitrary bytes behind a valid opening, cut as cuts says: each of its bytes is the size of a
// write, over and over. Whatever comes: no panic, the link ends when its transport does, nothing that it began stays
// behind (a bubble that is left with a goroutine fails), and what it holds stays within what has arrived. With seal the
// bytes are taken for frames, and their lengths and checksums are made right, which leads deeper than the first checksum.
func FuzzLink(f *testing.F) {
	session, lengths := honest(f)
	opening := lengths[0] + lengths[1]
	f.Add(session[opening:], []byte{0}, false)
	f.Add(session[opening:], []byte{1}, false)
	f.Add(session[opening:], []byte{16, 3, 200}, true)
	at := opening
	for _, n := range lengths[2:] {
		f.Add(session[at:at+n], []byte{15}, true)
		at += n
	}
	for id := uint32(1); id < 4; id++ {
		f.Add(frames(f, open(id), data(id, codec.FlagMore, make([]byte, 100)), data(id, codec.FlagFin, make([]byte, 100))), []byte{0}, false)
	}
	f.Add(frames(f, codec.Unknown{Type: 0x55, Flags: codec.FlagMustUnderstand}), []byte{0}, false)
	f.Add(frames(f, open(1), codec.Unknown{Type: 0x55, Flags: codec.FlagMustUnderstand, Stream: 1}, open(3)), []byte{0}, false)
	f.Add(frames(f, codec.Ack{Stream: 1}, codec.Gap{Stream: 1}, codec.Credit{Max: 1 << 62}, codec.Streams{Max: 1 << 31}), []byte{0}, false)
	recorded, err := testdata.Recorded("../../testdata", "links")
	require.NoError(f, err)
	require.NotEmpty(f, recorded)
	for i, b := range recorded {
		f.Add(b, []byte{byte(i)}, false)
	}
	f.Fuzz(func(t *testing.T, b, cuts []byte, seal bool) {
		if len(b) > 1<<18 || len(cuts) == 0 {
			t.Skip()
		}
		if seal {
			b = sealed(b)
		}
		synctest.Test(t, func(t *testing.T) { fuzzOne(t, b, cuts) })
	})
}

// sealed makes frames of any bytes.
func sealed(b []byte) (out []byte) {
	for len(b) >= codec.HeaderSize {
		h := codec.Header{Type: codec.Type(b[0]), Flags: codec.Flags(b[1]), Stream: binary.BigEndian.Uint32(b[8:])}
		n := int(binary.BigEndian.Uint32(b[4:]) % 70_000)
		b = b[codec.HeaderSize:]
		n = min(n, len(b))
		out = codec.AppendFrame(out, h, b[:n])
		b = b[n:]
		if n > 0 {
			b = b[min(codec.TrailerSize, len(b)):]
		}
	}
	return out
}

func fuzzOne(t *testing.T, b, cuts []byte) {
	n := 0
	serve := func(s *link.Stream, p []byte) { // each kind of handler in turn
		n++
		[]func(*link.Stream, []byte){echo, ignore, sink, func(s *link.Stream, _ []byte) { s.AcceptWith(nil, choosy{}) }}[n%4](s, p)
	}
	ours, theirs := net.Pipe()
	cfg := limits(node(1, serve), func(l *codec.Limits) {
		l.MaxFrame, l.MaxMessage, l.LinkCredit, l.StreamCredit, l.Streams = 16_384, 65_536, 262_144, 65_536, 16
	})
	c := start(theirs, cfg, false)
	r := newRaw(t, ours, true)
	r.sendHello()
	r.readHello()
	r.send(r.ready())
	o := <-c
	require.NoError(t, o.err)
	go func() { // takes what is said; ends with the transport
		buf := make([]byte, 4096)
		for {
			if _, err := ours.Read(buf); err != nil {
				return
			}
		}
	}()
	fed := b
	for i := 0; len(fed) > 0; i++ {
		size := int(cuts[i%len(cuts)])
		if size == 0 {
			size = len(fed)
		}
		size = min(size, len(fed))
		_ = ours.SetWriteDeadline(time.Now().Add(time.Minute))
		if _, err := ours.Write(fed[:size]); err != nil {
			break
		}
		fed = fed[size:]
	}
	synctest.Wait()
	granted, received, consumed := o.l.LinkCredit()
	require.LessOrEqual(t, consumed, received)
	require.LessOrEqual(t, received, granted)
	require.LessOrEqual(t, received-consumed, uint64(65*len(b)))
	require.LessOrEqual(t, o.l.Joining(), int64(len(b)))
	require.LessOrEqual(t, o.l.Queued(), 2*len(b)+64<<10)
	require.LessOrEqual(t, o.l.Stats().Streams, 16)
	_ = ours.Close()
	<-o.l.Done()
	require.Zero(t, o.l.Joining())
	require.Zero(t, o.l.Stats().Streams)
}
