package delivery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"handfast/codec"
)

// The adversary drives both cores through real frames: it cuts links, ends processes, restores backups and loses queues at random, and
// then holds what the sink has against what was sent. It is the model that the rules of spec/delivery.md were found with, around
// the code instead of around a sketch of it.

// sinkKind is what a sink commits together.
type sinkKind int

const (
	sinkTransaction sinkKind = iota // effect and cursor
	sinkForgets                     // nothing: a process that starts has no cursor
	sinkBehind                      // the effect, and later the cursor
)

func (k sinkKind) String() string { return []string{"transaction", "no cursor", "cursor behind"}[k] }

// trial is one run.
type trial struct {
	seed      uint64
	kind      sinkKind
	rule      rules
	weakNonce bool // a restored sender mints the nonce 0
	steps     int

	rng  *rand.Rand
	now  time.Duration
	q    *Volatile
	s    *Sender
	r    *Receiver
	link bool
	att  uint64
	toR  [][]byte // frames on their way to the receiver, in order
	toS  [][]byte

	work  []job // handed to the sink and not finished
	disk  disk
	saved *disk // backup of the receiver
	backs *backup

	ordinal   map[[16]byte]int // of a channel
	places    map[uint64]place // of a value
	values    map[place]uint64 // current value of a number
	given     uint64           // values so far
	lost      map[uint64]place // the sender dropped them
	rolled    map[uint64]int   // the receiver forgot their effect, at this step
	forgotten map[uint64]bool  // the sender was restored from before they were
	gaps      []noted
	closed    map[int]bool
	created   []int // channels for which a CHECK was raised because they were new
	checks    []int // steps at which a CHECK was raised
	step      int

	unflagged int
	faults    []error
	n         tally
}

type place struct {
	channel int
	seq     uint64
}

type noted struct {
	channel     int
	first, last uint64
}

type job struct {
	record *Record
	gap    *NoteGap
	done   bool // the effect is there, the cursor is not
}

// disk is what the receiver's process leaves.
type disk struct {
	cursor  *Cursor
	effects map[uint64]bool
}

func (d disk) clone() disk {
	out := disk{effects: make(map[uint64]bool, len(d.effects))}
	for v := range d.effects {
		out.effects[v] = true
	}
	if d.cursor != nil {
		c := d.cursor.Clone()
		out.cursor = &c
	}
	return out
}

// backup is a copy of the sender.
type backup struct {
	q       *Volatile
	channel int
}

// tally counts what happened in trials.
type tally struct {
	attached, cuts, gaps, lost, diverged, closed, restores, restarts, losses, rollbacks, crashes, deduped, flagged, pieces, applied, acks int
}

func (t *tally) add(o tally) {
	t.attached += o.attached
	t.cuts += o.cuts
	t.gaps += o.gaps
	t.lost += o.lost
	t.diverged += o.diverged
	t.closed += o.closed
	t.restores += o.restores
	t.restarts += o.restarts
	t.losses += o.losses
	t.rollbacks += o.rollbacks
	t.crashes += o.crashes
	t.deduped += o.deduped
	t.flagged += o.flagged
	t.pieces += o.pieces
	t.applied += o.applied
	t.acks += o.acks
}

// result is what a trial found.
type result struct {
	silent    []uint64 // values that are nowhere, and that nobody has given up
	uncovered []uint64 // values that were given up, without GAP and without CHECK
	unflagged int      // values that were applied twice, without POSSIBLE_DUP
	faults    []error
	n         tally
}

// unsafe says that the promise was broken.
func (r result) unsafe() bool { return len(r.silent) > 0 || len(r.uncovered) > 0 || r.unflagged > 0 }

func (r result) failed() bool { return r.unsafe() || len(r.faults) > 0 }

func (r result) String() string {
	return fmt.Sprintf("silent %v, uncovered %v, unflagged %d, faults %v", head(r.silent), head(r.uncovered), r.unflagged, head(r.faults))
}

