package conformance

import (
	"encoding/hex"
	"slices"
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

// The directions. Of an acceptor they are those of SPEC.md's first chapter.
const (
	Out Dir = ">" // from the suite, or to the driver
	In  Dir = "<" // from the peer under test, or from the driver
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

	Opening bool `json:"opening,omitempty"`  // Hex begins with an opening, else with a frame's header; set by snapshot, as the next two
	FaultAt *int `json:"fault_at,omitempty"` // offset in Hex of the first byte that is wrong; nil where the fault has no place
	Key     bool `json:"key,omitempty"`      // the failure is about this packet

	Form string `json:"form,omitempty"` // what Hex is where it is neither an opening nor frames: msgpack or call

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

// snapshot returns copies of the entries so far. Those that a failure is about are marked, and are there even if the trace was full.
func (t *trace) snapshot(keys ...*Entry) (entries []Entry, dropped int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries, dropped = make([]Entry, 0, len(t.entries)), t.dropped
	for _, e := range t.entries {
		entries = append(entries, e.public(slices.Contains(keys, e)))
	}
	for _, e := range keys {
		if e != nil && !slices.Contains(t.entries, e) {
			entries, dropped = append(entries, e.public(true)), dropped-1
		}
	}
	return entries, dropped
}

// public returns a copy whose exported fields say everything.
func (e *Entry) public(key bool) Entry {
	out := *e
	out.Opening, out.Key = e.opening, key
	if e.Fault != "" && e.faultAt >= 0 && e.faultAt < len(e.raw) {
		out.FaultAt = &out.faultAt
	}
	return out
}
