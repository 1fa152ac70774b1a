package main

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	natsSubject = "bench"
	natsWait    = 5 * time.Second // bounds each step of bringing NATS up, and each request

	// natsWindow is how many bytes may be on their way. NATS has no flow control from subscriber to publisher, and cuts
	// off a subscriber that falls behind; a user limits the publisher, and so do we.
	natsWindow = 4 << 20
)

// natsPeer is NATS core through a broker in this process: two TCP hops each way, which is how NATS is always used.
// A broker has no links or streams between two ends, so it takes part in no workload about these.
func natsPeer() peer {
	return peer{
		name:  implNATS,
		takes: []string{oneway, acked, call},
		dial:  func() (link, error) { return natsDial() },
		echo:  natsEcho,
		acked: jetStreamAcked,
	}
}

type natsLink struct{ pub, sub *nats.Conn }

func natsDial() (*natsLink, error) {
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, MaxPending: 256 << 20,
	})
	if err != nil {
		return nil, err
	}
	go s.Start() // ends with the process
	if !s.ReadyForConnections(natsWait) {
		return nil, errors.New("NATS server is not ready")
	}
	pub, err := nats.Connect(s.ClientURL())
	if err != nil {
		return nil, err
	}
	sub, err := nats.Connect(s.ClientURL())
	return &natsLink{pub: pub, sub: sub}, err
}

func (l *natsLink) open(size int) (pipe, error) {
	p := &natsPipe{
		pub: l.pub, size: size, window: max(1, natsWindow/int64(size)),
		some: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
	sub, err := l.sub.Subscribe(natsSubject, p.deliver)
	if err != nil {
		return nil, err
	}
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, err
	}
	return p, l.sub.Flush() // the broker knows the subscription before the first message comes
}

type natsPipe struct {
	pub    *nats.Conn
	size   int
	window int64 // messages
	sent   int64 // owned by the sender

	waiting atomic.Int64  // delivered by the library, not yet taken by recv
	taken   atomic.Int64  // by recv
	wrong   atomic.Int64  // 1 + the length of a message that was not size bytes long
	some    chan struct{} // capacity 1; deliver tells recv that waiting left zero
	room    chan struct{} // capacity 1; recv tells send that taken grew
}

// deliver runs on the library's goroutine. It hands over counts, because a channel operation for each message would
// cost more than NATS does.
func (p *natsPipe) deliver(m *nats.Msg) {
	if len(m.Data) != p.size {
		p.wrong.Store(1 + int64(len(m.Data)))
	}
	if p.waiting.Add(1) == 1 {
		notify(p.some)
	}
}

func (p *natsPipe) send(msg []byte, count int) error {
	for range count {
		for p.sent-p.taken.Load() >= p.window {
			<-p.room // Publish has kicked the library's flusher, so what fills the window is on its way
		}
		if err := p.pub.Publish(natsSubject, msg); err != nil {
			return err
		}
		p.sent++
	}
	return nil
}

func (p *natsPipe) recv() (int, error) {
	<-p.some
	n := p.waiting.Swap(0)
	p.taken.Add(n)
	notify(p.room)
	if w := p.wrong.Load(); w > 0 {
		return 0, checkSize(int(w-1), p.size)
	}
	return int(n), nil
}

// notify leaves a token for whoever waits on c; one that is there already says the same.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func natsEcho(size, callers int) ([]worker, error) {
	l, err := natsDial()
	if err != nil {
		return nil, err
	}
	if _, err := l.sub.Subscribe(natsSubject, func(m *nats.Msg) { m.Respond(m.Data) }); err != nil {
		return nil, err
	}
	if err := l.sub.Flush(); err != nil {
		return nil, err
	}
	msg := payload(size)
	ws := make([]worker, callers)
	for i := range ws {
		ws[i] = eachCall(func() error {
			m, err := l.pub.Request(natsSubject, msg, natsWait)
			if err != nil {
				return err
			}
			return checkSize(len(m.Data), size)
		})
	}
	return ws, nil
}
