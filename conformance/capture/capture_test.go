package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"handfast/codec"
)

// tape writes TCP packets into a capture.
type tape struct {
	t     *testing.T
	link  layers.LinkType
	ipv6  bool
	vlan  bool
	ports [2]uint16
	seq   [2]uint32 // sequence number of each side's next byte
	ms    int
	list  []taped
}

type taped struct {
	ms   int
	data []byte
}

func newTape(t *testing.T) *tape {
	return &tape{t: t, link: layers.LinkTypeEthernet, ports: [2]uint16{40000, 7400}, seq: [2]uint32{0xFFFF_FFF0, 1000}} // the dialer's numbers wrap
}

// raw writes a packet with a given number.
func (w *tape) raw(from From, seq uint32, flags string, payload []byte) {
	src, dst := net.IP{10, 0, 0, 1}, net.IP{10, 0, 0, 2}
	if w.ipv6 {
		src, dst = net.ParseIP("2001:db8::1"), net.ParseIP("2001:db8::2")
	}
	sport, dport := w.ports[0], w.ports[1]
	if from == Acceptor {
		src, dst, sport, dport = dst, src, dport, sport
	}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(sport), DstPort: layers.TCPPort(dport), Seq: seq, Window: 65535}
	for _, f := range flags {
		switch f {
		case 'S':
			tcp.SYN = true
		case 'F':
			tcp.FIN = true
		case 'R':
			tcp.RST = true
		case 'A':
			tcp.ACK, tcp.Ack = true, w.seq[from.other()]
		}
	}
	var stack []gopacket.SerializableLayer
	kind := layers.EthernetTypeIPv4
	var ip gopacket.SerializableLayer = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: src, DstIP: dst}
	if w.ipv6 {
		kind = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: src, DstIP: dst}
	}
	require.NoError(w.t, tcp.SetNetworkLayerForChecksum(ip.(gopacket.NetworkLayer)))
	var head []byte
	switch w.link {
	case layers.LinkTypeEthernet:
		eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: kind}
		stack = append(stack, eth)
		if w.vlan {
			eth.EthernetType = layers.EthernetTypeDot1Q
			stack = append(stack, &layers.Dot1Q{VLANIdentifier: 7, Type: kind})
		}
	case layers.LinkTypeNull:
		head = []byte{2, 0, 0, 0}
	case layers.LinkTypeLoop:
		head = []byte{0, 0, 0, 2}
	case layers.LinkTypeLinuxSLL:
		head = binary.BigEndian.AppendUint16([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, uint16(kind))
	case layers.LinkTypeLinuxSLL2:
		head = append(binary.BigEndian.AppendUint16(nil, uint16(kind)), 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0)
	}
	buffer := gopacket.NewSerializeBuffer()
	stack = append(stack, ip, tcp, gopacket.Payload(payload))
	require.NoError(w.t, gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...))
	w.ms++
	w.list = append(w.list, taped{w.ms, append(head, buffer.Bytes()...)})
}

// say writes the next bytes of a side.
func (w *tape) say(from From, text string) {
	w.raw(from, w.seq[from], "A", []byte(text))
	w.seq[from] += uint32(len(text))
}

// skip leaves bytes out.
func (w *tape) skip(from From, text string) { w.seq[from] += uint32(len(text)) }

// flag writes a segment with flags that take a number.
func (w *tape) flag(from From, flags string) { w.raw(from, w.seq[from], flags, nil); w.seq[from]++ }

func (w *tape) shake() {
	w.flag(Dialer, "S")
	w.flag(Acceptor, "SA")
	w.raw(Dialer, w.seq[Dialer], "A", nil)
}

func (w *tape) pcap() []byte {
	var b bytes.Buffer
	p := pcapgo.NewWriter(&b)
	require.NoError(w.t, p.WriteFileHeader(65535, w.link))
	for _, one := range w.list {
		require.NoError(w.t, p.WritePacket(info(one), one.data))
	}
	return b.Bytes()
}

