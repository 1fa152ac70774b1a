package mutant

import (
	"bytes"
	"encoding/binary"
	"io"

	"handfast/codec"
)

// nextFrame reads one whole frame and makes the checks 1 to 4 of chapter 14, each as soon as its bytes are there.
func (l *link) nextFrame() (codec.Frame, error) {
	head := make([]byte, codec.HeaderSize)
	if err := l.fill(head, "wants-headers-in-one-read"); err != nil {
		return codec.Frame{}, err
	}
	h, err := l.parseHeader(head)
	if err != nil {
		return codec.Frame{}, err
	}
	if err := l.checkHeader(h); err != nil {
		return codec.Frame{}, l.beforeHeader(h, head, err)
	}
	f := codec.Frame{Header: h}
	if h.Length == 0 {
		return f, nil
	}
	if h.Length > mostPayload {
		_, err := io.CopyN(io.Discard, l.r, int64(h.Length)+codec.TrailerSize) // of a peer that takes every length
		return codec.Frame{Header: codec.Header{Type: codec.GreaseType(0)}}, err
	}
	rest := make([]byte, h.Length+codec.TrailerSize)
	if err := l.fill(rest, "wants-payloads-in-one-read"); err != nil {
		return codec.Frame{}, err
	}
	f.Payload = rest[:h.Length]
	return f, l.checkTrailer(f, append(head[:12:12], f.Payload...), binary.BigEndian.Uint32(rest[h.Length:]))
}

// parseHeader makes check 1.
func (l *link) parseHeader(head []byte) (codec.Header, error) {
	h, err := codec.ParseHeader(head)
	if err == nil {
		return h, nil
	}
	sealed := binary.BigEndian.AppendUint32(head[:12:12], codec.Checksum(head[:12]))
	if h, err := codec.ParseHeader(sealed); err == nil { // what the header says, whatever its checksum
		switch {
		case l.has("takes-wrong-header-checksum"), l.has("compares-half-of-the-header-checksum") && bytes.Equal(head[14:16], sealed[14:16]):
			return h, nil
		case l.has("looks-at-the-type-before-the-header-checksum") && h.Type == 0xFF,
			l.has("looks-at-the-length-before-the-header-checksum") && h.Type != 0xFF:
			if err := l.checkHeader(h); err != nil {
				return h, err
			}
		}
	}
	return h, err
}

// checkHeader makes the checks 2 and 3.
func (l *link) checkHeader(h codec.Header) error {
	l.mu.Lock()
	ready, most := l.ready, l.maxFrame
	l.mu.Unlock()
	if l.has("looks-at-the-length-before-the-type") && h.Length > most {
		h.Type = codec.GreaseType(0)
	}
	err := codec.CheckHeader(h, most)
	f := asFault(err, 0)
	if f == nil {
		return err
	}
	if !ready && f.req == "FRAME-003" {
		f.req = "READY-013"
	}
	switch {
	case l.has("takes-frames-over-max-frame") && f.req == "FRAME-003",
		l.has("takes-long-control-frames") && f.req == "FRAME-018" && h.Length <= most,
		l.has("ignores-frame-type-00") && h.Type == 0x00,
		l.has("ignores-frame-type-ff") && h.Type == 0xFF:
		return nil
	case l.has("waits-for-oversized-payloads") && f.req == "FRAME-003":
		_, err := io.CopyN(io.Discard, l.r, int64(h.Length)+codec.TrailerSize)
		if err != nil {
			return err
		}
	}
	return f
}

// checkTrailer makes check 4.
func (l *link) checkTrailer(f codec.Frame, covered []byte, trailer uint32) error {
	if codec.Checksum(covered) == trailer {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.has("takes-wrong-trailer"):
		return nil
	case l.has("takes-wrong-trailers-of-ignored-frames") && !l.known(f.Type),
		l.has("takes-wrong-trailers-of-finished-streams") && f.Stream != 0 && !l.unopened(f.Stream) && l.stream(f.Stream) == nil:
		return nil
	}
	if err := l.beforeTrailer(f); err != nil {
		return err
	}
	return linkFault("FRAME-002", codec.CodePayloadCRC, "trailer of %v is wrong", f.Type)
}

// fill reads until b is full. Bug is that of a peer that takes what comes in parts for broken.
func (l *link) fill(b []byte, bug string) error {
	for len(b) > 0 {
		n, err := l.r.Read(b)
		if err != nil {
			return err
		}
		if n < len(b) && l.has(bug) {
			return linkFault("FRAME-014", codec.CodeHeaderCRC, "%d bytes are missing", len(b)-n)
		}
		l.onBytes()
		if l.has("counts-bytes-as-life") {
			l.touch()
		}
		b = b[n:]
	}
	return nil
}
