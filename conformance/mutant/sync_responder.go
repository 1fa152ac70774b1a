package mutant

import (
	"slices"

	"handfast/codec"
)

// beginSync serves a session that the other side has opened, in a goroutine of its own. The caller holds mu of the link.
func (s *stream) beginSync() {
	x := newSession(s, false)
	s.l.p.store.mu.Lock()
	stuck := s.l.p.store.stuck
	s.l.p.store.mu.Unlock()
	if stuck {
		return
	}
	s.working = true
	s.l.work.Go(func() { // ends with the stream
		x.leave(x.serve(x.answer, func() bool { return x.done || x.failed }))
	})
}

// answer answers a message of an initiator. It reads on when the answer is sent.
func (x *session) answer(msg codec.SyncMessage) error {
	if (x.done || x.failed) && !x.readsOn() {
		return x.fault("SYNC-021", "a message behind the last one")
	}
	switch m := msg.(type) {
	case codec.SyncSince:
		return x.answerSince(m)
	case codec.SyncClock:
		_, err := x.onClock(m)
		return err
	case codec.SyncCheck:
		return x.answerCheck(m)
	case codec.SyncCheckKey:
		return x.answerKey(m)
	case codec.SyncRepair:
		e, _, err := x.onRepair(m)
		if err != nil {
			return err
		}
		return x.answerRepair(m.Number, e)
	case codec.SyncResult:
		return x.onResult(m)
	case codec.SyncError:
		if m.Session {
			x.failed = true
			return x.s.sendFin()
		}
		return nil
	case codec.SyncComplete:
		return x.answerComplete(m)
	case codec.SyncCells:
		return x.answerCells(m)
	default:
		return x.fault("SYNC-005", "a kind of a responder")
	}
}

// answerRepair sends an entry of RESULT.
func (x *session) answerRepair(number uint8, e codec.SyncEntry) error {
	switch {
	case x.p.has("answers-every-second-object") && number%2 == 0:
		return nil
	case x.p.has("ends-sessions-by-one-object") && e.Outcome == codec.SyncRejected:
		return x.fault("SYNC-033", "an object that is none")
	}
	return x.say(codec.SyncResult{First: number, Entries: []codec.SyncEntry{e}})
}

// answerSince answers SINCE.
func (x *session) answerSince(m codec.SyncSince) error {
	if (x.since || x.theirs != nil) && !x.p.has("takes-since-again") {
		return x.fault("SYNC-007", "a SINCE that is not the first thing stated")
	}
	x.since = true
	have, err := x.states(m.Clock)
	if err != nil {
		return err
	}
	if x.p.has("takes-since-over") {
		x.p.observe(have)
	}
	return x.sendAll(have)
}

// mostItems is up to how many items a DIGEST lists.
const mostItems = 64

// answerCheck answers with what this side has (SYNC-010).
func (x *session) answerCheck(m codec.SyncCheck) error {
	if m.Estimate && x.s.l.agreedCells() == 0 && !x.p.has("estimates-without-the-capability") {
		return x.fault("CELL-011", "ESTIMATE without the capability")
	}
	if m.Pull || x.p.has("sends-objects-with-every-digest") && m.Prefix.Length == codec.MaxSyncPrefix {
		if x.p.has("sends-objects-behind-their-digest") {
			defer func() { _ = x.sendUnder(m.Prefix) }() // a stream that has ended is found by the next one who sends
		} else if !x.p.has("never-sends-objects-for-pull") {
			if err := x.sendUnder(m.Prefix); err != nil {
				return err
			}
		}
	}
	d := x.digest(m)
	if answered, err := x.answerLast(m, d); answered {
		return err
	}
	switch {
	case x.p.has("answers-checks-of-nothing-by-silence") && len(under(x.p.items(), m.Prefix)) == 0:
		return nil
	case x.p.has("answers-keys-before-prefixes"):
		x.kept = append(x.kept, d)
		return nil
	case x.p.has("answers-a-prefix-once"):
		if slices.Contains(x.seen, m.Prefix) {
			return nil
		}
		x.seen = append(x.seen, m.Prefix)
	}
	return x.say(d)
}

// sendUnder sends every object under a prefix of 16 half bytes.
func (x *session) sendUnder(prefix codec.SyncPrefix) error {
	for _, key := range x.p.keys(func(key string, _ object) bool { return prefixOf(x.p.keyHash(key), codec.MaxSyncPrefix) == prefix }) {
		o, _ := x.p.object(key, object{})
		if _, err := x.sendObject(key, o); err != nil {
			return err
		}
	}
	return nil
}

