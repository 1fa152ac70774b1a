package capture

import (
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// segment is one TCP segment. Its payload is valid until the next packet is decoded.
type segment struct {
	time               time.Time
	from, to           netip.AddrPort
	seq, ack           uint32
	syn, fin, rst, has bool // has: ack is valid
	payload            []byte
}

// decoder finds the segment in a packet. It allocates nothing for a packet.
type decoder struct {
	ethernet layers.Ethernet
	vlan     layers.Dot1Q
	cooked   layers.LinuxSLL
	cooked2  layers.LinuxSLL2
	loopback layers.Loopback
	ip4      layers.IPv4
	ip6      layers.IPv6
	ip6more  layers.IPv6ExtensionSkipper
	tcp      layers.TCP
	parsers  map[gopacket.LayerType]*gopacket.DecodingLayerParser
	found    []gopacket.LayerType
}

// firstLayers says what a packet of a link type begins with; raw packets begin with IP of either version.
var firstLayers = map[layers.LinkType]gopacket.LayerType{
	layers.LinkTypeNull:      layers.LayerTypeLoopback,
	layers.LinkTypeLoop:      layers.LayerTypeLoopback,
	layers.LinkTypeEthernet:  layers.LayerTypeEthernet,
	layers.LinkTypeLinuxSLL:  layers.LayerTypeLinuxSLL,
	layers.LinkTypeLinuxSLL2: layers.LayerTypeLinuxSLL2,
	layers.LinkTypeIPv4:      layers.LayerTypeIPv4,
	layers.LinkTypeIPv6:      layers.LayerTypeIPv6,
	layers.LinkTypeRaw:       layers.LayerTypeIPv4,
	12:                       layers.LayerTypeIPv4, // DLT_RAW of most BSDs
	14:                       layers.LayerTypeIPv4, // DLT_RAW of OpenBSD
}

func supported(link layers.LinkType) bool {
	_, ok := firstLayers[link]
	return ok
}

func newDecoder() *decoder {
	d := &decoder{parsers: make(map[gopacket.LayerType]*gopacket.DecodingLayerParser)}
	for _, first := range firstLayers {
		p := gopacket.NewDecodingLayerParser(first, &d.ethernet, &d.vlan, &d.cooked, &d.cooked2, &d.loopback, &d.ip4, &d.ip6, &d.ip6more, &d.tcp)
		p.IgnoreUnsupported = true
		d.parsers[first] = p
	}
	return d
}

// segment decodes a packet. It is false for what is no whole TCP segment of IP: other protocols, fragments, damage.
func (d *decoder) segment(p packet) (s segment, ok bool) {
	first, ok := firstLayers[p.link]
	if !ok || len(p.data) == 0 {
		return s, false
	}
	if first == layers.LayerTypeIPv4 && p.data[0]>>4 == 6 {
		first = layers.LayerTypeIPv6
	}
	d.found = d.found[:0]
	if d.parsers[first].DecodeLayers(p.data, &d.found) != nil || len(d.found) == 0 || d.found[len(d.found)-1] != layers.LayerTypeTCP {
		return s, false
	}
	var src, dst netip.Addr
	for _, layer := range d.found {
		switch layer {
		case layers.LayerTypeIPv4:
			src, _ = netip.AddrFromSlice(d.ip4.SrcIP)
			dst, _ = netip.AddrFromSlice(d.ip4.DstIP)
		case layers.LayerTypeIPv6:
			src, _ = netip.AddrFromSlice(d.ip6.SrcIP)
			dst, _ = netip.AddrFromSlice(d.ip6.DstIP)
		}
	}
	t := &d.tcp
	return segment{
		time: p.time,
		from: netip.AddrPortFrom(src.Unmap(), uint16(t.SrcPort)), to: netip.AddrPortFrom(dst.Unmap(), uint16(t.DstPort)),
		seq: t.Seq, ack: t.Ack, syn: t.SYN, fin: t.FIN, rst: t.RST, has: t.ACK,
		payload: t.Payload,
	}, src.IsValid() && dst.IsValid()
}
