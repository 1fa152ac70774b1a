package sync

import (
	"bytes"
	"fmt"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/digest"
	"handfast/refimpl/sketch"
	"handfast/refimpl/store"
)

// window is how many questions an initiator has open.
const window = 4096

// mostPulled bounds the objects of one PULL that are looked at again: of 64 bits of a hash, one key is common, and a peer may send without end.
const mostPulled = 1024

// mostKeys bounds the keys that a dry run names.
const mostKeys = 1000

// Plan says what an initiator does.
type Plan struct {
	// NoStart begins with SINCE: where the node clocks cannot be equal, the question whether all is equal costs a round trip for nothing.
	NoStart bool
	// NoSince leaves SINCE out and compares digests at once: a scrub, which finds what clocks cannot show.
	NoSince bool
	// NoCells compares fingerprints even where cells may be used.
	NoCells bool
	// DryRun compares digests, and neither asks for objects nor sends any.
	DryRun bool
}

// Differences is what a dry run has found.
type Differences struct {
	OnlyHere, OnlyThere, Both int      // objects: on one side only, or on both with different states
	Keys                      []string // up to 1,000 of those that are here
}

// question is a CHECK, CHECK_KEY or CELLS, asked or to be asked.
type question struct {
	prefix   codec.SyncPrefix
	pull     bool
	key      string // of CHECK_KEY
	estimate bool   // of CHECK and CELLS: with ESTIMATE
	last     bool   // of CHECK: with LAST
	said     []byte // version that CHECK_KEY had
	round    int    // how many answers had to come before it could be asked, itself counted; 0: not known yet
	first    int    // of CELLS
	cells    int    // of CELLS: how many
}

// Initiator is the core of the side that has opened a session. It asks for everything once, so that a session ends whatever
// the other side writes meanwhile. Its owner serialises all calls, and calls Flush before it hands on a message that is no REPAIR.
type Initiator struct {
	side
	plan    Plan
	state   state
	stack   []question      // to be asked, the last first: memory stays small however much differs
	asked   []question      // waiting for their answers, in order
	pulled  []Item          // taken by PULL since the last DIGEST
	decoder *sketch.Decoder // of cells; nil: none were asked for yet
	found   Differences
	round   int // of what the answer that is looked at leads to
	rounds  int // the greatest so far
	echoes  int // answers that are our own version, of what was known to differ
	mine    codec.SyncComplete
	peer    codec.SyncComplete
}

type state uint8

// The states of an initiator.
const (
	stateStart  state = iota // CHECK with CLOCK was sent
	stateSince               // SINCE was sent
	stateSettle              // SINCE was answered: what was sent waits for its RESULT
	stateLast                // CHECK with LAST was sent, behind SINCE or in its place
	stateWalk
	stateCompleting // COMPLETE was sent
	stateOver
)

func (s state) String() string {
	return [...]string{"START", "SINCE", "SETTLING", "LAST", "WALK", "COMPLETING", "OVER"}[s]
}

// NewInitiator makes the core of a session about one namespace.
func NewInitiator(namespace string, read Reader, plan Plan) *Initiator {
	return &Initiator{side: side{ns: namespace, read: read}, plan: plan}
}

// Begin gives the first effects.
func (i *Initiator) Begin() ([]Effect, error) {
	if i.plan.NoSince || i.plan.DryRun {
		return i.walk()
	}
	if i.plan.NoStart {
		return i.since(), nil
	}
	check, err := i.clockCheck()
	if err != nil {
		return nil, err
	}
	m, err := i.lastCheck(i.mayEstimate())
	m.Clock, m.ClockCheck, m.Brief = true, check, !m.Estimate
	i.round, i.rounds = 1, 1
	return []Effect{Send{m}}, err
}

// since asks for all that this store has not seen.
func (i *Initiator) since() []Effect {
	i.state = stateSince
	i.round++
	i.rounds = max(i.rounds, i.round)
	return []Effect{SendSince{}}
}

