package conformance

import (
	"crypto/tls"
	"encoding/binary"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Open makes a link by a whole correct opening: HELLO, READY and grease in both directions, all of it past the wire checker. Of a dialer
// it waits for the driver to say so.
func (t *T) Open(o Options) *Conn {
	c := t.Dial(o)
	c.Handshake()
	return c
}

// Hello makes the suite's HELLO: the offers of a core peer, with grease wherever grease is due.
//
// Its own intervals are as long as they may be, so that the suite owes no PING while a case runs; and the PINGs of the peer may
// come as fast as the peer likes, so that its timers are those that it states.
func (t *T) Hello() *codec.Hello {
	limits := codec.DefaultLimits()
	most, least := codec.MaxLimits(), codec.MinLimits()
	limits.IdleMS, limits.PingMS, limits.PingMinMS = most.IdleMS, most.PingMS, least.PingMinMS
	h := &codec.Hello{
		Vers:        []uint16{codec.WireVersion, codec.GreaseVersion(uint16(t.Rand.Uint32()))},
		Cluster:     [16]byte{'s', 'u', 'i', 't', 'e'},
		Incarnation: 1,
		Caps: codec.Caps{
			"probe.and":       true,
			"probe.min":       int64(t.Rand.IntN(1000)),
			"probe.max":       int64(t.Rand.IntN(1000)),
			"probe.intersect": []string{"a", "b", "c"},
			"probe.choose":    []string{"c", "b", "a"},
			codec.GreaseCapability(uint16(t.Rand.Uint32())): int64(t.Rand.IntN(1 << 20)),
		},
		Protos: map[string][]uint16{"call": {1}, codec.GreaseCapability(uint16(t.Rand.Uint32())): {1, 2}},
		Limits: limits,
		SW:     "handfast conform",
	}
	t.fill(h.Node[:])
	t.fill(h.Nonce[:])
	return h
}

// fill writes random bytes of the case's own sequence.
func (t *T) fill(b []byte) {
	for i := range b {
		b[i] = byte(t.Rand.Uint32())
	}
}

// Opening makes the packet of a HELLO. It panics when codec refuses it; Body makes those that codec refuses.
func Opening(h *codec.Hello) Packet {
	b, err := h.AppendOpening(nil)
	if err != nil {
		panic(err)
	}
	return Packet{bytes: b, opening: true, faultAt: -1}
}

// Body changes the map of an opening, READY, OPEN or ACCEPT, as DecodeValue gives it: for keys that are missing, unknown or of
// another type. Length and checksums follow.
func (p Packet) Body(why string, change func(m map[string]any)) Packet {
	return p.Payload(why, func(body []byte) []byte {
		v, err := codec.DecodeValue(body)
		if err != nil {
			panic(err)
		}
		m, ok := v.(map[string]any)
		if !ok {
			panic("conformance: the body is not a map")
		}
		change(m)
		body, err = codec.AppendValue(nil, m)
		if err != nil {
			panic(err)
		}
		return body
	})
}

// Harmless takes back the declaration of a fault: the packet was changed, and still every peer has to accept it. So the twin of
// a fault can be made by the same methods. The wire checker looks at it again.
func (p Packet) Harmless() Packet {
	p.fault, p.faultAt = "", -1
	return p
}

// Handshake does everything from HELLO to READY.
func (c *Conn) Handshake() { c.HandshakeWith(c.HelloPacket()) }

// HelloPacket makes the HELLO that Handshake sends: that of the suite, with the changes of the link's options.
func (c *Conn) HelloPacket() Packet {
	h := c.t.Hello()
	if _, secure := c.nc.(*tls.Conn); secure {
		h.Caps["tls.bind"] = true
	}
	if c.opts.Hello != nil {
		c.opts.Hello(h)
	}
	return Opening(h)
}

// HandshakeWith is Handshake with an opening of the case's making, which the peer has to accept.
func (c *Conn) HandshakeWith(opening Packet) {
	c.greetWith(opening)
	c.SendReady()
	c.Expect(FrameOn(codec.TypeReady, 0))
	c.awaitOpen()
}

// greet exchanges HELLOs, after which READY is due from both sides.
func (c *Conn) greet() { c.greetWith(c.HelloPacket()) }

// greetWith is greet with an opening of the case's making, which the peer has to accept.
func (c *Conn) greetWith(opening Packet) {
	c.sendOpening(opening)
	if c.own == wire.Dialer {
		c.Expect(Greeted())
	}
}

// sendOpening sends an opening when it is due: at once, or as the answer to that of a dialer.
func (c *Conn) sendOpening(opening Packet) {
	if c.own == wire.Acceptor {
		c.mine(c.Expect(Greeted()).Opening.Hello)
	}
	c.Send(opening)
}

// SendReady sends READY and the grease frame behind it.
func (c *Conn) SendReady() { c.Send(c.ReadyPacket(), c.GreasePacket()) }

// ReadyPacket makes the suite's READY. Both HELLOs must be there.
func (c *Conn) ReadyPacket() Packet {
	c.mu.Lock()
	agreed, th := c.wire.Agreed, c.wire.Hash()
	c.mu.Unlock()
	if agreed == nil {
		c.t.Harness("READY is to be sent, and the two HELLOs agree on nothing")
	}
	m := codec.NewReady(*agreed, th, nil)
	if agreed.Caps["tls.bind"] == true {
		m.CB = c.binding(c.own, th)
	}
	return Message(m)
}

// binding computes cb of a side's READY; nil where the transport cannot (SPEC.md chapter 6).
func (c *Conn) binding(from wire.Side, th [32]byte) []byte {
	secure, ok := c.nc.(*tls.Conn)
	if !ok {
		return nil
	}
	role := map[wire.Side]byte{wire.Dialer: 'D', wire.Acceptor: 'A'}[from]
	state := secure.ConnectionState()
	cb, err := state.ExportKeyingMaterial(codec.ExporterLabel, append(th[:], role), 32)
	if err != nil {
		return nil // TLS 1.2 without extended master secret; the checker then has nothing to compare with
	}
	return cb
}

// GreasePacket makes a grease frame (SPEC.md chapter 18).
func (c *Conn) GreasePacket() Packet {
	payload := make([]byte, c.t.Rand.IntN(codec.MaxGreasePayload+1))
	c.t.fill(payload)
	h := codec.Header{
		Type:     codec.GreaseType(uint8(c.t.Rand.Uint32())),
		Flags:    codec.Flags(c.t.Rand.Uint32()) & 0x70,
		Reserved: uint16(c.t.Rand.Uint32()),
	}
	return Frame(h, payload)
}

// Peer gives the HELLO of the peer.
func (c *Conn) Peer() *codec.Hello {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wire.Ends[c.other].Hello == nil {
		c.t.Harness("the case looks at the peer's HELLO before it came")
	}
	return c.wire.Ends[c.other].Hello
}

// Self gives the HELLO of the suite.
func (c *Conn) Self() *codec.Hello {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wire.Ends[c.own].Hello
}

// Ping makes a PING with a random echo.
func (c *Conn) Ping() codec.Ping {
	var echo [8]byte
	c.t.fill(echo[:])
	return codec.Ping{Echo: binary.BigEndian.Uint64(echo[:]), T1: c.t.now().UnixNano(), ErrUS: codec.UnknownError}
}
