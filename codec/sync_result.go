package codec

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

// SyncResult says what became of REPAIRs, durably. On the wire, up to 256 REPAIRs in a row with one entry are one run.
type SyncResult struct {
	First   uint8       // number modulo 256 of the REPAIR that the first entry is about
	Entries []SyncEntry // one for each REPAIR, 1 to 1,024
}

const (
	syncResultHead = 2
	syncRunSize    = 8
	syncRunMost    = 256 // REPAIRs of one run
)

// Kind implements SyncMessage.
func (SyncResult) Kind() SyncKind { return SyncKindResult }

// valid tells whether code and outcome belong together.
func (e SyncEntry) valid() bool {
	return e.Outcome <= SyncRejected && (e.Outcome == SyncRejected) == (e.Code != CodeNoError)
}

// AppendBinary implements SyncMessage. What a parser would refuse is an error.
func (m SyncResult) AppendBinary(b []byte) ([]byte, error) {
	if len(m.Entries) < 1 || len(m.Entries) > MaxSyncResults {
		return b, syncFault(2, "RESULT is about 1 to 1,024 REPAIRs")
	}
	out := append(b, byte(SyncKindResult), m.First)
	for at := 0; at < len(m.Entries); {
		e, n := m.Entries[at], 1
		if !e.valid() {
			return b, syncFault(syncResultHead, "an outcome that is none, or a code that does not belong to it")
		}
		for n < syncRunMost && at+n < len(m.Entries) && m.Entries[at+n] == e {
			n++
		}
		out = bigEndian.AppendUint16(append(out, byte(e.Outcome), byte(n-1)), e.Siblings)
		out = bigEndian.AppendUint32(out, uint32(e.Code))
		at += n
	}
	return out, nil
}

func parseSyncResult(msg []byte) (m SyncResult, err error) {
	if len(msg) < syncResultHead+syncRunSize || (len(msg)-syncResultHead)%syncRunSize != 0 {
		return m, syncFault(len(msg), "RESULT has at least one run, and no half ones")
	}
	total := 0
	for at := syncResultHead; at < len(msg); at += syncRunSize {
		if total += int(msg[at+1]) + 1; total > MaxSyncResults {
			return m, syncFault(at+1, "RESULT is about 1 to 1,024 REPAIRs")
		}
	}
	m = SyncResult{msg[1], make([]SyncEntry, 0, total)}
	for at := syncResultHead; at < len(msg); at += syncRunSize {
		e := SyncEntry{SyncOutcome(msg[at]), bigEndian.Uint16(msg[at+2:]), Code(bigEndian.Uint32(msg[at+4:]))}
		if !e.valid() {
			return SyncResult{}, syncFault(at, "an outcome that is none, or a code that does not belong to it")
		}
		for range int(msg[at+1]) + 1 {
			m.Entries = append(m.Entries, e)
		}
	}
	return m, nil
}

// SyncComplete is the last message of its sender, but of an initiator whose CHECK with LAST was answered by one. Counts that are all 0 take no bytes.
type SyncComplete struct {
	Errors      uint32   // ERRORs that its sender has sent
	Sent        uint64   // REPAIRs that its sender has sent
	Acked       uint64   // REPAIRs that it has received an entry of RESULT about
	Received    uint64   // REPAIRs that it has received; the four that follow are their outcomes
	NoOps       uint64   //
	Applied     uint64   //
	Siblings    uint64   //
	Rejected    uint64   //
	Root        bool     // whether Count and Fingerprint are said: without it, the fingerprint is the one that the session has named last
	Count       uint64   // objects that it has now; with Root
	Fingerprint [16]byte // of the empty prefix, now; with Root
}

const (
	syncCompleteHead = 2
	syncCountsSize   = 60
	syncRootSize     = 24

	syncFlagCounts = 1
	syncFlagRoot   = 2
)

// Kind implements SyncMessage.
func (SyncComplete) Kind() SyncKind { return SyncKindComplete }

// Counted tells whether one of the counts of REPAIRs and ERRORs is not 0.
func (m SyncComplete) Counted() bool {
	m.Root, m.Count, m.Fingerprint = false, 0, [16]byte{}
	return m != SyncComplete{}
}

// AppendBinary implements SyncMessage. It has no error.
func (m SyncComplete) AppendBinary(b []byte) ([]byte, error) {
	var flags byte
	if m.Counted() {
		flags |= syncFlagCounts
	}
	if m.Root {
		flags |= syncFlagRoot
	}
	b = append(b, byte(SyncKindComplete), flags)
	if m.Counted() {
		b = m.appendCounts(b)
	}
	if m.Root {
		b = append(bigEndian.AppendUint64(b, m.Count), m.Fingerprint[:]...)
	}
	return b, nil
}

// appendCounts appends the 60 bytes of counts.
func (m SyncComplete) appendCounts(b []byte) []byte {
	b = bigEndian.AppendUint32(b, m.Errors)
	for _, n := range []uint64{m.Sent, m.Acked, m.Received, m.NoOps, m.Applied, m.Siblings, m.Rejected} {
		b = bigEndian.AppendUint64(b, n)
	}
	return b
}

// readCounts reads what appendCounts has written. b must have 60 bytes.
func (m *SyncComplete) readCounts(b []byte) {
	m.Errors = bigEndian.Uint32(b)
	for i, n := range []*uint64{&m.Sent, &m.Acked, &m.Received, &m.NoOps, &m.Applied, &m.Siblings, &m.Rejected} {
		*n = bigEndian.Uint64(b[4+8*i:])
	}
}

func parseSyncComplete(msg []byte) (m SyncComplete, err error) {
	if len(msg) < syncCompleteHead {
		return m, syncFault(len(msg), "COMPLETE ends inside its head")
	}
	want, counts := syncCompleteHead, msg[1]&syncFlagCounts != 0
	m.Root = msg[1]&syncFlagRoot != 0
	if counts {
		want += syncCountsSize
	}
	if m.Root {
		want += syncRootSize
	}
	if len(msg) != want {
		return SyncComplete{}, syncFault(min(len(msg), want), "COMPLETE is not as long as its flags say")
	}
	rest := msg[syncCompleteHead:]
	if counts {
		m.readCounts(rest)
		rest = rest[syncCountsSize:]
	}
	if m.Root {
		m.Count, m.Fingerprint = bigEndian.Uint64(rest), [16]byte(rest[8:])
	}
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
