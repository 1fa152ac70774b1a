package main

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

// ackedLoop is the flow of a peer that has no window of its own: put sends a number and a message, and with number 0 flushes;
// ack waits for the next acknowledgement.
type ackedLoop struct {
	size, outstanding int
	put               func(seq uint64, msg []byte) error
	ack               func() (uint64, error)
}

func (f *ackedLoop) run(t *trial, l *ledger) {
	newest := make(chan int64, 1) // that was acknowledged
	go func() {                   // ends with the process
		for {
			n, err := f.ack()
			if err != nil {
				t.fail(err)
				return
			}
			l.ack(int64(n))
			select {
			case <-newest: // the older one
			default:
			}
			newest <- int64(n)
		}
	}()
	msg, acked := payload(f.size), int64(0)
	for seq := int64(1); ; seq++ {
		for seq-acked > int64(f.outstanding) {
			if err := f.put(0, nil); err != nil {
				t.fail(err)
				return
			}
			acked = max(acked, <-newest)
		}
		l.send(seq, seq)
		if err := f.put(uint64(seq), msg); err != nil {
			t.fail(err)
			return
		}
	}
}