func head[T any](list []T) []T { return list[:min(5, len(list))] }

const queueRecords = 60

// Read makes the trial a source of ids and nonces.
func (t *trial) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(t.rng.Uint32())
	}
	return len(b), nil
}

func (t *trial) chance(p float64) bool { return t.rng.Float64() < p }

func (t *trial) run() result {
	t.rng = rand.New(rand.NewPCG(t.seed, 0x48616E6466617374))
	t.ordinal, t.places, t.values = map[[16]byte]int{}, map[uint64]place{}, map[place]uint64{}
	t.lost, t.rolled, t.forgotten, t.closed = map[uint64]place{}, map[uint64]int{}, map[uint64]bool{}, map[int]bool{}
	t.disk.effects = map[uint64]bool{}
	t.newQueue()
	t.save()
	t.startReceiver()
	for t.step = range t.steps {
		t.now += time.Duration(t.rng.IntN(20)) * time.Millisecond
		t.random()
	}
	t.settle()
	return t.judge()
}

func (t *trial) newQueue() {
	t.q = newVolatile("q", queueRecords*(RecordOverhead+40), t)
	t.ordinal[t.q.head.ID] = len(t.ordinal) + 1
	t.startSender()
}

func (t *trial) channel() int { return t.ordinal[t.q.head.ID] }

func (t *trial) startSender() {
	t.s = NewSender(t.q)
	t.s.rule = t.rule
	t.s.rule.resend = t.seed%4 == 3
}

func (t *trial) startReceiver() {
	t.r = NewReceiver(ReceiverConfig{Transactional: t.kind == sinkTransaction, MaxMessage: 1 << 20}, t.disk.cursor)
	t.r.rule = t.rule
}

// random does one thing.
func (t *trial) random() {
	switch p := t.rng.Float64(); {
	case p < .22:
		t.append()
	case !t.link && p < .52:
		t.connect()
	case t.link && p < .32:
		t.sender(Room{Charge: t.rng.IntN(600), Bytes: t.rng.IntN(2000)})
	case t.link && p < .44:
		t.some(func() { t.deliver(&t.toR) })
	case t.link && p < .54:
		t.some(func() { t.deliver(&t.toS) })
	case p < .84:
		t.commit()
	case p < .92:
		t.receiver(Tick{})
	case p < .935:
		t.cut()
	case p < .943:
		t.crashReceiver()
	case p < .951:
		t.restartSender()
	case p < .957:
		t.loseQueue()
	case p < .960:
		t.loseSender()
	case p < .967:
		t.save()
	case p < .973:
		t.restore()
	case p < .976:
		d := t.disk.clone()
		t.saved = &d
	case p < .978:
		t.rollbackReceiver()
	case p < .982:
		t.failWrite()
	}
}

// some does it a few times.
func (t *trial) some(f func()) {
	for range 1 + t.rng.IntN(4) {
		f()
	}
}

func (t *trial) append() {
	data := make([]byte, 8+t.rng.IntN(60))
	binary.BigEndian.PutUint64(data, t.given)
	first := t.q.head.First
	seq, err := t.q.Append(data)
	if err != nil {
		t.faults = append(t.faults, err)
		return
	}
	at := place{t.channel(), seq}
	t.places[t.given], t.values[at] = at, t.given
	t.given++
	t.dropped(first, t.q.head.First)
}

// dropped notes the records from first on, below end, as lost.
func (t *trial) dropped(first, end uint64) {
	for seq := first; seq < end; seq++ {
		at := place{t.channel(), seq}
		if v, ok := t.values[at]; ok {
			t.lost[v] = at
		}
	}
}

func (t *trial) connect() {
	t.link = true
	t.toR, t.toS = nil, nil
	t.att++
	t.sender(Attach{})
}

func (t *trial) cut() {
	if !t.link {
		return
	}
	t.n.cuts++
	t.dead()
	if t.chance(.5) { // otherwise the receiver finds out by the next OPEN
		t.receiver(Gone{t.att})
	}
}

