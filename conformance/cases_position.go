package conformance

import (
	"fmt"
	"slices"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// stand is a channel with records that were applied, and the link on which they were.
func stand(t *T, records int) (*Conn, *feed) {
	c := t.Deliver()
	f := t.newFeed("a").attach(c)
	return c, f.send(words(records)...).done()
}

// history makes a sender with starts at the given first numbers, the first being 1, that has sent records up to the last of them.
func history(t *T, records int, starts ...int) (*Conn, *feed) {
	c := t.Deliver()
	f := t.newFeed("a").attach(c)
	sent := 0
	for _, first := range append(starts, records+1) {
		f.send(words(first - 1)[sent:]...)
		sent = first - 1
		if sent == records {
			break
		}
		f.done().leave().restart()
		f.attach(c)
	}
	return c, f.done()
}

// positionCases are the rows of the table that end in ACCEPT (CHAN-017).
func positionCases() []Case {
	// row makes a case of one OPEN on a link of its own, after a history.
	row := func(slug, title string, state codec.PositionState, stable uint64, before func(t *T) (*Conn, *feed), change func(ch *codec.Channel), req ...string) Case {
		return Case{
			ID: "channel/" + slug, Req: append([]string{"CHAN-017"}, req...), Title: title,
			Run: func(t *T) {
				c, f := before(t)
				g := f.as(change)
				g.attach(c.Again()).stands(state, stable)
				if state == codec.PositionDiverged && (g.at.Dup > 0 && g.at.Dup >= g.ch.Next) {
					t.Fail("a dup below next", "%d", g.at.Dup)
				}
				if state != codec.PositionForeign { // the answer is meant: the channel goes on there
					g.send([]byte("behind it")).done()
				}
			},
		}
	}
	known := func(records int, starts ...int) func(t *T) (*Conn, *feed) {
		return func(t *T) (*Conn, *feed) { return history(t, records, starts...) }
	}
	lineage := func(next, stable uint64, entries ...codec.Epoch) func(ch *codec.Channel) {
		return func(ch *codec.Channel) {
			entries := slices.Clone(entries)
			for i := range entries {
				if entries[i].Nonce == 0 { // that of the sender as it was
					entries[i].Nonce = ch.Lineage[i].Nonce
				}
			}
			ch.Lineage, ch.First, ch.Next, ch.Stable = entries, stable+1, next, stable
		}
	}
	other := func(ch *codec.Channel) { ch.ID[0] ^= 0xFF }
	return []Case{
		{
			ID: "channel/new", Req: []string{"CHAN-017"}, Title: "a channel that its receiver does not know is lost, with the stable of its sender and a dup of next - 1 (row 4)",
			Run: func(t *T) {
				c := t.Deliver()
				t.newFeed("new").attach(c).stands(codec.PositionLost, 0)
				f := t.newFeed("older")
				f.ch.First, f.ch.Next, f.ch.Stable = 7, 10, 6
				f.attach(c).stands(codec.PositionLost, 6).send(words(3)...).done()
				t.newFeed("").attach(c).stands(codec.PositionLost, 0).send([]byte("the name may be empty")).done()
			},
		},
		row("kept", "a channel that was left is kept, with everything that was acknowledged (row 8)", codec.PositionKept, 5, known(5), func(*codec.Channel) {}, "CHAN-016"),
		row("kept-without-records", "a channel of which nothing was sent is kept all the same", codec.PositionKept, 0, known(0), func(*codec.Channel) {}, "CHAN-016"),
		row("kept-with-new-start", "a channel is kept when its sender's process was started again", codec.PositionKept, 5, known(5),
			func(ch *codec.Channel) {
				ch.Lineage = append(ch.Lineage, codec.Epoch{Epoch: 2, Nonce: 99, First: 6})
			}, "CHAN-016"),
		row("kept-with-new-start-above", "a channel is kept when the new process begins above what was applied", codec.PositionKept, 5, known(5),
			func(ch *codec.Channel) {
				ch.Lineage = append(ch.Lineage, codec.Epoch{Epoch: 2, Nonce: 99, First: 9})
				ch.Next = 9
			}, "CHAN-016"),
		row("kept-with-unknown-starts", "a channel is kept when two starts of its sender were never seen", codec.PositionKept, 5, known(5),
			func(ch *codec.Channel) {
				ch.Lineage = append(ch.Lineage, codec.Epoch{Epoch: 2, Nonce: 98, First: 6}, codec.Epoch{Epoch: 3, Nonce: 99, First: 8})
				ch.Next = 8
			}, "CHAN-016"),
		row("kept-by-one-common-entry", "a channel is kept by one entry of the lineage that both know, the oldest of the sender's having been dropped", codec.PositionKept, 4, known(4, 2, 3, 4),
			func(ch *codec.Channel) {
				last := ch.Lineage[len(ch.Lineage)-1]
				ch.Lineage = codec.Lineage{last}
				for i := uint64(1); i < codec.MaxLineage; i++ {
					ch.Lineage = append(ch.Lineage, codec.Epoch{Epoch: last.Epoch + i, Nonce: 50 + i, First: 5})
				}
			}, "CHAN-016"),
		row("lost-other-id", "another id under the key closes the channel as lost, and begins at the stable of its sender (row 4)", codec.PositionLost, 0, known(5),
			func(ch *codec.Channel) {
				other(ch)
				lineage(4, 0, codec.Epoch{Epoch: 1, Nonce: 77, First: 1})(ch)
			}),
		row("lost-other-id-with-stable", "another id under the key with a stable of its own is lost, and begins there", codec.PositionLost, 8, known(5),
			func(ch *codec.Channel) {
				other(ch)
				lineage(12, 8, codec.Epoch{Epoch: 1, Nonce: 77, First: 1})(ch)
			}),
		row("diverged-no-common-entry", "a lineage without an entry that is known has diverged, with the stable of its sender (row 5)", codec.PositionDiverged, 0, known(5),
			lineage(9, 0, codec.Epoch{Epoch: 1, Nonce: 77, First: 1})),
		row("diverged-same-epoch-other-nonce", "an entry of the same epoch with another nonce is another entry (row 5)", codec.PositionDiverged, 3, known(5),
			lineage(9, 3, codec.Epoch{Epoch: 1, Nonce: 77, First: 1})),
		row("diverged-rolled-back", "a history that ends below the position, and goes on in another process, has diverged there (row 6)", codec.PositionDiverged, 6, known(10),
			lineage(7, 2, codec.Epoch{Epoch: 1, First: 1}, codec.Epoch{Epoch: 2, Nonce: 77, First: 7})),
		row("diverged-known-end", "the common entry ends where the receiver knows it to end, if that is earlier (row 6)", codec.PositionDiverged, 3, known(6, 4),
			lineage(9, 2, codec.Epoch{Epoch: 1, First: 1}, codec.Epoch{Epoch: 2, Nonce: 77, First: 9})),
		row("diverged-offered-end", "the common entry ends where the sender says that it ends, if that is earlier (row 6)", codec.PositionDiverged, 2, known(6, 4),
			lineage(9, 2, codec.Epoch{Epoch: 1, First: 1}, codec.Epoch{Epoch: 2, Nonce: 77, First: 3})),
		row("diverged-receiver-behind", "a stable over that of the receiver means that the receiver was restored: it has diverged, unchanged (row 7)", codec.PositionDiverged, 5, known(5),
			func(ch *codec.Channel) { ch.Stable, ch.First, ch.Next = 8, 9, 10 }),
		row("foreign", "an id that is known under another name is foreign, with nothing else (row 1)", codec.PositionForeign, 0, known(5),
			func(ch *codec.Channel) { ch.Name = "b" }),
		{
			ID: "channel/foreign-leaves-both", Req: []string{"CHAN-017"}, Title: "a channel that was answered foreign changes neither name",
			Run: func(t *T) {
				c, f := stand(t, 5)
				b := t.newFeed("b").attach(c).send(words(2)...).done()
				d := c.Again()
				g := f.as(func(ch *codec.Channel) { ch.Name = "b" })
				g.attach(d).stands(codec.PositionForeign, 0)
				d.Send(g.s.Fin())
				f.leave().attach(c).stands(codec.PositionKept, 5)
				b.leave().attach(c).stands(codec.PositionKept, 2)
			},
		},
		{
			ID: "channel/lost-forgets-the-old-id", Req: []string{"CHAN-017"}, Title: "a channel that was closed as lost is not known any more: it is lost again, and not kept",
			Run: func(t *T) {
				c, f := stand(t, 5)
				f.leave()
				t.newFeed("a").attach(c).stands(codec.PositionLost, 0).leave()
				f.attach(c).stands(codec.PositionLost, 5)
			},
		},
		{
			ID: "channel/offered-lineage-becomes-known", Req: []string{"CHAN-017"}, Title: "the offered lineage becomes the known one, whatever the answer was",
			Run: func(t *T) {
				c, f := stand(t, 5)
				f.leave()
				f.ch.Lineage = codec.Lineage{{Epoch: 1, Nonce: 77, First: 1}}
				f.attach(c).stands(codec.PositionDiverged, f.ch.Stable).leave()
				f.restart()
				f.attach(c).stands(codec.PositionKept, f.ch.Stable)
			},
		},
		{
			ID: "channel/dup-after-diverged", Req: []string{"CHAN-017"}, Title: "where no entry is common, everything that the sender has may have been applied: dup is next - 1 (row 5)",
			Run: func(t *T) {
				c, f := stand(t, 5)
				g := f.as(lineage(9, 0, codec.Epoch{Epoch: 1, Nonce: 77, First: 1}))
				if g.attach(c.Again()).stands(codec.PositionDiverged, 0); g.at.Dup != 8 {
					t.Fail("a dup of 8", "%d", g.at.Dup)
				}
			},
		},
		{
			ID: "channel/dup-is-kept", Req: []string{"CHAN-017"}, Title: "dup stays as it was until stable has reached it (rows 6 to 8)",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a")
				f.ch.Next = 6
				f.attach(c).stands(codec.PositionLost, 0).send(words(2)...).done().leave()
				if f.attach(c).stands(codec.PositionKept, 2); f.at.Dup < 5 {
					t.Fail("a dup of 5 or more, because 3 to 5 may have been applied", "%d", f.at.Dup)
				}
			},
		},
		{
			ID: "channel/of-another-node", Req: []string{"CHAN-031"}, Title: "what is known of one node is not the answer to another, whose channel has the same name and id",
			Run: func(t *T) {
				_, f := stand(t, 5)
				stranger := f.as(func(ch *codec.Channel) { ch.Stable, ch.First = 2, 3 })
				stranger.attach(t.Deliver()).stands(codec.PositionLost, 2)
				f.attach(f.c.Again()).stands(codec.PositionKept, 5)
			},
		},
		{
			ID: "channel/same-process-on-new-link", Req: []string{"CHAN-032", "CHAN-017"}, Title: "the newest entry that is known is not that of an older process, however often it comes",
			Run: func(t *T) {
				c, f := history(t, 4, 3)
				for range 4 {
					c = c.Again()
					f.attach(c).stands(codec.PositionKept, f.seqBefore())
					f.send([]byte("one more")).done()
				}
			},
		},
	}
}

