package driver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"time"
)

// Acceptor is a program that listens: the other kind of program that the suite starts.
type Acceptor struct {
	Ready Ready

	ch      *child
	printed ring          // stdout behind the first line
	read    chan struct{} // closed when stdout has ended
}

// Ready is what an acceptor says when it listens.
type Ready struct {
	Addr    string `json:"addr,omitempty"`     // HOST:PORT; "" for one that only speaks TLS
	TLSAddr string `json:"tls_addr,omitempty"` // "" for one without TLS
	Durable bool   `json:"durable,omitempty"`  // it keeps channels over the end of its process
}

// maxReady is the longest first line.
const maxReady = 64 << 10

// StartAcceptor starts a program and waits for its line, at most for timeout of the command. The error is a *Fault, or that of a ctx that was cancelled.
func StartAcceptor(ctx context.Context, c Command) (*Acceptor, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ch, err := startChild(c)
	if err != nil {
		return nil, err
	}
	a := &Acceptor{ch: ch, read: make(chan struct{})}
	first := make(chan error, 1)
	go func() { // ends with the program's stdout
		defer close(a.read)
		input := bufio.NewReaderSize(ch.stdout, 4<<10)
		first <- a.readReady(input)
		_, _ = io.Copy(&a.printed, input)
	}()
	select {
	case err = <-first:
	case <-ctx.Done():
		if err = ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
			err = &Fault{Reason: Hung, Text: "it did not say that it is ready", After: timeout}
		}
	}
	if err != nil {
		return nil, a.failed(err)
	}
	return a, nil
}

// failed ends the program of an acceptor that is not one.
func (a *Acceptor) failed(err error) error {
	ended := a.ch.within(lastBytes)
	exit := a.ch.exit()
	a.ch.kill()
	a.Stop()
	f, ok := errors.AsType[*Fault](err)
	if !ok {
		return err
	}
	if f.Reason == Died && ended {
		f.Exit, f.Text = exit, exit.String()+" before it said that it is ready"
	}
	f.Stderr = a.ch.tail()
	return f
}

// readReady reads the first line.
func (a *Acceptor) readReady(input *bufio.Reader) error {
	line, err := (&lines{r: input, most: maxReady}).next()
	var said struct {
		Ready *Ready `json:"ready"`
	}
	switch {
	case errors.Is(err, errTooLong):
		return &Fault{Reason: TooLong, Text: "its first line is too long"}
	case err != nil:
		return &Fault{Reason: Died, Text: "it closed its stdout before it said that it is ready"}
	}
	if err := json.Unmarshal(line, &said); err != nil || said.Ready == nil {
		return &Fault{Reason: Junk, Text: `its first line is not {"ready": {"addr": "HOST:PORT"}}`, Line: cut(line)}
	}
	for _, addr := range []string{said.Ready.Addr, said.Ready.TLSAddr} {
		if _, _, err := net.SplitHostPort(addr); err != nil && (addr != "" || said.Ready.Addr+said.Ready.TLSAddr == "") {
			return &Fault{Reason: Junk, Text: "its first line names no HOST:PORT", Line: cut(line)}
		}
	}
	a.Ready = *said.Ready
	return nil
}

// Stop ends the program by the end of its stdin and SIGTERM, then by SIGKILL, with everything that belongs to it, and waits for that.
func (a *Acceptor) Stop() {
	_ = a.ch.stdin.Close()
	a.ch.terminate(endTimeout)
	t := time.AfterFunc(lastBytes, func() { _ = a.ch.stdout.Close() }) // a process outside of the group may hold it
	<-a.read
	t.Stop()
	childTransport{a.ch}.close()
}

// Kill ends the program by SIGKILL, and waits for that.
func (a *Acceptor) Kill() {
	a.ch.kill()
	a.Stop()
}

// Ended is closed when the program has ended.
func (a *Acceptor) Ended() <-chan struct{} { return a.ch.exited }

// Exit tells how it ended, nil while it runs.
func (a *Acceptor) Exit() *Exit { return a.ch.exit() }

// Tail gives the last of what it printed: stderr, and stdout behind the first line.
func (a *Acceptor) Tail() string {
	text := a.ch.tail()
	if out := a.printed.String(); out != "" {
		text += "\n(stdout)\n" + out
	}
	return text
}
