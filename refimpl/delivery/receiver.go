package delivery

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"handfast/codec"
)

// ReceiverConfig is what a Receiver is told once.
type ReceiverConfig struct {
	// Transactional says that the sink commits the effect of a record and the cursor together. Without it every record that was not
	// acknowledged when the process ended comes with PossibleDup (CHAN-023).
	Transactional bool
	// MaxMessage is the limit max_message of the own HELLO. A record may have 64 MiB whatever it is (REC-003).
	MaxMessage uint64
}

// Receiver is the core of one channel's receiver: one for each node, sub-protocol and name. It holds the cursor, at most
// codec.WindowRecords entries of what is outstanding, and one record that is being joined: a sender cannot make it keep more.
type Receiver struct {
	cfg    ReceiverConfig
	rule   rules
	cursor Cursor
	known  bool // cursor is of a channel
	fresh  bool // no OPEN has come since the process began
	failed bool // a write failed, and its effect may be there all the same

	attachment uint64 // 0: detached
	stream     uint32
	waiting    *Offered // an OPEN that waits until the sink is idle

	expected uint64  // the next number that has to come, unless skip has it
	skip     numbers // ranges of the ACCEPT
	joining  *joining
	ended    bool // FIN has come

	sink   numbers // handed on, and neither applied nor failed
	window window  // what came on this stream and is above stable
	ack    ackTimer
	batch  []Item // of Apply, used again
	out    []ReceiverEffect
}

// joining is a record whose last piece has not come.
type joining struct {
	seq  uint64
	dup  bool
	data []byte
}

// NewReceiver makes the core. stored is the cursor that the sink has, nil where it has none.
func NewReceiver(cfg ReceiverConfig, stored *Cursor) *Receiver {
	r := &Receiver{cfg: cfg, fresh: true}
	if stored != nil {
		r.cursor, r.known = stored.Clone(), true
	}
	return r
}

// Cursor gives a copy of what the receiver knows, and whether it knows a channel at all.
func (r *Receiver) Cursor() (Cursor, bool) { return r.cursor.Clone(), r.known }

// Attachment gives the number of the attachment, 0 where the channel is detached.
func (r *Receiver) Attachment() uint64 { return r.attachment }

// Deadline tells when Tick is due.
func (r *Receiver) Deadline() (time.Duration, bool) {
	if r.attachment == 0 || !r.ack.owed {
		return 0, false
	}
	return r.ack.since + codec.AckDelay*time.Millisecond, true
}

// Step takes an event. The effects are valid until the next Step. Events of an attachment that is over change nothing (CHAN-030).
func (r *Receiver) Step(event ReceiverEvent, now time.Duration) []ReceiverEffect {
	r.out = r.out[:0]
	r.forget()
	switch e := event.(type) {
	case Offered:
		r.offered(e)
	case GotRecords:
		if r.isLive(e.Attachment) {
			r.records(e.Records)
		}
	case GotGap:
		if r.isLive(e.Attachment) {
			r.gap(e.Gap)
		}
	case GotFin:
		if r.isLive(e.Attachment) {
			r.fin()
		} else if r.waiting != nil && r.waiting.Attachment == e.Attachment {
			r.waiting.ended = true
		}
	case Applied:
		r.applied(e.First, e.Last, now)
	case Failed:
		r.sinkFailed(e)
	case Gone:
		if e.Attachment == r.attachment {
			r.detach()
		}
		if r.waiting != nil && r.waiting.Attachment == e.Attachment {
			r.waiting = nil
		}
	case Repaired:
		if e.Checks > r.cursor.Checked && e.Checks <= r.cursor.Checks {
			r.cursor.Checked = e.Checks
			r.emit(StoreCursor{r.cursor.Clone()})
		}
	case Drained:
		r.answer()
		r.acknowledge(now, true)
		return r.out
	case Tick:
	}
	r.answer()
	r.acknowledge(now, false)
	return r.out
}

func (r *Receiver) emit(e ReceiverEffect) { r.out = append(r.out, e) }

// isLive tells whether frames of this attachment count.
func (r *Receiver) isLive(attachment uint64) bool {
	return attachment != 0 && attachment == r.attachment
}