func (w *tape) pcapng() []byte {
	var b bytes.Buffer
	p, err := pcapgo.NewNgWriter(&b, w.link)
	require.NoError(w.t, err)
	for _, one := range w.list {
		require.NoError(w.t, p.WritePacket(info(one), one.data))
	}
	require.NoError(w.t, p.Flush())
	return b.Bytes()
}

func info(one taped) gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: time.Unix(1_700_000_000, int64(one.ms)*1e6).UTC(), CaptureLength: len(one.data), Length: len(one.data)}
}

// magic begins every link.
var magic = string(codec.Magic[:])

// read reads what must be one connection, or none.
func read(t *testing.T, b []byte) (*Connection, *Capture) {
	t.Helper()
	found, err := Read(bytes.NewReader(b), Options{})
	require.NoError(t, err)
	for i := range found.Connections {
		checkEvents(t, &found.Connections[i])
	}
	if len(found.Connections) == 0 {
		return nil, found
	}
	require.Len(t, found.Connections, 1)
	return &found.Connections[0], found
}

// checkEvents checks what Connection promises.
func checkEvents(t testing.TB, c *Connection) {
	t.Helper()
	var at [2]int64
	for _, e := range c.Events {
		require.NotEmpty(t, e.Bytes)
		require.Equal(t, at[e.From], e.Offset, "%s: without gap or overlap", e.From)
		at[e.From] += int64(len(e.Bytes))
	}
	for _, gap := range c.Gaps {
		if gap != nil {
			require.Equal(t, at[gap.From], gap.Offset)
			require.Positive(t, gap.Size)
		}
	}
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name  string
		write func(w *tape)
		want  [2]string
		gaps  [2]string // offset and size
	}{
		{"in order", func(w *tape) {
			w.shake()
			w.say(Dialer, magic+"one")
			w.say(Acceptor, magic+"two")
			w.flag(Dialer, "FA")
			w.flag(Acceptor, "FA")
		}, [2]string{magic + "one", magic + "two"}, [2]string{}},
		{"one byte each", func(w *tape) {
			w.shake()
			for _, c := range []byte(magic + "abc") {
				w.say(Dialer, string([]byte{c}))
			}
		}, [2]string{magic + "abc", ""}, [2]string{}},
		{"without SYN", func(w *tape) {
			w.say(Dialer, magic)
			w.say(Acceptor, magic+"x")
			w.say(Dialer, "more")
		}, [2]string{magic + "more", magic + "x"}, [2]string{}},
		{"without SYN, the first late", func(w *tape) {
			at := w.seq[Dialer]
			w.skip(Dialer, magic)
			w.say(Dialer, "more")
			w.raw(Dialer, at, "A", []byte(magic))
		}, [2]string{magic + "more", ""}, [2]string{}},
		{"SYN behind bytes that it makes old", func(w *tape) {
			w.flag(Dialer, "S")
			at := w.seq[Acceptor]
			w.raw(Acceptor, at, "A", []byte("old"))
			w.raw(Acceptor, at+4, "SA", nil)
			w.say(Dialer, magic)
			w.seq[Acceptor] = at + 5
		}, [2]string{magic, ""}, [2]string{}},
		{"SYN behind its bytes", func(w *tape) {
			w.flag(Dialer, "S")
			at := w.seq[Acceptor]
			w.raw(Acceptor, at+1, "A", []byte("here"))
			w.raw(Acceptor, at, "SA", nil)
			w.say(Dialer, magic)
			w.seq[Acceptor] = at + 5
		}, [2]string{magic, "here"}, [2]string{}},
		{"SYN whose number is behind bytes that wait", func(w *tape) {
			w.flag(Dialer, "S")
			at := w.seq[Acceptor]
			w.raw(Acceptor, at, "A", []byte("old"))
			w.raw(Acceptor, at+9, "A", []byte("late"))
			w.raw(Acceptor, at+4, "SA", nil)
			w.say(Dialer, magic)
			w.raw(Acceptor, at+5, "A", []byte("here"))
			w.seq[Acceptor] = at + 13
		}, [2]string{magic, "herelate"}, [2]string{}},
		{"late", func(w *tape) {
			w.shake()
			w.say(Dialer, magic)
			at := w.seq[Dialer]
			w.skip(Dialer, "abc")
			w.say(Dialer, "def")
			w.say(Dialer, "ghi")
			w.raw(Dialer, at, "A", []byte("abc"))
		}, [2]string{magic + "abcdefghi", ""}, [2]string{}},
		{"repeated", func(w *tape) {
			w.shake()
			at := w.seq[Dialer]
			w.say(Dialer, magic+"abc")
			w.raw(Dialer, at, "A", []byte(magic+"abc"))
			w.say(Dialer, "d")
			w.raw(Dialer, at, "S", nil)
		}, [2]string{magic + "abcd", ""}, [2]string{}},
		{"overlap: the first copy counts", func(w *tape) {
			w.shake()
			at := w.seq[Dialer]
			w.say(Dialer, magic+"abc")
			w.raw(Dialer, at+8, "A", []byte("XYZdef"))
			w.seq[Dialer] += 3
			w.say(Dialer, "g")
		}, [2]string{magic + "abcdefg", ""}, [2]string{}},
		{"overlap among those that wait", func(w *tape) {
			w.shake()
			w.say(Dialer, magic)
			at := w.seq[Dialer]
			w.raw(Dialer, at+2, "A", []byte("cd"))
			w.raw(Dialer, at+1, "A", []byte("bcde"))
			w.raw(Dialer, at+2, "A", []byte("cdef"))
			w.raw(Dialer, at, "A", []byte("a"))
			w.seq[Dialer] += 6
			w.say(Dialer, "g")
		}, [2]string{magic + "abcdefg", ""}, [2]string{}},
		{"keep-alive", func(w *tape) {
			w.shake()
			w.say(Dialer, magic)
			w.raw(Dialer, w.seq[Dialer]-1, "A", []byte{0})
			w.say(Dialer, "x")
		}, [2]string{magic + "x", ""}, [2]string{}},
		{"a segment is missing", func(w *tape) {
			w.shake()
			w.say(Dialer, magic)
			w.say(Acceptor, magic)
			w.skip(Dialer, "lost")
			w.say(Dialer, "behind")
			w.say(Acceptor, "y")
		}, [2]string{magic, magic + "y"}, [2]string{"8+4", ""}},
		{"the last segment is missing, FIN says so", func(w *tape) {
			w.shake()
			w.say(Dialer, magic)
			w.skip(Dialer, "lost")
			w.flag(Dialer, "FA")
		}, [2]string{magic, ""}, [2]string{"8+4", ""}},
		{"the last segment is missing, ACK says so", func(w *tape) {
			w.shake()
			w.say(Dialer, magic)
			w.skip(Dialer, "lost")
			w.say(Acceptor, magic)
		}, [2]string{magic, magic}, [2]string{"8+3", ""}}, // one may be FIN's
		{"the first segment is missing", func(w *tape) {
			w.shake()
			w.skip(Dialer, magic)
			w.say(Dialer, "behind")
			w.say(Acceptor, magic)
		}, [2]string{"", magic}, [2]string{"0+8", ""}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newTape(t)
			tc.write(w)
			c, _ := read(t, w.pcap())
			require.NotNil(t, c)
			require.Equal(t, "10.0.0.1:40000 > 10.0.0.2:7400", c.Name)
			for _, from := range []From{Dialer, Acceptor} {
				require.Equal(t, tc.want[from], string(c.Bytes(from)), from)
				gap := ""
				if g := c.Gaps[from]; g != nil {
					gap = string(rune('0'+g.Offset)) + "+" + string(rune('0'+g.Size))
					require.Equal(t, from, g.From)
					require.NotEmpty(t, g.Error())
				}
				require.Equal(t, tc.gaps[from], gap, from)
			}
		})
	}
}

