package conformance

import (
	"fmt"

	"handfast/codec"
	"handfast/conformance/driver"
)

// dialHeldCases are about streams that a dialer takes and holds open: sessions of sync, and channels of mirror. It serves no calls.
func dialHeldCases() []Case {
	const few = 16
	return []Case{
		{
			ID: "stream/dialer-takes-data-before-accept", Req: []string{"STRM-007"}, Level: 8, Needs: []string{driver.FeatureSync},
			Title: "messages and pieces that come to a dialer before its ACCEPT are taken",
			Run: func(t *T) {
				c := t.Syncing()
				s, open := c.opening(syncParams(syncNamespace))
				x := c.sessionOn(s)
				x.stated = true
				d, key := t.write(0), t.key()
				x.own.add(d)
				repair := encoded(x.repair(key, value(d, "early").encode()))
				c.Send(open, s.Data(0, encoded(codec.SyncClock{Clock: x.own.encode()})), s.Data(codec.FlagMore, repair[:9]))
				c.Expect(Accepted(s.ID))
				c.Send(s.Data(0, repair[9:]))
				x.becomes(x.result(), codec.SyncApplied, 1)
			},
		},
		{
			ID: "stream/dialer-beyond-its-grant", Req: []string{"STRM-008"}, Level: 9, Needs: []string{driver.FeatureDelivery, driver.FeatureLimits},
			Title: "an OPEN beyond the number of streams that a dialer has granted ends the link with STREAM_LIMIT",
			Reject: func() *Rejection {
				o := delivering()
				o.Limits = map[string]uint64{"streams": few}
				fill := func(c *Conn) {
					c.delivers()
					if c.Peer().Limits.Streams > few {
						c.t.Unsupported("the driver states another number of streams than it is asked for")
					}
					for n := 0; c.Slots() > 0; n++ {
						c.t.newFeed(fmt.Sprint("held", n)).attach(c)
					}
				}
				return &Rejection{
					Options: o,
					Good:    fill,
					Bad: func(c *Conn) {
						fill(c)
						c.Send(c.t.newFeed("beyond").open(c).Fault("one stream too many"))
					},
					Want: Closed(codec.CodeStreamLimit),
				}
			}(),
		},
	}
}
