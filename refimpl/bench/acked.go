package main

import "sync/atomic"

// ackedBatch is how many messages a sender gives away together at most, and how many a receiver acknowledges together where its peer does
// not say when the input has run dry.
const ackedBatch = 64

// ackedFlow sends messages of one stream that carry a number and are acknowledged, as many outstanding as it was made for. run sends until
// the trial fails, and tells l of what it sends and of what was acknowledged. Numbers begin at 1.
type ackedFlow interface {
	run(t *trial, l *ledger)
}

// runAcked keeps a window of messages outstanding and counts what the sender knows to have been taken.
func runAcked(t *trial, p peer) (figures, error) {
	f, err := p.acked(t.Size, t.Concurrency)
	if err != nil {
		return nil, err
	}
	return t.flow(f, newLedger(t.Concurrency))
}

// flow measures a flow.
func (t *trial) flow(f ackedFlow, l *ledger) (figures, error) {
	go f.run(t, l) // ends with the process
	if err := t.wait(t.warm); err != nil {
		return nil, err
	}
	l.forget()
	found, err := t.window(l.n.Load)
	if err == nil {
		l.into(found)
	}
	return found, err
}

// ackedLoop is the flow of a peer that has neither a queue nor a window of its own: put sends a number and a message, and with number 0
// flushes; ack waits for the next acknowledgement.
//
// A message is given away as soon as the window has room for it, although put may wait for those before it: its clock runs while it waits for
// the transport, as that of a message in Handfast's queue does.
type ackedLoop struct {
	size, outstanding int
	put               func(seq uint64, msg []byte) error
	ack               func() (uint64, error)
}

func (f *ackedLoop) run(t *trial, l *ledger) {
	var newest atomic.Int64        // that was acknowledged
	told := make(chan struct{}, 1) // newest has grown
	go func() {                    // ends with the process
		for {
			n, err := f.ack()
			if err != nil {
				t.fail(err)
				return
			}
			l.ack(int64(n))
			newest.Store(int64(n))
			select {
			case told <- struct{}{}:
			default:
			}
		}
	}()
	msg, acked, given := payload(f.size), int64(0), int64(f.outstanding)
	l.send(1, given)
	for seq := int64(1); ; seq++ {
		if n := newest.Load(); n > acked {
			acked = n
			l.send(given+1, acked+int64(f.outstanding))
			given = acked + int64(f.outstanding)
		}
		if seq > given {
			if err := f.put(0, nil); err != nil {
				t.fail(err)
				return
			}
			<-told
			seq--
			continue
		}
		if err := f.put(uint64(seq), msg); err != nil {
			t.fail(err)
			return
		}
	}
}
