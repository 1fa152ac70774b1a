package driver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"
)

// Program is a driver that is written in Go.
type Program struct {
	// Hello answers hello. Kind and Driver need not be set.
	Hello Answer
	// Handle answers every request but hello and bye, and Unsupported where it does not know one. Its context ends with the driver.
	Handle func(ctx context.Context, r Request) Answer
	// Concurrent calls Handle for the next request while it works on others, up to maxWork at once.
	Concurrent bool
	// Timeout is what Command.Timeout is, for a driver that Pipe runs.
	Timeout time.Duration
}

// maxWork is how many requests a concurrent driver works on at once. The next one waits in the pipe.
const maxWork = 1024

// Serve answers requests until the input ends or bye comes. A line that is no request is answered broken, because nobody can say by which id. The
// error is that of the input or of the output.
func Serve(ctx context.Context, in io.Reader, out io.Writer, program Program) error {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{program: program, out: out, work: make(chan struct{}, maxWork)}
	err := s.loop(ctx, in)
	cancel()
	s.handlers.Wait()
	return errors.Join(err, s.failed)
}

// server is one run of Serve.
type server struct {
	program  Program
	work     chan struct{} // a place for each request that is worked on
	handlers sync.WaitGroup

	mu     sync.Mutex // guards the fields below
	out    io.Writer
	failed error // of the output
}

func (s *server) loop(ctx context.Context, in io.Reader) error {
	input := newLines(in, MaxRequest)
	for {
		line, err := input.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errTooLong):
			s.answer(Brokenf("a request is longer than %d bytes", MaxRequest))
			return nil
		case err != nil:
			return err
		case len(line) == 0:
			continue
		}
		var r Request
		if err := json.Unmarshal(line, &r); err != nil {
			s.answer(Brokenf("a line is no request: %v", err))
			continue
		}
		if r.Op == OpBye {
			s.reply(r, OK())
			return nil
		}
		if r.Op == OpHello {
			hello := s.program.Hello
			hello.Kind, hello.Driver = KindHello, Version
			s.reply(r, hello)
			continue
		}
		s.handle(ctx, r)
	}
}

// handle answers one request, in its own goroutine for a concurrent driver.
func (s *server) handle(ctx context.Context, r Request) {
	if !s.program.Concurrent {
		s.reply(r, s.program.Handle(ctx, r))
		return
	}
	s.work <- struct{}{}
	s.handlers.Go(func() { // ends with the handler, whose context Serve ends
		defer func() { <-s.work }()
		s.reply(r, s.program.Handle(ctx, r))
	})
}

func (s *server) reply(r Request, a Answer) {
	a.ID = r.ID
	s.answer(a)
}

func (s *server) answer(a Answer) {
	b, err := json.Marshal(a)
	if err != nil {
		broken := Brokenf("the answer has no JSON form: %v", err)
		broken.ID = a.ID
		b, _ = json.Marshal(broken) // texts alone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		_, s.failed = s.out.Write(append(b, '\n'))
	}
}
