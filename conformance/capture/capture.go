package capture

import (
	"net/netip"
	"time"
)

// From is the side of a link that sent something.
type From uint8

// The sides. They index Connection.Gaps and Connection.Ended.
const (
	Dialer   From = iota // made the transport connection
	Acceptor             // took it
)

// String gives "dialer" or "acceptor".
func (f From) String() string {
	if f == Acceptor {
		return "acceptor"
	}
	return "dialer"
}

func (f From) other() From { return f ^ 1 }

// Event is bytes of one side that can be read at one moment.
type Event struct {
	Time   time.Time // when the segment was captured that made them readable: a late one releases what waited for it
	From   From
	Offset int64  // of the first byte in everything that this side sent
	Bytes  []byte // at least one; the receiver's own
}

// Connection is one link.
type Connection struct {
	Name     string         // for people: both addresses, or the case and link of a trace
	Dialer   netip.AddrPort // zero in a trace
	Acceptor netip.AddrPort
	Events   []Event      // in the order of Time; of each side without gap or overlap, from its first byte on
	Gaps     [2]*GapError // by From: where the bytes of that side stop being known; nil if they are known to the end
	Ended    [2]bool      // by From: the end of that side's bytes was seen (FIN or RST)
}

// Bytes joins what one side sent.
func (c *Connection) Bytes(from From) []byte {
	var b []byte
	for _, e := range c.Events {
		if e.From == from {
			b = append(b, e.Bytes...)
		}
	}
	return b
}

// Capture is what a recording holds.
type Capture struct {
	Format      string       // "pcap", "pcapng" or "trace"
	Connections []Connection // those that speak Handfast, in the order of their first packets
	Foreign     int          // TCP connections that do not, or whose beginning is not there
	Packets     int          // read
	Skipped     int          // of them, those that are no TCP segment, or cannot be read as one
}

// Options are the limits. A field that is 0 has its default.
type Options struct {
	MaxBytes       int64 // memory for events and segments that wait, bytes; 0: 256 MiB
	MaxConnections int   // TCP connections at a time; 0: 65,536
	MaxWaiting     int   // of one direction, bytes that came before what they follow; 0: 4 MiB. Beyond it what is missing counts as lost
	MaxPacket      int   // of one packet or block of the file, bytes; 0: 16 MiB
}

// withDefaults fills in what is absent.
func (o Options) withDefaults() Options {
	if o.MaxBytes == 0 {
		o.MaxBytes = 256 << 20
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 1 << 16
	}
	if o.MaxWaiting == 0 {
		o.MaxWaiting = 4 << 20
	}
	if o.MaxPacket == 0 {
		o.MaxPacket = 16 << 20
	}
	return o
}
