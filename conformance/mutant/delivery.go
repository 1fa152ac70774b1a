package mutant

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"handfast/codec"
)

// What is said here of delivery (spec/delivery.md) and mirror (spec/mirror.md):
//
//   - An intake is a stream on which the other side sends a channel, and an outlet one on which this side does. Both belong to their link.
//   - A held is a channel of the other side, and a queue one of this side, which is the mirror of a held. Both outlive links. They lie on the
//     shelf of the peer.
//   - Locks: that of a link comes before that of the shelf. No lock is held over a wait, and nobody takes the lock of a second link.
//   - What one link makes another one do goes over the desk, a goroutine that holds no lock.

// mirrorProto is the sub-protocol of every channel of this peer, and mirrorSuffix the end of the names of its own.
const (
	mirrorProto  = "mirror"
	mirrorSuffix = "~"
)

// shelf is what a peer keeps of channels.
type shelf struct {
	mu   sync.Mutex // guards the fields below, and every held and queue
	held map[channelKey]*held
	ids  map[ownID]channelKey

	jobs []func() // for the desk, which runs while there are any
	desk bool
}

// channelKey is what a receiver holds a channel under. The sub-protocol is always the same.
type channelKey struct{ node, name string }

// ownID is a channel's id under the node that has said it (CHAN-031).
type ownID struct {
	node string
	id   [16]byte
}

// master tells whether a channel has a mirror.
func (k channelKey) master() bool { return !strings.HasSuffix(k.name, mirrorSuffix) }

// identity names the other side: by its key, where TLS has proved one (TLS-005).
func (l *link) identity() string {
	if l.secure != nil {
		if chain := l.secure.ConnectionState().PeerCertificates; len(chain) > 0 {
			sum := sha256.Sum256(chain[0].RawSubjectPublicKeyInfo)
			return "key " + hex.EncodeToString(sum[:])
		}
	}
	return "node " + hex.EncodeToString(l.other.Node[:])
}

// delivers tells whether the link has selected delivery.
func (l *link) delivers() bool { return l.agreed.Caps["delivery"] == true }

// spawn runs f in a goroutine that stop waits for, unless the peer has ended.
func (p *peer) spawn(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.work.Go(f)
	return true
}

// later hands work to the desk. It may be called with any lock but that of the shelf.
func (p *peer) later(job func()) {
	p.shelf.mu.Lock()
	defer p.shelf.mu.Unlock()
	p.laterLocked(job)
}

// laterLocked is later for who holds the lock of the shelf.
func (p *peer) laterLocked(job func()) {
	p.shelf.jobs = append(p.shelf.jobs, job)
	if !p.shelf.desk {
		p.shelf.desk = p.spawn(p.atDesk)
	}
}

// atDesk does jobs in their order.
func (p *peer) atDesk() {
	for {
		p.shelf.mu.Lock()
		if len(p.shelf.jobs) == 0 {
			p.shelf.desk = false
			p.shelf.mu.Unlock()
			return
		}
		job := p.shelf.jobs[0]
		p.shelf.jobs = p.shelf.jobs[1:]
		p.shelf.mu.Unlock()
		job()
	}
}

// pass passes time. False: the peer has ended.
func (p *peer) pass(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.done:
		return false
	}
}

// on does something on a stream that has not ended, with the lock of its link.
func (s *stream) on(do func()) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if !s.over() && !s.l.gone && !s.l.closing {
		do()
	}
}

// leaveChannels tells the channels of a link that it has ended. The caller holds mu.
func (l *link) leaveChannels() {
	for _, s := range l.streams {
		s.leaveChannel()
	}
}

// leaveChannel tells the channel of a stream that the stream has ended. The caller holds mu of the link.
func (s *stream) leaveChannel() {
	if in := s.intake; in != nil && !in.left {
		in.left = true
		s.l.p.shelf.mu.Lock()
		in.gone = true
		in.detach()
		s.l.p.shelf.mu.Unlock()
	}
}

// onRecords makes the checks of RECORDS, and hands on what is whole.
func (l *link) onRecords(f codec.Frame) error {
	m, err := l.parseRecords(f)
	if err != nil {
		return err
	}
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil:
		if err := l.charge(nil, m.Pieces.Charge()); err != nil {
			return err
		}
		l.back(&l.credit, 0, m.Pieces.Charge())
		return nil
	}
	if err := s.outOfPlace(f); err != nil {
		return err
	}
	if s.intake == nil || !s.intake.accepted { // only a peer with a bug comes here
		return l.onIdle(f)
	}
	if err := s.chargeRecords(m.Pieces.Charge()); err != nil {
		return err
	}
	s.held += m.Pieces.Charge()
	return s.intake.onRecords(m)
}

// chargeRecords takes RECORDS into the accounts.
func (s *stream) chargeRecords(charge uint64) error {
	l := s.l
	s.credit.used += charge
	l.credit.used += charge
	switch {
	case s.credit.used > s.credit.granted && !l.has("takes-records-beyond-the-stream-grant"),
		l.credit.used > l.credit.granted && !l.has("takes-records-beyond-the-link-grant"):
		return linkFault("REC-011", codec.CodeFlowViolation, "records of charge %d beyond the grant", charge)
	}
	return nil
}

