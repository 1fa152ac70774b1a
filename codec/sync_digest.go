package codec

import "crypto/sha256"

// SyncPrefix is up to 16 half bytes of a key hash, from the first on; the rest is 0.
type SyncPrefix struct {
	Length int // half bytes
	Bytes  [8]byte
}

// Next gives the prefix that is one half byte longer. Length must be below 16, and half below 16.
func (p SyncPrefix) Next(half byte) SyncPrefix {
	p.Bytes[p.Length/2] |= half << (4 * (1 - p.Length%2))
	p.Length++
	return p
}

// Halves gives the half bytes, one in each byte.
func (p SyncPrefix) Halves() []byte {
	list := make([]byte, p.Length)
	for i := range list {
		list[i] = p.Bytes[i/2] >> (4 * (1 - i%2)) & 15
	}
	return list
}

// valid tells whether there is nothing behind the prefix.
func (p SyncPrefix) valid() bool {
	for i := max(p.Length, 0); i < MaxSyncPrefix; i++ {
		if p.Bytes[i/2]>>(4*(1-i%2))&15 != 0 {
			return false
		}
	}
	return p.Length >= 0 && p.Length <= MaxSyncPrefix
}

// begins tells whether an item begins with the prefix.
func (p SyncPrefix) begins(item []byte) bool {
	for i := range p.Length {
		shift := 4 * (1 - i%2)
		if (item[i/2]^p.Bytes[i/2])>>shift&15 != 0 {
			return false
		}
	}
	return true
}

// prefixSize is the number of bytes in which a prefix of so many half bytes is sent.
func prefixSize(length int) int { return (length + 1) / 2 }

// append appends the bytes of the prefix, as many as it has.
func (p SyncPrefix) append(b []byte) []byte {
	return append(b, p.Bytes[:prefixSize(min(max(p.Length, 0), MaxSyncPrefix))]...)
}

// parseSyncPrefix reads a prefix of so many half bytes, which begins at an offset. rest is what stands behind it.
func parseSyncPrefix(msg []byte, length byte, at int) (p SyncPrefix, rest []byte, err error) {
	n := prefixSize(int(length))
	if len(msg) < at+n {
		return p, nil, syncFault(len(msg), "message ends inside its prefix")
	}
	p.Length = int(length)
	copy(p.Bytes[:], msg[at:at+n])
	if !p.valid() {
		return p, nil, syncFault(at, "half bytes behind the prefix are not 0")
	}
	return p, msg[at+n:], nil
}

// SyncClockCheck gives the eight bytes by which two peers see that they have one node clock: the first of SHA-256(salt, "Cclock", the clock's
// encoding).
func SyncClockCheck(salt [16]byte, clock []byte) (check [8]byte) {
	h := sha256.New()
	_, _ = h.Write(salt[:])
	_, _ = h.Write([]byte("Cclock"))
	_, _ = h.Write(clock)
	copy(check[:], h.Sum(nil))
	return check
}

// SyncCheck asks about a prefix.
type SyncCheck struct {
	Prefix      SyncPrefix
	Pull        bool         // send the objects too; only for a prefix of 16 half bytes, as the other flags are only for the empty one
	Clock       bool         // compare the node clocks too, by ClockCheck
	Brief       bool         // answer by SAME or BRIEF
	Estimate    bool         // answer by SAME or ESTIMATE; with the capability sync.cells, and without Brief
	Last        bool         // its sender has nothing else to ask or to send: if all is equal this is its COMPLETE too (SYNC-048)
	Fingerprint [16]byte     // the initiator's own
	ClockCheck  [8]byte      // see SyncClockCheck; zero without Clock
	Counts      SyncComplete // with Last, what its COMPLETE would say, without Root; zero without Last
}

const (
	syncCheckHead      = 19
	syncClockCheckSize = 8

	syncFlagPull     = 1
	syncFlagClock    = 2 // of CHECK
	syncFlagBrief    = 4
	syncFlagEstimate = 8 // of CHECK
	syncFlagLast     = 16
	syncFlagCounted  = 32 // of CHECK
	syncSameClock    = 1  // of DIGEST

	syncFlagsOfEmpty = syncFlagClock | syncFlagBrief | syncFlagEstimate | syncFlagLast | syncFlagCounted
)

// Kind implements SyncMessage.
func (SyncCheck) Kind() SyncKind { return SyncKindCheck }

// flags gives the second byte.
func (m SyncCheck) flags() (flags byte) {
	for _, f := range []struct {
		set bool
		bit byte
	}{
		{m.Pull, syncFlagPull}, {m.Clock, syncFlagClock}, {m.Brief, syncFlagBrief}, {m.Estimate, syncFlagEstimate}, {m.Last, syncFlagLast},
		{m.Counts.Counted(), syncFlagCounted},
	} {
		if f.set {
			flags |= f.bit
		}
	}
	return flags
}

// checkFlagsFit tells whether a prefix of this length may have these flags, and one flag the others.
func checkFlagsFit(flags byte, length int) bool {
	const twoForms = syncFlagBrief | syncFlagEstimate
	switch {
	case flags&syncFlagPull != 0 && length != MaxSyncPrefix, flags&syncFlagsOfEmpty != 0 && length != 0:
		return false
	default:
		return flags&twoForms != twoForms && (flags&syncFlagCounted == 0 || flags&syncFlagLast != 0)
	}
}

