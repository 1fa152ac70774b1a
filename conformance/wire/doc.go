// Package wire is the passive judge of one link: it holds what both ends say against SPEC.md, and says nothing itself. It has no
// goroutines and no clock, so that it serves a suite that plays one of the ends, a proxy between two peers, and a file:
//
//	tap := wire.NewTap(false)
//	for _, item := range tap.Feed(wire.Dialer, bytes, at) {
//		fmt.Println(item.Offset, item.What, item.Violation)
//	}
//
// It judges senders: what a side may not send, never what it should have answered. It does not join messages, and does not look into
// those of a sub-protocol.
package wire
