package realtime

import (
	"crypto/rand"

	"handfast/codec"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
)

// outgoing is an object on its way into queues.
type outgoing struct {
	data []byte    // the record; nil: it is too large for one
	head []byte    // otherwise what stands before the object
	set  clock.Set // and the object
}

// size gives the bytes of the OBJECT.
func (o *outgoing) size() int {
	if o.data != nil {
		return len(o.data)
	}
	return len(o.head) + o.set.EncodedSize()
}

// partBytes is what a PART carries, and partsAtOnce how many are made durable together: more would be held in memory.
const (
	partBytes   = codec.MaxRealtimePart - codec.RealtimePartHead
	partsAtOnce = 4
)

// enqueue gives an object to the queue of a remote, and tells in how many records. The error is delivery.ErrTooLarge where the queue could not hold all of
// them, or that of the queue: then some may be in it.
func (m *remote) enqueue(o *outgoing) (records int, err error) {
	if o.data != nil {
		_, err := m.queue.Append(o.data)
		return 1, err
	}
	total := o.size()
	records = (total + partBytes - 1) / partBytes
	if _, limit := m.queue.Bytes(); uint64(total+records*(codec.RealtimePartHead+delivery.RecordOverhead)) > limit {
		return 0, delivery.ErrTooLarge
	}
	m.parting.Lock() // REAL-028
	defer m.parting.Unlock()
	w := partWriter{queue: m.queue, part: codec.RealtimePart{Total: uint64(total)}}
	_, _ = rand.Read(w.part.ID[:]) // never fails
	if _, err := w.Write(o.head); err != nil {
		return 0, err
	}
	if _, err := o.set.WriteTo(&w); err != nil {
		return 0, err
	}
	return records, w.flush()
}

// partWriter cuts what is written into PARTs, and gives them to a queue.
type partWriter struct {
	queue delivery.Queue
	part  codec.RealtimePart // without bytes; Offset is that of open
	open  []byte             // a record that is not full
	list  [][]byte
}

// Write takes more bytes of the OBJECT. The error is that of the queue.
func (w *partWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if w.open == nil {
			left := min(w.part.Total-w.part.Offset, partBytes)
			head := w.part
			head.Bytes = p[:1] // the rest follows
			b, err := head.Append(make([]byte, 0, codec.RealtimePartHead+left))
			if err != nil {
				return 0, err
			}
			w.open = b[:codec.RealtimePartHead]
		}
		k := min(cap(w.open)-len(w.open), len(p))
		w.open, p = append(w.open, p[:k]...), p[k:]
		if len(w.open) == cap(w.open) {
			w.part.Offset += uint64(len(w.open) - codec.RealtimePartHead)
			w.list, w.open = append(w.list, w.open), nil
			if len(w.list) == partsAtOnce {
				if err := w.flush(); err != nil {
					return 0, err
				}
			}
		}
	}
	return n, nil
}

func (w *partWriter) flush() error {
	if len(w.list) == 0 {
		return nil
	}
	_, _, err := w.queue.AppendAll(w.list)
	w.list = nil
	return err
}

// sifter tells of records of a queue, in their order, whether a remote is to have them.
type sifter struct {
	r      *Replicated
	m      *remote
	id     [8]byte // of the PARTs that came last
	wanted bool    // they
}

func (s *sifter) wants(data []byte) bool {
	if !codec.IsRealtimePart(data) {
		rec, err := codec.ParseRealtime(data)
		return err != nil || s.r.wanted(s.m, rec.Namespace, rec.Path)
	}
	p, err := codec.ParseRealtimePart(data)
	if err != nil {
		return true
	}
	if p.Offset == 0 {
		head, ok := codec.RealtimeHead(p.Bytes)
		s.id, s.wanted = p.ID, !ok || s.r.wanted(s.m, head.Namespace, head.Path)
	}
	return p.ID != s.id || s.wanted // of an object whose beginning is gone nothing is known
}