// lastCheck gives a CHECK of the empty prefix with LAST, and notes what it says for the case that it is answered as a COMPLETE (SYNC-048).
func (i *Initiator) lastCheck(estimate bool) (codec.SyncCheck, error) {
	root, err := i.root()
	m := codec.SyncCheck{Last: true, Estimate: estimate, Fingerprint: root.FP, Counts: i.counts}
	i.mine, i.named = i.counts, root.FP
	i.mine.Count, i.mine.Fingerprint = root.Count, root.FP
	return m, err
}

// askLast asks whether all is equal, when nothing else is to be asked or sent (SYNC-049).
func (i *Initiator) askLast() ([]Effect, error) {
	i.state = stateLast
	i.stack = []question{{last: true, estimate: i.mayEstimate()}}
	return i.ask()
}

// Merged takes the results of the Merge that Flush gave.
func (i *Initiator) Merged(results []codec.SyncEntry) []Effect {
	effects, items := i.merged(results)
	if i.state == stateWalk && len(i.asked) > 0 && i.asked[0].pull {
		i.pulled = append(i.pulled, items[:min(len(items), mostPulled-len(i.pulled))]...)
	}
	return effects
}

// PullIsNext says that the next answer belongs to a CHECK with PULL: what has come before it is merged first.
func (i *Initiator) PullIsNext() bool { return len(i.asked) > 0 && i.asked[0].pull }

// Sinced says that what comes answers SINCE: nothing is decided by it before CLOCK with ALL.
func (i *Initiator) Sinced() bool { return i.state == stateSince }

// Found gives what a dry run has found.
func (i *Initiator) Found() Differences { return i.found }

// Phase names the state, for people.
func (i *Initiator) Phase() string { return i.state.String() }

// Quiet says that nothing is asked or waited for, so that Complete may be called when everything was sent and answered.
func (i *Initiator) Quiet() bool {
	return (i.state == stateWalk || i.state == stateSettle) && len(i.asked) == 0 && len(i.stack) == 0 && len(i.pending) == 0 && len(i.merging) == 0 && i.counts.Sent == i.counts.Acked
}

// Complete goes on with a session that is Quiet, of which nothing waits to be sent: behind SINCE with CHECK with LAST, and otherwise with COMPLETE.
func (i *Initiator) Complete() ([]Effect, error) {
	if i.state == stateSettle {
		if i.counts.Sent > 0 { // its RESULTs were waited for
			i.round++
		}
		return i.askLast()
	}
	own, err := i.complete()
	if err != nil {
		return nil, err
	}
	i.mine, i.state = own, stateCompleting
	i.rounds++
	return []Effect{Send{sent(own)}, Finish{}}, nil
}

// Result gives the two COMPLETEs of a session that is over. ok is false where the other one has not come.
func (i *Initiator) Result() (mine, theirs codec.SyncComplete, ok bool) {
	return i.mine, i.peer, i.state == stateOver && i.failed == nil
}

// Rounds gives the length of the longest chain of messages each of which had to wait for the one before: questions, SINCE and COMPLETE. It
// is the number of round trips, if the two sides compute and send at once. The RESULTs of what a walk has sent are not in it.
func (i *Initiator) Rounds() int { return i.rounds }

// Echoes gives the number of answers that had our own version, although the digest had shown another.
func (i *Initiator) Echoes() int { return i.echoes }

// Receive takes a message. The error is a *codec.Error for what is answered with a stream error, else one of the store.
func (i *Initiator) Receive(msg codec.SyncMessage) ([]Effect, error) {
	if i.state == stateOver {
		return nil, fault("SYNC-021", "a message behind the last one")
	}
	switch m := msg.(type) {
	case codec.SyncClock:
		return i.clockStated(m)
	case codec.SyncDigest:
		return i.digest(m)
	case codec.SyncVersion:
		return i.version(m)
	case codec.SyncSketch:
		return i.sketchGiven(m)
	case codec.SyncRepair:
		if i.state != stateSince && (i.state != stateWalk || len(i.asked) == 0) {
			return nil, fault("SYNC-018", "a REPAIR that nothing has asked for")
		}
		return nil, i.repair(m)
	case codec.SyncResult:
		return nil, i.result(m)
	case codec.SyncError:
		return i.error(m)
	case codec.SyncComplete:
		return i.ended(m)
	default:
		return nil, fault("SYNC-005", "a kind that a responder does not send")
	}
}