// seqBefore is the greatest number that was sent.
func (f *feed) seqBefore() uint64 { return f.ch.Next - 1 }

// positionRefusals are the rows of the table that end in REJECT, and the OPEN that comes too late.
func positionRefusals() []Case {
	// second gives the second stream of the suite's on a link.
	second := func(judged wire.Side) uint32 { return own(judged) + 2 }
	stale := func(slug, title string, starts []int, older func(ch *codec.Channel)) Case {
		return Case{
			ID: "channel/" + slug, Req: []string{"CHAN-017"}, Title: title,
			Reject: func() *Rejection {
				before := func(c *Conn) *feed {
					c.delivers()
					f := c.t.newFeed("a")
					for range starts {
						f.restart()
					}
					return f.attach(c).send(words(5)...).done()
				}
				r := Rejection{
					Good: func(c *Conn) { f := before(c).leave(); f.restart(); f.attach(c).stands(codec.PositionKept, 5) },
					Bad: func(c *Conn) {
						f := before(c)
						c.Send(f.as(older).open(c).Fault("an older process"))
					},
					Look: func(c *Conn, _ Event) { // the position is unchanged, and the older stream lives
						c.Echo()
					},
				}
				return r.wants(second, Rejected, codec.CodeEpochStale)
			}(),
		}
	}
	drop := func(ch *codec.Channel) { ch.Lineage = ch.Lineage[:1] }
	return []Case{
		stale("stale-process", "an OPEN of an older process of the sender is rejected with EPOCH_STALE (row 2)", []int{1}, drop),
		stale("stale-process-of-several", "an OPEN of an older process is rejected with EPOCH_STALE, whatever number it has reached (row 2)", []int{1, 1, 1},
			func(ch *codec.Channel) { ch.Lineage, ch.Next = ch.Lineage[:2], 90 }),
		{
			ID: "channel/stale-changes-nothing", Req: []string{"CHAN-017"}, Title: "an OPEN that was rejected with EPOCH_STALE leaves stream, position and lineage as they were",
			Run: func(t *T) {
				c, f := history(t, 4, 3)
				old := f.as(func(ch *codec.Channel) { ch.Lineage = ch.Lineage[:1] })
				c.Send(old.open(c).Fault("an older process"))
				c.Expect(answer(old.s.ID))
				f.send([]byte("five")).done()
				f.leave().attach(c).stands(codec.PositionKept, 5)
			},
		},
		{
			ID: "channel/flood", Req: []string{"CHAN-017"}, Tags: []string{TagFlood}, Title: "the 65th channel of a node is rejected with OVERLOADED (row 3)",
			Reject: Rejection{
				Good: func(c *Conn) { manyChannels(c, codec.MaxChannels) },
				Bad: func(c *Conn) {
					manyChannels(c, codec.MaxChannels)
					c.Send(c.t.newFeed("one more").open(c))
				},
			}.wants(func(judged wire.Side) uint32 { return own(judged) + 2*codec.MaxChannels }, Rejected, codec.CodeOverloaded),
		},
		{
			ID: "channel/flood-keeps-the-known", Req: []string{"CHAN-017"}, Tags: []string{TagFlood}, Title: "a node that has 64 channels goes on with those, may put another id in the place of one, and learns that one is foreign",
			Run: func(t *T) {
				c := t.Deliver()
				list := manyChannels(c, codec.MaxChannels)
				list[5].leave().attach(c).stands(codec.PositionKept, 0)
				g := list[6].as(func(ch *codec.Channel) { ch.Name = "unknown" })
				g.attach(c.Again()).stands(codec.PositionForeign, 0)
				other := t.newFeed(list[7].ch.Name)
				list[7].leave()
				other.attach(c).stands(codec.PositionLost, 0)
			},
		},
		{
			ID: "channel/overtaken", Req: []string{"CHAN-033"}, Title: "an OPEN of the newest process whose next is not above what was handed on came too late: BUSY_ELSEWHERE",
			Reject: func() *Rejection {
				before := func(c *Conn) *feed { c.delivers(); return c.t.newFeed("a").attach(c).send(words(5)...).done() }
				r := Rejection{
					Good: func(c *Conn) { before(c).leave().attach(c).stands(codec.PositionKept, 5) },
					Bad: func(c *Conn) {
						f := before(c)
						c.Send(f.as(func(ch *codec.Channel) { ch.Next, ch.First, ch.Stable = 5, 1, 0 }).open(c).Fault("an OPEN that was overtaken"))
					},
				}
				return r.wants(second, Rejected, codec.CodeBusyElsewhere)
			}(),
		},
		{
			ID: "channel/overtaken-changes-nothing", Req: []string{"CHAN-033"}, Title: "an OPEN that came too late leaves the stream that is attached and its position as they were",
			Run: func(t *T) {
				c, f := stand(t, 5)
				late := f.as(func(ch *codec.Channel) { ch.Next, ch.First, ch.Stable = 1, 1, 0 })
				d := c.Again()
				d.Send(late.open(d))
				d.Expect(answer(late.s.ID))
				f.send([]byte("six")).done()
				f.attach(d).stands(codec.PositionKept, 6)
			},
		},
		{
			ID: "channel/no-answer-while-applying", Req: []string{"CHAN-022"}, Tags: []string{TagTiming}, Title: "an OPEN is not accepted while a record of the earlier stream is being applied: what is applied once is not asked for again",
			Run: func(t *T) {
				c := t.Deliver()
				f := t.newFeed("a").attach(c)
				f.send(hold(400 * time.Millisecond))
				c.Barrier()
				t.Sleep(50 * time.Millisecond) // so that its receiver has begun
				d := c.Again()
				f.attach(d)
				if f.at.Stable > 1 {
					t.Fail("a stable of 0 or 1", "%d", f.at.Stable)
				}
				k := f.mirror(d).take()
				if f.at.Stable == 0 {
					f.send(hold(400 * time.Millisecond))
				}
				f.send([]byte("two"), []byte("three"))
				k.gives(hold(400*time.Millisecond), []byte("two"), []byte("three"))
				f.done()
				k.silent("twice")
			},
		},
	}
}

// manyChannels attaches channels of as many names. Their streams stay, or end where the peer has no more.
func manyChannels(c *Conn, n int) []*feed {
	c.delivers()
	list := make([]*feed, n)
	for i := range list {
		c.AwaitSlots(1)
		list[i] = c.t.newFeed(fmt.Sprintf("n%d", i)).attach(c).stands(codec.PositionLost, 0)
	}
	return list
}
