package codec

// TEMPORARY: stands in for the generated registry until the generator writes this file.

// Code is a registered error code.
type Code uint32

// The codes that the package needs so far.
const (
	CodeProtocol   Code = 0x0101
	CodeFrameSize  Code = 0x0102
	CodeHeaderCRC  Code = 0x0103
	CodePayloadCRC Code = 0x0104
	CodeEncoding   Code = 0x0105
)

// String gives the registered name.
func (c Code) String() string {
	switch c {
	case CodeProtocol:
		return "PROTOCOL"
	case CodeFrameSize:
		return "FRAME_SIZE"
	case CodeHeaderCRC:
		return "HEADER_CRC"
	case CodePayloadCRC:
		return "PAYLOAD_CRC"
	case CodeEncoding:
		return "ENCODING"
	default:
		return "UNKNOWN"
	}
}
