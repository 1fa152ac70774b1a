package main

import (
	"context"

	hfchannel "handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	hflink "handfast/refimpl/link"
)

// memory is a transactional store that keeps cursors alone: what is measured is the protocol, and no disk.
type memory struct {
	size    int
	cursors map[delivery.Key]delivery.Cursor
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
	m.cursors[b.Key] = next
	return nil
}

// handfastChannel is a channel with a queue in memory.
type handfastChannel struct {
	size int
	src  *hfchannel.Source
}

func handfastAcked(size int) (ackedFlow, error) {
	sink, err := hfchannel.NewSink(hfchannel.SinkConfig{Transactional: &memory{size, map[delivery.Key]delivery.Cursor{}}})
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
	src := hfchannel.NewSource(hfchannel.SourceConfig{Queue: delivery.NewVolatile("bench", 1<<30), Proto: handfastProto})
	src.Attach(l)
	return &handfastChannel{size, src}, <-accepted
}

func (h *handfastChannel) run(t *trial, c *counter) {
	msg := payload(h.size)
	for {
		var seq uint64
		var err error
		for range ackedBatch {
			if seq, err = h.src.Push(context.Background(), msg); err != nil {
				t.fail(err)
				return
			}
		}
		if seq > ackedWindow-ackedBatch {
			done := seq - (ackedWindow - ackedBatch)
			if err := h.src.AwaitStable(context.Background(), done); err != nil {
				t.fail(err)
				return
			}
			c.n.Store(int64(done))
		}
	}
}
