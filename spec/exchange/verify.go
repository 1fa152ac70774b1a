package exchange

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"handfast/codec"
)

// verify reads both directions as a stranger would, and computes checksums and hash again without the codec.
func (x Exchange) verify() error {
	sides := map[Side]*reader{Dialer: {rest: x.Bytes(Dialer)}, Acceptor: {rest: x.Bytes(Acceptor)}}
	for _, from := range []Side{Dialer, Acceptor} {
		if err := sides[from].opening(); err != nil {
			return fmt.Errorf("exchange %c: %w", from, err)
		}
	}
	dialer, acceptor := sides[Dialer], sides[Acceptor]
	agreed, err := codec.Agree(dialer.hello, acceptor.hello)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(append(bytes.Clone(dialer.raw), acceptor.raw...))
	want := map[Side][]codec.Type{
		Dialer:   {codec.TypeReady, dialerGrease().Type, codec.TypeOpen, codec.TypeData, codec.TypeClose},
		Acceptor: {codec.TypeReady, acceptorGrease().Type, codec.TypeAccept, codec.TypeData},
	}
	for _, from := range []Side{Dialer, Acceptor} {
		if err := sides[from].frames(want[from], agreed, hash); err != nil {
			return fmt.Errorf("exchange %c: %w", from, err)
		}
	}
	return nil
}

// reader takes one direction apart.
type reader struct {
	rest, raw []byte // what is left; the opening
	hello     *codec.Hello
}

func (r *reader) opening() error {
	o, n, err := codec.ParseOpening(r.rest)
	if err != nil {
		return err
	}
	r.raw, r.rest, r.hello = r.rest[:n], r.rest[n:], o.Hello
	if o.Hello == nil {
		return fmt.Errorf("the opening is %s", o.Header.Kind)
	}
	return checksum(r.raw[20:24], r.raw[:20], r.raw[24:])
}

// checksum compares four bytes with the CRC-32C of the parts.
func checksum(have []byte, parts ...[]byte) error {
	sum := crc32.Checksum(bytes.Join(parts, nil), crc32.MakeTable(crc32.Castagnoli))
	if binary.BigEndian.Uint32(have) != sum {
		return fmt.Errorf("checksum %X should be %08X", have, sum)
	}
	return nil
}

func (r *reader) frames(want []codec.Type, agreed codec.Agreement, hash [32]byte) error {
	for _, t := range want {
		f, n, err := codec.ParseFrame(r.rest, codec.MaxOpeningBody)
		if err != nil {
			return err
		}
		raw := r.rest[:n]
		r.rest = r.rest[n:]
		if f.Type != t {
			return fmt.Errorf("%s should be %s", f.Type, t)
		}
		if err := checksum(raw[12:16], raw[:12]); err != nil {
			return err
		}
		if len(f.Payload) > 0 {
			if err := checksum(raw[n-codec.TrailerSize:], raw[:12], f.Payload); err != nil {
				return err
			}
		}
		if err := content(f, agreed, hash); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if len(r.rest) != 0 {
		return fmt.Errorf("%d bytes behind the last frame", len(r.rest))
	}
	return nil
}

// content checks what a frame says.
func content(f codec.Frame, agreed codec.Agreement, hash [32]byte) error {
	switch f.Type {
	case codec.TypeReady:
		m, err := codec.ParseReady(f)
		if err != nil {
			return err
		}
		caps, err := codec.AppendCaps(nil, agreed.Caps)
		if err != nil {
			return err
		}
		if m.TH != hash || m.Version != agreed.Version || !bytes.Equal(m.CapsRaw, caps) {
			return fmt.Errorf("states another agreement: %+v", m)
		}
	case codec.TypeOpen:
		m, err := codec.ParseOpen(f)
		if err != nil || agreed.Protos[m.Proto] != m.Ver {
			return fmt.Errorf("%+v: %w", m, err)
		}
	case codec.TypeAccept:
		_, err := codec.ParseAccept(f)
		return err
	case codec.TypeClose:
		m, err := codec.ParseClose(f)
		if err != nil || m.Code != codec.CodeNoError {
			return fmt.Errorf("%+v: %w", m, err)
		}
	case codec.TypeData:
		return message(f)
	}
	return nil
}

// message checks that a DATA ends its direction and carries the argument.
func message(f codec.Frame) error {
	pieces, err := codec.ParseData(f)
	if err != nil {
		return err
	}
	one, _ := pieces.Next()
	if !pieces.Fin() || pieces.Count() != 1 {
		return fmt.Errorf("%d pieces, FIN %v", pieces.Count(), pieces.Fin())
	}
	kind, value, err := codec.ParseCallKind(one)
	if err != nil {
		return err
	}
	if kind == codec.CallKindRequest {
		request, err := codec.ParseCallRequest(one)
		if err != nil {
			return err
		}
		value = request.Args
	}
	if string(value) != argument {
		return fmt.Errorf("%s carries %q", kind, value)
	}
	return nil
}
