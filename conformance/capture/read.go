package capture

import (
	"bufio"
	"errors"
	"io"
)

// Read reads a whole recording, pcap or pcapng. Where it ends inside a packet, is damaged or exceeds a limit, what was found so far is
// returned together with a FormatError or a LimitError. The Capture is nil only if the input is no recording at all.
func Read(r io.Reader, o Options) (*Capture, error) {
	o = o.withDefaults()
	in := bufio.NewReader(r)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	format := Detect(head)
	if format == "" {
		return nil, &FormatError{Detail: "neither pcap nor pcapng"}
	}
	source, err := openSource(format, in, o)
	if err != nil {
		return nil, err
	}
	found := &Capture{Format: format}
	t := newTable(o)
	err = readAll(source, t, found)
	found.Connections, found.Foreign = t.finish()
	return found, err
}

// readAll takes packet after packet. The end of the input is no error.
func readAll(source *source, t *table, found *Capture) error {
	d := newDecoder()
	for {
		p, err := source.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		found.Packets++
		s, ok := d.segment(p)
		if !ok {
			found.Skipped++
			continue
		}
		if err := t.take(s); err != nil {
			return err
		}
	}
}

// Detect tells by the first four bytes whether b begins a recording that Read takes: "pcap", "pcapng", or "" for anything else.
func Detect(b []byte) string {
	if len(b) < 4 {
		return ""
	}
	switch [4]byte(b) {
	case [4]byte{0xA1, 0xB2, 0xC3, 0xD4}, [4]byte{0xD4, 0xC3, 0xB2, 0xA1}, // microseconds, in either order of bytes
		[4]byte{0xA1, 0xB2, 0x3C, 0x4D}, [4]byte{0x4D, 0x3C, 0xB2, 0xA1}: // nanoseconds
		return "pcap"
	case [4]byte{0x0A, 0x0D, 0x0D, 0x0A}: // type of the section header, the same in either order
		return "pcapng"
	}
	return ""
}