// digest makes the answer to CHECK.
func (x *session) digest(m codec.SyncCheck) codec.SyncDigest {
	items := under(x.p.items(), m.Prefix)
	print := x.p.fingerprint(items, m.Prefix)
	d := codec.SyncDigest{Prefix: m.Prefix}
	if m.Prefix.Length == 0 {
		x.mu.Lock()
		x.named = m.Fingerprint
		x.mu.Unlock()
	}
	if m.Clock {
		d.SameClock = m.ClockCheck == codec.SyncClockCheck(syncSalt, x.p.nodeClock().encode()) && !x.p.has("says-nothing-of-clocks") || x.p.has("takes-every-clock-for-its-own")
	} else {
		d.SameClock = x.p.has("compares-clocks-unasked")
	}
	most := mostItems
	if x.p.has("lists-65-items") {
		most++
	}
	switch {
	case x.p.has("says-same-of-everything"):
	case print == m.Fingerprint && !x.p.has("never-says-same"):
	case m.Estimate && !x.p.has("never-answers-with-estimates"):
		d.Form, d.Entries = codec.SyncEstimate, x.p.estimate()
	case m.Brief && !x.p.has("never-answers-briefly"):
		d.Form = codec.SyncBrief
		for _, one := range x.p.parts(items, m.Prefix) {
			d.Entries = append(d.Entries, one[0])
		}
	case (len(items) <= most && !x.p.has("lists-no-more-than-32-items") || len(items) <= mostListed) || m.Prefix.Length == codec.MaxSyncPrefix:
		d.Form = codec.SyncItems
		for _, it := range items {
			d.Entries = append(d.Entries, it[:]...)
		}
	default:
		d.Form = codec.SyncParts
		for _, one := range x.p.parts(items, m.Prefix) {
			d.Entries = append(d.Entries, one[:]...)
		}
	}
	return d
}

// answerKey answers with this side's own version, and before it with the object where that has news (SYNC-012, SYNC-042).
func (x *session) answerKey(m codec.SyncCheckKey) error {
	theirs, err := x.p.parseObject(m.Version, false)
	if err != nil {
		if x.p.has("takes-any-version-of-an-object") {
			return x.say(codec.SyncVersion{Key: m.Key, Version: object{}.append(nil, false)})
		}
		return x.fault("SYNC-005", "a version that is none")
	}
	key := string(m.Key)
	own, _ := x.p.object(key, object{})
	o, news := x.p.news(key, theirs)
	if x.p.has("sends-objects-that-are-no-news") && len(o.siblings) > 0 {
		news = true
	}
	if news && !x.p.has("answers-questions-without-objects") {
		if _, err := x.sendObject(key, o); err != nil {
			return err
		}
	}
	version := own.append(nil, false)
	switch {
	case x.p.has("echoes-versions"), x.p.has("echoes-newer-versions") && !news: // as the system did that this follows
		version = m.Version
	case x.p.has("answers-differences-alone") && own.equal(theirs):
		return nil
	}
	answer := codec.SyncVersion{Key: m.Key, Version: version}
	defer func() { x.kept = nil }()
	if x.kept != nil {
		return x.say(append([]codec.SyncMessage{answer}, x.kept...)...)
	}
	if x.p.has("answers-questions-twice") {
		return x.say(answer, answer)
	}
	return x.say(answer)
}

// answerComplete answers COMPLETE with COMPLETE and FIN (SYNC-031).
func (x *session) answerComplete(m codec.SyncComplete) error {
	x.done = true
	x.p.writesDown()
	if m.Root {
		x.mu.Lock()
		x.named = m.Fingerprint
		x.mu.Unlock()
	}
	if x.p.has("ends-without-complete") {
		return x.s.sendFin()
	}
	if err := x.say(x.complete()); err != nil || x.p.has("never-ends-sessions") {
		return err
	}
	return x.s.sendFin()
}

// laterMerge merges when the RESULT has long been sent.
func (p *peer) laterMerge(key string, o object) bool {
	return p.spawn(func() {
		if p.pass(50 * tick) {
			p.merge(key, o)
		}
	})
}

// garbleSync is a message as a peer with a bug writes it.
func (p *peer) garbleSync(m codec.SyncMessage, b []byte) []byte {
	switch m.(type) {
	case codec.SyncResult:
		if p.has("answers-objects-by-number-1") {
			b = slices.Clone(b)
			b[1] = 1
		}
	}
	return b
}