// outOfPlace judges whether RECORDS, GAP or ACK may come on a stream now (CHAN-015).
func (s *stream) outOfPlace(f codec.Frame) error {
	l := s.l
	wrong := func(why string) error {
		return linkFault("CHAN-015", codec.CodeState, "%v on stream %d %s", f.Type, f.Stream, why)
	}
	ack := f.Type == codec.TypeAck
	switch {
	case s.intake == nil && s.outlet == nil:
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-without-a-channel") {
			return nil
		}
		return wrong("without a channel")
	case ack == (s.intake != nil):
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-from-the-wrong-side") {
			return nil
		}
		return wrong("from the wrong side of the channel")
	case s.intake != nil && !s.intake.accepted, s.outlet != nil && !s.outlet.accepted:
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-before-accept") {
			return nil
		}
		return wrong("before ACCEPT")
	case s.finIn:
		if l.has("ignores-" + strings.ToLower(f.Type.String()) + "-after-fin") {
			return nil
		}
		return wrong("after FIN")
	}
	return nil
}

// parseRecords makes check 8 for RECORDS.
func (l *link) parseRecords(f codec.Frame) (codec.Records, error) {
	if l.has("ignores-leftover-bytes-of-records") && len(f.Payload) > 8 {
		f.Payload = append(f.Payload[:8:8], l.trimmed(f.Payload[8:])...)
	}
	switch {
	case l.has("takes-fin-with-more-in-records") && f.Flags&codec.FlagFin != 0:
		f.Flags &^= codec.FlagMore
	case l.has("takes-the-number-0") && len(f.Payload) >= 8 && [8]byte(f.Payload) == [8]byte{}:
		f.Payload = append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, f.Payload[8:]...)
	}
	m, err := codec.ParseRecords(f)
	wrong := asFault(err, 0)
	switch {
	case wrong == nil:
	case wrong.req == "REC-001" && len(f.Payload) < 8 && l.has("ignores-records-without-a-number"),
		wrong.req == "REC-001" && len(f.Payload) >= 8 && f.Payload[0]&0x80 == 0 && f.Payload[0] != 0 && l.has("ignores-numbers-above-the-last"),
		wrong.req == "REC-001" && len(f.Payload) >= 8 && f.Payload[0]&0x80 != 0 && l.has("ignores-numbers-above-the-last"),
		wrong.req == "DATA-002" && len(f.Payload) == 8 && l.has("ignores-records-without-a-piece"):
		return m, errSettled
	case strings.HasPrefix(wrong.req, "DATA-"):
		wrong.req = "REC-002"
		return m, wrong
	}
	return m, err
}

// trimmed drops what is left over behind the last piece.
func (l *link) trimmed(payload []byte) []byte {
	const header = 4
	for off := 0; off < len(payload); {
		if len(payload)-off < header {
			return payload[:off]
		}
		n := int(payload[off])<<24 | int(payload[off+1])<<16 | int(payload[off+2])<<8 | int(payload[off+3])
		if n > len(payload)-off-header {
			return payload
		}
		off += header + n
	}
	return payload
}

// onGap makes the checks of GAP.
func (l *link) onGap(f codec.Frame) error {
	if len(f.Payload) == 24 {
		f.Payload = l.mendGap(f.Payload)
	}
	g, err := codec.ParseGap(f)
	if err != nil {
		return err
	}
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil:
		return l.onIdle(f)
	}
	if err := s.outOfPlace(f); err != nil {
		return err
	}
	if s.intake == nil || !s.intake.accepted || s.finIn { // only a peer with a bug comes here
		return l.onIdle(f)
	}
	idle, err := s.intake.onGap(g)
	if idle && err == nil {
		return l.onIdle(f)
	}
	return err
}

// onAck makes the checks of ACK.
func (l *link) onAck(f codec.Frame) error {
	f.Payload = l.mendAck(f.Payload)
	m, err := codec.ParseAck(f)
	if err != nil {
		return err
	}
	s := l.stream(f.Stream)
	switch {
	case l.unopened(f.Stream):
		return l.onUnopened(f)
	case s == nil:
		return l.onIdle(f)
	}
	if err := s.outOfPlace(f); err != nil {
		return err
	}
	if s.outlet == nil || !s.outlet.accepted { // only a peer with a bug comes here
		return l.onIdle(f)
	}
	idle, err := s.outlet.onAck(m)
	if idle && err == nil {
		return l.onIdle(f)
	}
	return err
}

// onChannelData takes DATA on a stream of a channel, of which FIN alone has a meaning (REC-018).
func (s *stream) onChannelData(p codec.Pieces) error {
	if p.Count() > 0 {
		s.consume(p.Charge())
		return &fault{req: "REC-018", code: codec.CodeProtocol, stream: s.id, text: "DATA with pieces on a channel"}
	}
	if !p.Fin() {
		return nil
	}
	if s.outlet != nil {
		return s.outlet.onFin()
	}
	return s.intake.onFin()
}
