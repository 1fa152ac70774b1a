package fast

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a header consists of.
const (
	headerSize = 15
	typeJSON   = 1

	// MaxMsgid is the greatest message id.
	MaxMsgid = 1<<31 - 1

	// DefaultMaxPayload is the limit for payloads where a configuration names none, in bytes. Fast itself has none.
	DefaultMaxPayload = 64 << 20
)

// Status is the kind of a message.
type Status uint8

// The kinds.
const (
	Data  Status = 1 // a request, or values of a reply
	End   Status = 2 // the end of a reply, perhaps with values
	Error Status = 3 // the failure of a request
)

// Dialect is how one peer writes: the version, and which checksum goes with it.
type Dialect struct {
	Version  uint8
	Checksum Checksum
}

// The dialects of the releases: V1 of all below 3.0.0 (2.8.2 with crc_mode 1), V2 of 3.0.0 and later, V1New of 2.7.0 to 2.8.2 with
// crc_mode 3.
var (
	V1    = Dialect{Version: 1, Checksum: Old}
	V2    = Dialect{Version: 2, Checksum: New}
	V1New = Dialect{Version: 1, Checksum: New}
)

// Message is one message. Its slices alias what was parsed.
type Message struct {
	Dialect Dialect
	Status  Status
	Msgid   int64  // 0 to MaxMsgid
	Name    string // m.name
	Named   bool   // m.name is there, and a string
	D       []byte // d as it stands in the payload: an array, or the object of ERROR

	both bool // both checksums match: the dialect may be V1 as well as V1New
}

// parseHeader checks the first 15 bytes of a message, in the order of node-fast. It returns the message without its payload,
// whose length is below limit.
func parseHeader(h []byte, limit int) (m Message, crc uint32, length int, err error) {
	id := binary.BigEndian.Uint32(h[3:])
	fault := func(r Reason, found uint32, text string) error {
		return &ProtocolError{Reason: r, Found: found, Text: fmt.Sprintf("fast protocol: "+text, found)}
	}
	n := binary.BigEndian.Uint32(h[11:])
	switch {
	case h[0] != 1 && h[0] != 2:
		err = fault(UnsupportedVersion, uint32(h[0]), "unsupported version %d")
	case h[1] != typeJSON:
		err = fault(UnsupportedType, uint32(h[1]), "unsupported type 0x%x")
	case Status(h[2]) < Data || Status(h[2]) > Error:
		err = fault(UnsupportedStatus, uint32(h[2]), "unsupported status 0x%x")
	case id > MaxMsgid:
		err = fault(InvalidMsgid, id, "invalid msgid %d")
	case uint64(n) > uint64(limit):
		err = &ProtocolError{Reason: TooLong, Msgid: id, Found: n, Expected: uint32(limit), Text: fmt.Sprintf("fast protocol: payload of %d bytes, the limit is %d", n, limit)}
	}
	m = Message{Dialect: Dialect{Version: h[0]}, Status: Status(h[2]), Msgid: int64(id)}
	return m, binary.BigEndian.Uint32(h[7:]), int(n), err
}

