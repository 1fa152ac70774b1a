package conformance

import (
	"strings"

	"handfast/codec"
)

// inChannel edits the map channel of an OPEN or ACCEPT.
func inChannel(change func(m map[string]any)) edit {
	return func(p Packet) Packet {
		return p.Body("", func(m map[string]any) {
			inner, _ := m["channel"].(map[string]any)
			change(inner)
		})
	}
}

// putChannel gives a key of channel another value.
func putChannel(key string, value any) edit {
	return inChannel(func(m map[string]any) { m[key] = value })
}

// dropChannel leaves a key of channel out.
func dropChannel(key string) edit { return inChannel(func(m map[string]any) { delete(m, key) }) }

// offerFormCases are about the form of channel in OPEN (CHAN-004, CHAN-005).
func offerFormCases() []Case {
	// bad makes a case of an OPEN whose channel has next 20, stable 9 and two starts.
	bad := func(slug, what string, good, wrong edit) Case {
		open := func(c *Conn, e edit) Packet {
			c.delivers()
			f := c.t.newFeed("a")
			f.ch.First, f.ch.Next, f.ch.Stable = 10, 20, 9
			f.ch.Lineage = codec.Lineage{{Epoch: 1, Nonce: 5, First: 1}, {Epoch: 2, Nonce: 6, First: 15}}
			return e(f.open(c))
		}
		return Case{
			ID: "channel/open-" + slug, Req: []string{"CHAN-004"}, Title: "an OPEN whose channel " + what + " ends the link with ENCODING",
			Reject: Rejection{
				Good: func(c *Conn) { c.Send(open(c, good)) },
				Bad:  func(c *Conn) { c.Send(open(c, wrong).Fault(what)) },
			}.closes(codec.CodeEncoding),
		}
	}
	put := func(key string, value any) edit { return harmless(putChannel(key, value)) }
	entry := func(n ...any) []any { return n }
	starts := func(entries ...any) edit { return putChannel("lineage", entries) }
	good := starts(entry(int64(1), int64(5), int64(1)), entry(int64(2), int64(6), int64(15)))
	lineage := func(slug, what string, wrong edit) Case { return bad("lineage-"+slug, what, harmless(good), wrong) }
	many := func(n int) edit {
		var list []any
		for i := range n {
			list = append(list, entry(int64(i+1), int64(i), int64(1)))
		}
		return putChannel("lineage", list)
	}
	cases := []Case{
		bad("is-no-map", "is an array", same, func(p Packet) Packet {
			return p.Body("", func(m map[string]any) { m["channel"] = []any{} })
		}),
		bad("id-short", "has an id of 15 bytes", put("id", make([]byte, 16)), putChannel("id", make([]byte, 15))),
		bad("id-str", "has an id that is a str", put("id", []byte("0123456789abcdef")), putChannel("id", "0123456789abcdef")),
		bad("name-long", "has a name of 65 bytes", put("name", strings.Repeat("n", 62)+"~~"), putChannel("name", strings.Repeat("n", 63)+"~~")),
		bad("name-bin", "has a name that is a bin", put("name", "b"), putChannel("name", []byte("b"))),
		bad("next-zero", "has a next of 0", put("next", int64(20)), putChannel("next", int64(0))),
		bad("next-str", "has a next that is a str", put("next", int64(20)), putChannel("next", "20")),
		bad("first-zero", "has a first of 0", put("first", int64(1)), putChannel("first", int64(0))),
		bad("first-above-next", "has a first above next", put("first", int64(20)), putChannel("first", int64(21))),
		bad("stable-is-next", "has a stable that is next", put("stable", int64(19)), putChannel("stable", int64(20))),
		bad("stable-below-zero", "has a stable of -1", put("stable", int64(0)), putChannel("stable", int64(-1))),
		lineage("empty", "has no entry in its lineage", starts()),
		lineage("long", "has nine entries in its lineage", many(9)),
		lineage("of-pairs", "has entries of two numbers", starts(entry(int64(1), int64(5)))),
		lineage("of-four", "has entries of four numbers", starts(entry(int64(1), int64(5), int64(1), int64(1)))),
		lineage("of-numbers", "has entries that are ints", starts(int64(1), int64(5), int64(1))),
		lineage("epoch-zero", "has an epoch of 0", starts(entry(int64(0), int64(5), int64(1)))),
		lineage("epoch-jumps", "has epochs that grow by two", starts(entry(int64(1), int64(5), int64(1)), entry(int64(3), int64(6), int64(15)))),
		lineage("epoch-twice", "has one epoch twice", starts(entry(int64(1), int64(5), int64(1)), entry(int64(1), int64(6), int64(15)))),
		lineage("first-zero", "has an entry that begins with 0", starts(entry(int64(1), int64(5), int64(0)))),
		lineage("first-falls", "has entries whose first numbers fall", starts(entry(int64(1), int64(5), int64(15)), entry(int64(2), int64(6), int64(14)))),
		lineage("first-above-next", "has an entry that begins above next", starts(entry(int64(1), int64(5), int64(1)), entry(int64(2), int64(6), int64(21)))),
	}
	for _, key := range []string{"first", "id", "lineage", "name", "next", "stable"} {
		cases = append(cases, bad("without-"+key, "has no "+key, same, dropChannel(key)))
	}
	return append(cases, Case{
		ID: "channel/open-unknown-keys", Req: []string{"CHAN-005"}, Title: "keys of channel in OPEN that nobody knows are ignored",
		Run: func(t *T) {
			c := t.Deliver()
			f := t.newFeed("a")
			c.Send(f.open(c).Body("", func(m map[string]any) {
				inner, _ := m["channel"].(map[string]any)
				inner["a"], inner["ticket"], inner["zz"] = nil, []byte{1}, map[string]any{"deep": []any{int64(1)}}
			}).Harmless())
			f.accepted().stands(codec.PositionLost, 0).send(words(2)...).done()
		},
	})
}