// refuse ends the attachment because of a fault of the sender.
func (r *Receiver) refuse(err *codec.Error) {
	r.emit(End{Attachment: r.attachment, Stream: r.stream, Err: err})
	r.detach()
}

func (r *Receiver) detach() {
	r.attachment, r.stream, r.joining, r.ended = 0, 0, nil, false
	r.skip, r.window, r.ack = nil, window{}, ackTimer{}
}

// offered takes an OPEN. The newest wins (CHAN-029), and waits while the sink works on what came before (CHAN-022).
func (r *Receiver) offered(o Offered) {
	var known *Cursor
	if r.known {
		known = &r.cursor
	}
	switch f := find(known, o.Channel, o.Foreign, o.Full, r.rule); {
	case f.reject != nil:
		r.emit(Reject{Attachment: o.Attachment, Stream: o.Stream, Err: f.reject})
		return
	case f.row == 1:
		r.emit(SendAccept{Attachment: o.Attachment, Stream: o.Stream, Position: codec.Position{State: f.state}})
		return
	}
	busy := fault(codec.CodeBusyElsewhere, codec.ScopeStream, "CHAN-029", "the channel is attached to a newer stream")
	if r.attachment != 0 {
		r.refuse(busy)
	}
	if r.waiting != nil {
		r.emit(End{Attachment: r.waiting.Attachment, Stream: r.waiting.Stream, Err: busy})
	}
	r.waiting = &o
}

// answer answers the OPEN that waits, if the sink is idle.
func (r *Receiver) answer() {
	if r.waiting == nil || len(r.sink) > 0 && !r.rule.noWait {
		return
	}
	o := *r.waiting
	r.waiting = nil
	var known *Cursor
	if r.known {
		known = &r.cursor
	}
	f := find(known, o.Channel, false, false, r.rule)
	if f.reject != nil {
		r.emit(Reject{Attachment: o.Attachment, Stream: o.Stream, Err: f.reject})
		return
	}
	if f.closed {
		r.emit(ChannelLost{r.cursor.ID})
	}
	r.cursor, r.known = f.cursor, true
	if (r.fresh || r.failed) && !r.cfg.Transactional {
		r.cursor.Dup = o.Channel.Next - 1 // no less than it was: find keeps it below
	}
	r.fresh, r.failed = false, false
	r.emit(StoreCursor{r.cursor.Clone()})
	p := codec.Position{State: f.state, Stable: r.cursor.Stable, Ranges: r.ranges(r.cursor.Stable)}
	if r.cursor.Dup > r.cursor.Stable || f.row == 4 || f.row == 5 { // where it is new, whatever it is
		p.Dup = r.cursor.Dup
	}
	r.emit(SendAccept{Attachment: o.Attachment, Stream: o.Stream, Position: p})
	r.attachment, r.stream = o.Attachment, o.Stream
	r.expected, r.skip = p.Stable+1, numbers(p.Ranges)
	r.ack = ackTimer{stable: p.Stable}
	r.ended = o.ended
}

// ranges gives the lowest 64 above stable (ACK-006), in an array of their own.
func (r *Receiver) ranges(stable uint64) []codec.Range {
	var list []codec.Range
	for _, one := range r.cursor.Ranges {
		if len(list) == codec.MaxRanges {
			break
		}
		if one.First > stable+1 {
			list = append(list, one)
		}
	}
	return list
}

// expects tells whether first is the next number (REC-006).
func (r *Receiver) expects(first uint64) bool {
	if first == r.expected {
		return true
	}
	if r.rule.noGap && first > r.expected {
		return true
	}
	for at := r.expected; at < first; {
		next := r.skip.past(at)
		if next == at {
			return false
		}
		at = next
		if at >= first {
			return true
		}
	}
	return false
}

