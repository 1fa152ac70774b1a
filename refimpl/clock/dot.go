package clock

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"math"
	"strconv"
)

// MaxCounter is the greatest counter of a dot (OBJ-003).
const MaxCounter = math.MaxInt64

// Actor names one incarnation of one store: 16 random bytes, new for each new or restored store (OBJ-001). Its order is bytewise.
type Actor [16]byte

// String gives the first four bytes in hexadecimal, for logs.
func (a Actor) String() string { return hex.EncodeToString(a[:4]) }

// Compare orders actors by their bytes.
func (a Actor) Compare(b Actor) int { return bytes.Compare(a[:], b[:]) }

// Dot names one write: the actor that took it, and the count of its writes up to this one, from 1 to MaxCounter.
type Dot struct {
	Actor   Actor
	Counter uint64
}

// String gives actor and counter, for logs.
func (d Dot) String() string { return d.Actor.String() + ":" + strconv.FormatUint(d.Counter, 10) }

// Compare orders dots by actor, then counter: the order of the encoding.
func (d Dot) Compare(e Dot) int {
	return cmp.Or(d.Actor.Compare(e.Actor), cmp.Compare(d.Counter, e.Counter))
}

// CompareWrites is the total order of concurrent writes (OBJ-010): by counter, then actor. The greater is the last writer.
func (d Dot) CompareWrites(e Dot) int {
	return cmp.Or(cmp.Compare(d.Counter, e.Counter), d.Actor.Compare(e.Actor))
}

// valid tells whether the counter is one that a write can have.
func (d Dot) valid() bool { return d.Counter >= 1 && d.Counter <= MaxCounter }