// answerFormCases are about ACCEPT of the mirror: its form, and positions that no receiver can have.
func answerFormCases() []Case {
	// offered gives a mirror whose OPEN states nine records: they came on an earlier link.
	offered := func(c *Conn) *taker {
		f := c.t.newFeed("a").attach(c.Again()).send(words(9)...).done()
		return f.attach(c).mirror(c)
	}
	// bad makes a case of an ACCEPT of kept, stable 0.
	bad := func(slug, what string, good, wrong edit) Case {
		return Case{
			ID: "channel/accept-" + slug, Req: []string{"CHAN-004"}, Title: "an ACCEPT whose channel " + what + " ends the link with ENCODING",
			Reject: Rejection{
				Good: func(c *Conn) { c.Send(good(offered(c).accepts(codec.Position{State: codec.PositionKept}))) },
				Bad: func(c *Conn) {
					k := offered(c)
					c.Send(wrong(k.accepts(codec.Position{State: codec.PositionKept})).Fault(what))
				},
			}.closes(codec.CodeEncoding),
		}
	}
	// impossible makes a case of an ACCEPT to a channel whose next is 10.
	impossible := func(slug, what string, good, wrong codec.Position) Case {
		return Case{
			ID: "channel/position-" + slug, Req: []string{"CHAN-028"}, Title: "an ACCEPT with " + what + " ends the link with ACK_INVALID",
			Reject: Rejection{
				Good: func(c *Conn) { c.Send(offered(c).accepts(good)) },
				Bad:  func(c *Conn) { c.Send(offered(c).accepts(wrong).Fault(what)) },

				NoSentinel: true, // who compares it with its queue may be another than who reads the link
			}.closes(codec.CodeAckInvalid),
		}
	}
	ranges := func(r ...codec.Range) codec.Position {
		return codec.Position{State: codec.PositionKept, Stable: 2, Ranges: r}
	}
	position := func(state codec.PositionState, stable, dup uint64) codec.Position {
		return codec.Position{State: state, Stable: stable, Dup: dup}
	}
	set := func(values ...[]any) edit { return putChannel("ranges", anys(values)) }
	pair := func(a, b int64) []any { return []any{a, b} }
	var many [][]any
	for i := range int64(65) {
		many = append(many, pair(3*i+2, 3*i+3))
	}
	cases := []Case{
		bad("is-no-map", "is a str", same, func(p Packet) Packet { return p.Body("", func(m map[string]any) { m["channel"] = "kept" }) }),
		bad("state-unknown", "has an unknown state", same, putChannel("state", "keep")),
		bad("state-int", "has a state that is an int", same, putChannel("state", int64(1))),
		bad("dup-str", "has a dup that is a str", same, putChannel("dup", "0")),
		bad("stable-below-zero", "has a stable of -1", same, putChannel("stable", int64(-1))),
		bad("ranges-empty", "has ranges without a range", same, set()),
		bad("ranges-many", "has 65 ranges", same, set(many...)),
		bad("ranges-of-three", "has a range of three numbers", same, set([]any{int64(2), int64(3), int64(4)})),
		bad("ranges-at-stable", "has a range that is not above stable", same, set(pair(0, 3))),
		bad("ranges-touching", "has ranges without a gap between them", same, set(pair(2, 3), pair(4, 5))),
		bad("ranges-descending", "has ranges that descend", same, set(pair(6, 7), pair(2, 3))),
		bad("ranges-backwards", "has a range that ends before it begins", same, set(pair(4, 3))),
		bad("foreign-with-stable", "is foreign and has a stable", harmless(putChannel("state", "foreign")),
			inChannel(func(m map[string]any) { m["state"], m["stable"] = "foreign", int64(1) })),
		impossible("stable-is-next", "a stable that is next", position(codec.PositionKept, 9, 0), position(codec.PositionKept, 10, 0)),
		impossible("stable-far", "a stable of 2^62", position(codec.PositionKept, 0, 0), position(codec.PositionKept, 1<<62, 0)),
		impossible("dup-is-next", "a dup that is next", position(codec.PositionKept, 0, 9), position(codec.PositionKept, 0, 10)),
		impossible("range-is-next", "a range that ends with next", ranges(codec.Range{First: 5, Last: 9}), ranges(codec.Range{First: 5, Last: 10})),
		impossible("diverged-above", "diverged and a stable that is next", position(codec.PositionDiverged, 9, 0), position(codec.PositionDiverged, 10, 0)),
		impossible("lost-elsewhere", "lost and another stable than was offered", position(codec.PositionLost, 0, 9), position(codec.PositionLost, 1, 9)),
		{
			ID: "channel/accept-without", Req: []string{"CHAN-027"}, Title: "an ACCEPT without channel on the stream of a channel is answered with PROTOCOL",
			Reject: Rejection{
				Good: func(c *Conn) { offered(c).take() },
				Bad:  func(c *Conn) { c.Send(Message(codec.Accept{Stream: offered(c).s.ID}).Fault("no channel")) },
			}.wants(theirs, Reset, codec.CodeProtocol),
		},
		{
			ID: "channel/accept-unknown-keys", Req: []string{"CHAN-005"}, Title: "keys of channel in ACCEPT that nobody knows are ignored",
			Run: func(t *T) {
				c := t.Deliver()
				f, k := mastered(c)
				c.Send(k.accepts(codec.Position{State: codec.PositionLost}).Body("", func(m map[string]any) {
					inner, _ := m["channel"].(map[string]any)
					inner["a"], inner["zz"] = nil, map[string]any{"deep": []any{int64(1)}}
				}).Harmless())
				f.send(words(3)...).done()
				k.gives(words(3)...)
			},
		},
	}
	for _, key := range []string{"dup", "stable", "state"} {
		cases = append(cases, bad("without-"+key, "has no "+key, same, dropChannel(key)))
	}
	return cases
}

// anys makes a list of lists that a value can hold.
func anys(lists [][]any) []any {
	all := make([]any, len(lists))
	for i, l := range lists {
		all[i] = l
	}
	return all
}
