package link_test

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// script is an acceptor played by bytes. It reads the dialer's HELLO, writes an answer, and gives everything that the
// dialer says after its HELLO, up to the end of the transport.
func script(t *testing.T, answer func(r *raw) []byte) (said []byte, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	c := start(theirs, node(1, echo), true)
	r := newRaw(t, ours, false)
	r.readHello()
	b := answer(r)
	r.wg.Go(func() { r.write(b) })
	said, _ = io.ReadAll(ours)
	r.wg.Wait()
	o := <-c
	require.Nil(t, o.l)
	require.Error(t, o.err)
	return said, o.err
}

// onlyClose asserts that b is one CLOSE with a code, behind READY where the dialer had got that far.
func onlyClose(t *testing.T, b []byte, ready bool, code codec.Code) {
	t.Helper()
	rd := codec.NewReader(&sliceReader{b}, 1<<16)
	var types []codec.Type
	var last codec.Frame
	for {
		f, err := rd.Next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		if !codec.IsGreaseType(f.Type) {
			types = append(types, f.Type)
		}
		last = f
	}
	want := []codec.Type{codec.TypeClose}
	if ready {
		want = []codec.Type{codec.TypeReady, codec.TypeClose}
	}
	require.Equal(t, want, types)
	m, err := codec.ParseClose(last)
	require.NoError(t, err)
	require.Equal(t, code.String(), m.Code.String(), "%q", m.Text)
}

type sliceReader struct{ b []byte }

func (r *sliceReader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}

// TestDialerSpeaksFirst: HELLO are the first bytes of the transport, and they do not wait for anything (HELLO-001).
func TestDialerSpeaksFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		from := time.Now()
		c := start(theirs, node(1, echo), true)
		r := newRaw(t, ours, false)
		r.readHello() // nothing was sent to it
		require.Zero(t, time.Since(from))
		require.Equal(t, [16]byte{1}, r.peer.Node)
		_ = ours.Close()
		require.Error(t, (<-c).err)
	})
}

// TestDialerRefused: after REFUSE, faulty or not, the dialer says nothing and ends the transport (HELLO-022). It does not try
// again, and nothing else instead: whoever called it is told what the acceptor speaks (VER-005, VER-006).
func TestDialerRefused(t *testing.T) {
	refuse := func(r codec.Refuse) []byte {
		b, err := r.AppendOpening(nil)
		require.NoError(t, err)
		return b
	}
	good := codec.Refuse{Code: codec.CodeOverloaded, Vers: []uint16{1}, Text: "busy", RetryMS: 2500, HasRetry: true}
	flip := func(b []byte, at int) []byte { b[at] ^= 1; return b }
	for _, tc := range []struct {
		name string
		b    []byte
		code codec.Code
	}{
		{"OVERLOADED", refuse(good), codec.CodeOverloaded},
		{"NO_VERSION", refuse(codec.Refuse{Code: codec.CodeNoVersion, Vers: []uint16{2, 3}}), codec.CodeNoVersion},
		{"NO_VERSION, though it lists ours", refuse(codec.Refuse{Code: codec.CodeNoVersion, Vers: []uint16{1}}), codec.CodeNoVersion},
		{"NEED_UNMET", refuse(codec.Refuse{Code: codec.CodeNeedUnmet, Vers: []uint16{1}, Need: []string{"delivery"}}), codec.CodeNeedUnmet},
		{"an unknown code", refuse(codec.Refuse{Code: 0x0777, Vers: []uint16{1}}), 0x0777},
		{"and more bytes behind it", append(refuse(good), "more"...), codec.CodeOverloaded},
		{"faulty: checksum", flip(refuse(good), 20), codec.CodeHeaderCRC},
		{"faulty: body", codec.AppendRawOpening(nil, 0, 1, 1, codec.KindRefuse, []byte{0xC1}), codec.CodeEncoding},
		{"faulty: no versions", codec.AppendRawOpening(nil, 0, 1, 1, codec.KindRefuse, []byte{0x81, 0xA4, 'c', 'o', 'd', 'e', 1}), codec.CodeEncoding},
		{"faulty: too long", codec.AppendRawOpening(nil, 0, 1, 1, codec.KindRefuse, make([]byte, 1025)), codec.CodeFrameSize},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := time.Now()
				said, err := script(t, func(*raw) []byte { return tc.b })
				require.Empty(t, said)
				require.Zero(t, time.Since(from))
				e := linkError(t, err)
				require.Equal(t, tc.code.String(), e.Code.String())
				if tc.code == codec.CodeOverloaded {
					require.True(t, e.Remote)
					require.Equal(t, "busy", e.Text)
					require.Equal(t, 2500*time.Millisecond, e.Retry)
				}
				if e.Refuse != nil {
					require.NotEmpty(t, e.Refuse.Vers)
				}
			})
		})
	}
}

