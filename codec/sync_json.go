package codec

import (
	"encoding/json"
	"slices"
	"strings"
)

// The JSON form of a message of sync, for vectors, traces and drivers:
//
//	{"kind": "CHECK", "flags": "PULL", "length": "16", "prefix": "4babc122ebc054f8", "fingerprint": "00..."}
//	{"kind": "COMPLETE", "flags": "ROOT", "count": "2", "fingerprint": "00..."}
//	{"kind": "RESULT", "first": "1", "entries": [{"outcome": "applied", "siblings": "1", "code": "NO_ERROR"}]}
//
// Members have the names of the tables of spec/sync.md. Integers are decimal strings, bytes are lower-case
// hexadecimal. flags is left out where none is set, and has | between two; what a flag adds is left out without it. The entries of DIGEST, which are
// bytes, are called digests, and those of RESULT are one for each REPAIR. Ignored bits are not kept.

// syncJSON has the members of all kinds; each message uses its own.
type syncJSON struct {
	Kind        string       `json:"kind"`
	Flags       string       `json:"flags,omitempty"`
	Scope       string       `json:"scope,omitempty"`
	Form        string       `json:"form,omitempty"`
	Number      *decimal     `json:"number,omitempty"`
	First       *decimal     `json:"first,omitempty"`
	Errors      *decimal     `json:"errors,omitempty"`
	Sent        *decimal     `json:"sent,omitempty"`
	Acked       *decimal     `json:"acked,omitempty"`
	Received    *decimal     `json:"received,omitempty"`
	NoOps       *decimal     `json:"noop,omitempty"`
	Applied     *decimal     `json:"applied,omitempty"`
	Siblings    *decimal     `json:"siblings,omitempty"`
	Rejected    *decimal     `json:"rejected,omitempty"`
	Length      *decimal     `json:"length,omitempty"`
	Prefix      *hexBytes    `json:"prefix,omitempty"`
	Count       *decimal     `json:"count,omitempty"`
	Fingerprint *hexBytes    `json:"fingerprint,omitempty"`
	Clock       *hexBytes    `json:"clock,omitempty"`
	Key         *hexBytes    `json:"key,omitempty"`
	Version     *hexBytes    `json:"version,omitempty"`
	Object      *hexBytes    `json:"object,omitempty"`
	Digests     *hexBytes    `json:"digests,omitempty"`
	Estimate    *hexBytes    `json:"estimate,omitempty"`
	Cells       *hexBytes    `json:"cells,omitempty"`
	Code        *Code        `json:"code,omitempty"`
	RetryMS     *decimal     `json:"retry_ms,omitempty"`
	Text        *string      `json:"text,omitempty"`
	Entries     *[]entryJSON `json:"entries,omitempty"`
}

type entryJSON struct {
	Outcome  string  `json:"outcome"`
	Siblings decimal `json:"siblings"`
	Code     Code    `json:"code"`
}

func dec(n uint64) *decimal { d := decimal(n); return &d }

func hexOf(b []byte) *hexBytes { h := hexBytes(b); return &h }

// Names of numbers in the JSON form, by value.
var (
	syncForms    = []string{"SAME", "PARTS", "ITEMS", "BRIEF", "ESTIMATE"}
	syncOutcomes = []string{"no-op", "applied", "siblings", "rejected"}
)

func indexOf(list []string, s string) (int, error) {
	for i, one := range list {
		if one == s {
			return i, nil
		}
	}
	return 0, jsonFault("unknown word " + s)
}

