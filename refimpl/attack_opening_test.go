package refimpl_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl"
)

// refused reads a REFUSE and the end of the transport.
func (a *attacker) refused(code codec.Code) {
	a.t.Helper()
	o, _, err := a.rd.ReadOpening()
	if err != nil || o.Refuse == nil {
		a.t.Errorf("no REFUSE: %+v, %v", o, err)
	} else if o.Refuse.Code != code {
		a.t.Errorf("REFUSE(%s), not %s", o.Refuse.Code, code)
	}
	if _, err := a.rd.Next(); err == nil {
		a.t.Errorf("something follows REFUSE")
	}
	_ = a.conn.Close()
}

// connects opens n transports.
func (v *victim) connects(n int) []*attacker {
	list := make([]*attacker, n)
	for i := range list {
		list[i] = v.connect()
	}
	return list
}

// TestAttackGarbage is row 1: first bytes of other protocols and random ones are ended without a byte, and keep nothing
// (HELLO-003).
func TestAttackGarbage(t *testing.T) {
	v := attackOn(t, nil)
	rnd := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 100<<10)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	noise[0] = 0x11
	for _, b := range [][]byte{
		[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), {0x16, 3, 1, 0xFF, 0xFF}, {0xFF, 0xFF, 0xFF, 0xFF}, noise,
		{0xC1, 'H', 'F', 'P', '\n', 0x1A, '\n', 0}, // a path that is not 8-bit clean
	} {
		list := v.connects(20)
		v.heldBy(list, func(a *attacker) {
			_ = a.write(b)
			a.silent()
		})
	}
	v.alone()
	require.Equal(t, uint64(100), v.peer.Stats().Foreign)
}

// TestAttackRefusesFirst: an opening that is not HELLO ends the transport without a byte, also one with a fault that a HELLO
// would be told of (HELLO-006).
func TestAttackRefusesFirst(t *testing.T) {
	v := attackOn(t, nil)
	whole, err := (&codec.Refuse{Code: codec.CodeInternal, Vers: []uint16{1}}).AppendOpening(nil)
	require.NoError(t, err)
	crc, long := slices.Clone(whole), slices.Clone(whole)
	crc[20] ^= 1
	binary.BigEndian.PutUint32(long[16:], codec.MaxOpeningBody+1)
	for name, b := range map[string][]byte{
		"REFUSE":             whole,
		"checksum":           crc,
		"length":             long,
		"no map":             codec.AppendRawOpening(nil, 0, 1, 1, codec.KindRefuse, []byte{0xC0}),
		"no keys":            codec.AppendRawOpening(nil, 0, 1, 1, codec.KindRefuse, []byte{0x80}),
		"versions the other": codec.AppendRawOpening(nil, 0, 2, 1, codec.KindRefuse, []byte{0x80}),
		"kind 3":             codec.AppendRawOpening(nil, 0, 1, 1, 3, []byte{0x80}),
	} {
		t.Run(name, func(t *testing.T) {
			a := v.connect()
			a.t = t
			_ = a.write(b)
			a.silent()
		})
	}
	v.alone()
}

// TestAttackLength is row 1: lengths of 4 GiB are refused before anything is kept for them, wherever they stand (HELLO-007,
// FRAME-003, FRAME-018, MP-013, DATA-001).
func TestAttackLength(t *testing.T) {
	v := attackOn(t, nil)
	list := v.connects(20)
	v.heldBy(list, func(a *attacker) {
		b := codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, nil)
		binary.BigEndian.PutUint32(b[16:], 0xFFFF_FFFF)
		_ = a.write(b[:20]) // not even the whole header
		a.refused(codec.CodeFrameSize)
	})
	header := func(t codec.Type, n uint32, stream uint32) []byte {
		return codec.AppendHeader(nil, codec.Header{Type: t, Length: n, Stream: stream})
	}
	piece := codec.AppendFrame(nil, codec.Header{Type: codec.TypeData, Stream: 1}, []byte{0xFF, 0xFF, 0xFF, 0xFF, 1})
	for _, tc := range []struct {
		name string
		b    []byte
		code codec.Code
	}{
		{"DATA", header(codec.TypeData, 0xFFFF_FFFF, 1), codec.CodeFrameSize},
		{"unknown type", header(0x55, 0xFFFF_FFFF, 0), codec.CodeFrameSize},
		{"OPEN", header(codec.TypeOpen, 16_385, 1), codec.CodeFrameSize},
		{"a piece", piece, codec.CodeEncoding},
		{"params of OPEN", codec.AppendFrame(nil, codec.Header{Type: codec.TypeOpen, Stream: 1}, []byte{0x83, 0xA6, 'p', 'a', 'r', 'a', 'm', 's', 0xC6, 0xFF, 0xFF, 0xFF, 0xFF}), codec.CodeEncoding},
	} {
		list := v.attackers(8)
		v.heldBy(list, func(a *attacker) {
			_ = a.write(tc.b)
			a.closedWith(tc.code)
		})
	}
	v.alone()
}

