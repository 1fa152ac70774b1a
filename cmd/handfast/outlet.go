package main

import (
	"io"
	"sync"
)

// outlet is stdout. It remembers that a write has failed, so that no command ends as if its results had been seen. It is safe for concurrent use.
type outlet struct {
	w io.Writer

	mu  sync.Mutex // guards err
	err error      // of the first write that failed
}

func (o *outlet) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

func (o *outlet) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