// TestDialerFaultyHello: a fault in the acceptor's HELLO, behind magic, invariants and kind, is answered with CLOSE of the
// code that chapter 14 gives (HELLO-023, CAP-013).
func TestDialerFaultyHello(t *testing.T) {
	hello := func(r *raw) []byte {
		b, err := r.hello.AppendOpening(nil)
		require.NoError(r.t, err)
		return b
	}
	for _, tc := range []struct {
		name   string
		answer func(r *raw) []byte
		code   codec.Code
	}{
		{"length", func(r *raw) []byte {
			b := hello(r)
			b[17] = 1 // over 64 KiB; no body follows
			return b[:24]
		}, codec.CodeFrameSize},
		{"length, and not a byte more", func(r *raw) []byte {
			b := hello(r)
			b[17] = 1
			return b[:20]
		}, codec.CodeFrameSize},
		{"checksum", func(r *raw) []byte { b := hello(r); b[len(b)-1] ^= 1; return b }, codec.CodeHeaderCRC},
		{"no map", func(*raw) []byte { return codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, []byte{0xC0}) }, codec.CodeEncoding},
		{"an empty map", func(*raw) []byte { return codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, []byte{0x80}) }, codec.CodeEncoding},
		{"versions of its header", func(r *raw) []byte {
			b := hello(r)
			return codec.AppendRawOpening(nil, 0, 1, 2, codec.KindHello, b[codec.OpeningSize:])
		}, codec.CodeEncoding},
		{"no common version", func(r *raw) []byte { r.hello.Vers = []uint16{2, 0x3A5A}; return hello(r) }, codec.CodeNoVersion},
		{"grease is no common version", func(r *raw) []byte {
			r.hello.Vers = []uint16{2}
			for _, v := range r.peer.Vers {
				if codec.IsGreaseVersion(v) {
					r.hello.Vers = append(r.hello.Vers, v)
				}
			}
			return hello(r)
		}, codec.CodeNoVersion},
		{"what the acceptor needs", func(r *raw) []byte { r.hello.Need = []string{"delivery"}; return hello(r) }, codec.CodeNeedUnmet},
		{"type of a capability", func(r *raw) []byte {
			r.hello.Caps["probe.and"] = true
			b := hello(r)
			body := append([]byte(nil), b[codec.OpeningSize:]...)
			for i := range body[:len(body)-12] {
				if string(body[i:i+9]) == "probe.and" {
					body[i+9] = 0xC2 // false
				}
			}
			return codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, body)
		}, codec.CodeEncoding},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := time.Now()
				said, err := script(t, tc.answer)
				onlyClose(t, said, false, tc.code)
				require.LessOrEqual(t, time.Since(from), 2*time.Second)
				require.Equal(t, tc.code, linkError(t, err).Code)
			})
		})
	}
}

// TestDialerForeign: whoever is not Handfast is told nothing, and soon (HELLO-003 to HELLO-006 from the other side).
func TestDialerForeign(t *testing.T) {
	right := codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, []byte{0x80})
	at := func(i int, v byte) []byte { b := append([]byte(nil), right...); b[i] = v; return b }
	for name, b := range map[string][]byte{
		"HTTP":            []byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
		"SSH":             []byte("SSH-2.0-OpenSSH_9.6\r\n"),
		"SMTP":            []byte("220 mail.example.org ESMTP\r\n"),
		"TLS alert":       {0x15, 3, 3, 0, 2, 2, 70},
		"one wrong byte":  {0x15},
		"zeros":           make([]byte, 100),
		"not 8-bit clean": at(4, '\n'),
		"other invariant": at(8, 2),
		"other kind":      at(15, 3),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := time.Now()
				said, err := script(t, func(*raw) []byte { return b })
				require.Empty(t, said)
				require.Zero(t, time.Since(from), "it does not wait for more")
				require.Equal(t, codec.CodeForeign.String(), linkError(t, err).Code.String())
			})
		})
	}
}