func (r *Receiver) records(m codec.Records) {
	const sequence = "a number that was not expected"
	seq := m.Seq
	if r.ended {
		r.refuse(fault(codec.CodeState, codec.ScopeLink, "CHAN-015", "RECORDS after FIN"))
		return
	}
	if r.joining != nil && seq != r.joining.seq {
		r.refuse(fault(codec.CodeSequence, codec.ScopeStream, "REC-007", "the record that was begun does not go on"))
		return
	}
	if r.joining == nil && !r.expects(seq) {
		r.refuse(fault(codec.CodeSequence, codec.ScopeStream, "REC-006", sequence))
		return
	}
	dup := m.Flags&codec.FlagPossibleDup != 0
	more := m.Flags&codec.FlagMore != 0
	if r.joining == nil && !more && r.plain(&m, dup) {
		return
	}
	count, top := m.Pieces.Count(), r.cursor.top()
	for p, i := m.Pieces, 0; i < count; i++ {
		piece, _ := p.Next()
		data, whole, err := r.join(seq, piece, dup, more && i == count-1)
		if err != nil {
			r.flush()
			r.refuse(err)
			return
		}
		if !whole {
			break
		}
		r.expected = seq + 1
		if err := r.window.push(seq, len(data), r.cursor.Stable); err != nil {
			r.flush()
			r.refuse(err)
			return
		}
		if seq > top || !r.cursor.Has(seq) {
			r.batch = append(r.batch, Item{Record: Record{Seq: seq, Data: data, PossibleDup: (dup || seq <= r.cursor.Dup) && !r.rule.noFlag}})
		}
		seq++
	}
	r.flush()
}

// plain takes a RECORDS of whole records none of which the receiver has, within every limit: what nearly all are. False: it is another
// one, and nothing was done.
func (r *Receiver) plain(m *codec.Records, dup bool) bool {
	count, bytes := m.Pieces.Count(), m.Pieces.Bytes()
	most := uint64(codec.WindowBytes) // of one record; all of them together are seldom more
	if r.cfg.MaxMessage > 0 {
		most = min(most, r.cfg.MaxMessage)
	}
	if count == 0 || m.Seq <= r.cursor.top() || uint64(bytes) > most || !r.window.fitAll(count, bytes) {
		return false
	}
	r.batch = slices.Grow(r.batch[:0], count)[:count]
	flagged := r.cursor.Dup // up to here
	if dup {
		flagged = codec.MaxSeq
	}
	if r.rule.noFlag {
		flagged = 0
	}
	raw, seq, same := m.Pieces.Raw(), m.Seq, entry{}
	for i := range r.batch {
		n := pieceHead + int(binary.BigEndian.Uint32(raw)) // the parser has checked them
		it := &r.batch[i]
		it.Record.Seq, it.Record.PossibleDup, it.Record.Data, it.Gap = seq, seq <= flagged, raw[pieceHead:n:n], nil
		if size := uint64(n - pieceHead); size != same.bytes && same.count > 0 {
			r.window.join(same)
			same = entry{seq, 1, size}
		} else {
			same = entry{seq, same.count + 1, size}
		}
		raw = raw[n:]
		seq++
	}
	r.window.join(same)
	r.expected = seq
	r.sink = r.sink.add(m.Seq, seq-1)
	r.emit(Apply{r.batch})
	return true
}

// Keep says that the owner keeps the list of the Apply that the last Step gave. memory is used in its place: it is the
// receiver's from now on, and its items are the zero value.
func (r *Receiver) Keep(memory []Item) { r.batch = memory[:0] }

// forget gives up the batch: its records may hold the memory of a large one.
func (r *Receiver) forget() {
	clear(r.batch)
	if r.batch = r.batch[:0]; cap(r.batch) > maxBatch {
		r.batch = nil
	}
}

// maxBatch is the greatest batch whose memory is kept, in records: a frame of very small records holds more.
const maxBatch = 4096

// flush hands the batch on.
func (r *Receiver) flush() {
	if len(r.batch) == 0 {
		return
	}
	first := r.batch[0].Record.Seq
	for i := range r.batch {
		if seq := r.batch[i].Record.Seq; i == len(r.batch)-1 || r.batch[i+1].Record.Seq != seq+1 {
			r.sink = r.sink.add(first, seq)
			if i < len(r.batch)-1 {
				first = r.batch[i+1].Record.Seq
			}
		}
	}
	r.emit(Apply{r.batch})
}

