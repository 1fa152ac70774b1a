package driver

import (
	"io"
	"os"
	"os/exec"
	"time"
)

// Command says how to start a program.
type Command struct {
	Args []string // program and arguments
	Env  []string // NAME=VALUE, added to the environment of this process

	// Timeout is the longest wait for an answer where the context sets no earlier end; default 10 s.
	Timeout time.Duration
}

// How long the last bytes of a process that has ended, and its ending itself, are waited for. Both are there already, unless a process outside of its
// group holds its pipes open.
const lastBytes = 300 * time.Millisecond

// child is a process with three pipes. It has two goroutines, which end with it.
type child struct {
	cmd    *exec.Cmd
	stdin  *os.File // write end
	stdout *os.File // read end
	stderr ring

	drained chan struct{} // closed when stderr has ended
	exited  chan struct{} // closed when the process has been waited for; cmd.ProcessState is there then
}

// startChild starts a program in a process group of its own. The error is a *Fault.
func startChild(c Command) (*child, error) {
	if len(c.Args) == 0 {
		return nil, &Fault{Reason: NotStarted, Text: "no command is given"}
	}
	ch := &child{drained: make(chan struct{}), exited: make(chan struct{})}
	ch.cmd = exec.Command(c.Args[0], c.Args[1:]...) //nolint:gosec,noctx // to run it is what was asked for; it is ended by kill
	ch.cmd.Env = append(os.Environ(), c.Env...)
	ownGroup(ch.cmd)
	pipes, err := ch.pipes()
	if err == nil {
		err = ch.cmd.Start()
	}
	for _, f := range pipes.theirs {
		_ = f.Close() // the child has its own copies
	}
	if err != nil {
		for _, f := range pipes.ours {
			_ = f.Close()
		}
		return nil, &Fault{Reason: NotStarted, Text: err.Error()}
	}
	errs := pipes.ours[2]
	go func() { // ends when nobody holds stderr, or with release
		defer close(ch.drained)
		_, _ = io.Copy(&ch.stderr, errs)
	}()
	go func() { // ends with the process
		_ = ch.cmd.Wait()
		killGroup(ch.cmd.Process) // what it leaves behind
		close(ch.exited)
		select { // a process that has left the group may hold stderr for ever
		case <-ch.drained:
		case <-time.After(lastBytes):
		}
		_ = errs.Close()
	}()
	return ch, nil
}

// pipeEnds are the ends of three pipes, in the order stdin, stdout, stderr.
type pipeEnds struct{ ours, theirs []*os.File }

func (ch *child) pipes() (ends pipeEnds, err error) {
	for i := range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			return ends, err
		}
		if i == 0 {
			r, w = w, r
		}
		ends.ours, ends.theirs = append(ends.ours, r), append(ends.theirs, w)
	}
	ch.stdin, ch.stdout = ends.ours[0], ends.ours[1]
	ch.cmd.Stdin, ch.cmd.Stdout, ch.cmd.Stderr = ends.theirs[0], ends.theirs[1], ends.theirs[2]
	return ends, nil
}

// kill ends the group at once.
func (ch *child) kill() {
	select {
	case <-ch.exited: // its number may be another's by now
	default:
		killGroup(ch.cmd.Process)
	}
}

// end waits for the process for at most d, and ends it by SIGTERM, then by SIGKILL. It reports whether the process ended by itself.
func (ch *child) end(d time.Duration) bool {
	if ch.within(d) {
		return true
	}
	ch.terminate(lastBytes)
	return false
}

// terminate ends the group by SIGTERM, and by SIGKILL after grace.
func (ch *child) terminate(grace time.Duration) {
	select {
	case <-ch.exited: // its number may be another's by now
		return
	default:
		terminateGroup(ch.cmd.Process)
	}
	if !ch.within(grace) {
		ch.kill()
		<-ch.exited // nothing withstands SIGKILL
	}
}

// within waits for the end of the process.
func (ch *child) within(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ch.exited:
		return true
	case <-t.C:
		return false
	}
}

// exit describes the ending, nil for a process that runs.
func (ch *child) exit() *Exit {
	select {
	case <-ch.exited:
		return &Exit{Code: ch.cmd.ProcessState.ExitCode(), Signal: signalOf(ch.cmd.ProcessState)}
	default:
		return nil
	}
}

// tail gives the last of stderr. Where the process has ended it is waited for.
func (ch *child) tail() string {
	if ch.exit() != nil {
		select {
		case <-ch.drained:
		case <-time.After(lastBytes):
		}
	}
	return ch.stderr.String()
}
