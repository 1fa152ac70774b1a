package delivery

import (
	"time"

	"handfast/codec"
)

// window counts what came or went on a stream and is above stable, in the order of numbers. Entries are at most codec.WindowRecords, of
// 24 bytes each, and far fewer where records are of one size.
type window struct {
	list    []entry
	head    int // entries before it were popped
	records int
	bytes   uint64
}

// entry is records of one size whose numbers follow each other, or a gap by its last number.
type entry struct {
	last  uint64
	count uint64
	bytes uint64 // of each
}

func (w *window) count() int { return w.records }

// fits tells whether one more record of so many bytes may be outstanding (REC-013).
func (w *window) fits(bytes int) bool {
	return w.records < codec.WindowRecords && w.bytes+uint64(bytes) <= codec.WindowBytes
}

// push notes a record, or a gap by its last number; what is not above stable is left out.
func (w *window) push(seq uint64, bytes int, stable uint64) *codec.Error {
	if seq <= stable {
		return nil
	}
	if !w.fits(bytes) {
		return fault(codec.CodeWindowExceeded, codec.ScopeLink, "REC-014", "more outstanding than the window")
	}
	w.join(entry{seq, 1, uint64(bytes)})
	return nil
}

// fitAll tells whether so many records, of so many bytes together, may be outstanding besides.
func (w *window) fitAll(records, bytes int) bool {
	n, most := w.left()
	return records <= n && uint64(bytes) <= most
}

// left gives how many records may be outstanding besides, and how many bytes of them.
func (w *window) left() (records int, bytes uint64) {
	return codec.WindowRecords - w.records, codec.WindowBytes - w.bytes
}

// joinRun notes the first n records of a run, which begins at number seq: they fit and are above stable.
func (w *window) joinRun(seq uint64, r *Run, n int) {
	if r.own != nil {
		w.join(entry{seq, 1, uint64(len(r.own))})
		return
	}
	first, from := 0, r.base // of those that are of one size
	size := r.ends[0] - from
	for i, end := range r.ends[:n] {
		if begin := end - size; begin != from {
			w.join(entry{seq + uint64(i) - 1, uint64(i - first), uint64(size - pieceHead)})
			first, size = i, end-from
		}
		from = end
	}
	w.join(entry{seq + uint64(n) - 1, uint64(n - first), uint64(size - pieceHead)})
}

// join notes records that fit and are above stable, together with those before them where these are of the same size.
func (w *window) join(one entry) {
	w.records += int(one.count)
	w.bytes += one.count * one.bytes
	if n := len(w.list); n > w.head {
		if e := &w.list[n-1]; e.last+one.count == one.last && e.bytes == one.bytes {
			e.last, e.count = one.last, e.count+one.count
			return
		}
	}
	if w.head > 64 && w.head*2 > len(w.list) {
		w.list = append(w.list[:0], w.list[w.head:]...)
		w.head = 0
	}
	w.list = append(w.list, one)
}

// pop takes out what is stable, and counts it.
func (w *window) pop(stable uint64) (records int, bytes uint64) {
	for w.head < len(w.list) {
		e := &w.list[w.head]
		left := e.last - min(e.last, stable) // of its records
		if left >= e.count {
			break
		}
		records += int(e.count - left)
		bytes += (e.count - left) * e.bytes
		if left > 0 {
			e.count = left
			break
		}
		w.head++
	}
	w.records -= records
	w.bytes -= bytes
	if w.head == len(w.list) {
		w.list, w.head = w.list[:0], 0
	}
	return records, bytes
}

// ackTimer tells when an ACK is due (ACK-004).
type ackTimer struct {
	owed    bool          // something changed since the last ACK
	stable  uint64        // newest that is known here
	records int           // became stable since the last ACK
	bytes   uint64        // of them
	since   time.Duration // when the first of them did
	newest  time.Duration // when the last of them did
}

// note takes a change: stable has grown, or a range.
func (a *ackTimer) note(stable uint64, records int, bytes uint64, now time.Duration) {
	if !a.owed {
		a.owed, a.since = true, now
	}
	if stable > a.stable {
		a.stable, a.newest = stable, now
	}
	a.records, a.bytes = a.records+records, a.bytes+bytes
}

func (a *ackTimer) due(now time.Duration) bool {
	return a.owed && (a.records >= codec.AckRecords || a.bytes >= codec.AckBytes || now-a.since >= codec.AckDelay*time.Millisecond)
}

func (a *ackTimer) sent() { a.owed, a.records, a.bytes = false, 0, 0 }
