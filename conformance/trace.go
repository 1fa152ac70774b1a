package conformance

import (
	"encoding/hex"
	"sync"
	"time"
)

// Bounds of a trace. A case that floods a peer would otherwise fill the report.
const (
	maxEntries    = 400 // per case; what comes later is counted, not kept
	maxEntryBytes = 640 // of one packet: a HELLO with its grease takes about 450
)

// Dir is the direction of an entry.
type Dir string

// The directions, as in SPEC.md's first chapter.
const (
	Out Dir = ">" // from the suite, the dialer
	In  Dir = "<" // from the peer under test, the acceptor
)

// Entry is one packet or event on one link.
type Entry struct {
	Link  int    `json:"link"` // 1 for the case's first
	AtUS  int64  `json:"at_us"`
	Dir   Dir    `json:"dir"`
	What  string `json:"what"`
	Fault string `json:"fault,omitempty"` // what is wrong with it, on purpose or by the checker's word
	Bytes int    `json:"bytes"`
	Hex   string `json:"hex,omitempty"` // the first 640 bytes

	raw     []byte // what Hex shows
	opening bool   // raw begins with an opening, else with a frame's header
	faultAt int    // offset of the fault in raw, -1 where it has no place
}

// trace collects the entries of one case. Several goroutines of several links write to it.
type trace struct {
	start time.Time // immutable

	mu      sync.Mutex // guards the fields below
	entries []*Entry
	dropped int
}

// add files a packet and returns its entry, which belongs to the trace: the caller may only change it through mark.
func (t *trace) add(e Entry, b []byte, at time.Time) *Entry {
	e.AtUS = at.Sub(t.start).Microseconds()
	e.Bytes = len(b)
	e.raw = append([]byte(nil), b[:min(len(b), maxEntryBytes)]...)
	e.Hex = hex.EncodeToString(e.raw)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.entries) >= maxEntries {
		t.dropped++
	} else {
		t.entries = append(t.entries, &e)
	}
	return &e
}

// mark notes a fault that was found after the entry was filed.
func (t *trace) mark(e *Entry, fault string, at int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.Fault, e.faultAt = fault, at
}

// snapshot returns copies of the entries so far.
func (t *trace) snapshot() (entries []Entry, dropped int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries = make([]Entry, len(t.entries))
	for i, e := range t.entries {
		entries[i] = *e
	}
	return entries, t.dropped
}
