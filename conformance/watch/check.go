package watch

import (
	"handfast/conformance/capture"
	"handfast/conformance/wire"
)

// Capture feeds all links of a capture, and returns the rules that they broke, in the order of the packets of each link.
func (w *Watch) Capture(c *capture.Capture) []*Finding {
	var found []*Finding
	for i := range c.Connections {
		conn := &c.Connections[i]
		l := w.Link(conn.Name)
		for _, e := range conn.Events {
			found = append(found, l.Feed(side(e.From), e.Bytes, e.Time)...)
		}
		for _, from := range []capture.From{capture.Dialer, capture.Acceptor} {
			if gap := conn.Gaps[from]; gap != nil {
				l.Cut(side(from), gap.Error())
			}
		}
	}
	return found
}

func side(from capture.From) wire.Side {
	if from == capture.Dialer {
		return wire.Dialer
	}
	return wire.Acceptor
}
