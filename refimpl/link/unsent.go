package link

import (
	"slices"
	"sync"
)

// unsent shares the memory in which a link's messages wait for the transport among its streams (LIM-001). Without it a
// peer that asks on many streams and reads none of the answers would make this side hold a send buffer for each of them.
// What is free goes to those who wait in the order in which they came, so that no stream starves, and whoever comes later
// does not overtake them. Its lock may be taken under every other.
type unsent struct {
	max   int // bytes; immutable
	mu    sync.Mutex
	free  int     // bytes, at most max
	queue []claim // those who wait; before head they were served
	head  int
}

func newUnsent(max int) unsent { return unsent{max: max, free: max} }

// held is how many bytes are taken.
func (u *unsent) held() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.max - u.free
}

// claim is a wait for n bytes. Its turn gets one value: whether it was given them.
type claim struct {
	n    int
	turn chan<- bool // capacity 1
}

// take takes n bytes if they are free and nobody waits. A negative n gives bytes back.
func (u *unsent) take(n int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.takeLocked(n)
}

func (u *unsent) takeLocked(n int) bool {
	if n > u.free || n > 0 && u.head < len(u.queue) {
		return false
	}
	if u.free -= n; n < 0 {
		u.serve()
	}
	return true
}

// claim takes n bytes, or waits for them: then it returns false, and turn is told.
func (u *unsent) claim(n int, turn chan<- bool) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.takeLocked(n) {
		return true
	}
	if u.head >= len(u.queue)/2 {
		left := copy(u.queue, u.queue[u.head:])
		clear(u.queue[left:])
		u.queue, u.head = u.queue[:left], 0
	}
	u.queue = append(u.queue, claim{n, turn})
	return false
}

// give gives n bytes back.
func (u *unsent) give(n int) {
	if n == 0 {
		return
	}
	u.mu.Lock()
	u.free += n
	u.serve()
	u.mu.Unlock()
}

// leave ends the wait of turn, if it waits.
func (u *unsent) leave(turn chan<- bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := u.head; i < len(u.queue); i++ {
		if u.queue[i].turn == turn {
			u.queue = slices.Delete(u.queue, i, i+1)
			turn <- false
			u.serve() // those behind it may want less
			return
		}
	}
}

// serve gives what is free to those who wait. It is called with mu held.
func (u *unsent) serve() {
	for u.head < len(u.queue) && u.queue[u.head].n <= u.free {
		c := u.queue[u.head]
		u.queue[u.head] = claim{}
		u.head++
		u.free -= c.n
		c.turn <- true
	}
}
