package codec

import (
	"crypto/sha256"
	"encoding"
	"unicode/utf8"
)

// Limits of the messages of sync.
const (
	MaxSyncKey     = 1024 // bytes of a key (OBJ-017)
	MaxSyncResults = 1024 // REPAIRs that one RESULT is about
	MaxSyncText    = 1024 // bytes of the text of an ERROR
	MaxSyncPrefix  = 16   // half bytes of a prefix
)

// SyncMessage is one message of the sub-protocol sync: SyncSince, SyncClock, SyncCheck, SyncDigest, SyncCheckKey, SyncVersion, SyncRepair,
// SyncResult, SyncError, SyncComplete, SyncCells or SyncSketch, as values. Clocks, versions and objects are bytes here, in the encodings of
// spec/objects.md, and are not judged. What was parsed aliases the message.
type SyncMessage interface {
	encoding.BinaryAppender // appends the message, without the length that AppendPiece puts in front

	Kind() SyncKind
}

// SyncParams is params of the OPEN of a session.
type SyncParams struct {
	SaltCheck [8]byte // see SyncSaltCheck
	Namespace string  // 1 to 64 of a-z 0-9 . _ -
}

// SyncSaltCheck gives the eight bytes by which two peers see that they have one salt: the first of SHA-256(salt, "C", "sync").
func SyncSaltCheck(salt [16]byte) (check [8]byte) {
	h := sha256.Sum256(append(salt[:], "Csync"...))
	copy(check[:], h[:])
	return check
}

// Append appends params.
func (p SyncParams) Append(b []byte) []byte {
	return append(append(b, p.SaltCheck[:]...), p.Namespace...)
}

// ParseSyncParams reads params of OPEN. Everything of another form is PROTOCOL (SYNC-002).
func ParseSyncParams(b []byte) (p SyncParams, err error) {
	if len(b) < len(p.SaltCheck) || !isName(b[len(p.SaltCheck):]) {
		return p, callFault("SYNC-002", min(len(b), len(p.SaltCheck)), "params are not eight bytes and a namespace")
	}
	n := copy(p.SaltCheck[:], b)
	p.Namespace = string(b[n:])
	return p, nil
}

// ParseSyncRequest reads what a responder may get. Everything else is stream error PROTOCOL (SYNC-005).
func ParseSyncRequest(msg []byte) (SyncMessage, error) {
	return parseSync(msg, SyncKindDigest, SyncKindVersion, SyncKindSketch)
}

// ParseSyncAnswer reads what an initiator may get. Everything else is stream error PROTOCOL (SYNC-005).
func ParseSyncAnswer(msg []byte) (SyncMessage, error) {
	return parseSync(msg, SyncKindSince, SyncKindCheck, SyncKindCheckKey, SyncKindCells)
}

// parseSync reads a message of a kind that is not one of those of the receiver's own side.
func parseSync(msg []byte, own ...SyncKind) (SyncMessage, error) {
	if len(msg) == 0 {
		return nil, syncFault(0, "message without a kind")
	}
	for _, k := range own {
		if SyncKind(msg[0]) == k {
			return nil, syncFault(0, "a kind that the other side does not send")
		}
	}
	switch SyncKind(msg[0]) {
	case SyncKindSince:
		return syncMessage(parseSyncSince(msg))
	case SyncKindClock:
		return syncMessage(parseSyncClock(msg))
	case SyncKindCheck:
		return syncMessage(parseSyncCheck(msg))
	case SyncKindDigest:
		return syncMessage(parseSyncDigest(msg))
	case SyncKindCheckKey:
		key, version, err := parseSyncKeyed(msg)
		return syncMessage(SyncCheckKey{key, version}, err)
	case SyncKindVersion:
		key, version, err := parseSyncKeyed(msg)
		return syncMessage(SyncVersion{key, version}, err)
	case SyncKindRepair:
		return syncMessage(parseSyncRepair(msg))
	case SyncKindResult:
		return syncMessage(parseSyncResult(msg))
	case SyncKindError:
		return syncMessage(parseSyncError(msg))
	case SyncKindComplete:
		return syncMessage(parseSyncComplete(msg))
	case SyncKindCells:
		return syncMessage(parseSyncCells(msg))
	case SyncKindSketch:
		return syncMessage(parseSyncSketch(msg))
	default:
		return nil, syncFault(0, "message of an unknown kind")
	}
}