// TestAttackPartial is row 1 and FRAME-020: what is announced and does not come costs no more than what has come. The
// largest frame that is allowed is announced, and a part of it sent.
func TestAttackPartial(t *testing.T) {
	v := attackOn(t, func(c *refimpl.Config) {
		c.Link.Limits.MaxFrame = 1 << 20
		c.Link.Limits.IdleMS = 2000
	})
	for _, part := range []int{0, 1, 10_000, 300_000} {
		list := v.attackers(16)
		b := append(codec.AppendHeader(nil, codec.Header{Type: codec.TypeData, Length: 1 << 20, Stream: 1}), make([]byte, part)...)
		v.heldBy(list, func(a *attacker) {
			if err := a.write(b); err != nil {
				a.t.Errorf("%v", err)
			}
			a.arrived()
		})
		together(list, func(a *attacker) { _ = a.conn.Close() })
	}
	opening := codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, make([]byte, codec.MaxOpeningBody))
	list := v.connects(50)
	v.heldBy(list, func(a *attacker) {
		_ = a.write(opening[:24+100])
		a.arrived()
	})
	together(list, func(a *attacker) { _ = a.conn.Close() })
	v.alone()
}

// TestAttackSlowOpening is row 2: one deadline bounds the whole opening, however steadily its bytes come (HELLO-016, READY-012).
func TestAttackSlowOpening(t *testing.T) {
	v := attackOn(t, nil)
	opening := codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, make([]byte, 1000))
	list := v.connects(100)
	from := time.Now()
	v.heldBy(list, func(a *attacker) {
		go a.drips(opening) // ends with the transport
		a.silent()
	})
	require.Less(t, time.Since(from), 3*time.Second)
	list = v.connects(20)
	together(list, func(a *attacker) { // HELLO is whole, READY drips
		h := &codec.Hello{Vers: []uint16{1}, Node: [16]byte{9}, Caps: codec.Caps{}, Limits: codec.DefaultLimits()}
		b, err := h.AppendOpening(nil)
		if err != nil {
			a.t.Errorf("%v", err)
		}
		_ = a.write(b)
		if _, _, err = a.rd.ReadOpening(); err != nil {
			a.t.Errorf("%v", err)
		}
		go a.drips(codec.AppendFrame(nil, codec.Header{Type: codec.TypeReady}, make([]byte, 10_000)))
		if code, err := a.ending(); code != codec.CodeOpenTimeout {
			a.t.Errorf("%s, %v", code, err)
		}
	})
	v.alone()
}

// TestAttackConnections is row 4: transports that are not yet links are bounded, in all and for each address. Links that are
// open go on, other addresses are let in, and the flood's own when it has ended (LIM-001, OPT-001).
func TestAttackConnections(t *testing.T) {
	v := attackOn(t, func(c *refimpl.Config) {
		c.MaxOpening, c.MaxOpeningPerHost, c.Link.OpenTimeout = new(40), new(16), time.Second
	})
	list := v.connects(200)
	v.wait("the bound", func() bool { return v.peer.Stats().Refused >= 184 })
	require.LessOrEqual(t, v.peer.Stats().Opening, 16)
	for _, a := range list[:100] { // of those that were beyond the bound no byte is left
		_ = a.write([]byte{0xC1})
	}
	other, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).Dial("tcp", v.addr)
	require.NoError(t, err)
	_, err = other.Write(codec.Magic[:])
	require.NoError(t, err)
	v.wait("another address is let in", func() bool { return v.peer.Stats().Opening == 17 })
	_ = other.Close()
	together(list, func(a *attacker) { a.silent() })
	v.wait("the end of the flood", func() bool { return v.peer.Stats().Opening == 0 })
	l := v.dial()
	require.NoError(t, l.Close(codec.CodeNoError, ""))
	v.alone()
}

// TestAttackLinks is row 4: links are bounded too.
func TestAttackLinks(t *testing.T) {
	v := attackOn(t, func(c *refimpl.Config) { c.MaxLinks = new(9) })
	list := v.attackers(8) // and the honest one
	for range 20 {
		v.connect().silent()
	}
	require.Equal(t, uint64(20), v.peer.Stats().Refused)
	together(list, func(a *attacker) { _ = a.conn.Close() })
	v.alone()
	l := v.dial()
	require.NoError(t, l.Close(codec.CodeNoError, ""))
}

// TestAttackBombs is row 12: maps that are deep, wide or announce more than they hold are refused, in an opening and in a
// frame, at the cost of their own bytes (MP-006, MP-007, MP-008, MP-013).
func TestAttackBombs(t *testing.T) {
	v := attackOn(t, nil)
	deep := []byte{0x81, 0xA1, 'a'}
	for range 5000 {
		deep = append(deep, 0x91)
	}
	wide := []byte{0x81, 0xA1, 'a', 0xDC, 0x03, 0xFF}
	for range 1023 {
		wide = append(wide, 0x9F, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0)
	}
	for name, body := range map[string][]byte{
		"deep":                deep,
		"wide":                wide[:min(len(wide), codec.MaxControl)],
		"map of 2^32 entries": {0xDF, 0xFF, 0xFF, 0xFF, 0xFF},
		"array of 2^32":       {0x81, 0xA1, 'a', 0xDD, 0xFF, 0xFF, 0xFF, 0xFF},
		"str of 2^32":         {0x81, 0xA1, 'a', 0xDB, 0xFF, 0xFF, 0xFF, 0xFF},
		"ext":                 {0x81, 0xA1, 'a', 0xC9, 0xFF, 0xFF, 0xFF, 0xFF, 1},
	} {
		list := v.connects(10)
		v.heldBy(list, func(a *attacker) {
			_ = a.write(codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, body))
			a.refused(codec.CodeEncoding)
		})
		list = v.attackers(4)
		v.heldBy(list, func(a *attacker) {
			_ = a.send(codec.Unknown{Type: codec.TypeOpen, Stream: 1, Payload: body})
			got, err := a.ending()
			if got != codec.CodeEncoding {
				a.t.Errorf("%s: %s, %v", name, got, err)
			}
		})
	}
	v.alone()
}
