// Package capture turns recorded traffic into what the two peers of each link sent: two ordered streams of bytes, as events in the
// order in which they can be read.
//
//	found, err := capture.Read(file, capture.Options{})
//	for _, c := range found.Connections {
//		for _, e := range c.Events {
//			feed(e.From, e.Bytes)
//		}
//		if gap := c.Gaps[capture.Dialer]; gap != nil {
//			// what the dialer sent is known up to gap.Offset
//		}
//	}
//
// Read takes pcap and pcapng (Ethernet with and without VLAN tags, raw IP, Linux cooked v1 and v2, BSD loopback; IPv4 and IPv6),
// finds the TCP connections that speak Handfast, and puts segments in order: late, repeated and overlapping ones too. Of bytes that
// were sent twice the first copy counts, as it does for most receivers. ReadTrace takes the JSON report of the suite.
//
// A capture is foreign bytes. Memory is bounded by Options and by the size of the capture, no length in it is believed before its bytes
// were there, and nothing in it can end the program. What is not supported: fragments of IP (they leave a gap), tunnels, and TLS whose keys are
// elsewhere.
package capture
