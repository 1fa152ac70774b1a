package channel

import (
	"handfast/codec"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// attachment is the channel on one stream. It takes what arrives there.
type attachment struct {
	src  *Source
	link *link.Link
	over chan struct{} // closed when the stream has ended

	// guarded by Source.mu
	stream   *link.Stream // nil while OpenChannel runs
	answered bool         // ACCEPT has come
	position *codec.Position
	taken    bool // and was given to the core
	ended    bool
	err      error
}

// reset ends the stream of an attachment that was left. a may be nil.
func (a *attachment) reset() {
	if a == nil {
		return
	}
	a.src.mu.Lock()
	stream := a.stream
	a.src.mu.Unlock()
	if stream != nil {
		stream.Reset(codec.CodeCancelled, "")
	}
}

// OnAccept takes ACCEPT.
func (a *attachment) OnAccept(st *link.Stream, p *codec.Position) {
	s := a.src
	s.mu.Lock()
	a.stream, a.answered, a.position = st, true, p
	if s.cur == a && !a.ended && s.core.Impossible(p) { // a fault is answered before anything that comes behind it
		s.accepted(a) // unlocks
		return
	}
	s.mu.Unlock()
	s.wake()
}

// OnAck takes an ACK.
func (a *attachment) OnAck(_ *link.Stream, ack codec.Ack) (idle bool, fail *codec.Error) {
	s := a.src
	s.mu.Lock()
	if s.cur != a || a.ended {
		s.mu.Unlock()
		return false, nil
	}
	if !a.taken { // ACCEPT was read before, and comes first
		s.accepted(a) // unlocks
		s.mu.Lock()
		if s.cur != a || a.ended || !s.core.Attached() { // it was an ACCEPT that ends the stream
			s.mu.Unlock()
			return false, nil
		}
	}
	freed := false
	for _, e := range s.core.Step(delivery.GotAck{Ack: ack}, 0) {
		switch e := e.(type) {
		case delivery.Freed:
			freed = true
			s.counts.Acked++
		case delivery.Idle:
			idle = true
		case delivery.Abort:
			fail = e.Err
		case delivery.Broken:
			fail = s.broken(e.Err)
		}
	}
	if freed {
		s.notify()
	}
	busy := freed && s.core.Attached() && !s.core.Idle()
	s.mu.Unlock()
	if busy { // the window may have room again
		s.poke()
	}
	return idle, fail
}

// OnFin takes FIN of the receiver.
func (a *attachment) OnFin(*link.Stream) (fail *codec.Error) {
	s := a.src
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cur != a {
		return nil
	}
	for _, e := range s.core.Step(delivery.GotEnd{}, 0) {
		if e, ok := e.(delivery.Abort); ok {
			fail = e.Err
		}
	}
	return fail
}

// OnDrain ends the stream behind what is in the queue now. What is pushed later goes over the next link.
func (a *attachment) OnDrain(st *link.Stream) {
	s := a.src
	s.mu.Lock()
	var fail *codec.Error
	if s.cur == a && !a.ended {
		fail = s.end(st)
	}
	s.mu.Unlock()
	if fail != nil {
		st.Fail(fail)
	}
	s.poke()
}

// OnEnd takes the end of the stream.
func (a *attachment) OnEnd(_ *link.Stream, err error) {
	a.src.mu.Lock()
	a.ended, a.err = true, err
	a.src.mu.Unlock()
	close(a.over)
	a.src.wake()
}