// join adds a piece to its record. whole is false where the record goes on.
func (r *Receiver) join(seq uint64, piece []byte, dup, more bool) (data []byte, whole bool, err *codec.Error) {
	if r.joining == nil && !more && (r.cfg.MaxMessage == 0 || uint64(len(piece)) <= r.cfg.MaxMessage) && len(piece) <= codec.WindowBytes {
		return piece, true, nil // nearly always
	}
	have := 0
	if r.joining != nil {
		have = len(r.joining.data)
	}
	size := uint64(have) + uint64(len(piece))
	if r.cfg.MaxMessage > 0 && size > r.cfg.MaxMessage {
		return nil, false, fault(codec.CodeMsgTooBig, codec.ScopeStream, "DATA-006", "a record over max_message")
	}
	if size > codec.WindowBytes {
		return nil, false, fault(codec.CodeMsgTooBig, codec.ScopeStream, "REC-003", "a record over 64 MiB")
	}
	switch {
	case r.joining == nil && !more:
		return piece, true, nil
	case r.joining == nil:
		r.joining = &joining{seq: seq, dup: dup}
	}
	r.joining.data = append(r.joining.data, piece...)
	if more {
		return nil, false, nil
	}
	data = r.joining.data
	r.joining = nil
	return data, true, nil
}

func (r *Receiver) gap(g codec.Gap) {
	switch {
	case r.ended:
		r.refuse(fault(codec.CodeState, codec.ScopeLink, "CHAN-015", "GAP after FIN"))
		return
	case r.joining != nil:
		r.refuse(fault(codec.CodeSequence, codec.ScopeStream, "REC-007", "GAP inside a record"))
		return
	case !r.expects(g.From):
		r.refuse(fault(codec.CodeSequence, codec.ScopeStream, "REC-006", "a GAP that was not expected"))
		return
	}
	r.expected = g.To + 1
	if err := r.window.push(g.To, 0, r.cursor.Stable); err != nil {
		r.refuse(err)
		return
	}
	if r.rule.gapJump {
		r.cursor.Add(1, g.To)
	}
	missing := r.cursor.missing(g.From, g.To)
	if len(missing) == 0 {
		r.emit(Idle{})
		return
	}
	r.sink = r.sink.add(g.From, g.To)
	note := NoteGap{Gap: g}
	if g.Reason != codec.GapFiltered {
		note.Lost = missing
	}
	r.emit(note)
}

func (r *Receiver) fin() {
	if r.joining != nil {
		r.refuse(fault(codec.CodeEncoding, codec.ScopeLink, "DATA-009", "FIN inside a record"))
		return
	}
	r.ended = true
}

// applied takes what the sink says of numbers that it was handed.
func (r *Receiver) applied(first, last uint64, now time.Duration) {
	if first == 0 || last < first || len(r.sink.missing(first, last)) > 0 {
		return // never handed on, or answered already: nothing that a sink may acknowledge
	}
	r.sink = r.sink.remove(first, last)
	r.cursor.Add(first, last)
	if r.attachment == 0 {
		return
	}
	records, bytes := r.window.pop(r.cursor.Stable)
	r.ack.note(r.cursor.Stable, records, bytes, now)
}

// sinkFailed lets the sender send again what could not be applied, on another stream (ACK-012).
func (r *Receiver) sinkFailed(f Failed) {
	r.sink = r.sink.remove(f.First, f.Last)
	r.failed = true
	if r.attachment != 0 {
		err := fault(codec.CodeInternal, codec.ScopeStream, "ACK-012", "a record could not be applied")
		err.Err = f.Err
		r.refuse(err)
	}
}

// acknowledge sends an ACK if one is due, or owed and to be sent at once, and FIN behind the last.
func (r *Receiver) acknowledge(now time.Duration, atOnce bool) {
	if r.attachment == 0 {
		return
	}
	idle := r.ended && len(r.sink) == 0
	if r.ack.due(now) || r.ack.owed && (idle || atOnce) {
		stable := r.cursor.Stable
		if r.rule.ackTaken {
			stable = max(stable, r.expected-1)
		}
		ack := codec.Ack{Stream: r.stream, Stable: stable, Ranges: r.ranges(stable), DelayUS: delayUS(now - r.ack.newest)}
		r.emit(SendAck{r.attachment, ack})
		r.ack.sent()
	}
	if idle {
		r.emit(SendEnd{r.attachment})
		r.detach()
	}
}

func delayUS(d time.Duration) uint32 {
	return uint32(min(max(d.Microseconds(), 0), math.MaxUint32))
}
