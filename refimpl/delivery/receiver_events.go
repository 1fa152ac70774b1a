package delivery

import "handfast/codec"

// ReceiverEvent is something that happens to the receiver of a channel.
type ReceiverEvent interface{ receiverEvent() }

// Offered says that an OPEN with channel has come and that its sub-protocol would serve it. Channel is what a parser of package codec gave,
// and not nil (CHAN-003 is the owner's). Attachment is a number that the owner gives:
// never the same twice for one Receiver. Foreign and Full are for rows 1 and 3 of the table, which one channel cannot know.
type Offered struct {
	Attachment uint64
	Stream     uint32
	Channel    *codec.Channel
	Foreign    bool
	Full       bool
	ended      bool // FIN came while the OPEN waited
}

// GotRecords is a RECORDS on the stream of an attachment. Its credit was checked (REC-011).
type GotRecords struct {
	Attachment uint64
	Records    codec.Records
}

// GotGap is a GAP.
type GotGap struct {
	Attachment uint64
	Gap        codec.Gap
}

// GotFin is FIN, behind the records of its frame.
type GotFin struct{ Attachment uint64 }

// Applied says that the sink has made First to Last durable, each handed on before by Apply or NoteGap, in any order.
type Applied struct{ First, Last uint64 }

// Failed says that the sink could not apply First to Last.
type Failed struct {
	First, Last uint64
	Err         error
}

// Gone says that the stream of an attachment ended, in whatever way.
type Gone struct{ Attachment uint64 }

// Drained says that nothing has arrived that was not applied: an ACK that is owed is sent at once (OPT-011).
type Drained struct{}

// Tick says that time has passed: Deadline tells when one is needed.
type Tick struct{}

// Repaired says that a repair has ended that began when Checks was the Cursor's number of checks.
type Repaired struct{ Checks uint64 }

func (Offered) receiverEvent()    {}
func (GotRecords) receiverEvent() {}
func (GotGap) receiverEvent()     {}
func (GotFin) receiverEvent()     {}
func (Applied) receiverEvent()    {}
func (Failed) receiverEvent()     {}
func (Gone) receiverEvent()       {}
func (Drained) receiverEvent()    {}
func (Tick) receiverEvent()       {}
func (Repaired) receiverEvent()   {}

// ReceiverEffect is something that the owner of a receiver does.
type ReceiverEffect interface{ receiverEffect() }

// StoreCursor has to be durable before the next effect is carried out (CHAN-018).
type StoreCursor struct{ Cursor Cursor }

// SendAccept sends ACCEPT. Where the state is foreign, nothing flows: the owner answers the sender's FIN with FIN.
type SendAccept struct {
	Attachment uint64
	Stream     uint32
	Position   codec.Position
}

// Reject sends REJECT with the error's code.
type Reject struct {
	Attachment uint64
	Stream     uint32
	Err        *codec.Error
}

// Record is one record for the sink.
type Record struct {
	Seq         uint64
	PossibleDup bool   // it may have been applied before
	Data        []byte // aliases the frame, unless it came in pieces: copy what is to be kept
}

// Item is a record or a gap, as a batch for a sink holds it.
type Item struct {
	Record Record   // of no meaning where Gap is set
	Gap    *NoteGap // nil: a record
}

// Apply hands records to the sink, in their order. The sink answers with Applied or Failed. The list has no gaps. It is valid until the
// next Step, or for as long as its owner wants who has taken it over by Keep.
type Apply struct{ Items []Item }

// NoteGap hands a gap to the sink, which answers with Applied{From, To} when its note is durable. Lost is what the receiver did
// not have of it, and is empty where the reason is no loss (GAP-004, GAP-005).
type NoteGap struct {
	Gap  codec.Gap
	Lost []codec.Range
}

// SendAck replaces the ACK that waits to be sent (ACK-005).
type SendAck struct {
	Attachment uint64
	Ack        codec.Ack
}

// SendEnd sends FIN: everything is acknowledged.
type SendEnd struct{ Attachment uint64 }

// End ends the stream or the link of an attachment, as the error's scope says. The receiver is detached.
type End struct {
	Attachment uint64
	Stream     uint32
	Err        *codec.Error
}

// Idle says that the frame changed nothing and counts as an idle frame (CALM-001): a GAP of which the receiver has everything, an ACK
// that raises nothing and adds no range.
type Idle struct{}

// ChannelLost says that a channel was closed because its sender goes on with another.
type ChannelLost struct{ ID [16]byte }

func (StoreCursor) receiverEffect() {}
func (SendAccept) receiverEffect()  {}
func (Reject) receiverEffect()      {}
func (Apply) receiverEffect()       {}
func (NoteGap) receiverEffect()     {}
func (SendAck) receiverEffect()     {}
func (SendEnd) receiverEffect()     {}
func (End) receiverEffect()         {}
func (ChannelLost) receiverEffect() {}
func (Idle) receiverEffect()        {}
