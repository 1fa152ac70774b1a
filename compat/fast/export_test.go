package fast

// Sum is a checksum of a text.
func Sum(c Checksum, text []byte) uint32 { return c.sum(text) }

// NextID is the allocator of ids.
var NextID = nextID

// StartAt lets the next request of a client have the id after last.
func (c *Client) StartAt(last uint32) {
	c.mu.Lock()
	c.last = last
	c.mu.Unlock()
}

// ValidValue is the check of values before they are sent.
var ValidValue = validValue
