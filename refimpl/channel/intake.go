package channel

import (
	"handfast/codec"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// intake is a stream of a Sink. It takes what arrives there.
type intake struct {
	sink   *Sink
	stream *link.Stream
	key    delivery.Key
	id     uint64 // attachment

	// guarded by Sink.mu
	foreign bool // answered so: nothing flows
	tasks   int  // of the worker, that were not done
	joins   bool // a record is being joined: the next RECORDS begins inside of it
	copied  copied
	ended   bool
}

// OnRecords takes a RECORDS.
func (in *intake) OnRecords(st *link.Stream, m codec.Records, charge link.Charge) *codec.Error {
	s := in.sink
	var out outcome
	s.mu.Lock()
	k := s.work[in.key]
	s.copyPieces(k, in, &m)
	s.effects(in.key, delivery.GotRecords{Attachment: in.id, Records: m}, in, &charge, &out)
	in.copyDone()
	if k == nil {
		k = s.work[in.key]
	}
	s.mu.Unlock()
	st.Consume(charge) // what is not to be applied
	out.run()
	if out.inline {
		s.run(k, true)
	}
	return out.fail
}

// OnDry sends the ACK that is owed, if it does not wait for a worker.
func (in *intake) OnDry(*link.Stream) {
	s := in.sink
	if !s.cfg.Inline {
		return
	}
	var out outcome
	s.mu.Lock()
	if k := s.work[in.key]; k != nil && !k.running && len(k.todo) == k.head && !s.closed {
		s.effects(in.key, delivery.Drained{}, nil, nil, &out)
	}
	s.mu.Unlock()
	out.run()
}

// OnGap takes a GAP.
func (in *intake) OnGap(_ *link.Stream, g codec.Gap) (idle bool, fail *codec.Error) {
	s := in.sink
	var out outcome
	s.mu.Lock()
	s.effects(in.key, delivery.GotGap{Attachment: in.id, Gap: g}, in, nil, &out)
	s.mu.Unlock()
	out.run()
	return out.idle, out.fail
}

// OnFin takes FIN of the sender.
func (in *intake) OnFin(st *link.Stream) *codec.Error {
	s := in.sink
	var out outcome
	s.mu.Lock()
	foreign := in.foreign
	s.effects(in.key, delivery.GotFin{Attachment: in.id}, in, nil, &out)
	s.mu.Unlock()
	out.run()
	if foreign {
		_ = st.CloseSend() // its error is that the stream has ended
	}
	return out.fail
}

// OnEnd takes the end of the stream.
func (in *intake) OnEnd(st *link.Stream, _ error) {
	s := in.sink
	s.mu.Lock()
	in.ended = true
	done := in.tasks == 0
	delete(s.intakes, in.id)
	var out outcome
	if !s.closed {
		out = s.step(in.key, delivery.Gone{Attachment: in.id})
	}
	s.mu.Unlock()
	out.run()
	if done {
		st.Done()
	}
}

// taskDone notes that the worker has done with a task of the stream. What it returns gives the stream's slot back where it was the
// last (STRM-010), and is called without mu; nil: it was not.
func (in *intake) taskDone() func() {
	in.tasks--
	if in.tasks > 0 || !in.ended {
		return nil
	}
	return in.stream.Done
}
