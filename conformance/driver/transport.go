package driver

import (
	"context"
	"io"
	"time"
)

// transport is what lies between a Process and its driver.
type transport interface {
	io.Reader // the driver's stdout; ends when the driver does
	io.Writer // the driver's stdin

	closeWrite()              // ends the driver's stdin
	kill()                    // ends the driver at once, and with it Read and Write
	end(d time.Duration) bool // waits at most d for the driver to end by itself, then ends it; false if it had to
	exit() *Exit              // how it ended, nil where it runs or is no process
	tail() string             // the last of its stderr
	close()                   // gives everything back, after end
	pid() int                 // number of the process, 0 where it is none
}

// childTransport is that of a process.
type childTransport struct{ *child }

func (t childTransport) Read(p []byte) (int, error)  { return t.stdout.Read(p) }
func (t childTransport) Write(p []byte) (int, error) { return t.stdin.Write(p) }
func (t childTransport) closeWrite()                 { _ = t.stdin.Close() }
func (t childTransport) pid() int                    { return t.cmd.Process.Pid }

func (t childTransport) kill() {
	t.child.kill()
	_ = t.stdin.Close() // a Write that waits
}

func (t childTransport) close() {
	_ = t.stdin.Close()
	_ = t.stdout.Close()
	<-t.drained // at the latest lastBytes after the end
}

// pipeTransport is that of a driver in this process.
type pipeTransport struct {
	stdin  *io.PipeWriter
	stdout *io.PipeReader
	cancel context.CancelFunc
	ended  chan struct{} // closed when Serve has returned
}

func (t *pipeTransport) Read(p []byte) (int, error)  { return t.stdout.Read(p) }
func (t *pipeTransport) Write(p []byte) (int, error) { return t.stdin.Write(p) }
func (t *pipeTransport) closeWrite()                 { _ = t.stdin.Close() }
func (t *pipeTransport) pid() int                    { return 0 }
func (t *pipeTransport) exit() *Exit                 { return nil }
func (t *pipeTransport) tail() string                { return "" }

func (t *pipeTransport) kill() {
	t.cancel()
	_ = t.stdin.Close()
	_ = t.stdout.Close()
}

func (t *pipeTransport) end(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-t.ended:
		return true
	case <-timer.C:
	}
	t.kill()
	<-t.ended // a handler that does not heed its context is a fault of this program
	return false
}

func (t *pipeTransport) close() { t.kill() }

// Pipe runs a driver that is written in Go inside this process. It ends when Process.Close has returned.
func Pipe(program Program) *Process {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	t := &pipeTransport{stdin: inW, stdout: outR, cancel: cancel, ended: make(chan struct{})}
	go func() { // ends with its input, which close ends
		defer close(t.ended)
		err := Serve(ctx, inR, outW, program)
		_ = outW.CloseWithError(err)
		_ = inR.Close()
	}()
	return newProcess(t, program.Timeout)
}
