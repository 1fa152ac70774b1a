package link

import "handfast/codec"

type replies struct {
	ping, pong, credit, streams bool

	pingFrame codec.Ping
	pongFrame codec.Pong
	pongAt    int64 // monotonic ns at which the PING was read
	creditMax uint64
}

func (w *writer) appendReplies(b []byte, r *replies) []byte {
	if r.pong {
		r.pongFrame.T3 = w.link.wall()
		r.pongFrame.HoldUS = uint32(min((w.link.now()-r.pongAt)/1000, 1<<32-1))
		b = r.pongFrame.AppendFrame(b)
	}
	if r.ping {
		r.pingFrame.T1 = w.link.wall()
		w.link.pingSent()
		b = r.pingFrame.AppendFrame(b)
	}
	if r.credit {
		b = codec.Credit{Max: r.creditMax}.AppendFrame(b)
	}
	if r.streams {
		b = codec.Streams{Max: w.link.grantSlots()}.AppendFrame(b)
	}
	return b
}

func (w *writer) appendGrease(b []byte) []byte {
	if w.grease < 0 {
		return b
	}
	if w.grease > 0 {
		w.grease--
		return b
	}
	w.grease = w.link.nextGrease()
	return w.link.appendGrease(b)
}

func (w *writer) reply(set func(r *replies)) {
	w.mu.Lock()
	if !w.last {
		set(&w.replies)
		w.wake()
	}
	w.mu.Unlock()
}

func (w *writer) owe(s *Stream) {
	w.mu.Lock()
	if !w.last {
		w.grants = append(w.grants, s)
		w.wake()
	}
	w.mu.Unlock()
}