// AppendBinary implements SyncMessage. A prefix that is none, or has not these flags, and Counts with Root are errors.
func (m SyncCheck) AppendBinary(b []byte) ([]byte, error) {
	flags := m.flags()
	if !m.Prefix.valid() || !checkFlagsFit(flags, m.Prefix.Length) || m.Counts.Root {
		return b, syncFault(1, "a prefix that cannot be asked for, or not with these flags")
	}
	b = append(append(b, byte(SyncKindCheck), flags, byte(m.Prefix.Length)), m.Fingerprint[:]...)
	b = m.Prefix.append(b)
	if m.Clock {
		b = append(b, m.ClockCheck[:]...)
	}
	if m.Counts.Counted() {
		b = m.Counts.appendCounts(b)
	}
	return b, nil
}

func parseSyncCheck(msg []byte) (m SyncCheck, err error) {
	if len(msg) < syncCheckHead {
		return m, syncFault(len(msg), "CHECK ends inside its head")
	}
	flags := msg[1]
	switch {
	case msg[2] > MaxSyncPrefix:
		return m, syncFault(2, "a prefix has up to 16 half bytes")
	case !checkFlagsFit(flags, int(msg[2])):
		return m, syncFault(1, "flags that this prefix does not have, or not together")
	}
	m.Pull, m.Clock, m.Brief = flags&syncFlagPull != 0, flags&syncFlagClock != 0, flags&syncFlagBrief != 0
	m.Estimate, m.Last = flags&syncFlagEstimate != 0, flags&syncFlagLast != 0
	m.Fingerprint = [16]byte(msg[3:])
	var rest []byte
	if m.Prefix, rest, err = parseSyncPrefix(msg, msg[2], syncCheckHead); err != nil {
		return m, err
	}
	want := 0
	if m.Clock {
		want += syncClockCheckSize
	}
	if flags&syncFlagCounted != 0 {
		want += syncCountsSize
	}
	if len(rest) != want {
		return m, syncFault(len(msg)-len(rest)+min(len(rest), want), "CHECK is not as long as its flags say")
	}
	if m.Clock {
		rest = rest[copy(m.ClockCheck[:], rest):]
	}
	if flags&syncFlagCounted != 0 {
		m.Counts.readCounts(rest)
	}
	return m, nil
}

// SyncForm says what a DIGEST has.
type SyncForm uint8

// The forms of DIGEST.
const (
	SyncSame     SyncForm = 0 // nothing more: the two fingerprints are equal
	SyncParts    SyncForm = 1 // the fingerprints of the 16 longer prefixes
	SyncItems    SyncForm = 2 // all items
	SyncBrief    SyncForm = 3 // the first byte of the fingerprint of each of the 16 longer prefixes
	SyncEstimate SyncForm = 4 // the estimate (CELL-015); only of the empty prefix
)

// fits tells whether a DIGEST about a prefix of this length may have the form.
func (f SyncForm) fits(length int) bool {
	switch f {
	case SyncSame, SyncItems:
		return true
	case SyncParts, SyncBrief:
		return length < MaxSyncPrefix
	default:
		return f == SyncEstimate && length == 0
	}
}

// SyncDigest answers CHECK.
type SyncDigest struct {
	Prefix    SyncPrefix // as asked
	Form      SyncForm
	SameClock bool   // the responder's node clock has the check that CHECK had
	Entries   []byte // of 16 bytes each; with BRIEF of one; with ESTIMATE 18 in all
}

const (
	syncDigestHead = 4
	syncParts      = 16 // of a prefix
)

// Kind implements SyncMessage.
func (SyncDigest) Kind() SyncKind { return SyncKindDigest }

// Entry gives one of the entries of PARTS or ITEMS.
func (m SyncDigest) Entry(i int) [16]byte { return [16]byte(m.Entries[16*i:]) }

// AppendBinary implements SyncMessage. What ParseSyncAnswer would refuse is an error.
func (m SyncDigest) AppendBinary(b []byte) ([]byte, error) {
	if !m.Prefix.valid() {
		return b, syncFault(3, "a prefix that is none")
	}
	var flags byte
	if m.SameClock {
		flags = syncSameClock
	}
	out := append(b, byte(SyncKindDigest), byte(m.Form), flags, byte(m.Prefix.Length))
	out = append(m.Prefix.append(out), m.Entries...)
	if _, err := parseSyncDigest(out[len(b):]); err != nil {
		return b, err
	}
	return out, nil
}

func parseSyncDigest(msg []byte) (m SyncDigest, err error) {
	if len(msg) < syncDigestHead {
		return m, syncFault(len(msg), "DIGEST ends inside its head")
	}
	m.Form, m.SameClock = SyncForm(msg[1]), msg[2]&syncSameClock != 0
	switch {
	case msg[3] > MaxSyncPrefix:
		return m, syncFault(3, "a prefix has up to 16 half bytes")
	case !m.Form.fits(int(msg[3])):
		return m, syncFault(1, "a form that is none, or that this prefix does not have")
	}
	if m.Prefix, m.Entries, err = parseSyncPrefix(msg, msg[3], syncDigestHead); err != nil {
		return m, err
	}
	at := len(msg) - len(m.Entries)
	want := 0
	switch m.Form {
	case SyncParts:
		want = syncParts * 16
	case SyncBrief:
		want = syncParts
	case SyncEstimate:
		want = SyncEstimateSize
	case SyncItems:
		want = len(m.Entries) / 16 * 16
	}
	if len(m.Entries) != want {
		return m, syncFault(at, "the entries are not as many as the form has")
	}
	if m.Form == SyncItems {
		return m, m.checkItems(at)
	}
	return m, nil
}

// checkItems tells whether the items, which begin at an offset, ascend strictly and have the prefix.
func (m SyncDigest) checkItems(head int) error {
	for at := 0; at < len(m.Entries); at += 16 {
		one := m.Entries[at : at+16]
		if !m.Prefix.begins(one) || at > 0 && string(m.Entries[at-16:at]) >= string(one) {
			return syncFault(head+at, "an item without the prefix, or out of order")
		}
	}
	return nil
}