// TestDialerFaultyReady: what an acceptor's first frame can be wrong in (READY-002 to READY-010).
func TestDialerFaultyReady(t *testing.T) {
	for _, tc := range []struct {
		name  string
		frame func(m *codec.Ready) codec.Message
		code  codec.Code // NO_ERROR: the link opens
	}{
		{"as it is", func(m *codec.Ready) codec.Message { return m }, codec.CodeNoError},
		{"hash", func(m *codec.Ready) codec.Message { m.TH[31] ^= 1; return m }, codec.CodeDowngrade},
		{"version", func(m *codec.Ready) codec.Message { m.Version = 2; return m }, codec.CodeMismatch},
		{"hash before version", func(m *codec.Ready) codec.Message { m.Version = 2; m.TH[0] ^= 1; return m }, codec.CodeDowngrade},
		{"a capability too few", func(m *codec.Ready) codec.Message { m.Caps = codec.Caps{}; return m }, codec.CodeMismatch},
		{"a capability too many", func(m *codec.Ready) codec.Message { m.Caps["delivery"] = true; return m }, codec.CodeMismatch},
		{"protos", func(m *codec.Ready) codec.Message { m.Protos = map[string]uint16{}; return m }, codec.CodeMismatch},
		{"grease before READY", func(*codec.Ready) codec.Message { return codec.Unknown{Type: 0x1B} }, codec.CodeState},
		{"PING before READY", func(*codec.Ready) codec.Message { return codec.Ping{} }, codec.CodeState},
		{"critical before READY", func(*codec.Ready) codec.Message {
			return codec.Unknown{Type: 0x55, Flags: codec.FlagMustUnderstand}
		}, codec.CodeState},
		{"no map", func(*codec.Ready) codec.Message { return codec.Unknown{Type: codec.TypeReady, Payload: []byte{0xC0}} }, codec.CodeEncoding},
		{"on a stream", func(m *codec.Ready) codec.Message {
			b, _ := m.AppendFrame(nil)
			return codec.Unknown{Type: codec.TypeReady, Stream: 1, Payload: b[16 : len(b)-4]}
		}, codec.CodeProtocol},
		{"over 16,384", func(*codec.Ready) codec.Message {
			return codec.Unknown{Type: 0x1B, Payload: make([]byte, 16_385)}
		}, codec.CodeFrameSize},
		{"type 00", func(*codec.Ready) codec.Message { return codec.Unknown{} }, codec.CodeProtocol},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tc.code == codec.CodeNoError {
					r, _ := against(t, node(1, echo), true)
					r.stillAlive()
					return
				}
				said, err := script(t, func(r *raw) []byte {
					b, err := r.hello.AppendOpening(nil)
					require.NoError(r.t, err)
					r.ownRaw = b
					return append(b, frames(r.t, tc.frame(r.ready()))...)
				})
				onlyClose(t, said, true, tc.code)
				require.Equal(t, tc.code.String(), linkError(t, err).Code.String())
			})
		})
	}
}

// TestDialerClosedEarly: CLOSE instead of READY is an end that the other side has said, and is not answered (READY-001,
// CLOSE-001).
func TestDialerClosedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said, err := script(t, func(r *raw) []byte {
			b, err := r.hello.AppendOpening(nil)
			require.NoError(r.t, err)
			return append(b, frames(r.t, codec.Close{Code: codec.CodeForbidden, Text: "no"})...)
		})
		e := linkError(t, err)
		require.True(t, e.Remote)
		require.Equal(t, codec.CodeForbidden, e.Code)
		f, n, err := codec.ParseFrame(said, codec.MaxControl)
		require.NoError(t, err)
		require.Equal(t, codec.TypeReady, f.Type)
		f, _, err = codec.ParseFrame(said[n:], codec.MaxControl)
		require.NoError(t, err)
		require.True(t, codec.IsGreaseType(f.Type), "%s", f.Type)
	})
}
