package link

import (
	"context"

	"handfast/codec"
)

// capDelivery is the capability under which streams carry channels (spec/delivery.md).
const capDelivery = "delivery"

// ChannelHandler takes the streams of a sub-protocol that uses delivery. A handler in Config.Handlers that is one is handed
// streams with a channel and no others; a handler that is none is handed streams without (CHAN-003).
type ChannelHandler interface {
	Handler
	// HandleChannel is called on the goroutine that reads the link, after OPEN was checked. It must not block. Nothing of the
	// stream flows before AcceptChannel, which may come later and from any goroutine, as may Reject. What arrives goes to the
	// receiver that is returned, which must not be nil; s.Done is to be called once, when all work for the stream has ended.
	HandleChannel(s *Stream, params []byte, ch *codec.Channel) ChannelReceiver
}

// ChannelReceiver takes what arrives on a stream whose channel the other side sends. But for OnEnd its methods are called on
// the goroutine that reads the link. None may block, and none is called with a lock of the link held. An error ends the stream
// or the link, as its scope says.
type ChannelReceiver interface {
	// OnRecords takes a RECORDS within the credit; its pieces alias the frame. It owes s.Consume(charge), at the
	// latest when the records were applied.
	OnRecords(s *Stream, m codec.Records, charge Charge) *codec.Error
	// OnGap takes a GAP. idle says that it changed nothing (CALM-001).
	OnGap(s *Stream, g codec.Gap) (idle bool, err *codec.Error)
	// OnFin takes FIN, behind everything else.
	OnFin(s *Stream) *codec.Error
	// OnEnd is called once, when both directions have ended: err is nil after FIN of both, an *Error otherwise.
	OnEnd(s *Stream, err error)
}

// Drier is a ChannelReceiver that is told when it has taken everything that was read.
type Drier interface {
	// OnDry is called behind OnRecords, when nothing is left of what was read: the next frame may be long in coming.
	OnDry(s *Stream)
}

// ChannelSender takes what arrives on a stream whose channel this side sends. What ChannelReceiver says of goroutines and
// errors holds here. The first call may come before OpenChannel has returned.
type ChannelSender interface {
	// OnAccept takes ACCEPT; p is nil where it had no channel (CHAN-027).
	OnAccept(s *Stream, p *codec.Position)
	// OnAck takes an ACK, whose ranges are valid during the call. idle says that it changed nothing (CALM-001).
	OnAck(s *Stream, a codec.Ack) (idle bool, err *codec.Error)
	// OnFin takes FIN of the other side.
	OnFin(s *Stream) *codec.Error
	// OnDrain says that the link is to end in good order, which waits for the stream. It comes from any goroutine.
	OnDrain(s *Stream)
	// OnEnd is called once, when both directions have ended: err is nil after FIN of both, an *Error otherwise.
	OnEnd(s *Stream, err error)
}

// sending gives the streams that carry channels of this side. It is called with mu held.
func (l *Link) sending() (list []*Stream) {
	for _, s := range l.streams {
		if s.local && s.carries != nil {
			list = append(list, s)
		}
	}
	return list
}

// Charge is what records cost that were handed on and have to be granted again (REC-020).
type Charge struct {
	charge uint64
	joined int // bytes of records that came in pieces: held beyond their charge, and counted by the link
}

// Add gives the sum.
func (c Charge) Add(d Charge) Charge { return Charge{c.charge + d.charge, c.joined + d.joined} }

// carrier is what a stream has beside the common when it carries a channel. It is guarded by Stream.mu but for what is set once.
type carrier struct {
	receiver ChannelReceiver // set once; nil on the sender's side
	sender   ChannelSender   // set once; nil on the receiver's side
	drier    Drier           // the receiver, if it is one
	drying   bool            // in Link.drying; owned by the goroutine that reads

	ack      codec.Ack // the ACK that waits to be sent, where ackOwed is set (ACK-005)
	ackOwed  bool      // in writer.acks
	ackEarly bool      // ack waits for AcceptChannel
	pending  uint64    // charge that the receiver was handed and has not consumed
	joinSize int       // bytes of the record that is being joined
}

// Delivery says whether channels may be carried on this link.
func (l *Link) Delivery() bool { return l.delivery }

// maxChannel is what channel in OPEN and ACCEPT takes at most, in bytes.
const maxChannel = 2 << 10