func TestLinkTypes(t *testing.T) {
	for _, link := range []layers.LinkType{
		layers.LinkTypeEthernet, layers.LinkTypeRaw, 12, 14, layers.LinkTypeIPv4, layers.LinkTypeNull, layers.LinkTypeLoop, layers.LinkTypeLinuxSLL,
		layers.LinkTypeLinuxSLL2,
	} {
		w := newTape(t)
		w.link = link
		w.shake()
		w.say(Dialer, magic)
		for _, b := range [][]byte{w.pcap(), w.pcapng()} {
			c, found := read(t, b)
			require.NotNil(t, c, "%s, link type %d", found.Format, link)
			require.Equal(t, magic, string(c.Bytes(Dialer)))
			require.Zero(t, found.Skipped)
		}
	}
	w := newTape(t)
	w.vlan, w.ipv6 = true, true
	w.shake()
	w.say(Dialer, magic)
	c, _ := read(t, w.pcap())
	require.Equal(t, "[2001:db8::1]:40000 > [2001:db8::2]:7400", c.Name)

	w = newTape(t)
	w.link = layers.LinkTypeLinuxUSB
	_, err := Read(bytes.NewReader(w.pcap()), Options{})
	var format *FormatError
	require.ErrorAs(t, err, &format)
}

// TestTimes: a late segment gives its time to what waited for it.
func TestTimes(t *testing.T) {
	w := newTape(t)
	w.shake()
	w.say(Dialer, magic)
	at := w.seq[Dialer]
	w.skip(Dialer, "a")
	w.say(Dialer, "b")
	w.say(Acceptor, magic)
	w.raw(Dialer, at, "A", []byte("a"))
	c, _ := read(t, w.pcapng())
	var ms []int
	for i, e := range c.Events {
		ms = append(ms, e.Time.Nanosecond()/1e6)
		require.True(t, i == 0 || !e.Time.Before(c.Events[i-1].Time))
	}
	require.Equal(t, []int{4, 6, 7, 7}, ms)
}