// SyncJSON gives the JSON form of m.
func SyncJSON(m SyncMessage) ([]byte, error) {
	f := syncJSON{Kind: m.Kind().String()}
	flag := func(set bool, name string) {
		switch {
		case !set:
		case f.Flags == "":
			f.Flags = name
		default:
			f.Flags += "|" + name
		}
	}
	switch m := m.(type) {
	case SyncSince:
		f.Clock = hexOf(m.Clock)
	case SyncClock:
		flag(m.All, "ALL")
		f.Clock = hexOf(m.Clock)
	case SyncCheck:
		flag(m.Pull, "PULL")
		flag(m.Clock, "CLOCK")
		flag(m.Brief, "BRIEF")
		flag(m.Estimate, "ESTIMATE")
		flag(m.Last, "LAST")
		f.setCounts(m.Counts, flag)
		f.Length, f.Fingerprint, f.Prefix = dec(uint64(m.Prefix.Length)), hexOf(m.Fingerprint[:]), hexOf(m.Prefix.append(nil))
		if m.Clock {
			f.Clock = hexOf(m.ClockCheck[:])
		}
	case SyncDigest:
		if m.Form > SyncEstimate {
			return nil, jsonFault("a form that is none")
		}
		flag(m.SameClock, "CLOCK")
		f.Form, f.Digests = syncForms[m.Form], hexOf(m.Entries)
		f.Length, f.Prefix = dec(uint64(m.Prefix.Length)), hexOf(m.Prefix.append(nil))
	case SyncCheckKey:
		f.Key, f.Version = hexOf(m.Key), hexOf(m.Version)
	case SyncVersion:
		f.Key, f.Version = hexOf(m.Key), hexOf(m.Version)
	case SyncRepair:
		f.Number, f.Key, f.Object = dec(uint64(m.Number)), hexOf(m.Key), hexOf(m.Object)
	case SyncResult:
		entries := []entryJSON{}
		for _, e := range m.Entries {
			entries = append(entries, entryJSON{e.Outcome.String(), decimal(e.Siblings), e.Code})
		}
		f.First, f.Entries = dec(uint64(m.First)), &entries
	case SyncError:
		f.Scope = "item"
		if m.Session {
			f.Scope = "session"
		}
		f.Code, f.RetryMS, f.Key, f.Text = &m.Code, dec(uint64(m.RetryMS)), hexOf(m.Key), &m.Text
	case SyncComplete:
		f.setCounts(m, flag)
		flag(m.Root, "ROOT")
		if m.Root {
			f.Count, f.Fingerprint = dec(m.Count), hexOf(m.Fingerprint[:])
		}
	case SyncCells:
		flag(m.Estimate, "ESTIMATE")
		f.First, f.Count = dec(uint64(m.First)), dec(uint64(m.Count))
	case SyncSketch:
		if flag(len(m.Estimate) > 0, "ESTIMATE"); len(m.Estimate) > 0 {
			f.Estimate = hexOf(m.Estimate)
		}
		f.First, f.Cells = dec(uint64(m.First)), hexOf(m.Cells)
	default:
		return nil, jsonFault("a message without a JSON form")
	}
	b, err := json.Marshal(f)
	if err != nil {
		return nil, jsonCause("a message without a JSON form", err)
	}
	return b, nil
}

// SyncFromJSON reads what SyncJSON gives. A member that is missing or unknown, and every other spelling of a value, is refused. It says
// nothing about whether the message may be sent.
func SyncFromJSON(j []byte) (SyncMessage, error) {
	var f syncJSON
	if err := json.Unmarshal(j, &f); err != nil {
		return nil, jsonCause("no JSON form of a message of sync", err)
	}
	m, err := f.message()
	if err != nil {
		return nil, err
	}
	again, err := SyncJSON(m)
	if err != nil {
		return nil, err
	}
	return m, sameJSON(j, again)
}

func (d *decimal) number() uint64 {
	if d == nil {
		return 0
	}
	return uint64(*d)
}

// has tells whether a flag is set. Another order of the flags shows when they are written again.
func (f *syncJSON) has(flag string) bool { return slices.Contains(strings.Split(f.Flags, "|"), flag) }