// OpenChannel opens a stream for a channel of this side (CHAN-002). It waits as Open does, and ctx bounds only that wait. What
// arrives goes to r. With an error nothing was opened, and r is not called.
func (l *Link) OpenChannel(ctx context.Context, proto string, params []byte, ch *codec.Channel, r ChannelSender) (*Stream, error) {
	ver, ok := l.agreed.Protos[proto]
	switch {
	case !l.delivery:
		return nil, streamFault(codec.CodeRefused, "CHAN-001", "the capability delivery was not selected")
	case !ok:
		return nil, streamFault(codec.CodeUnknownProto, "STRM-004", "the other side does not speak "+proto)
	case len(params) > maxParams-maxChannel:
		return nil, streamFault(codec.CodeFrameSize, "FRAME-018", "params do not fit into OPEN")
	}
	if err := ch.Check(); err != nil {
		return nil, err
	}
	l.w.awaitRoom(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.waitSlot(ctx); err != nil {
		return nil, err
	}
	s := newStream(l, l.nextID(), proto, true)
	s.carries = &carrier{sender: r}
	if err := l.begin(s, func(b []byte) []byte { // its size and its channel were checked
		b, _ = (&codec.Open{Stream: s.id, Proto: proto, Ver: ver, Params: params, Channel: ch}).AppendFrame(b)
		return b
	}); err != nil {
		return nil, err
	}
	return s, nil
}

// begin makes s the newest stream of this side and queues its OPEN. It is called with mu held, over the queueing too, so that
// ids go out in order (STRM-002).
func (l *Link) begin(s *Stream, open func(b []byte) []byte) error {
	l.lastOwn = s.id
	l.streams[s.id] = s
	if err := l.w.queue(open); err != nil {
		delete(l.streams, s.id)
		return brokenOr(l.err)
	}
	if s.id >= lastID {
		l.drainIDs()
	}
	return nil
}

// offerChannel hands an OPEN with channel to its handler, or refuses what does not go together (CHAN-003). handled says that it
// was one of the two.
func (s *Stream) offerChannel(h Handler, o codec.Open) (handled bool) {
	ch, uses := h.(ChannelHandler)
	switch {
	case uses && o.Channel == nil:
		s.Reject(codec.CodeProtocol, "CHAN-003: the sub-protocol uses delivery, and OPEN has no channel")
	case !uses && o.Channel != nil:
		s.Reject(codec.CodeProtocol, "CHAN-003: the sub-protocol does not use delivery, and OPEN has a channel")
	case !uses:
		return false
	default:
		c := &carrier{}
		s.mu.Lock()
		s.holds++
		s.carries = c
		s.mu.Unlock()
		r := ch.HandleChannel(s, o.Params, o.Channel)
		s.mu.Lock()
		ended, err := s.ended, s.err
		c.receiver = r
		c.drier, _ = r.(Drier)
		s.mu.Unlock()
		if ended { // meanwhile: nobody else could tell r
			r.OnEnd(s, err)
		}
	}
	return true
}

// AcceptChannel answers an OPEN with channel, once. It may be called from any goroutine. False: the stream has ended meanwhile,
// or was answered, and nothing was said.
func (s *Stream) AcceptChannel(p codec.Position) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.answered || p.Check() != nil {
		return false
	}
	s.answered = true
	// mu is held over the queueing, so that no RESET overtakes it.
	if s.link.w.queue(func(b []byte) []byte {
		b, _ = (&codec.Accept{Stream: s.id, Channel: &p}).AppendFrame(b)
		return b
	}) != nil {
		return false
	}
	// What was said meanwhile has waited for the answer (STRM-003): the receiver stores its position before it answers.
	if s.carries.ackEarly {
		s.oweAck()
	}
	if s.fin && !s.queued {
		s.queued = true
		s.link.w.enqueue(s)
	}
	return true
}

// RejectChannel answers an OPEN with channel as Reject does, from any goroutine. False as AcceptChannel.
func (s *Stream) RejectChannel(code codec.Code, text string) bool {
	s.mu.Lock()
	if s.ended || s.answered {
		s.mu.Unlock()
		return false
	}
	s.answered = true
	s.mu.Unlock()
	s.end(streamFault(code, "", text), func(b []byte) []byte {
		return codec.Reject{Stream: s.id, Code: code, Text: text}.AppendFrame(b)
	})
	return true
}

// Fail ends the stream or the link of a channel because of a fault of the other side, as the error's scope says.
func (s *Stream) Fail(err *codec.Error) {
	e := channelError(err)
	if e.Scope == codec.ScopeLink {
		s.link.fail(e)
		return
	}
	s.fail(e)
}

// channelError is a fault that a core of delivery has found, with its scope.
func channelError(err *codec.Error) *Error {
	return &Error{Code: err.Code, Scope: err.Scope, Req: err.Req, Text: err.Detail, Err: err.Err}
}

// MaxFrame is the largest payload of a frame that this side sends, in bytes.
func (l *Link) MaxFrame() int { return l.maxPayload }

// brokenOr is why nothing can be queued any more.
func brokenOr(e *Error) error {
	if e != nil {
		return e
	}
	return &Error{Code: codec.CodeInternal, Scope: codec.ScopeLink, broken: true, Text: "the transport ended"}
}

// endCarrier is called with mu held when the stream has ended. What it returns tells the owner of the channel, and is to be called
// without mu.
func (s *Stream) endCarrier() func(s *Stream, err error) {
	switch c := s.carries; {
	case c == nil:
		return nil
	case c.sender != nil:
		return c.sender.OnEnd
	case c.receiver != nil:
		return c.receiver.OnEnd
	default: // offerChannel does it
		return nil
	}
}
