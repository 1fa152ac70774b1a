package main

import (
	"context"
	"slices"
	"time"

	hfchannel "handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	hflink "handfast/refimpl/link"
)

// memory is a transactional store that keeps cursors alone: what is measured is the protocol, and no disk.
type memory struct {
	size    int
	cursors map[delivery.Key]delivery.Cursor
	first   chan time.Time // capacity 1; when the first record came
}

func newMemory(size int) *memory {
	return &memory{size, map[delivery.Key]delivery.Cursor{}, make(chan time.Time, 1)}
}

func (m *memory) Cursors() (map[delivery.Key]delivery.Cursor, error) { return m.cursors, nil }
func (m *memory) Keep(key delivery.Key, c delivery.Cursor) error     { m.cursors[key] = c; return nil }
func (m *memory) Commit(b *hfchannel.Batch) error {
	items, next := b.New(m.cursors[b.Key])
	for i := range items {
		if err := checkSize(len(items[i].Record.Data), m.size); err != nil {
			return err
		}
	}
	if len(items) > 0 && items[0].Record.Seq == 1 {
		m.first <- time.Now()
	}
	m.cursors[b.Key] = next
	return nil
}

// sinkLink opens a link whose other end hands channels to a sink.
func sinkLink(cfg hfchannel.SinkConfig) (*hflink.Link, error) {
	sink, err := hfchannel.NewSink(cfg)
	if err != nil {
		return nil, err
	}
	a, b, err := tcpPair()
	if err != nil {
		return nil, err
	}
	accepted := make(chan error, 1)
	go func() {
		_, err := hflink.Accept(context.Background(), b, hflink.Config{Node: [16]byte{2}, Delivery: true, Handlers: map[string]hflink.Handler{handfastProto: sink}})
		accepted <- err
	}()
	l, err := hflink.Dial(context.Background(), a, hflink.Config{Node: [16]byte{1}, Delivery: true, Protos: map[string][]uint16{handfastProto: {1}}})
	if err != nil {
		return nil, err
	}
	return l, <-accepted
}

// queueLimit is more than any workload has in a queue, in bytes.
const queueLimit = 1 << 32

// handfastChannel is a channel with a queue in memory.
type handfastChannel struct {
	size, outstanding int
	link              *hflink.Link
}

// handfastAcked has a sink that applies records where they were read, or else on a goroutine of its own.
func handfastAcked(inline bool) func(size, outstanding int) (ackedFlow, error) {
	return func(size, outstanding int) (ackedFlow, error) {
		l, err := sinkLink(hfchannel.SinkConfig{Inline: inline, Transactional: newMemory(size)})
		return &handfastChannel{size, outstanding, l}, err
	}
}

func (h *handfastChannel) run(t *trial, l *ledger) {
	src := hfchannel.NewSource(hfchannel.SourceConfig{
		Queue: delivery.NewVolatile("bench", queueLimit), Proto: handfastProto,
		OnStable: func(stable uint64) { l.ack(int64(stable)) },
	})
	src.Attach(h.link)
	batch := min(ackedBatch, h.outstanding)
	list := slices.Repeat([][]byte{payload(h.size)}, batch)
	for next := int64(1); ; next += int64(batch) {
		l.send(next, next+int64(batch)-1)
		last, _, err := src.PushAll(context.Background(), list)
		if err == nil && last > uint64(h.outstanding-batch) {
			err = src.AwaitStable(context.Background(), last-uint64(h.outstanding-batch))
		}
		if err != nil {
			t.fail(err)
			return
		}
	}
}