func TestForeign(t *testing.T) {
	w := newTape(t)
	w.shake()
	w.say(Acceptor, "SSH-2.0-x")
	w.say(Dialer, "SSH-2.0-y")
	w.say(Dialer, magic)
	w.ports[0]++
	w.say(Dialer, "in the middle of something")
	w.ports[0]++
	w.shake()
	w.say(Dialer, "\xc1HFP\n\x1a\n") // through a path that is not 8-bit clean: this is worth a look
	c, found := read(t, w.pcap())
	require.Equal(t, 2, found.Foreign)
	require.EqualValues(t, 40002, c.Dialer.Port())
}

// TestPortsUsedAgain: a SYN with another number begins another connection.
func TestPortsUsedAgain(t *testing.T) {
	w := newTape(t)
	for _, text := range []string{"first", "second"} {
		w.shake()
		w.say(Dialer, magic+text)
		w.flag(Dialer, "RA")
		w.seq[Dialer] += 100_000
	}
	found, err := Read(bytes.NewReader(w.pcap()), Options{})
	require.NoError(t, err)
	require.Len(t, found.Connections, 2)
	require.Equal(t, magic+"second", string(found.Connections[1].Bytes(Dialer)))
	require.True(t, found.Connections[0].Ended[Dialer])
}

// TestSnapLength: a packet that was cut when it was captured leaves a gap.
func TestSnapLength(t *testing.T) {
	w := newTape(t)
	w.shake()
	w.say(Dialer, magic+"0123456789")
	w.say(Dialer, "next")
	last := &w.list[len(w.list)-2]
	last.data = last.data[:len(last.data)-6]
	c, _ := read(t, w.pcap())
	require.Equal(t, magic+"0123", string(c.Bytes(Dialer)))
	require.EqualValues(t, 12, c.Gaps[Dialer].Offset)
	require.EqualValues(t, 6, c.Gaps[Dialer].Size)
}