// ended takes the COMPLETE of the responder: the answer to COMPLETE, or to CHECK with LAST, behind which FIN is still to be sent.
func (i *Initiator) ended(m codec.SyncComplete) (effects []Effect, err error) {
	switch i.state {
	case stateStart, stateLast:
		for _, q := range i.asked {
			i.rounds = max(i.rounds, q.round)
		}
		i.asked = nil
		effects = []Effect{Finish{}}
	case stateCompleting:
	default:
		return nil, fault("SYNC-020", "COMPLETE before that of the initiator")
	}
	i.peer, err = i.completed(m)
	if i.peer.Fingerprint == i.mine.Fingerprint {
		i.peer.Count = i.mine.Count // the store may have changed since
	}
	i.state = stateOver
	return effects, err
}

// clockStated takes a CLOCK. The end of SINCE is answered with everything that the other side has not.
func (i *Initiator) clockStated(m codec.SyncClock) ([]Effect, error) {
	all, err := i.clock(m)
	if err != nil || all == nil {
		return nil, err
	}
	if i.state != stateSince {
		return nil, fault("SYNC-009", "an end of SINCE that nothing waits for")
	}
	i.state = stateSettle
	return append(i.observe(all), SendAll{all}), nil
}

// walk compares without clocks: by cells, or by the fingerprint of everything.
func (i *Initiator) walk() ([]Effect, error) {
	if i.cellsFirst() {
		i.state = stateWalk
		return i.ask()
	}
	return i.askLast()
}

// started takes the answer to CHECK with CLOCK: SINCE follows where the clocks differ, and where only objects do, the comparison.
func (i *Initiator) started(m codec.SyncDigest) ([]Effect, error) {
	if m.Prefix.Length > 0 {
		return nil, fault("SYNC-011", "DIGEST of another prefix than was asked for")
	}
	if err := briefly(m, i.mayEstimate()); err != nil {
		return nil, err
	}
	if !m.SameClock {
		return i.since(), nil
	}
	if m.Form == codec.SyncSame {
		return nil, fault("SYNC-044", "SAME where COMPLETE is due")
	}
	i.state = stateWalk
	if err := i.beginWalk(m); err != nil {
		return nil, err
	}
	return i.ask()
}

// briefly checks the answer to a CHECK with BRIEF or ESTIMATE.
func briefly(m codec.SyncDigest, estimate bool) error {
	want := codec.SyncBrief
	if estimate {
		want = codec.SyncEstimate
	}
	if m.Form != codec.SyncSame && m.Form != want {
		return fault("SYNC-044", "another form than was asked for")
	}
	return nil
}

// fits tells whether the form of a DIGEST is one that the CHECK may be answered by.
func (q question) fits(m codec.SyncDigest) error {
	switch {
	case q.last && m.Form == codec.SyncSame:
		return fault("SYNC-044", "SAME where COMPLETE is due")
	case q.estimate:
		return briefly(m, true)
	case m.Form == codec.SyncBrief || m.Form == codec.SyncEstimate:
		return fault("SYNC-044", "BRIEF or ESTIMATE that was not asked for")
	case m.Form == codec.SyncItems && len(m.Entries) > 16*mostItems && m.Prefix.Length < codec.MaxSyncPrefix:
		return fault("SYNC-044", "more items than are listed")
	default:
		return nil
	}
}

