package link

// What the tests of package link_test set or see of a link's inside.

// SetLastOwn makes the link take id for the greatest one that it has opened. The other side must be told the same.
func (l *Link) SetLastOwn(id uint32, mayOpen uint64) {
	l.mu.Lock()
	l.lastOwn, l.mayOpen = id, mayOpen
	l.mu.Unlock()
}

// SetLastPeer makes the link take id for the greatest one that the other side has opened, granted as many streams.
func (l *Link) SetLastPeer(id uint32, returned uint64) {
	l.mu.Lock()
	l.lastPeer, l.returned, l.granted = id, returned, returned+l.limits.Streams
	l.mu.Unlock()
}

// LinkCredit gives what the link's window has seen: what it granted, what has arrived, what was consumed.
func (l *Link) LinkCredit() (granted, received, consumed uint64) {
	l.creditMu.Lock()
	defer l.creditMu.Unlock()
	return l.window.granted, l.window.received, l.window.consumed
}

// Joining gives the bytes that messages which are being joined hold.
func (l *Link) Joining() int64 { return l.joining.Load() }

// Queued gives the bytes of frames that wait to be written.
func (l *Link) Queued() int {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return len(l.w.ctl)
}

// Parked gives the number of streams that wait for credit of the link.
func (l *Link) Parked() int {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return len(l.w.parked)
}

// Joins gives the number of streams whose message is being joined.
func (l *Link) Joins() int {
	l.joinMu.Lock()
	defer l.joinMu.Unlock()
	return len(l.joins)
}

// LateResets gives the number of RESETs that wait to be sent.
func (l *Link) LateResets() int { return int(l.lateCount.Load()) }