// dead ends the link for the sender.
func (t *trial) dead() {
	t.link, t.toR, t.toS = false, nil, nil
	t.sender(Detached{})
}

func encodeFrame(m codec.Message) []byte {
	b, err := m.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// sender carries out what the sender's core says.
func (t *trial) sender(e SenderEvent) {
	for _, effect := range slices.Clone(t.s.Step(e, t.now)) {
		switch f := effect.(type) {
		case SendOpen:
			t.toR = append(t.toR, encodeFrame(codec.Open{Stream: 1, Proto: "realtime", Ver: 1, Channel: f.Channel}))
		case SendRecords:
			if f.Records.Flags&codec.FlagMore != 0 {
				t.n.pieces++
			}
			t.toR = append(t.toR, encodeFrame(f.Records))
		case SendGap:
			t.toR = append(t.toR, encodeFrame(f.Gap))
		case SendFin:
			t.toR = append(t.toR, encodeFrame(codec.Data{Stream: 1, Pieces: codec.NewPieces(codec.FlagFin)}))
		case Abort:
			t.faults = append(t.faults, f.Err)
			t.dead()
		case Broken:
			t.faults = append(t.faults, f.Err)
		}
	}
}

// receiver carries out what the receiver's core says.
func (t *trial) receiver(e ReceiverEvent) {
	for _, effect := range slices.Clone(t.r.Step(e, t.now)) {
		switch f := effect.(type) {
		case StoreCursor:
			t.store(f.Cursor)
		case SendAccept:
			t.note(f)
			if f.Attachment != t.att || !t.link {
				continue
			}
			t.toS = append(t.toS, encodeFrame(codec.Accept{Stream: f.Stream, Channel: &f.Position}))
		case Reject:
			t.faults = append(t.faults, f.Err)
			t.dead()
		case Apply:
			for _, one := range f.Items {
				t.work = append(t.work, job{record: &one.Record})
			}
		case NoteGap:
			t.work = append(t.work, job{gap: &f})
		case SendAck:
			if f.Attachment == t.att && t.link {
				t.toS = append(t.toS, encodeFrame(f.Ack))
			}
		case End:
			t.ended(f)
		case ChannelLost:
			t.n.closed++
			t.closed[t.ordinal[f.ID]] = true
		}
	}
}

// store takes a cursor through its stored form.
func (t *trial) store(c Cursor) {
	if t.kind == sinkForgets {
		return
	}
	b, _ := c.AppendBinary(nil)
	again, err := DecodeCursor(b)
	if err != nil {
		t.faults = append(t.faults, err)
	}
	t.disk.cursor = &again
}

// note keeps what an answer says for the verdict.
func (t *trial) note(f SendAccept) {
	t.n.attached++
	c, _ := t.r.Cursor()
	switch f.Position.State {
	case codec.PositionLost:
		t.n.lost++
		if !t.rule.noNewCheck {
			t.created = append(t.created, t.ordinal[c.ID])
			t.checks = append(t.checks, t.step)
		}
	case codec.PositionDiverged:
		t.n.diverged++
		t.checks = append(t.checks, t.step)
	}
}

var errDisk = errors.New("the disk is full")

// ended takes the end of a stream. Only a newer stream and a failed write may be the reason.
func (t *trial) ended(f End) {
	if f.Err.Code == codec.CodeBusyElsewhere {
		if f.Attachment == t.att {
			t.faults = append(t.faults, f.Err)
		}
		return
	}
	if !errors.Is(f.Err, errDisk) {
		t.faults = append(t.faults, f.Err)
	}
	if f.Attachment == t.att {
		t.dead()
	}
}

// deliver hands over the oldest frame of a direction.
func (t *trial) deliver(queue *[][]byte) {
	if !t.link || len(*queue) == 0 {
		return
	}
	b := (*queue)[0]
	*queue = (*queue)[1:]
	f, n, err := codec.ParseFrame(b, 1<<20)
	if err != nil || n != len(b) {
		panic(err)
	}
	m, err := codec.ParseMessage(f)
	if err != nil {
		t.faults = append(t.faults, err)
		return
	}
	switch m := m.(type) {
	case codec.Open:
		t.receiver(Offered{Attachment: t.att, Stream: m.Stream, Channel: m.Channel})
	case codec.Accept:
		t.sender(Accepted{Stream: m.Stream, Position: m.Channel, MaxFrame: 256, MaxMessage: 1 << 20})
	case codec.Records:
		c, _ := t.r.Cursor()
		if c.Has(m.Seq) {
			t.n.deduped++
		}
		t.receiver(GotRecords{t.att, m})
	case codec.Gap:
		t.receiver(GotGap{t.att, m})
	case codec.Ack:
		t.n.acks++
		t.sender(GotAck{m})
	}
}

// commit lets the sink finish some job, in any order, or only its effect.
func (t *trial) commit() {
	if len(t.work) == 0 {
		return
	}
	i := t.rng.IntN(len(t.work))
	if t.chance(.5) {
		i = 0
	}
	j := &t.work[i]
	if !j.done {
		t.effect(j)
		j.done = true
		if t.kind == sinkBehind && t.chance(.5) {
			return
		}
	}
	first, last := j.numbers()
	if t.kind != sinkForgets && t.disk.cursor != nil {
		if t.rule.gapJump && j.gap != nil {
			first = 1
		}
		t.disk.cursor.Add(first, last)
	}
	first, last = j.numbers()
	t.work = slices.Delete(t.work, i, i+1)
	t.receiver(Applied{first, last})
}

func (j *job) numbers() (first, last uint64) {
	if j.gap != nil {
		return j.gap.Gap.From, j.gap.Gap.To
	}
	return j.record.Seq, j.record.Seq
}

// effect makes a record's value count, or notes a gap.
func (t *trial) effect(j *job) {
	if j.gap != nil {
		t.n.gaps++
		c, _ := t.r.Cursor()
		for _, r := range j.gap.Lost {
			t.gaps = append(t.gaps, noted{t.ordinal[c.ID], r.First, r.Last})
		}
		return
	}
	t.n.applied++
	v := binary.BigEndian.Uint64(j.record.Data)
	if t.disk.effects[v] {
		if j.record.PossibleDup {
			t.n.flagged++
		} else {
			t.unflagged++
		}
	}
	t.disk.effects[v] = true
}

func (t *trial) failWrite() {
	if len(t.work) == 0 {
		return
	}
	i := t.rng.IntN(len(t.work))
	if t.kind == sinkTransaction && t.work[i].done {
		return
	}
	first, last := t.work[i].numbers()
	t.work = slices.Delete(t.work, i, i+1)
	t.receiver(Failed{first, last, errDisk})
}

func (t *trial) crashReceiver() {
	t.n.crashes++
	t.link, t.toR, t.toS, t.work = false, nil, nil, nil
	t.sender(Detached{})
	if t.kind == sinkForgets {
		t.disk.cursor = nil
	}
	t.startReceiver()
}

// rollbackReceiver restores a backup of the receiver. A sink that commits nothing together has no consistent backup.
func (t *trial) rollbackReceiver() {
	if t.saved == nil || t.kind != sinkTransaction {
		return
	}
	t.n.rollbacks++
	for v := range t.disk.effects {
		if !t.saved.effects[v] {
			t.rolled[v] = t.step
		}
	}
	t.disk = t.saved.clone()
	t.crashReceiver()
}

// ending ends the sender's process.
func (t *trial) ending() {
	t.link, t.toR, t.toS = false, nil, nil
	if t.chance(.5) {
		t.receiver(Gone{t.att})
	}
}

func (t *trial) restartSender() {
	t.n.restarts++
	t.ending()
	t.q.head.begin(mintNonce(t))
	t.startSender()
}

func (t *trial) loseQueue() {
	t.n.losses++
	t.ending()
	t.dropped(t.q.head.First, t.q.head.Next)
	if err := t.q.Drop(t.q.head.First, t.q.head.Next, codec.GapRestart); err != nil {
		panic(err)
	}
	t.q.head.begin(mintNonce(t))
	t.startSender()
}

func (t *trial) loseSender() {
	t.ending()
	t.dropped(t.q.head.First, t.q.head.Next)
	t.newQueue()
	t.save()
}

func (q *Volatile) clone() *Volatile {
	c := &Volatile{head: q.Head(), limit: q.limit, bytes: q.bytes, random: q.random}
	c.dropped, c.before = slices.Clone(q.dropped), slices.Clone(q.before)
	for seq := q.head.First; seq < q.head.Next; seq++ {
		r := q.records.find(seq).run(seq, seq+1)
		c.records.add(seq, slices.Clone(r.Record(0)))
	}
	return c
}

func (t *trial) save() { t.backs = &backup{t.q.clone(), t.channel()} }

// restore begins the sender's process from a backup of the same channel.
func (t *trial) restore() {
	if t.backs.channel != t.channel() {
		return
	}
	t.n.restores++
	t.ending()
	for seq := t.q.head.First; seq < t.q.head.Next; seq++ {
		if _, has := t.backs.q.Get(seq); !has {
			t.forget(seq)
		}
	}
	t.q = t.backs.q.clone()
	for at := range t.values {
		if at.channel == t.channel() && at.seq >= t.q.head.Next {
			t.forget(at.seq)
			delete(t.values, at)
		}
	}
	nonce := mintNonce(t)
	if t.weakNonce {
		nonce = 0
	}
	t.q.head.begin(nonce)
	t.startSender()
}

func (t *trial) forget(seq uint64) {
	if v, ok := t.values[place{t.channel(), seq}]; ok {
		t.forgotten[v] = true
	}
}

// settle lets everything come to rest.
func (t *trial) settle() {
	for round := 0; round < 6; round++ {
		if !t.link {
			t.connect()
		}
		for quiet := 0; quiet < 3 && t.link; {
			before := len(t.toR) + len(t.toS) + len(t.work)
			t.sender(Room{Charge: 1 << 20, Bytes: 1 << 20})
			for len(t.toR) > 0 {
				t.deliver(&t.toR)
			}
			for len(t.work) > 0 {
				t.commit()
			}
			t.now += codec.AckDelay * time.Millisecond
			t.receiver(Tick{})
			for len(t.toS) > 0 {
				t.deliver(&t.toS)
			}
			if quiet++; before+len(t.toR) > 0 {
				quiet = 0
			}
		}
	}
}

func (t *trial) judge() result {
	r := result{unflagged: t.unflagged, faults: t.faults, n: t.n}
	for v := range t.given {
		if t.disk.effects[v] || t.forgotten[v] {
			continue
		}
		at, lost := t.lost[v]
		since, rolled := t.rolled[v]
		switch {
		case rolled:
			at = t.places[v]
			if !t.covered(at) && !slices.ContainsFunc(t.checks, func(step int) bool { return step >= since }) {
				r.uncovered = append(r.uncovered, v)
			}
		case !lost:
			r.silent = append(r.silent, v)
		case !t.covered(at):
			r.uncovered = append(r.uncovered, v)
		}
	}
	return r
}

// covered tells whether the receiver was told of a loss: by a GAP, or because the channel was closed or a later one was new.
func (t *trial) covered(at place) bool {
	if t.closed[at.channel] {
		return true
	}
	if slices.ContainsFunc(t.created, func(c int) bool { return c > at.channel }) {
		return true
	}
	return slices.ContainsFunc(t.gaps, func(g noted) bool { return g.channel == at.channel && g.first <= at.seq && at.seq <= g.last })
}
