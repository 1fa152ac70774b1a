package main

// runOneway fills one stream in one direction as fast as it takes messages, and counts at the receiver.
func runOneway(t *trial, p peer) (figures, error) {
	l, err := p.dial()
	if err != nil {
		return nil, err
	}
	s, err := l.open(t.Size)
	if err != nil {
		return nil, err
	}
	var got counter
	go t.drain(s, &got)
	go t.pump(s, payload(t.Size))
	if err := t.wait(t.warm); err != nil {
		return nil, err
	}
	return t.window(got.n.Load)
}
