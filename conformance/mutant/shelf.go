package mutant

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"
)

// What is said here of delivery (spec/delivery.md) and mirror (spec/mirror.md):
//
//   - An intake is a stream on which the other side sends a channel, and an outlet one on which this side does. Both belong to their link.
//   - A held is a channel of the other side, and a queue one of this side, which is the mirror of a held. Both outlive links. They lie on the
//     shelf of the peer.
//   - Locks: that of a link comes before that of the shelf. No lock is held over a wait, and nobody takes the lock of a second link.
//   - What one link makes another one do goes over the desk, a goroutine that holds no lock.

// mirrorProto is the sub-protocol of most channels, and of every one of this peer, and mirrorSuffix the end of the names of its own.
const (
	mirrorProto  = "mirror"
	mirrorSuffix = "~"
)

// shelf is what a peer keeps of channels.
type shelf struct {
	mu   sync.Mutex // guards the fields below, and every held and queue
	held map[channelKey]*held
	ids  map[ownID]channelKey

	// Of a dialer.
	remotes map[string]*remote
	writes  uint64   // of this peer
	waits   [][]byte // of a peer with a bug: PARTs that wait for those of another object

	jobs []func() // for the desk, which runs while there are any
	desk bool
}

// channelKey is what a receiver holds a channel under.
type channelKey struct{ node, proto, name string }

// ownID is a channel's id under the node that has said it (CHAN-031).
type ownID struct {
	node string
	id   [16]byte
}

// master tells whether a channel is one of mirror that has a mirror.
func (k channelKey) master() bool {
	return k.proto == mirrorProto && !strings.HasSuffix(k.name, mirrorSuffix)
}

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
