package conformance

import (
	"handfast/codec"
)

// lastOf gives the question that a scene has waited for. An initiator that has sent it without LAST is not judged.
func (r *responder) lastOf() codec.SyncCheck {
	q, ok := r.last.(codec.SyncCheck)
	if !ok || !q.Last {
		r.c.t.Unsupported("it does without LAST")
	}
	return q
}

// onStartLast is onStart of an initiator that uses LAST.
func onStartLast(c *Conn) *responder {
	r := onStart(c)
	r.lastOf()
	return r
}

// onCheckLast is onCheck of an initiator that uses LAST.
func onCheckLast(c *Conn) *responder {
	r := onCheck(c)
	r.lastOf()
	return r
}

// onPlainCheck is onCheck of an initiator whose CHECK asks for any form of DIGEST.
func onPlainCheck(c *Conn) *responder {
	r := onCheck(c)
	if q, ok := r.last.(codec.SyncCheck); !ok || q.Brief || q.Estimate {
		c.t.Unsupported("it asks for another form of DIGEST")
	}
	return r
}

// onPart is one whose first CHECK of one half byte, which cannot have LAST, is not answered.
func onPart(c *Conn) *responder {
	r := onPlainCheck(c)
	r.answered++
	r.say(codec.SyncDigest{Form: codec.SyncParts, Entries: c.t.randomPrints(16)})
	r.until(codec.SyncKindCheck)
	return r
}

// onWalked is one whose COMPLETE is not answered, behind CHECKs that have found something.
func onWalked(c *Conn) *responder {
	r := onCheckKey(c)
	r.answers(r.last)
	r.until(codec.SyncKindComplete)
	return r
}

// said tells whether a stream has brought a message, or FIN.
func said(id uint32) func(e *Event) bool {
	return func(e *Event) bool {
		return e.Frame != nil && e.Frame.Type == codec.TypeData && e.Frame.Stream == id && (len(e.Messages) > 0 || e.Frame.Flags&codec.FlagFin != 0)
	}
}

// lastInitiator are about initiators that use LAST, and what they do where it is not answered as it should be.
func lastInitiator() []Case {
	silent := func(slug, title string, scene func(c *Conn) *responder) Case {
		return Case{
			ID: "initiator/" + slug, Req: []string{"SYNC-049"}, Title: title,
			Run: func(t *T) {
				c := t.Syncing()
				r := scene(c)
				r.alone()
				c.Quiet(MaxQuiet, "message and no FIN between a CHECK with LAST and its answer", said(r.s.ID))
				r.answers(r.last)
				r.whole().ends("whole", "partial")
			},
		}
	}
	refuse := func(slug, req, what string, scene func(c *Conn) *responder, bad func(r *responder) []byte) Case {
		return Case{
			ID: "initiator/" + slug, Req: []string{req}, Title: what + " ends the stream with PROTOCOL",
			Reject: initiating(scene,
				func(r *responder) { r.answers(r.last); r.whole().ends("whole", "partial") },
				func(r *responder) { r.wrong(what, bad(r)) }),
		}
	}
	fixed := func(m codec.SyncMessage) func(r *responder) []byte {
		return func(*responder) []byte { return encoded(m) }
	}
	pushed := func(r *responder) []byte {
		d := r.c.t.write(2)
		r.say(codec.SyncClock{Clock: clockOf(d).encode()})
		return encoded(codec.SyncRepair{Number: 1, Key: r.c.t.key(), Object: value(d, "pushed").encode()})
	}
	return []Case{
		silent("silent-behind-start", "an initiator whose first CHECK has LAST sends nothing before the answer", onStartLast),
		silent("silent-behind-last", "an initiator whose CHECK behind SINCE has LAST sends nothing before the answer", onCheckLast),
		refuse("same-for-last", "SYNC-044", "a DIGEST of the form SAME with CLOCK for a CHECK with CLOCK and LAST", onStartLast, fixed(codec.SyncDigest{SameClock: true})),
		refuse("same-for-last-behind-since", "SYNC-044", "a DIGEST of the form SAME for a CHECK with LAST and without CLOCK", onCheckLast, fixed(codec.SyncDigest{})),
		refuse("complete-for-a-check", "SYNC-020", "a COMPLETE in answer to a CHECK without LAST", onPart, fixed(codec.SyncComplete{})),
		refuse("complete-for-since", "SYNC-020", "a COMPLETE in answer to SINCE", onSince, fixed(codec.SyncComplete{})),
		refuse("repair-for-last", "SYNC-018", "a REPAIR in answer to a CHECK with LAST", onCheckLast, pushed),
		refuse("repair-behind-the-walk", "SYNC-018", "a REPAIR behind the last question of a walk", onWalked, func(r *responder) []byte {
			d := r.c.t.write(2)
			r.say(codec.SyncClock{Clock: clockOf(d).encode()})
			r.sent++
			return encoded(codec.SyncRepair{Number: uint8(r.sent), Key: r.c.t.key(), Object: value(d, "pushed").encode()})
		}),
		{
			ID: "initiator/same-without-clock", Req: []string{"SYNC-044"}, Title: "an initiator goes on behind a DIGEST of the form SAME without CLOCK, where its CHECK had CLOCK",
			Run: func(t *T) {
				c := t.Syncing()
				x := c.session()
				w := x.learnsAndAdds(t, 2)
				x.acknowledges().completes()
				r := c.responds(w, nodeClock{}) // whose clock the peer cannot have
				r.clock.join(x.theirs)
				r.clock.join(x.own)
				r.whole().ends("whole")
			},
		},
		{
			ID: "initiator/counts-agree", Req: []string{"SYNC-022"}, Title: "an initiator says as its counts what it has sent and taken, wherever it says them",
			Run: func(t *T) {
				c := t.Syncing()
				keys := c.stock(3)
				key, d := t.key(), t.write(2)
				r := c.responds(world{string(key): value(d, "of the responder")}, clockOf(d)).whole()
				if m := r.complete; int(m.Sent) != len(keys) || int(m.Acked) != len(keys) || m.Received != 1 || m.Applied != 1 || m.Errors > 0 {
					r.broke("SYNC-022", "counts of 3 objects that were sent and acknowledged, and one that was applied", "%+v", m)
				}
				r.ends("whole")
			},
		},
		{
			ID: "initiator/count-behind-a-walk", Req: []string{"SYNC-022"}, Title: "a session whose responder has counted fewer objects behind a walk is not reported as whole",
			Run: func(t *T) {
				r := onWalked(t.Syncing())
				m := r.counts()
				m.Received--
				m.Applied--
				r.say(m)
				r.c.Send(r.s.Fin())
				r.s.End()
				r.ends("partial", "failed")
			},
		},
	}
}

// ending tells whether a message of an initiator says that it has nothing left to do, and asking whether it is another CHECK.
func ending(b []byte) (ending, asking bool) {
	m, err := codec.ParseSyncRequest(b)
	q, check := m.(codec.SyncCheck)
	_, complete := m.(codec.SyncComplete)
	return err == nil && (complete || check && q.Last), err == nil && check && !q.Last
}
