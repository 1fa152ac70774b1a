package conformance

import (
	"time"

	"handfast/codec"
)

// ackWaitingCases are about ACKs that wait because the transport takes no bytes. The suite stops reading while the peer sends a mirror that no kernel keeps, and goes on
// with the master meanwhile. Then it looks for ACKs with nothing between them: a peer whose transport takes bytes has so much of the mirror to send that it puts some between
// any two, and one that waits has kept them all.
func ackWaitingCases() []Case {
	return []Case{{
		ID: "ack/one-waits-for-the-transport", Req: []string{"ACK-005"}, Tags: []string{TagFlood, TagTiming, TagSlow},
		Title: "of the ACKs that become due while the transport takes no bytes, the newest alone is sent then",
		Run: func(t *T) {
			const (
				kept   = 256 << 10 // as in heartbeat/stalled-transport-ended
				most   = 12 << 20  // of the mirror
				bursts = 7
				few    = 4 // one that is on its way into the transport, one that waits, and as many for whoever counts otherwise
			)
			o := delivering(func(h *codec.Hello) {
				most := codec.MaxLimits()
				h.Limits.StreamCredit, h.Limits.LinkCredit = most.StreamCredit, most.LinkCredit
			})
			o.ReadBuffer = kept
			c := t.Open(o)
			f, k := mastered(c)
			record, _ := c.windowful()
			for range most / len(record) {
				f.s.AwaitCredit(uint64(len(record)) + codec.MessageCharge)
				c.Send(f.records(0, record))
			}
			f.done()
			before := f.stable
			f.s.AwaitCredit(bursts * codec.AckRecords * codec.MessageCharge)
			step := min(c.SilenceLimit()/(4*bursts), 25*time.Millisecond)
			c.Pause()
			k.take()
			t.Sleep(bursts / 2 * step)
			for range bursts {
				c.Send(f.records(0, make([][]byte, codec.AckRecords)...))
				t.Sleep(step)
			}
			c.Resume()
			run, longest, since := 0, 0, 0 // ACKs without much between them, the longest such run that the mirror goes on behind, and bytes of the mirror since the last ACK
			for all := false; !all || since < most/8; {
				e := c.Expect(Matching("ACK, or RECORDS of the mirror", func(e *Event) bool {
					return e.Frame.Type == codec.TypeAck && e.Frame.Stream == f.s.ID || e.Frame.Type == codec.TypeRecords && e.Frame.Stream == k.s.ID
				}))
				switch m := e.Message.(type) {
				case codec.Ack:
					if since >= len(record)/2 {
						run = 0
					}
					if m.Stable > before {
						run++
					}
					since, longest, all = 0, max(longest, run), m.Stable == f.seq-1
				case codec.Records:
					since += len(e.Frame.Payload)
					if m.Seq >= before {
						t.Unsupported("the transport between the suite and the peer keeps 12 MiB, so that nothing has waited for it")
					}
				}
			}
			if longest > few {
				t.Fail("one ACK, the newest, of those that were due while nobody read", "%d of them behind each other", longest)
			}
		},
	}}
}
