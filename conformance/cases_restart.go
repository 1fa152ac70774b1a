package conformance

import (
	"fmt"

	"handfast/codec"
)

// restartCases kill the peer by SIGKILL and start it again. What it has acknowledged, and what it has sent, it has to know afterwards.
func restartCases() []Case {
	restart := func(slug, title string, script func(t *T), req ...string) Case {
		return Case{ID: "resume/" + slug, Req: req, Tags: []string{TagRestart}, Title: title, Run: script}
	}
	return []Case{
		restart("position-after-a-kill", "what was acknowledged before SIGKILL is in the position after it, and is not asked for again", func(t *T) {
			c := t.Deliver()
			f := t.newFeed("a").attach(c).send(words(20)...).done()
			c.Send(f.gap(3, codec.GapExpired))
			f.done()
			t.Restart()
			d := c.Again()
			f.attach(d).stands(codec.PositionKept, 23).send([]byte("behind")).done()
			k := f.mirror(d).resume(0).gives(words(20)...).lacks(3, codec.GapExpired)
			if i := k.comes(); string(i.data) != "behind" {
				t.Fail("the record that came after the start", "%s", i)
			}
		}, "ACK-003", "CHAN-016", "ACK-002"),
		restart("nothing-lost-in-flight", "records that were on their way at SIGKILL are applied once each, as far as the position says, or come again with POSSIBLE_DUP", func(t *T) {
			c := t.Deliver()
			f := t.newFeed("a").attach(c)
			list := words(400)
			f.send(list[:100]...).done()
			f.send(list[100:]...)
			t.Restart()
			d := c.Again()
			f.attach(d)
			if f.at.State != codec.PositionKept || f.at.Stable < 100 {
				t.Fail("kept, with 100 records or more", "%s, stable %d", f.at.State, f.at.Stable)
			}
			if f.at.Dup >= f.ch.Next {
				t.Fail("a dup below next", "%d", f.at.Dup)
			}
			from := f.at.Stable
			f.send(list[from:]...).done()
			if f.at.Dup > from {
				return // effects and cursor are not kept together: some may have come twice, and their sender has said so
			}
			f.mirror(d).resume(0).gives(list...).silent("twice")
		}, "CHAN-016", "REC-008", "MIRR-001"),
		restart("numbers-go-on", "a sender's numbers go on after SIGKILL, under the same id, with one more entry in its lineage", func(t *T) {
			c := t.Deliver()
			f, k := mastered(c)
			k.take()
			f.send(words(8)...).done()
			k.gives(words(8)...)
			before := k.ch
			for n := range 3 {
				t.Restart()
				c = c.Again()
				f.attach(c)
				k = f.mirror(c)
				was, is := before.Lineage[len(before.Lineage)-1], k.ch.Lineage[len(k.ch.Lineage)-1]
				switch next := uint64(9 + n); {
				case k.ch.ID != before.ID || k.ch.Next != next:
					t.Fail(fmt.Sprintf("the same id, and next %d", next), "id %x, next %d", k.ch.ID[:4], k.ch.Next)
				case is.Epoch <= was.Epoch || is.First != next || is.Nonce == was.Nonce:
					t.Fail(fmt.Sprintf("a new entry that begins with %d", next), "%+v behind %+v", is, was)
				}
				before = k.ch
				k.resume(8 - 1)
				f.send(fmt.Appendf(nil, "after start %d", n)).done()
				k.gives(words(8)[7])
				for i := range n + 1 {
					k.gives(fmt.Appendf(nil, "after start %d", i))
				}
			}
		}, "CHAN-010", "CHAN-011", "CHAN-016"),
		restart("nine-starts", "after nine starts a lineage has the newest eight entries", func(t *T) {
			c := t.Deliver()
			f, k := mastered(c)
			f.done()
			first := k.ch.Lineage[0]
			for range codec.MaxLineage {
				t.Restart()
				c = c.Again()
				f.attach(c)
				k = f.mirror(c)
			}
			n := len(k.ch.Lineage)
			if n != codec.MaxLineage || k.ch.Lineage[0] == first {
				t.Fail("eight entries, without the first", "%d entries: %+v", n, k.ch.Lineage)
			}
		}, "CHAN-010", "CHAN-016"),
	}
}