// setCounts writes the counts of a COMPLETE, or of a CHECK with LAST, where one is not 0.
func (f *syncJSON) setCounts(m SyncComplete, flag func(set bool, name string)) {
	flag(m.Counted(), "COUNTS")
	if m.Counted() {
		f.Errors, f.Sent, f.Acked, f.Received = dec(uint64(m.Errors)), dec(m.Sent), dec(m.Acked), dec(m.Received)
		f.NoOps, f.Applied, f.Siblings, f.Rejected = dec(m.NoOps), dec(m.Applied), dec(m.Siblings), dec(m.Rejected)
	}
}

// counts reads what setCounts has written.
func (f *syncJSON) counts() SyncComplete {
	return SyncComplete{
		Errors: uint32(f.Errors.number()), Sent: f.Sent.number(), Acked: f.Acked.number(), Received: f.Received.number(),
		NoOps: f.NoOps.number(), Applied: f.Applied.number(), Siblings: f.Siblings.number(), Rejected: f.Rejected.number(),
	}
}

// message makes the message. Members that are missing show when it is written again.
func (f *syncJSON) message() (SyncMessage, error) {
	bytes := func(h *hexBytes) []byte {
		if h == nil {
			return nil
		}
		return *h
	}
	var err error
	prefix := SyncPrefix{Length: int(f.Length.number())}
	copy(prefix.Bytes[:], bytes(f.Prefix))
	var print [16]byte
	copy(print[:], bytes(f.Fingerprint))
	switch f.Kind {
	case SyncKindSince.String():
		return SyncSince{bytes(f.Clock)}, nil
	case SyncKindClock.String():
		return SyncClock{f.Flags == "ALL", bytes(f.Clock)}, nil
	case SyncKindCheck.String():
		check := SyncCheck{Prefix: prefix, Fingerprint: print, Counts: f.counts()}
		check.Pull, check.Clock, check.Brief, check.Estimate, check.Last = f.has("PULL"), f.has("CLOCK"), f.has("BRIEF"), f.has("ESTIMATE"), f.has("LAST")
		copy(check.ClockCheck[:], bytes(f.Clock))
		return check, nil
	case SyncKindDigest.String():
		form, err := indexOf(syncForms, f.Form)
		return SyncDigest{prefix, SyncForm(form), f.Flags == "CLOCK", bytes(f.Digests)}, err
	case SyncKindCheckKey.String():
		return SyncCheckKey{bytes(f.Key), bytes(f.Version)}, nil
	case SyncKindVersion.String():
		return SyncVersion{bytes(f.Key), bytes(f.Version)}, nil
	case SyncKindRepair.String():
		return SyncRepair{uint8(f.Number.number()), bytes(f.Key), bytes(f.Object)}, nil
	case SyncKindResult.String():
		m := SyncResult{First: uint8(f.First.number())}
		if f.Entries != nil {
			for _, e := range *f.Entries {
				var outcome int
				if outcome, err = indexOf(syncOutcomes, e.Outcome); err != nil {
					return nil, err
				}
				m.Entries = append(m.Entries, SyncEntry{SyncOutcome(outcome), uint16(e.Siblings), e.Code})
			}
		}
		return m, nil
	case SyncKindError.String():
		m := SyncError{Session: f.Scope == "session", RetryMS: uint32(f.RetryMS.number()), Key: bytes(f.Key)}
		if f.Code != nil {
			m.Code = *f.Code
		}
		if f.Text != nil {
			m.Text = *f.Text
		}
		return m, nil
	case SyncKindComplete.String():
		m := f.counts()
		m.Root, m.Count, m.Fingerprint = f.has("ROOT"), f.Count.number(), print
		return m, nil
	case SyncKindCells.String():
		return SyncCells{int(f.First.number()), int(f.Count.number()), f.has("ESTIMATE")}, nil
	case SyncKindSketch.String():
		return SyncSketch{int(f.First.number()), bytes(f.Estimate), bytes(f.Cells)}, nil
	}
	return nil, jsonFault("unknown kind " + f.Kind)
}
