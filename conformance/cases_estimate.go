package conformance

import (
	"bytes"
	"fmt"

	"handfast/codec"
	"handfast/conformance/wire"
)

// estimated checks an estimate. Want is nil for none.
func (x *session) estimated(got, want []byte) {
	if !bytes.Equal(got, want) {
		x.c.t.Fail(fmt.Sprintf("the estimate %X", want), "%X", got)
	}
}

// estimates asks CHECK with ESTIMATE, and gives the answer.
func (x *session) estimates(print [16]byte) codec.SyncDigest {
	x.named = print
	m, came := x.digestOf(codec.SyncCheck{Fingerprint: print, Estimate: true})
	if len(came) > 0 {
		x.c.t.Fail("no REPAIR for a CHECK without PULL", "REPAIR of %q", came[0].key)
	}
	return m
}

// estimateCases are about what a responder says of the number of its objects.
func estimateCases() []Case {
	const most = 64 // cells that the suite offers
	everything := codec.SyncPrefix{}
	refuse := func(slug, what string, bad codec.SyncCheck, flags byte) Case {
		return Case{
			ID: "check/" + slug, Req: []string{"SYNC-005"}, Title: what + " ends the stream with PROTOCOL",
			Reject: &Rejection{
				Options: celling(most),
				Good:    func(c *Conn) { c.cells(); x := c.session(); x.estimates(otherPrint); x.alive() },
				Bad: func(c *Conn) {
					c.cells()
					b := encoded(bad)
					b[1] |= flags
					x := c.session()
					x.c.Send(x.wrong(what, b))
				},
				Want: Reset(own(wire.Acceptor), codec.CodeProtocol), DialerWant: Reset(own(wire.Dialer), codec.CodeProtocol),
				Alive: answersStill,
			},
		}
	}
	const estimate = 8 // flag of CHECK
	return []Case{
		{
			ID: "check/estimate", Req: []string{"CELL-015", "SYNC-010"}, Title: "CHECK with ESTIMATE is answered with the estimate of all objects where the fingerprints differ, and with SAME where they do not",
			Run: func(t *T) {
				c := t.Open(celling(most))
				c.cells()
				x := c.session()
				items := x.changes(x.learns()).under(everything)
				if m := x.estimates(otherPrint); m.Form != codec.SyncEstimate || !bytes.Equal(m.Entries, estimateOf(items)) {
					t.Fail(fmt.Sprintf("DIGEST of the form ESTIMATE, %X", estimateOf(items)), "form %v, %X", m.Form, m.Entries)
				}
				m, _ := x.digestOf(codec.SyncCheck{Fingerprint: otherPrint, Estimate: true, Clock: true})
				x.estimated(m.Entries, estimateOf(items))
				x.completes()
				y := c.session()
				if m := y.estimates(fingerprint(items, everything)); m.Form != codec.SyncSame {
					t.Fail("DIGEST of the form SAME", "form %v", m.Form)
				}
				y.completes()
			},
		},
		{
			ID: "check/estimate-of-now", Req: []string{"CELL-015"}, Title: "an estimate is of what is there when CHECK comes, and follows what is changed and deleted",
			Run: func(t *T) {
				c := t.Open(celling(most))
				c.cells()
				x := c.session()
				w := x.learnsAndAdds(t, 2)
				x.estimated(x.estimates(otherPrint).Entries, estimateOf(w.under(everything)))
				x.completes()
				y := c.session()
				w = y.changes(w)
				y.estimated(y.estimates(otherPrint).Entries, estimateOf(w.under(everything)))
				y.completes()
			},
		},
		{
			ID: "cells/estimate", Req: []string{"CELL-015", "CELL-013"}, Title: "CELLS from 0 on with ESTIMATE is answered with cells and estimate, the next one with cells alone",
			Run: func(t *T) {
				c := t.Open(celling(most))
				n := c.cells()
				x := c.session()
				items := x.changes(x.learns()).under(everything)
				want := sketchOf(items, n)
				x.say(codec.SyncCells{Count: 1, Estimate: true})
				m := heard[codec.SyncSketch](x)
				x.shows(m, 0, want[:codec.SyncCellSize])
				x.estimated(m.Estimate, estimateOf(items))
				if n > 1 {
					m = x.sketches(1, n-1)
					x.shows(m, 1, want[codec.SyncCellSize:])
					x.estimated(m.Estimate, nil)
				}
				x.completes()
			},
		},
		{
			ID: "cells/estimate-unasked", Req: []string{"CELL-013"}, Title: "CELLS without ESTIMATE is answered without one",
			Run: func(t *T) {
				c := t.Open(celling(most))
				c.cells()
				x := c.session()
				x.estimated(x.sketches(0, 1).Estimate, nil)
				x.completes()
			},
		},
		refuse("estimate-of-a-part", "CHECK with ESTIMATE of a prefix that is not empty", codec.SyncCheck{Prefix: prefixOf([8]byte{0x10}, 1)}, estimate),
		refuse("estimate-and-brief", "CHECK with ESTIMATE and BRIEF", codec.SyncCheck{Brief: true}, estimate),
	}
}
