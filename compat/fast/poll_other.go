//go:build !unix

package fast

// canPoll: elsewhere a socket cannot be read without waiting.
const canPoll = false

func (p *poller) attempt(uintptr) bool { return true }
