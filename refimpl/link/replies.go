package link

import (
	"handfast/codec"
)

// replies are what this peer owes the other as a reply: one place for each, the newest wins (CRED-010, BEAT-002).
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

// appendGrease puts a grease frame before the next round now and then (EXT-003).
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

// reply changes the places for replies.
func (w *writer) reply(set func(r *replies)) {
	w.mu.Lock()
	if !w.last {
		set(&w.replies)
		w.wake()
	}
	w.mu.Unlock()
}

// owe adds a stream that owes a CREDIT; the stream sees to it that it is added once.
func (w *writer) owe(s *Stream) {
	w.mu.Lock()
	if !w.last {
		w.grants = append(w.grants, s)
		w.wake()
	}
	w.mu.Unlock()
}