// syncMessage turns the two results of a parser into a SyncMessage, which is nil where there is an error.
func syncMessage[M SyncMessage](m M, err error) (SyncMessage, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// syncFault makes the stream error of a message of another form.
func syncFault(off int, detail string) *Error { return callFault("SYNC-005", off, detail) }

// SyncSince asks for everything that the initiator's clock does not cover.
type SyncSince struct {
	Clock []byte // a node clock
}

// Kind implements SyncMessage.
func (SyncSince) Kind() SyncKind { return SyncKindSince }

// AppendBinary implements SyncMessage. It has no error.
func (m SyncSince) AppendBinary(b []byte) ([]byte, error) {
	return append(append(b, byte(SyncKindSince), 0), m.Clock...), nil
}

func parseSyncSince(msg []byte) (m SyncSince, err error) {
	if len(msg) < 2 {
		return m, syncFault(len(msg), "SINCE ends inside its head")
	}
	return SyncSince{msg[2:]}, nil
}

// SyncClock says what its sender has.
type SyncClock struct {
	All   bool   // everything that the clock has and the receiver's did not cover was sent
	Clock []byte // a node clock; with All it may be empty: the one that its sender has stated last
}

const syncFlagAll = 1

// Kind implements SyncMessage.
func (SyncClock) Kind() SyncKind { return SyncKindClock }

// AppendBinary implements SyncMessage. It has no error.
func (m SyncClock) AppendBinary(b []byte) ([]byte, error) {
	var flags byte
	if m.All {
		flags = syncFlagAll
	}
	return append(append(b, byte(SyncKindClock), flags), m.Clock...), nil
}

func parseSyncClock(msg []byte) (m SyncClock, err error) {
	if len(msg) < 2 {
		return m, syncFault(len(msg), "CLOCK ends inside its head")
	}
	m = SyncClock{msg[1]&syncFlagAll != 0, msg[2:]}
	if !m.All && len(m.Clock) == 0 {
		return SyncClock{}, syncFault(2, "only a CLOCK with ALL may leave its clock out")
	}
	return m, nil
}

// SyncCheckKey asks about a key.
type SyncCheckKey struct {
	Key     []byte // 1 to 1,024 bytes
	Version []byte // the initiator's own
}

// Kind implements SyncMessage.
func (SyncCheckKey) Kind() SyncKind { return SyncKindCheckKey }

// AppendBinary implements SyncMessage. A key that is none is an error.
func (m SyncCheckKey) AppendBinary(b []byte) ([]byte, error) {
	return appendSyncKeyed(b, SyncKindCheckKey, 0, m.Key, m.Version)
}

// SyncVersion answers CHECK_KEY.
type SyncVersion struct {
	Key     []byte // 1 to 1,024 bytes
	Version []byte // the responder's own
}

// Kind implements SyncMessage.
func (SyncVersion) Kind() SyncKind { return SyncKindVersion }

// AppendBinary implements SyncMessage. A key that is none is an error.
func (m SyncVersion) AppendBinary(b []byte) ([]byte, error) {
	return appendSyncKeyed(b, SyncKindVersion, 0, m.Key, m.Version)
}

func appendSyncKeyed(b []byte, kind SyncKind, second byte, key, rest []byte) ([]byte, error) {
	if len(key) < 1 || len(key) > MaxSyncKey {
		return b, syncFault(2, "a key has 1 to 1,024 bytes")
	}
	b = bigEndian.AppendUint16(append(b, byte(kind), second), uint16(len(key)))
	return append(append(b, key...), rest...), nil
}

// parseSyncKeyed reads a key, whose length stands at offset 2 and which begins at offset 4, and what follows it.
func parseSyncKeyed(msg []byte) (key, rest []byte, err error) {
	if len(msg) < syncKeyedHead {
		return nil, nil, syncFault(len(msg), "message ends inside its head")
	}
	n := int(bigEndian.Uint16(msg[2:]))
	if n < 1 || n > MaxSyncKey || n > len(msg)-syncKeyedHead {
		return nil, nil, syncFault(2, "a key has 1 to 1,024 bytes, which are there")
	}
	return msg[syncKeyedHead : syncKeyedHead+n], msg[syncKeyedHead+n:], nil
}

// SyncRepair brings an object.
type SyncRepair struct {
	Number uint8  // counts the sender's REPAIRs of the stream, from 1, modulo 256
	Key    []byte // 1 to 1,024 bytes
	Object []byte // its encoding
}

const syncKeyedHead = 4

// Kind implements SyncMessage.
func (SyncRepair) Kind() SyncKind { return SyncKindRepair }

// AppendBinary implements SyncMessage. A key that is none is an error.
func (m SyncRepair) AppendBinary(b []byte) ([]byte, error) {
	return appendSyncKeyed(b, SyncKindRepair, m.Number, m.Key, m.Object)
}

func parseSyncRepair(msg []byte) (m SyncRepair, err error) {
	if m.Key, m.Object, err = parseSyncKeyed(msg); err != nil {
		return m, err
	}
	m.Number = msg[1]
	return m, nil
}

// SyncError says what its sender cannot do.
type SyncError struct {
	Session bool   // it ends the session, and is not about one item
	Code    Code   //
	RetryMS uint32 // ms to wait before trying again, or RetryNever
	Key     []byte // of the object that it is about, at most 1,024 bytes; none for a session
	Text    string // for people, at most 1,024 bytes
}

const syncErrorHead = 12

// Kind implements SyncMessage.
func (SyncError) Kind() SyncKind { return SyncKindError }

// AppendBinary implements SyncMessage. Text is cut to 1,024 bytes between characters. A key that is too long, or of a session, is an error.
func (m SyncError) AppendBinary(b []byte) ([]byte, error) {
	if len(m.Key) > MaxSyncKey || m.Session && len(m.Key) > 0 {
		return b, syncFault(2, "a key that does not belong here")
	}
	scope := byte(1)
	if m.Session {
		scope = 2
	}
	b = bigEndian.AppendUint16(append(b, byte(SyncKindError), scope), uint16(len(m.Key)))
	b = bigEndian.AppendUint32(b, uint32(m.Code))
	b = bigEndian.AppendUint32(b, m.RetryMS)
	return append(append(b, m.Key...), cutText(m.Text, MaxSyncText)...), nil
}

func parseSyncError(msg []byte) (m SyncError, err error) {
	if len(msg) < syncErrorHead {
		return m, syncFault(len(msg), "ERROR ends inside its head")
	}
	n := int(bigEndian.Uint16(msg[2:]))
	switch {
	case msg[1] != 1 && msg[1] != 2:
		return m, syncFault(1, "neither item nor session")
	case n > MaxSyncKey || n > len(msg)-syncErrorHead || msg[1] == 2 && n > 0:
		return m, syncFault(2, "a key that does not belong here, or is not there")
	}
	text := msg[syncErrorHead+n:]
	if len(text) > MaxSyncText || !utf8.Valid(text) {
		return m, syncFault(syncErrorHead+n, "text is not up to 1,024 bytes of UTF-8")
	}
	return SyncError{msg[1] == 2, Code(bigEndian.Uint32(msg[4:])), bigEndian.Uint32(msg[8:]), msg[syncErrorHead : syncErrorHead+n], string(text)}, nil
}
