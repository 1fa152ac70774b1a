package main

import (
	"bytes"
	"net"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"handfast/spec/exchange"
)

const (
	port     = 7400
	snapLen  = 65535
	interval = time.Millisecond // from one packet to the next
	window   = 65535
)

// start is the time of the first packet.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// end is one end of the TCP connection.
type end struct {
	mac  net.HardwareAddr
	ip4  net.IP
	ip6  net.IP
	port layers.TCPPort
	seq  uint32 // number of the next byte
}

// tape records one TCP connection packet by packet.
type tape struct {
	ends map[exchange.Side]*end
	ipv6 bool
	now  time.Time
	err  error // the first; what comes after it does nothing
	out  []record
}

type record struct {
	at   time.Time
	data []byte
}

func newTape() *tape {
	return &tape{now: start, ends: map[exchange.Side]*end{
		exchange.Dialer:   {mac: net.HardwareAddr{2, 0, 0, 0, 0, 1}, ip4: net.IP{192, 0, 2, 1}, ip6: net.ParseIP("2001:db8::1"), port: 50000, seq: 0xFFFF_FF00},
		exchange.Acceptor: {mac: net.HardwareAddr{2, 0, 0, 0, 0, 2}, ip4: net.IP{192, 0, 2, 2}, ip6: net.ParseIP("2001:db8::2"), port: port, seq: 1000},
	}}
}

func other(side exchange.Side) exchange.Side {
	if side == exchange.Dialer {
		return exchange.Acceptor
	}
	return exchange.Dialer
}

// segment records one segment that begins at a sequence number.
func (t *tape) segment(from exchange.Side, seq uint32, flags string, payload []byte) {
	if t.err != nil {
		return
	}
	src, dst := t.ends[from], t.ends[other(from)]
	tcp := &layers.TCP{SrcPort: src.port, DstPort: dst.port, Seq: seq, Window: window}
	for _, f := range flags {
		switch f {
		case 'S':
			tcp.SYN = true
		case 'F':
			tcp.FIN = true
		case 'P':
			tcp.PSH = true
		case 'A':
			tcp.ACK, tcp.Ack = true, dst.seq
		}
	}
	ethernet := &layers.Ethernet{SrcMAC: src.mac, DstMAC: dst.mac, EthernetType: layers.EthernetTypeIPv4}
	ip4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, Flags: layers.IPv4DontFragment, SrcIP: src.ip4, DstIP: dst.ip4}
	var ip gopacket.SerializableLayer = ip4
	t.err = tcp.SetNetworkLayerForChecksum(ip4)
	if t.ipv6 {
		ethernet.EthernetType = layers.EthernetTypeIPv6
		ip6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: src.ip6, DstIP: dst.ip6}
		ip, t.err = ip6, tcp.SetNetworkLayerForChecksum(ip6)
	}
	b := gopacket.NewSerializeBuffer()
	if t.err == nil {
		t.err = gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ethernet, ip, tcp, gopacket.Payload(payload))
	}
	t.out = append(t.out, record{t.now, bytes.Clone(b.Bytes())})
	t.now = t.now.Add(interval)
}

// connect records the handshake.
func (t *tape) connect() {
	for _, s := range []struct {
		from  exchange.Side
		flags string
	}{{exchange.Dialer, "S"}, {exchange.Acceptor, "SA"}} {
		t.segment(s.from, t.ends[s.from].seq, s.flags, nil)
		t.ends[s.from].seq++
	}
	t.segment(exchange.Dialer, t.ends[exchange.Dialer].seq, "A", nil)
}

// send records the next bytes of a side in one segment.
func (t *tape) send(from exchange.Side, b []byte) {
	t.segment(from, t.ends[from].seq, "PA", b)
	t.ends[from].seq += uint32(len(b))
}

// pass moves on without recording, as a segment does that the capture has lost or that comes later. It returns the number of its first byte.
func (t *tape) pass(from exchange.Side, b []byte) uint32 {
	seq := t.ends[from].seq
	t.ends[from].seq += uint32(len(b))
	return seq
}

// finish records the end of one direction.
func (t *tape) finish(from exchange.Side) {
	t.segment(from, t.ends[from].seq, "FA", nil)
	t.ends[from].seq++
}

// part records the end of the connection.
func (t *tape) part() {
	t.finish(exchange.Dialer)
	t.finish(exchange.Acceptor)
	t.segment(exchange.Dialer, t.ends[exchange.Dialer].seq, "A", nil)
}

// pcap gives the file.
func (t *tape) pcap() ([]byte, error) {
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if t.err == nil {
		t.err = w.WriteFileHeader(snapLen, layers.LinkTypeEthernet)
	}
	for _, r := range t.out {
		if t.err == nil {
			t.err = w.WritePacket(gopacket.CaptureInfo{Timestamp: r.at, CaptureLength: len(r.data), Length: len(r.data)}, r.data)
		}
	}
	return b.Bytes(), t.err
}

// portOf gives a number as a port, for captures of many connections.
func portOf(n int) layers.TCPPort { return layers.TCPPort(n) }
