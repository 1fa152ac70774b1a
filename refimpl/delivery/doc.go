// Package delivery is the profile delivery (spec/delivery.md) without a link: the cores of sender and receiver, the queue of the
// sender, and the cursor of the receiver.
//
// The cores are pure: Step takes an event and the time, and says what is to be done. They have no clock, goroutine or socket, and are not
// safe for concurrent use: one owner calls them, and carries out the effects in their order before it calls again. Time is
// monotonic, from any origin.
//
// An owner that sends much calls Fill in the place of Step: it makes frames in the owner's buffer, straight from the queue's memory.
//
// Faults of the other side are *codec.Error with code, scope and requirement: scope link ends the link, scope stream the stream. In
// both cases the channel is detached, and can be attached again.
package delivery

import "handfast/codec"

// fault makes the error of a rule that the other side broke.
func fault(code codec.Code, scope codec.Scope, req, detail string) *codec.Error {
	return &codec.Error{Code: code, Scope: scope, Req: req, Detail: detail}
}

// rules switches single rules off, so that tests can show that each is needed. The zero value is the specification.
type rules struct {
	noEpoch    bool // the lineage says nothing
	noFlag     bool // POSSIBLE_DUP is never set
	ackTaken   bool // ACK counts what was taken, and not what is durable
	noGap      bool // numbers are stepped over in silence
	noNewCheck bool // a new channel owes no CHECK
	gapJump    bool // GAP consumes everything below its end
	noWait     bool // OPEN is answered while the sink works on what came before
	resend     bool // ranges of ACCEPT are sent again, which is allowed (REC-005)
}
