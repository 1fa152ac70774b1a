package capture

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// packet is one record of the file. Its bytes are valid until the next one is read.
type packet struct {
	time time.Time
	link layers.LinkType
	data []byte
}

// source reads the records of a file.
type source struct {
	format string
	read   func() (data []byte, info gopacket.CaptureInfo, err error)
	link   func(gopacket.CaptureInfo) layers.LinkType
	meter  *meter
	packet int
}

// openSource reads the head of the file.
func openSource(format string, r io.Reader, o Options) (s *source, err error) {
	m := &meter{r: r, max: o.MaxPacket, left: o.MaxPacket}
	s = &source{format: format, meter: m}
	err = s.guard(func() error {
		if format == "pcap" {
			return s.openPcap(m)
		}
		return s.openPcapng(m)
	})
	if err != nil {
		return nil, s.wrong("head", err)
	}
	return s, nil
}

func (s *source) openPcap(r io.Reader) error {
	p, err := pcapgo.NewReader(r)
	if err != nil {
		return err
	}
	if int64(p.Snaplen()) > int64(s.meter.max) {
		p.SetSnaplen(uint32(s.meter.max))
	}
	s.read = p.ZeroCopyReadPacketData
	link := p.LinkType() // without the upper bits, which tell the length of the frame check sequence
	if !supported(link) {
		return fmt.Errorf("link type %d (%s) is not supported", link, link)
	}
	s.link = func(gopacket.CaptureInfo) layers.LinkType { return link }
	return nil
}

func (s *source) openPcapng(r io.Reader) error {
	p, err := pcapgo.NewNgReader(r, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	if err != nil {
		return err
	}
	s.read = p.ZeroCopyReadPacketData
	s.link = func(info gopacket.CaptureInfo) layers.LinkType {
		if len(info.AncillaryData) == 1 {
			if link, ok := info.AncillaryData[0].(layers.LinkType); ok {
				return link
			}
		}
		return layers.LinkTypeMax
	}
	return nil
}

// next reads a record; io.EOF at the end of the file.
func (s *source) next() (p packet, err error) {
	s.packet++
	s.meter.left = s.meter.max
	err = s.guard(func() error {
		data, info, err := s.read()
		if err == nil {
			p = packet{time: info.Timestamp, link: s.link(info), data: data}
		}
		return err
	})
	if err == nil || errors.Is(err, io.EOF) {
		return p, err
	}
	return p, s.wrong("cannot be read", err)
}

// wrong wraps what the library says, unless it is an error of this package.
func (s *source) wrong(detail string, err error) error {
	var limit *LimitError
	if errors.As(err, &limit) {
		return limit
	}
	return &FormatError{Format: s.format, Packet: s.packet, Detail: detail, Err: err}
}

// errPanic is what a panic of the library becomes.
var errPanic = errors.New("the reader of the format failed")

// guard calls the library. It reads foreign bytes by rules that are not ours to prove, so that a panic in it is taken for damage.
func (s *source) guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errPanic, v)
		}
	}()
	return f()
}

// meter stops a record that is too long, whatever lengths it states, before it is kept in memory.
type meter struct {
	r    io.Reader
	max  int
	left int // bytes until the record counts as too long
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, &LimitError{Limit: "MaxPacket", Max: int64(m.max)}
	}
	n, err := m.r.Read(b[:min(len(b), m.left)])
	m.left -= n
	return n, err
}
