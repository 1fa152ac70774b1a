package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"handfast/codec"
)

// refuseCases are about what REFUSE says, and that nothing comes behind it.
func refuseCases() []Case {
	stranded := refused{
		"opening/refuse-lists-versions", "HELLO-019", "of no common version", same, offering(0x7001, 0x7001, 0x1A1A, 0x7001),
	}.as(codec.CodeNoVersion)
	stranded.Title = "a REFUSE lists the versions that the acceptor's HELLO lists, apart from grease"
	stranded.Reject.Look = func(c *Conn, answer Event) {
		want := spoken(c.t.Open(Options{}).Peer().Vers)
		if got := spoken(answer.Opening.Refuse.Vers); !slices.Equal(got, want) {
			c.t.Fail(fmt.Sprintf("a REFUSE that lists the versions %d", want), "%d", got)
		}
	}
	damaged := refused{"opening/refuse-of-damage-lists-versions", "HELLO-019", "that was damaged", same, flip(20)}.as(codec.CodeHeaderCRC)
	damaged.Title = "a REFUSE lists the acceptor's versions whatever its code is"
	damaged.Reject.Look = stranded.Reject.Look

	greedy := refused{"opening/refuse-is-small", "HELLO-020", "that needs more than a REFUSE can list", put("need", []any{}), put("need", longNames())}.as(codec.CodeNeedUnmet)
	greedy.Title = "a REFUSE has a body of at most 1,024 bytes, however much there is to list"

	last := Case{
		ID: "opening/refuse-is-the-end", Req: []string{"HELLO-021"}, Level: 3,
		Title: "after REFUSE the acceptor sends nothing and ends the transport, although the dialer goes on",
		Reject: &Rejection{
			Options:  Options{NoHangUp: true},
			Unopened: true,
			Good:     func(c *Conn) { c.Handshake() },
			Bad: func(c *Conn) {
				c.Send(drop("nonce")(c.HelloPacket()), Message(c.Ping()).Fault("behind a faulty HELLO"))
			},
			Want: Refused(codec.CodeEncoding),
		},
	}
	return []Case{stranded, damaged, greedy, last}
}

// spoken gives the versions that are not grease, ascending.
func spoken(vers []uint16) []uint16 {
	list := slices.DeleteFunc(slices.Clone(vers), codec.IsGreaseVersion)
	slices.Sort(list)
	return list
}

// longNames are 64 capabilities that nobody knows, with names as long as they may be: 4 KiB.
func longNames() []any {
	list := make([]any, 64)
	for i := range list {
		list[i] = "x.suite." + strings.Repeat("n", 54) + fmt.Sprintf("%02d", i)
	}
	return list
}

// identityCases are about who the acceptor says it is.
func identityCases() []Case {
	return []Case{
		{
			ID: "opening/own-node-refused", Req: []string{"HELLO-018"}, Level: 3, Roles: Acceptors,
			Title: "a HELLO whose node is the acceptor's own is refused with SELF_CONNECT",
			Reject: &Rejection{
				Unopened: true,
				Good: func(c *Conn) {
					node := c.t.peerNode()
					node[15] ^= 1
					c.HandshakeWith(put("node", node)(c.HelloPacket()).Harmless())
				},
				Bad:  func(c *Conn) { c.Send(put("node", c.t.peerNode())(c.HelloPacket()).Fault("the acceptor's own node")) },
				Want: Refused(codec.CodeSelfConnect),
			},
		},
		{
			ID: "opening/nonce-is-new", Req: []string{"HELLO-017"}, Level: 3, Roles: AnyRole,
			Title: "no eight bytes of nonce stand in two openings at the same place",
			Run: func(t *T) {
				seen := make(map[string]bool)
				for range 4 {
					nonce := t.Open(Options{}).Peer().Nonce
					for i := 0; i < len(nonce); i += 8 {
						part := fmt.Sprintf("%d: %x", i, nonce[i:i+8])
						if seen[part] {
							t.Fail("32 random bytes", "bytes %s of nonce in two openings", part)
						}
						seen[part] = true
					}
				}
			},
		},
		{
			ID: "opening/node-is-constant", Req: []string{"HELLO-025"}, Level: 3, Roles: AnyRole,
			Title: "node and incarnation are the same in all openings of one process",
			Run: func(t *T) {
				first := t.Open(Options{}).Peer()
				for range 3 {
					h := t.Open(Options{}).Peer()
					if h.Node != first.Node || h.Incarnation != first.Incarnation {
						t.Fail(fmt.Sprintf("node %x, incarnation %d", first.Node, first.Incarnation), "node %x, incarnation %d", h.Node, h.Incarnation)
					}
				}
			},
		},
	}
}

// peerNode asks the peer for its node, on a link of its own.
func (t *T) peerNode() []byte { return bytes.Clone(t.Open(Options{}).Peer().Node[:]) }

// openingTimeCases are about an opening that never becomes whole. A REFUSE(OPEN_TIMEOUT) before the end is as good as none: the code
// is registered for either side, and HELLO-016 asks for the end alone.
func openingTimeCases() []Case {
	late := func(id, title string, good, bad func(c *Conn), wait func(c *Conn) time.Duration) Case {
		return Case{
			ID: id, Req: []string{"HELLO-016"}, Title: title, Level: 3, Tags: []string{TagTiming, TagSlow},
			Reject: &Rejection{Unopened: true, Good: good, Bad: bad, Want: endedLate(), Wait: wait},
		}
	}
	return []Case{
		late("opening/silent-dialer", "a transport on which nothing arrives is ended after 10 s at the latest",
			func(c *Conn) { c.Handshake() },
			func(*Conn) {},
			func(c *Conn) time.Duration { return c.t.OpeningLimit() + Slack }),
		late("opening/dripping-dialer", "a HELLO that goes on arriving, and is not whole, is cut off after 10 s at the latest",
			func(c *Conn) {
				c.SendCut(7, c.HelloPacket())
				c.Expect(Greeted())
				c.SendReady()
			},
			func(c *Conn) { c.Drip(c.HelloPacket()) },
			dripped),
	}
}

// dripped is how long the end of a transport may take after Drip, which itself has taken longer than the peer may wait.
func dripped(*Conn) time.Duration { return MaxQuiet }

// endedLate wants the end of the transport, with or without REFUSE(OPEN_TIMEOUT) before it.
func endedLate() Want {
	w := Silence()
	w.Text = "the end of the transport, after REFUSE(OPEN_TIMEOUT) or nothing"
	see := w.see
	w.see = func(e *Event) (grade, string) {
		if e.Opening != nil && e.Opening.Refuse != nil && e.Opening.Refuse.Code == codec.CodeOpenTimeout {
			return miss, ""
		}
		return see(e)
	}
	return w
}