// parsePayload checks the payload of a message and fills m from it. either allows VERSION 1 the new checksum too, and only that
// counts where newOnly is set. m.Name may be what the name is likely to be: if it is, no text is made.
func (m *Message) parsePayload(p []byte, crc uint32, sums checksums) error {
	fault := func(r Reason, text string) error {
		return &ProtocolError{Reason: r, Msgid: uint32(m.Msgid), Text: "fast protocol: " + text}
	}
	if !utf8.Valid(p) {
		return fault(InvalidUTF8, "payload is not UTF-8")
	}
	if err := m.checkSum(p, crc, sums); err != nil {
		return err
	}
	i := skipSpace(p, 0)
	end, object := -1, i < len(p) && p[i] == '{'
	var head []byte
	likely := m.Name
	m.D, m.Name, m.Named = nil, "", false
	if object {
		end = members(p, i, func(key, value []byte) {
			switch {
			case isKey(key, "m"):
				head = value
			case isKey(key, "d"):
				m.D = value
			}
		})
	} else {
		end = skipValue(p, i)
	}
	switch {
	case end < 0 || skipSpace(p, end) != len(p):
		return fault(InvalidJSON, "invalid JSON in payload")
	case !object && p[i] != '[': // an array is an object without members to JavaScript
		return fault(BadData, "expected object or array for payload")
	}
	if len(head) > 0 && head[0] == '{' {
		members(head, 0, func(key, value []byte) {
			if isKey(key, "name") {
				switch m.Named = value[0] == '"'; {
				case !m.Named:
					m.Name = ""
				case string(value[1:len(value)-1]) == likely && !strings.Contains(likely, `\`):
					m.Name = likely
				default:
					m.Name = unquote(value)
				}
			}
		})
	}
	if m.Status == Error {
		if _, ok := serverErrorOf(m.D); !ok {
			return fault(BadError, "data.d for ERROR messages must have name and message")
		}
		return nil
	}
	if len(m.D) == 0 || m.D[0] != '[' {
		return fault(BadDataD, "data.d for DATA and END messages must be an array")
	}
	return nil
}

// checksums says which checksums a receiver takes in messages of VERSION 1.
type checksums uint8

const (
	byVersion checksums = iota // the old one
	either                     // both
	newOnly                    // the new one
)

func (m *Message) checkSum(p []byte, crc uint32, sums checksums) error {
	if m.Dialect.Version == 2 {
		m.Dialect.Checksum = New
		if want := New.sum(p); want != crc {
			return m.badCRC(crc, want)
		}
		return nil
	}
	m.Dialect.Checksum = Old
	old := ^crc
	if sums != newOnly {
		if old = Old.sum(p); old == crc && sums == byVersion {
			return nil
		}
	}
	if sums == byVersion {
		return m.badCRC(crc, old)
	}
	want := New.sum(p)
	m.both = sums == either && want == crc && old == crc
	switch {
	case sums == either && old == crc:
	case want == crc:
		m.Dialect.Checksum = New
	default:
		return m.badCRC(crc, want)
	}
	return nil
}

func (m *Message) badCRC(found, want uint32) error {
	return &ProtocolError{
		Reason: BadCRC, Msgid: uint32(m.Msgid), Found: found, Expected: want, Version: m.Dialect.Version,
		Text: fmt.Sprintf("fast protocol: expected CRC %d, found %d", found, want),
	}
}

// What an encoder refuses.
var (
	errMsgid  = errors.New("fast: msgid must be an integer between 0 and 2147483647")
	errStatus = errors.New("fast: unsupported message status")
	errObject = errors.New("fast: data must be an object or an array")
	// ErrValue says that a value was not sent because it is not JSON, null, or too deep.
	ErrValue = errors.New("fast: only a JSON value other than null, of UTF-8 and of bounded depth, can be sent")
)

// AppendMessage appends one message whose payload is data as JSON: what encoding/json makes an object or an array of. Data that
// is raw JSON is checked. It is the encoder for tests and tools; clients and servers make their payloads themselves.
func AppendMessage(b []byte, d Dialect, status Status, msgid int64, data any) ([]byte, error) {
	switch {
	case msgid < 0 || msgid > MaxMsgid:
		return b, errMsgid
	case status < Data || status > Error:
		return b, errStatus
	}
	p, err := json.Marshal(data)
	if err != nil {
		return b, err
	}
	if p[0] != '{' && p[0] != '[' {
		return b, errObject
	}
	b = appendHeader(b, d, status, uint32(msgid))
	return finish(append(b, p...), len(b), d), nil
}

// appendHeader appends a header without checksum and length, which finish fills in.
func appendHeader(b []byte, d Dialect, status Status, msgid uint32) []byte {
	return append(b, d.Version, typeJSON, byte(status), byte(msgid>>24), byte(msgid>>16), byte(msgid>>8), byte(msgid), 0, 0, 0, 0, 0, 0, 0, 0)
}

// finish completes the header before the payload that begins at b[from].
func finish(b []byte, from int, d Dialect) []byte {
	binary.BigEndian.PutUint32(b[from-8:], d.Checksum.sum(b[from:]))
	binary.BigEndian.PutUint32(b[from-4:], uint32(len(b)-from))
	return b
}

// validValue says whether v can be sent as a value: JSON in UTF-8, not null, and on its own.
func validValue(v []byte) bool {
	i := skipSpace(v, 0)
	if i >= len(v) || v[i] == 'n' || !utf8.Valid(v) {
		return false
	}
	end := skipValue(v, i)
	return end >= 0 && skipSpace(v, end) == len(v)
}
