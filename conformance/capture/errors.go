package capture

import "fmt"

// GapError says that bytes of one side are missing from the recording. Nothing behind a gap is given: where the next frame begins
// cannot be known.
type GapError struct {
	From   From
	Offset int64 // in everything that this side sent: the first missing byte
	Size   int64 // missing bytes at least
	Why    string
}

// Error gives the position in words.
func (e *GapError) Error() string {
	return fmt.Sprintf("capture: at least %d bytes of the %s are missing from byte %d on: %s", e.Size, e.From, e.Offset, e.Why)
}

// LimitError says that a recording needs more than Options allow. What was found before it is returned as well.
type LimitError struct {
	Limit string // the field of Options
	Max   int64
}

// Error names the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("capture: more than %s allows: %d", e.Limit, e.Max)
}

// FormatError says that the input is no recording that this package reads, or is damaged.
type FormatError struct {
	Format string // "pcap", "pcapng", "trace", or "" if it is none
	Packet int    // number of the packet, from 1; 0 before the first
	Detail string
	Err    error // cause, or nil
}

// Error gives the place and the cause.
func (e *FormatError) Error() string {
	text := "capture: "
	if e.Format != "" {
		text += e.Format + ": "
	}
	if e.Packet > 0 {
		text += fmt.Sprintf("packet %d: ", e.Packet)
	}
	text += e.Detail
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *FormatError) Unwrap() error { return e.Err }