// beginWalk goes on behind a BRIEF or ESTIMATE: with cells, or with the prefixes.
func (i *Initiator) beginWalk(m codec.SyncDigest) error {
	if i.beginCells() {
		return i.firstCells(m)
	}
	i.stack = append(i.stack, question{})
	return nil
}

// ask asks what may be asked.
func (i *Initiator) ask() (effects []Effect, err error) {
	for n := len(i.stack) - 1; n >= 0 && i.stack[n].round == 0; n-- {
		i.stack[n].round = i.round + 1
	}
	for len(i.asked) < window && len(i.stack) > 0 {
		q := i.stack[len(i.stack)-1]
		i.stack = i.stack[:len(i.stack)-1]
		msg, err := i.message(q)
		if err != nil {
			return effects, err
		}
		if e, bad := msg.(codec.SyncError); bad { // nothing that could be asked about
			effects = append(effects, Send{e})
			continue
		}
		switch m := msg.(type) {
		case codec.SyncCheckKey:
			q.said = m.Version
		case codec.SyncCheck:
			if q.prefix.Length == 0 {
				i.named = m.Fingerprint
			}
		}
		i.asked = append(i.asked, q)
		effects = append(effects, Send{msg})
	}
	return effects, nil
}

// message gives the question as it is now, or ERROR for an object that cannot be read.
func (i *Initiator) message(q question) (codec.SyncMessage, error) {
	if q.cells > 0 {
		return codec.SyncCells{First: q.first, Count: q.cells, Estimate: q.estimate}, nil
	}
	if q.last {
		return i.lastCheck(q.estimate)
	}
	if q.key == "" {
		own, err := i.summary(q.prefix)
		return codec.SyncCheck{Prefix: q.prefix, Pull: q.pull, Fingerprint: own.FP}, err
	}
	own, _, err := i.read.Against(store.Key{Namespace: i.ns, Name: q.key}, nil)
	if store.CodeOf(err) == store.CodeCorrupt {
		return unreadable(q.key), nil
	}
	if err != nil {
		return nil, err
	}
	v, err := version(own)
	return codec.SyncCheckKey{Key: []byte(q.key), Version: v}, err
}

// next takes the question that an answer must belong to.
func (i *Initiator) next() (question, error) {
	if i.state != stateWalk || len(i.asked) == 0 {
		return question{}, fault("SYNC-011", "an answer to nothing that was asked")
	}
	q := i.asked[0]
	i.asked = i.asked[1:]
	i.round = q.round
	i.rounds = max(i.rounds, i.round)
	return q, nil
}

// digest takes the answer to CHECK, and asks on where the two sides differ.
func (i *Initiator) digest(m codec.SyncDigest) (effects []Effect, err error) {
	if i.state == stateStart {
		return i.started(m)
	}
	if i.state == stateLast {
		i.state = stateWalk
	}
	q, err := i.next()
	if err != nil {
		return nil, err
	}
	if q.key != "" || q.cells > 0 || q.prefix != m.Prefix {
		return nil, fault("SYNC-011", "DIGEST of another prefix than was asked for")
	}
	if err := q.fits(m); err != nil {
		return nil, err
	}
	switch {
	case q.pull:
		effects = i.pushBack()
	case m.Form == codec.SyncEstimate:
		err = i.beginWalk(m)
	case m.Form == codec.SyncParts:
		err = i.compareParts(m)
	case m.Form == codec.SyncItems:
		err = i.compareItems(m)
	}
	if err != nil {
		return nil, err
	}
	more, err := i.ask()
	return append(effects, more...), err
}

// pushBack says what this store knows more of the objects that it was sent.
func (i *Initiator) pushBack() (effects []Effect) {
	for _, it := range i.pulled {
		if it.Fault == 0 {
			effects = append(effects, SendObject{it.Key, it.Set.Version()})
		}
	}
	i.pulled = nil
	return effects
}

