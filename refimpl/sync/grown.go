package sync

import (
	gosync "sync"

	"handfast/codec"
	"handfast/refimpl/store"
)

// maxMet bounds the peers and namespaces of which is known how the last whole session has left the clock. With more, all are forgotten: the next
// session of each begins with START.
const maxMet = 1 << 14

// met remembers the own node clock of a namespace, by its check, behind the last whole session with a peer. It may be used by any goroutine.
//
// A node clock only grows: where it is another one, somebody has written since, and START would most likely say that the two differ. It may be wrong where
// the peer has begun a session meanwhile: then SINCE finds nothing, for one round trip more than START.
type met struct {
	mu     gosync.Mutex
	clocks map[meeting][8]byte
}

type meeting struct{ peer, namespace string }

// note notes a whole session behind which the two stores were equal.
func (m *met) note(peer, namespace string, s store.Store) {
	check, err := checkOf(s, namespace)
	if err != nil {
		return // START comes
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.clocks == nil || len(m.clocks) >= maxMet {
		m.clocks = map[meeting][8]byte{}
	}
	m.clocks[meeting{peer, namespace}] = check
}

// grown tells whether the clock has grown since. With a peer that was never met nothing is known, and it is false.
func (m *met) grown(peer, namespace string, s store.Store) bool {
	m.mu.Lock()
	had, ok := m.clocks[meeting{peer, namespace}]
	m.mu.Unlock()
	if !ok {
		return false
	}
	now, err := checkOf(s, namespace)
	return err == nil && now != had
}

// checkOf gives the check of the clock of a store.
func checkOf(r Reader, namespace string) ([8]byte, error) {
	b, err := r.ClockIn(namespace).Trim(maxRanges).AppendBinary(nil)
	return codec.SyncClockCheck(r.Salt(), b), err
}
