package main

import (
	"fmt"
	"os"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// jetStream publishes to a stream in the memory of a broker in this process, and counts what that acknowledges.
type jetStream struct {
	js   nats.JetStreamContext
	size int
	most int
}

// jetStreamKeeps bounds what the broker keeps, in bytes: it drops the oldest.
const jetStreamKeeps = 64 << 20

func jetStreamAcked(size, outstanding int) (ackedFlow, error) {
	dir, err := os.MkdirTemp("", "bench-jetstream-") // for its state when it begins: the stream is in memory
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, MaxPending: 256 << 20, JetStream: true, StoreDir: dir,
	})
	if err != nil {
		return nil, err
	}
	go s.Start() // ends with the process
	if !s.ReadyForConnections(natsWait) {
		return nil, fmt.Errorf("NATS server is not ready")
	}
	nc, err := nats.Connect(s.ClientURL())
	if err != nil {
		return nil, err
	}
	js, err := nc.JetStream(nats.PublishAsyncMaxPending(2 * outstanding)) // run keeps to outstanding: the library's bound counts one more
	if err != nil {
		return nil, err
	}
	_, err = js.AddStream(&nats.StreamConfig{
		Name: natsSubject, Subjects: []string{natsSubject}, Storage: nats.MemoryStorage, MaxBytes: jetStreamKeeps, Discard: nats.DiscardOld,
	})
	return &jetStream{js, size, outstanding}, err
}

func (j *jetStream) run(t *trial, l *ledger) {
	msg := payload(j.size)
	sent, room := make(chan nats.PubAckFuture, j.most), make(chan struct{}, j.most)
	go func() { // ends with the process
		for n := int64(1); ; n++ {
			f := <-sent
			select {
			case <-f.Ok():
				l.ack(n)
				<-room
			case err := <-f.Err():
				t.fail(err)
				return
			}
		}
	}()
	for seq := int64(1); ; seq++ {
		room <- struct{}{}
		l.send(seq, seq)
		f, err := j.js.PublishAsync(natsSubject, msg, nats.StallWait(natsWait))
		if err != nil {
			t.fail(err)
			return
		}
		sent <- f
	}
}
