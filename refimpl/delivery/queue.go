package delivery

import (
	"errors"

	"handfast/codec"
)

// RecordOverhead is what a record counts in a queue besides its payload, in bytes: about what it takes in memory.
const RecordOverhead = 64

// DefaultQueueBytes is the bound of a queue for which none was given.
const DefaultQueueBytes = 100 << 20

// ErrTooLarge says that a record can never be sent: it is over 64 MiB, or over the bound of the queue.
var ErrTooLarge = errors.New("delivery: record over 64 MiB, or over the bound of the queue")

// ErrExhausted says that every number was given: the owner goes on with a new channel (CHAN-012).
var ErrExhausted = errors.New("delivery: every number of the channel was given")

// Queue keeps the records of a channel until they are stable. It is bounded in bytes: when it is full the oldest record is dropped,
// which becomes a GAP. Implementations may be used from several goroutines at once; what Head and Get show is durable, as far as the
// implementation is.
type Queue interface {
	// Head gives a copy of what the queue knows, and Bounds its numbers, which costs less.
	Head() Head
	Bounds() Bounds
	// Append takes data over as the next record, and gives its number. ErrTooLarge and ErrExhausted are for the record, other errors are those
	// of a disk.
	Append(data []byte) (seq uint64, err error)
	// AppendAll is Append for several records in their order. What is durable becomes so at once. It gives the number of the first, and
	// how many were taken: all of them, unless err says why not the next.
	AppendAll(list [][]byte) (first uint64, taken int, err error)
	// Get gives a record, which must not be changed, and is there until it is freed. ok is false where it is not there.
	Get(seq uint64) (data []byte, ok bool)
	// Run gives records from seq on that lie together, at most about max bytes, but one at least; none where seq is not there. They must
	// not be changed, and are valid until the next Run or Free.
	Run(seq uint64, max int) Run
	// Hole gives the end of the hole that seq lies in, and why it is there. Only for numbers below Next of which there is no record.
	Hole(seq uint64) (to uint64, reason uint32)
	// Free forgets every record up to stable, because the receiver has it durably. A stable below an earlier one changes nothing.
	Free(stable uint64) error
	// Drop forgets the records first to last for another reason, which is a GapOverflow and so on of package codec.
	Drop(first, last uint64, reason uint32) error
	// Renew begins a new channel, with the records that are still there as 1, 2 and so on, in their order.
	Renew() error
	// OweCheck notes that a CHECK is owed; Repaired that a repair has ended that began when Checks of Head was checks.
	OweCheck() error
	Repaired(checks uint64) error
}

// Hole is a range of numbers without records.
type Hole struct {
	First, Last uint64
	Reason      uint32
}

// maxHoles bounds the list of holes before the oldest record.
const maxHoles = 64

// holes are those between stable and the oldest record: contiguous, so that two neighbours can always be joined.
type holes []Hole

// push adds a hole behind the last one. Beyond the bound the two oldest are joined under the older's reason: what is lost stays
// lost, and only the reason is coarser. A skip never hides a loss.
func (h holes) push(one Hole) holes {
	if n := len(h); n > 0 && h[n-1].Reason == one.Reason && h[n-1].Last+1 == one.First {
		h[n-1].Last = one.Last
		return h
	}
	h = append(h, one)
	if len(h) > maxHoles {
		if h[1].Reason == codec.GapFiltered {
			h[1].Reason = h[0].Reason
		} else if h[0].Reason != codec.GapFiltered {
			h[1].Reason = h[0].Reason
		}
		h[1].First = h[0].First
		h = append(h[:0], h[1:]...)
	}
	return h
}

// free drops what is stable.
func (h holes) free(stable uint64) holes {
	for len(h) > 0 && h[0].Last <= stable {
		h = h[1:]
	}
	if len(h) > 0 && h[0].First <= stable {
		h[0].First = stable + 1
	}
	return h
}

// at gives the end and the reason of the hole at seq. before is the oldest record: what no hole tells of was lost with the queue.
func (h holes) at(seq, before uint64) (to uint64, reason uint32) {
	to = before - 1
	for _, one := range h {
		if one.Last < seq {
			continue
		}
		if one.First <= seq {
			return one.Last, one.Reason
		}
		to = one.First - 1
		break
	}
	return to, codec.GapRestart
}
