package channel

import (
	"runtime"

	"handfast/codec"
	"handfast/refimpl/delivery"
)

// send fills the stream of an attachment, until it has ended.
func (s *Source) send(a *attachment) {
	for {
		select {
		case <-s.due:
		case <-a.over:
			s.poke() // what was taken here may have been meant for the next
			return
		}
		runtime.Gosched() // let others push into the same frame
		for s.pump(a) {
		}
	}
}

// maxFill is how much of the queue is asked room for at once, in bytes: more than a stream gets.
const maxFill = 1 << 20

// pump fills one buffer of the stream with what is due. False: nothing is.
func (s *Source) pump(a *attachment) bool {
	s.mu.Lock()
	idle := s.cur != a || a.ended || !s.core.Attached() || s.core.Idle()
	s.mu.Unlock()
	if idle {
		return false
	}
	have, _ := s.cfg.Queue.Bytes()
	room, err := a.stream.AwaitRoom(int(min(have, maxFill)))
	if err != nil {
		return false // OnEnd wakes
	}
	s.mu.Lock()
	if s.cur != a || a.ended {
		s.mu.Unlock()
		return true
	}
	var did *delivery.Filled
	var effects []delivery.SenderEffect
	a.stream.SendFrames(func(b []byte) ([]byte, int) {
		b, did, effects = s.core.Fill(delivery.Room{Charge: room.Charge, Bytes: room.Bytes}, b)
		return b, did.Charge
	})
	if did == nil { // the stream has ended
		s.mu.Unlock()
		return true
	}
	s.counts.sent(did)
	frames := did.Frames
	var fail *codec.Error
	for _, e := range effects {
		switch e := e.(type) {
		case delivery.SendFin:
			_ = a.stream.CloseSend() // its error is that the stream has ended
		case delivery.Broken:
			fail = s.broken(e.Err)
		}
	}
	if frames == 0 {
		a.stream.GiveRoom()
	}
	s.mu.Unlock()
	if fail != nil {
		a.stream.Fail(fail)
		return true
	}
	if frames > 0 {
		a.stream.Flush()
	}
	return frames > 0
}