func TestLimits(t *testing.T) {
	w := newTape(t)
	w.shake()
	w.say(Dialer, magic)
	at := w.seq[Dialer]
	w.skip(Dialer, "lost")
	for range 100 {
		w.say(Dialer, "0123456789")
	}
	w.raw(Dialer, at, "A", []byte("lost"))
	for i := range 50 {
		w.ports[0] = uint16(41000 + i)
		w.shake()
		w.say(Dialer, magic)
	}
	b := w.pcap()
	for name, o := range map[string]Options{
		"MaxBytes": {MaxBytes: 3000}, "MaxConnections": {MaxConnections: 10}, "MaxPacket": {MaxPacket: 20},
	} {
		_, err := Read(bytes.NewReader(b), o)
		var limit *LimitError
		require.ErrorAs(t, err, &limit, name)
		require.Equal(t, name, limit.Limit)
		require.NotEmpty(t, limit.Error())
	}
	found, err := Read(bytes.NewReader(b), Options{MaxWaiting: 500})
	require.NoError(t, err)
	require.EqualValues(t, 8, found.Connections[0].Gaps[Dialer].Offset)
	found, err = Read(bytes.NewReader(b), Options{})
	require.NoError(t, err)
	require.Nil(t, found.Connections[0].Gaps[Dialer])
	require.Len(t, found.Connections, 51)
}

// TestManyConnections: those that show nothing of interest make room.
func TestManyConnections(t *testing.T) {
	w := newTape(t)
	for i := range 3000 {
		w.ports[0] = uint16(20000 + i)
		w.flag(Dialer, "S")
		if i%2 == 0 {
			w.say(Dialer, "GET / HTTP/1.0")
		}
	}
	w.ports[0]++
	w.shake()
	w.say(Dialer, magic)
	found, err := Read(bytes.NewReader(w.pcap()), Options{MaxConnections: 100})
	require.NoError(t, err)
	require.Equal(t, 3000, found.Foreign)
	require.Len(t, found.Connections, 1)
}

// TestDamage: what was read before it is returned.
func TestDamage(t *testing.T) {
	w := newTape(t)
	w.shake()
	w.say(Dialer, magic)
	w.say(Acceptor, "more")
	b := w.pcap()
	found, err := Read(bytes.NewReader(b[:len(b)-3]), Options{})
	var format *FormatError
	require.ErrorAs(t, err, &format)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 5, format.Packet)
	require.Len(t, found.Connections, 1)

	_, err = Read(bytes.NewReader([]byte("no capture")), Options{})
	require.ErrorAs(t, err, &format)
	_, err = Read(bytes.NewReader(nil), Options{})
	require.ErrorAs(t, err, &format)
	broken := errors.New("broken disk")
	_, err = Read(io.MultiReader(bytes.NewReader(b[:40]), failing{broken}), Options{})
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestAbsurdLength: lengths in a small file make nothing large.
func TestAbsurdLength(t *testing.T) {
	w := newTape(t)
	w.shake()
	b := w.pcap()
	binary.LittleEndian.PutUint32(b[16:], 0xFFFF_FFFF)   // snap length
	binary.LittleEndian.PutUint32(b[24+8:], 0xFFFF_0000) // captured
	binary.LittleEndian.PutUint32(b[24+12:], 0xFFFF_FFFF)
	ng := w.pcapng()
	at := 28
	if n := binary.LittleEndian.Uint32(ng[4:]); n > 28 {
		at = int(n)
	}
	binary.LittleEndian.PutUint32(ng[at+4:], 0xFFFF_FFF0)
	for _, in := range [][]byte{b, ng} {
		got := testing.AllocsPerRun(1, func() {
			_, err := Read(bytes.NewReader(in), Options{})
			require.Error(t, err)
		})
		require.Less(t, got, 1000.0)
		var before, after runtimeStats
		before.read()
		_, _ = Read(bytes.NewReader(in), Options{})
		after.read()
		require.Less(t, after.bytes-before.bytes, uint64(4<<20))
	}
}
