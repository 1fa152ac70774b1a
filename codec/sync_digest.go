package codec

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
	for i := p.Length; i < MaxSyncPrefix; i++ {
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

// parseSyncPrefix reads length and prefix, which stand at offsets 1 and 4.
func parseSyncPrefix(msg []byte) (p SyncPrefix, err error) {
	if msg[1] > MaxSyncPrefix {
		return p, syncFault(1, "a prefix has up to 16 half bytes")
	}
	p = SyncPrefix{int(msg[1]), [8]byte(msg[4:12])}
	if !p.valid() {
		return p, syncFault(4, "half bytes behind the prefix are not 0")
	}
	return p, nil
}

// SyncCheck asks about a prefix.
type SyncCheck struct {
	Prefix      SyncPrefix
	Pull        bool     // send the objects too; only for a prefix of 16 half bytes
	Fingerprint [16]byte // the initiator's own
}

const (
	syncCheckSize = 28
	syncFlagPull  = 1
)

// Kind implements SyncMessage.
func (SyncCheck) Kind() SyncKind { return SyncKindCheck }

// AppendBinary implements SyncMessage. A prefix that is none is an error.
func (m SyncCheck) AppendBinary(b []byte) ([]byte, error) {
	if !m.Prefix.valid() || m.Pull && m.Prefix.Length != MaxSyncPrefix {
		return b, syncFault(1, "a prefix that cannot be asked for")
	}
	var flags byte
	if m.Pull {
		flags = syncFlagPull
	}
	b = append(b, byte(SyncKindCheck), byte(m.Prefix.Length), flags, 0)
	return append(append(b, m.Prefix.Bytes[:]...), m.Fingerprint[:]...), nil
}

func parseSyncCheck(msg []byte) (m SyncCheck, err error) {
	if len(msg) != syncCheckSize {
		return m, syncFault(min(len(msg), syncCheckSize), "CHECK has 28 bytes")
	}
	if m.Prefix, err = parseSyncPrefix(msg); err != nil {
		return m, err
	}
	m.Pull = msg[2]&syncFlagPull != 0
	if m.Pull && m.Prefix.Length != MaxSyncPrefix {
		return m, syncFault(2, "PULL is for a prefix of 16 half bytes")
	}
	m.Fingerprint = [16]byte(msg[12:])
	return m, nil
}

// SyncForm says what a DIGEST has.
type SyncForm uint8

// The forms of DIGEST.
const (
	SyncSame  SyncForm = 0 // nothing more: the two fingerprints are equal
	SyncParts SyncForm = 1 // the fingerprints of the 16 longer prefixes
	SyncItems SyncForm = 2 // all items
)

// SyncDigest answers CHECK.
type SyncDigest struct {
	Prefix      SyncPrefix // as asked
	Form        SyncForm
	Count       uint64   // objects under the prefix
	Fingerprint [16]byte // the responder's own
	Entries     []byte   // of 16 bytes each
}

const syncDigestHead = 36

// Kind implements SyncMessage.
func (SyncDigest) Kind() SyncKind { return SyncKindDigest }

// Entry gives one of the entries.
func (m SyncDigest) Entry(i int) [16]byte { return [16]byte(m.Entries[16*i:]) }

// AppendBinary implements SyncMessage. What ParseSyncAnswer would refuse is an error.
func (m SyncDigest) AppendBinary(b []byte) ([]byte, error) {
	out := append(b, byte(SyncKindDigest), byte(m.Prefix.Length), byte(m.Form), 0)
	out = append(out, m.Prefix.Bytes[:]...)
	out = bigEndian.AppendUint64(out, m.Count)
	out = append(append(out, m.Fingerprint[:]...), m.Entries...)
	if _, err := parseSyncDigest(out[len(b):]); err != nil {
		return b, err
	}
	return out, nil
}

func parseSyncDigest(msg []byte) (m SyncDigest, err error) {
	if len(msg) < syncDigestHead {
		return m, syncFault(len(msg), "DIGEST ends inside its head")
	}
	if m.Prefix, err = parseSyncPrefix(msg); err != nil {
		return m, err
	}
	m.Form, m.Count = SyncForm(msg[2]), bigEndian.Uint64(msg[12:])
	m.Fingerprint, m.Entries = [16]byte(msg[20:]), msg[syncDigestHead:]
	var want uint64
	switch {
	case m.Form > SyncItems || m.Form == SyncParts && m.Prefix.Length == MaxSyncPrefix:
		return m, syncFault(2, "a form that is none, or that this prefix does not have")
	case m.Form == SyncParts:
		want = 16
	case m.Form == SyncItems:
		want = m.Count
	}
	if len(m.Entries)%16 != 0 || uint64(len(m.Entries)/16) != want {
		return m, syncFault(syncDigestHead, "the entries are not as many as the form has")
	}
	if m.Form == SyncItems {
		return m, m.checkItems()
	}
	return m, nil
}

// checkItems tells whether the items ascend strictly and have the prefix.
func (m SyncDigest) checkItems() error {
	for at := 0; at < len(m.Entries); at += 16 {
		one := m.Entries[at : at+16]
		if !m.Prefix.begins(one) || at > 0 && string(m.Entries[at-16:at]) >= string(one) {
			return syncFault(syncDigestHead+at, "an item without the prefix, or out of order")
		}
	}
	return nil
}
