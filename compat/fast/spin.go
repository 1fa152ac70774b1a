package fast

import (
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// How long and when a read looks for bytes again and again before its goroutine sleeps. To wake a goroutine by the network costs
// tens of microseconds where its thread sleeps too, which is more than a whole request costs otherwise.
const (
	// DefaultSpin is the longest time of one look where a configuration names none.
	DefaultSpin = 50 * time.Microsecond
	// MaxSpin is the longest time of one look.
	MaxSpin = time.Millisecond

	shortWaits = 4   // a wait is short up to so many times the time of a look
	fewWaits   = 4   // short waits in a row before looks begin
	manyWaits  = 256 // and after many looks in vain
	goodLooks  = 16  // looks in a row that found something, after which those in vain are forgotten
	inVain     = 4   // looks in a row that found nothing, after which they end
)

// spinTime gives the time of a look that a configuration asks for; 0: none. Where there is one processor whoever looks keeps the
// peer from running.
func spinTime(configured time.Duration) time.Duration {
	switch {
	case configured < 0 || runtime.NumCPU() < 2 || runtime.GOMAXPROCS(0) < 2:
		return 0
	case configured == 0:
		return DefaultSpin
	}
	return min(configured, MaxSpin)
}

// lookers counts the goroutines of this process that look at once. Half of the processors stay free for work.
var lookers atomic.Int32

// chance decides whether to look: after some short waits in a row, and the more often looks came to nothing the more of them. A peer
// that is slow or idle costs few looks in hundreds of waits.
type chance struct {
	window time.Duration // of a look
	most   int32         // goroutines that look at once
	short  int           // short waits in a row
	need   int           // of them
	good   int           // looks in a row that found something
	vain   int           // that found nothing
}

func newChance(window time.Duration) chance {
	return chance{window: window, most: int32(max(1, runtime.GOMAXPROCS(0)/2)), need: fewWaits}
}

// promising says whether the next look may find something.
func (c *chance) promising() bool { return c.window > 0 && c.short >= c.need }

// begin says whether to look now. Then end has to follow.
func (c *chance) begin() bool {
	if !c.promising() {
		return false
	}
	if lookers.Add(1) > c.most {
		lookers.Add(-1)
		c.none()
		return false
	}
	return true
}

// end tells how a look has ended.
func (c *chance) end(found bool) {
	lookers.Add(-1)
	if found {
		c.vain = 0
		if c.good++; c.good >= goodLooks {
			c.need = fewWaits
		}
		return
	}
	c.good = 0
	if c.vain++; c.vain >= inVain {
		c.vain, c.short, c.need = 0, 0, min(2*c.need, manyWaits)
	}
}

// waited tells of a wait without a look.
func (c *chance) waited(d time.Duration) {
	if d <= shortWaits*c.window {
		c.short++
	} else {
		c.short = 0
	}
}

// none tells that there is nothing to be gained: what is read comes together with more.
func (c *chance) none() { c.short = 0 }

// poller reads a socket of the operating system, with or without waiting. It is for one goroutine at a time.
type poller struct {
	raw  syscall.RawConn
	conn net.Conn
	try  func(fd uintptr) bool // attempt, made once

	// Of one read.
	buf    []byte
	look   bool      // look until the time is over
	until  time.Time // end of the look
	wait   bool      // then wait
	chance *chance   // is told how the look has ended; nil: nobody
	n      int
	err    error
}

// newPoller gives a poller of a connection whose methods are those of package net, or nil: a connection of another kind may do more
// than read its socket.
func newPoller(conn net.Conn) *poller {
	var of syscall.Conn
	switch c := conn.(type) {
	case *net.TCPConn:
		of = c
	case *net.UnixConn:
		of = c
	default:
		return nil
	}
	raw, err := of.SyscallConn()
	if err != nil || !canPoll {
		return nil
	}
	p := &poller{raw: raw, conn: conn}
	p.try = p.attempt
	return p
}

// read reads once, as Read of the connection does. With a chance it looks before it waits where that is promising.
func (p *poller) read(b []byte, c *chance) (int, error) {
	p.buf, p.n, p.err, p.wait, p.chance = b, 0, nil, true, c
	if c == nil {
		p.look = false
		return p.finish(p.raw.Read(p.try))
	}
	begun := time.Now()
	if p.look = c.begin(); p.look {
		p.until = begun.Add(c.window)
	}
	looked := p.look
	err := p.raw.Read(p.try)
	switch {
	case !looked:
		c.waited(time.Since(begun))
	case p.look:
		c.end(true)
	}
	return p.finish(err)
}

// poll looks until a time, and waits for nothing. 0 without an error: nothing came.
func (p *poller) poll(b []byte, until time.Time) (int, error) {
	p.buf, p.n, p.err, p.wait, p.chance, p.look, p.until = b, 0, nil, false, nil, true, until
	return p.finish(p.raw.Read(p.try))
}

func (p *poller) finish(err error) (int, error) {
	p.buf = nil
	if err != nil {
		return 0, err
	}
	return p.n, p.err
}
