package driver

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// Output is what a program did that was started for one input.
type Output struct {
	Exit   Exit
	Stdout []byte
	Stderr string // the last of it
}

// Once starts a program for one input, which it gets on stdin, and waits for its end. A program that ends without reading its stdin is none of its
// faults. The error is a *Fault (not started, hung, too long), or that of a ctx that was cancelled.
func Once(ctx context.Context, c Command, input []byte) (Output, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ch, err := startChild(c)
	if err != nil {
		return Output{}, err
	}
	t := childTransport{ch}
	stop := context.AfterFunc(ctx, func() {
		t.kill()
		_ = t.stdout.Close() // a process outside of the group may hold it
	})
	defer stop()
	written := make(chan struct{})
	go func() { // ends with the input, or with the program
		defer close(written)
		_, _ = t.Write(input)
		t.closeWrite()
	}()
	var out bytes.Buffer
	_, err = io.Copy(&out, io.LimitReader(t, MaxAnswer+1))
	long := err == nil && out.Len() > MaxAnswer
	if long {
		t.kill()
	}
	select {
	case <-ch.exited:
	case <-ctx.Done(): // it has closed its stdout and goes on running
		<-ch.exited
	}
	hung := !stop()
	t.close()
	<-written
	switch {
	case long:
		return Output{}, &Fault{Reason: TooLong, Text: "its output is longer than an answer may be", Stderr: ch.tail()}
	case hung && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Output{}, ctx.Err()
	case hung:
		return Output{}, &Fault{Reason: Hung, Text: "it did not end in time", After: timeout, Stderr: ch.tail()}
	}
	return Output{Exit: *ch.exit(), Stdout: out.Bytes(), Stderr: ch.tail()}, nil
}
