package channel

import (
	"handfast/codec"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// Finish leaves a link in good order: the stream ends by FIN behind what is in the queue now, and Attach has to be called before the channel
// goes on, be it with the same link. On another link than that of the last Attach it does nothing. It does not wait.
func (s *Source) Finish(l *link.Link) {
	s.mu.Lock()
	if s.want != l {
		s.mu.Unlock()
		return
	}
	s.finish = true
	var fail *codec.Error
	a := s.cur
	if a != nil && !a.ended && a.taken { // else when ACCEPT has come
		fail = s.end(a.stream)
	}
	s.mu.Unlock()
	if fail != nil {
		a.stream.Fail(fail)
	}
	s.poke()
}

// end tells the core to end its stream. What it returns is to be told the other side without mu. It is called with mu held.
func (s *Source) end(st *link.Stream) (fail *codec.Error) {
	for _, e := range s.core.Step(delivery.Finish{}, 0) {
		switch e := e.(type) {
		case delivery.SendFin:
			_ = st.CloseSend() // its error is that the stream has ended
		case delivery.Abort:
			fail = e.Err
		}
	}
	return fail
}