func (i *Initiator) compareParts(m codec.SyncDigest) error {
	own, err := i.read.Probe(i.ns, digest.Prefix(m.Prefix.Halves()), 1)
	if err != nil {
		return err
	}
	for half := len(own) - 1; half >= 0; half-- {
		if own[half].FP != m.Entry(half) {
			i.stack = append(i.stack, question{prefix: m.Prefix.Next(byte(half))})
		}
	}
	return nil
}

func (i *Initiator) compareItems(m codec.SyncDigest) error {
	own, err := i.items(m.Prefix)
	if err != nil {
		return err
	}
	return i.compareLists(own, m.Entries)
}

// compareLists walks through two ascending lists.
func (i *Initiator) compareLists(own []digest.Item, theirs []byte) error {
	for len(own) > 0 || len(theirs) > 0 {
		kh := leastHash(own, theirs)
		here, there := 0, 0
		for here < len(own) && [8]byte(own[here][:8]) == kh {
			here++
		}
		for there < len(theirs)/16 && [8]byte(theirs[16*there:]) == kh {
			there++
		}
		if err := i.differ(kh, own[:here], theirs[:16*there]); err != nil {
			return err
		}
		own, theirs = own[here:], theirs[16*there:]
	}
	return nil
}

// leastHash gives the lesser of the key hashes in front of two lists, which are not both empty.
func leastHash(own []digest.Item, theirs []byte) [8]byte {
	if len(theirs) == 0 || len(own) > 0 && bytes.Compare(own[0][:8], theirs[:8]) <= 0 {
		return [8]byte(own[0][:8])
	}
	return [8]byte(theirs)
}

// differ takes the items of one key hash on both sides.
func (i *Initiator) differ(kh [8]byte, own []digest.Item, theirs []byte) error {
	same := 16*len(own) == len(theirs)
	for n := range own {
		same = same && bytes.Equal(own[n][:], theirs[16*n:16*n+16])
	}
	if same {
		return nil
	}
	keys, err := i.read.Find(i.ns, kh)
	if err != nil {
		return fmt.Errorf("sync: the keys of a hash: %w", err)
	}
	if i.plan.DryRun {
		i.count(keys, len(own), len(theirs)/16)
		return nil
	}
	if len(theirs)/16 > len(keys) { // one at least is not known here
		i.stack = append(i.stack, question{prefix: prefixOf(kh), pull: true})
	}
	for _, k := range keys {
		i.stack = append(i.stack, question{key: k.Name})
	}
	return nil
}

func (i *Initiator) count(keys []store.Key, here, there int) {
	switch {
	case there == 0:
		i.found.OnlyHere += here
	case here == 0:
		i.found.OnlyThere += there
	default:
		i.found.Both++
	}
	for _, k := range keys {
		if len(i.found.Keys) < mostKeys {
			i.found.Keys = append(i.found.Keys, k.Name)
		}
	}
}

// version takes the answer to CHECK_KEY: what has come before it was merged, and what the other side lacks now is sent (SYNC-013).
func (i *Initiator) version(m codec.SyncVersion) ([]Effect, error) {
	q, err := i.next()
	if err != nil {
		return nil, err
	}
	if !sameKey(q.key, m.Key) {
		return nil, fault("SYNC-011", "VERSION of another key than was asked for")
	}
	theirs, err := clock.DecodeVersion(m.Version, clock.DefaultLimits())
	if err != nil {
		return nil, fault("SYNC-005", "VERSION: "+err.Error())
	}
	if bytes.Equal(q.said, m.Version) {
		i.echoes++
	}
	more, err := i.ask()
	return append([]Effect{SendObject{q.key, theirs}}, more...), err
}

// error takes an ERROR.
func (i *Initiator) error(m codec.SyncError) ([]Effect, error) {
	if m.Session {
		i.failed, i.state = &m, stateOver
		return []Effect{Finish{}}, nil
	}
	if i.state == stateSince && m.Code == codec.CodeSyncNeedDigest {
		i.state = stateSettle
	}
	return nil, nil
}
