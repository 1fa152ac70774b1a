package fast

import "time"

// Who reads. One goroutine of the client reads by default, and wakes callers. Where calls come one by one and are answered soon, it
// steps back, and each caller looks for its reply itself, so that no goroutine has to be woken for it. A caller that does not find
// its reply in time, or that is not alone any more, leaves the rest to the goroutine of the client, which also looks after an idle
// connection: it finds its end, and what no request asks for, at most two watchIntervals late.

// watchInterval is how often the goroutine of the client that has stepped back looks whether calls are still made.
const watchInterval = 5 * time.Millisecond

// read takes messages until the client ends.
func (c *Client) read() {
	defer close(c.done)
	for {
		m, err := c.r.Next()
		if err == nil {
			err = c.take(&m)
		}
		if err != nil {
			c.abort(err)
			return
		}
		if c.stepBack() && !c.watch() {
			return
		}
	}
}

// stepBack leaves reading to callers, if that is promising.
func (c *Client) stepBack() bool {
	if c.r.socket == nil || c.r.start < c.r.end {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) > 0 || !c.chance.promising() || c.err != nil {
		return false
	}
	c.reading = false
	return true
}

// watch waits until the goroutine of the client has to read again. False: the client has ended, and nobody reads.
func (c *Client) watch() bool {
	if c.tick == nil {
		c.tick = time.NewTimer(watchInterval)
	} else {
		c.tick.Reset(watchInterval)
	}
	defer c.tick.Stop()
	var seen uint64
	for {
		idle := false
		select {
		case <-c.wanted:
		case <-c.tick.C:
			idle = true
			c.tick.Reset(watchInterval)
		}
		c.mu.Lock()
		switch made := c.stats.Requests; {
		case c.reading: // whoever does will say when it is over
		case c.err != nil:
			c.mu.Unlock()
			return false
		case !idle || made == seen:
			c.reading = true
			c.mu.Unlock()
			return true
		default:
			seen = made
		}
		c.mu.Unlock()
	}
}

// want asks the goroutine of the client to read.
func (c *Client) want() {
	select {
	case c.wanted <- struct{}{}:
	default:
	}
}

// lead looks for the reply to the only request of the client. True: the request has ended. Else somebody else reads, or will.
func (c *Client) lead(s *Stream) bool {
	c.mu.Lock()
	if c.reading {
		c.mu.Unlock()
		return false
	}
	if c.err != nil || len(c.requests) != 1 || !c.chance.begin() {
		c.mu.Unlock()
		c.want()
		return false
	}
	c.reading = true
	c.mu.Unlock()
	ended, err := c.look(s)
	if err != nil {
		c.abort(err)
	}
	c.mu.Lock()
	c.reading = false
	if c.chance.end(ended); ended {
		c.stats.Looked++
	}
	more := len(c.requests) > 0 || c.err != nil || c.r.start < c.r.end
	c.mu.Unlock()
	if more {
		c.want()
	}
	return ended
}

// look takes the messages of one request until it ends, the time of a look is over, or another message comes.
func (c *Client) look(s *Stream) (ended bool, err error) {
	until := time.Now().Add(c.chance.window)
	for {
		if c.r.start == c.r.end {
			if found, err := c.r.poll(until); !found {
				return false, err
			}
		}
		if id, ok := c.r.peek(); !ok || id != s.id {
			return false, nil
		}
		m, err := c.r.Next()
		if err == nil {
			err = c.take(&m)
		}
		if err != nil || m.Status != Data {
			return err == nil, err
		}
	}
}
