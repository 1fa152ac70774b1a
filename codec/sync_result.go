package codec

import "math"

// SyncOutcome says what became of a REPAIR.
type SyncOutcome uint8

// The outcomes.
const (
	SyncNoOp     SyncOutcome = 0 // nothing that the receiver did not have
	SyncApplied  SyncOutcome = 1 // the object has changed, and has one sibling or none
	SyncSiblings SyncOutcome = 2 // the object has changed, and has several siblings
	SyncRejected SyncOutcome = 3 // nothing was changed
)

// String gives the outcome in lower case.
func (o SyncOutcome) String() string {
	if o <= SyncRejected {
		return [...]string{"no-op", "applied", "siblings", "rejected"}[o]
	}
	return "unknown"
}

// SyncEntry is what became of one REPAIR.
type SyncEntry struct {
	Outcome  SyncOutcome
	Siblings uint16 // that the object has now
	Code     Code   // of a rejection, else 0
}

// SyncResult says what became of REPAIRs, durably.
type SyncResult struct {
	First   uint64      // number of the REPAIR that the first entry is about
	Entries []SyncEntry // 1 to 1,024
}

const (
	syncResultHead = 12
	syncEntrySize  = 8
)

// Kind implements SyncMessage.
func (SyncResult) Kind() SyncKind { return SyncKindResult }

// AppendBinary implements SyncMessage. What a parser would refuse is an error.
func (m SyncResult) AppendBinary(b []byte) ([]byte, error) {
	if len(m.Entries) > MaxSyncResults {
		return b, syncFault(2, "RESULT has 1 to 1,024 entries")
	}
	out := bigEndian.AppendUint16(append(b, byte(SyncKindResult), 0), uint16(len(m.Entries)))
	out = bigEndian.AppendUint64(out, m.First)
	for _, e := range m.Entries {
		out = bigEndian.AppendUint16(append(out, byte(e.Outcome), 0), e.Siblings)
		out = bigEndian.AppendUint32(out, uint32(e.Code))
	}
	if _, err := parseSyncResult(out[len(b):]); err != nil {
		return b, err
	}
	return out, nil
}

func parseSyncResult(msg []byte) (m SyncResult, err error) {
	if len(msg) < syncResultHead {
		return m, syncFault(len(msg), "RESULT ends inside its head")
	}
	n := int(bigEndian.Uint16(msg[2:]))
	m.First = bigEndian.Uint64(msg[4:])
	switch {
	case n < 1 || n > MaxSyncResults || len(msg) != syncResultHead+n*syncEntrySize:
		return m, syncFault(2, "RESULT has 1 to 1,024 entries, which are there")
	case m.First == 0 || m.First > math.MaxUint64-uint64(n):
		return m, syncFault(4, "numbers begin with 1")
	}
	m.Entries = make([]SyncEntry, n)
	for i := range m.Entries {
		at := syncResultHead + i*syncEntrySize
		e := SyncEntry{SyncOutcome(msg[at]), bigEndian.Uint16(msg[at+2:]), Code(bigEndian.Uint32(msg[at+4:]))}
		if e.Outcome > SyncRejected || (e.Outcome == SyncRejected) != (e.Code != CodeNoError) {
			return m, syncFault(at, "an outcome that is none, or a code that does not belong to it")
		}
		m.Entries[i] = e
	}
	return m, nil
}

// SyncComplete is the last message of its sender.
type SyncComplete struct {
	Errors      uint32   // ERRORs that its sender has sent
	Sent        uint64   // REPAIRs that its sender has sent
	Acked       uint64   // entries of RESULT that it has received
	Received    uint64   // REPAIRs that it has received; the four that follow are their outcomes
	NoOps       uint64   //
	Applied     uint64   //
	Siblings    uint64   //
	Rejected    uint64   //
	Count       uint64   // objects that it has now
	Fingerprint [16]byte // of the empty prefix, now
}

const syncCompleteSize = 88

// Kind implements SyncMessage.
func (SyncComplete) Kind() SyncKind { return SyncKindComplete }

// AppendBinary implements SyncMessage. It has no error.
func (m SyncComplete) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, byte(SyncKindComplete), 0, 0, 0)
	b = bigEndian.AppendUint32(b, m.Errors)
	for _, n := range []uint64{m.Sent, m.Acked, m.Received, m.NoOps, m.Applied, m.Siblings, m.Rejected, m.Count} {
		b = bigEndian.AppendUint64(b, n)
	}
	return append(b, m.Fingerprint[:]...), nil
}

func parseSyncComplete(msg []byte) (m SyncComplete, err error) {
	if len(msg) != syncCompleteSize {
		return m, syncFault(min(len(msg), syncCompleteSize), "COMPLETE has 88 bytes")
	}
	m.Errors = bigEndian.Uint32(msg[4:])
	for i, n := range []*uint64{&m.Sent, &m.Acked, &m.Received, &m.NoOps, &m.Applied, &m.Siblings, &m.Rejected, &m.Count} {
		*n = bigEndian.Uint64(msg[8+8*i:])
	}
	m.Fingerprint = [16]byte(msg[72:])
	return m, nil
}

// SyncAgrees tells whether the counts of the two COMPLETEs of a session agree and nothing was refused: otherwise the session is
// partial (SYNC-022).
func SyncAgrees(a, b SyncComplete) bool {
	whole := func(a, b SyncComplete) bool {
		return a.Sent == a.Acked && a.Sent == b.Received && a.Received == a.NoOps+a.Applied+a.Siblings && a.Rejected == 0 && a.Errors == 0
	}
	return whole(a, b) && whole(b, a)
}
