// Package nodepeer runs real releases of the npm package fast as peers.
package nodepeer

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

//go:embed peer.js
var script []byte

// Options are those of a peer: what its constructor takes, and whether its sockets send at once.
type Options struct {
	CRCMode int  `json:"crc_mode,omitempty"` // of 2.8.2
	Version int  `json:"version,omitempty"`  // of clients of 3.x
	NoDelay bool `json:"nodelay,omitempty"`
}

// process is one running peer. What it says on stderr is kept for the report of its death.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // of stdout; closed at its end
	stderr tail
	dead   chan struct{} // closed when it has ended
	err    error         // of its end; read after dead
}

// tail keeps the last bytes of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-4096):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// start runs peer.js of this package on an installed release.
func start(ctx context.Context, dir string, args ...string) (*process, error) {
	file := filepath.Join(dir, "peer.js")
	if b, err := os.ReadFile(file); err != nil || string(b) != string(script) {
		tmp, err := os.CreateTemp(dir, "peer-*.js")
		if err != nil {
			return nil, err
		}
		_, werr := tmp.Write(script)
		if err := errors.Join(werr, tmp.Close(), os.Rename(tmp.Name(), file)); err != nil {
			return nil, err
		}
	}
	p := &process{lines: make(chan []byte, 64), dead: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, "node", append([]string{"--no-deprecation", file}, args...)...)
	p.cmd.Stderr = &p.stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the process
		r := bufio.NewReader(out)
		for {
			line, err := r.ReadBytes('\n')
			if err != nil {
				break
			}
			p.lines <- line
		}
		p.err = p.cmd.Wait()
		close(p.lines)
		close(p.dead)
	}()
	return p, nil
}

// next reads one line into v.
func (p *process) next(ctx context.Context, v any) error {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return p.death()
		}
		return json.Unmarshal(line, v)
	case <-ctx.Done():
		return fmt.Errorf("nodepeer: no line: %w; stderr: %s", ctx.Err(), p.stderr.String())
	}
}

// death says how the process has ended.
func (p *process) death() error {
	<-p.dead
	return fmt.Errorf("nodepeer: process ended: %v; stderr: %s", p.err, p.stderr.String())
}

// Stop ends the process and waits for it. The error says that it had ended before.
func (p *process) Stop() error {
	var err error
	select {
	case <-p.dead:
		err = p.death()
	default:
	}
	_ = p.stdin.Close()
	_ = p.cmd.Process.Kill()
	for range p.lines { // nobody reads them any more
	}
	<-p.dead
	return err
}

// Server is a serving peer.
type Server struct {
	*process
	Addr string
}

// Serve starts a release that Install has installed into dir as a server on a loopback port.
func Serve(ctx context.Context, dir string, o Options) (*Server, error) {
	opts, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, dir, "serve", dir, string(opts))
	if err != nil {
		return nil, err
	}
	var said struct{ Port int }
	if err := p.next(ctx, &said); err != nil {
		_ = p.Stop()
		return nil, err
	}
	return &Server{process: p, Addr: fmt.Sprintf("127.0.0.1:%d", said.Port)}, nil
}

// Alive says whether the process runs; if not, how it has ended.
func (p *process) Alive() error {
	select {
	case <-p.dead:
		return p.death()
	default:
		return nil
	}
}

// Client is a calling peer with one connection.
type Client struct {
	*process

	mu      sync.Mutex // guards the fields below
	last    int
	waiting map[int]chan json.RawMessage
	Events  []string // what the client has said beside answers
	reading sync.WaitGroup
}

// Failure is the error of a request: the innermost cause, and the names of the chain from the outermost.
type Failure struct {
	Name, Message string
	Context, Info json.RawMessage
	Chain         []string
}

// Answer is the outcome of a request.
type Answer struct {
	Count  int               // values
	Values []json.RawMessage // the first 16
	Error  *Failure
	Failed string // of a bench
	Bench
}

// Bench is the outcome of a bench.
type Bench struct {
	Requests     int
	Seconds      float64
	P50us, P99us float64
}

// Dial starts a release as a client of a port on loopback.
func Dial(ctx context.Context, dir string, port int, o Options) (*Client, error) {
	opts, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, dir, "call", dir, fmt.Sprint(port), string(opts))
	if err != nil {
		return nil, err
	}
	var said struct{ Ready bool }
	if err := p.next(ctx, &said); err != nil || !said.Ready {
		_ = p.Stop()
		return nil, errors.Join(errors.New("nodepeer: the client does not connect"), err)
	}
	c := &Client{process: p, waiting: make(map[int]chan json.RawMessage)}
	c.reading.Go(c.read)
	return c, nil
}

// read hands out answers until the process ends.
func (c *Client) read() {
	for line := range c.lines {
		var a struct{ ID int }
		_ = json.Unmarshal(line, &a)
		c.mu.Lock()
		ch := c.waiting[a.ID]
		delete(c.waiting, a.ID)
		if ch == nil {
			c.Events = append(c.Events[max(0, len(c.Events)-100):], string(line))
		}
		c.mu.Unlock()
		if ch != nil {
			ch <- line
		}
	}
	c.mu.Lock()
	for _, ch := range c.waiting {
		close(ch)
	}
	c.waiting = nil
	c.mu.Unlock()
}

// ask sends one line and waits for its answer.
func (c *Client) ask(ctx context.Context, q map[string]any) (*Answer, error) {
	ch := make(chan json.RawMessage, 1)
	c.mu.Lock()
	if c.waiting == nil {
		c.mu.Unlock()
		return nil, c.death()
	}
	c.last++
	q["id"] = c.last
	c.waiting[c.last] = ch
	line, err := json.Marshal(q)
	if err == nil {
		_, err = c.stdin.Write(append(line, '\n'))
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case line, ok := <-ch:
		if !ok {
			return nil, c.death()
		}
		a := &Answer{}
		return a, json.Unmarshal(line, a)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Call makes a request. timeout is that of the release's own client, in milliseconds; 0: none. For releases below 2.0, which have
// none, the answer then is an error with the name Silence.
func (c *Client) Call(ctx context.Context, method string, args any, timeout int) (*Answer, error) {
	return c.ask(ctx, map[string]any{"method": method, "args": args, "timeout": timeout})
}

// Bench makes requests for ms milliseconds, so many at once.
func (c *Client) Bench(ctx context.Context, method string, args any, concurrency, ms int) (*Answer, error) {
	a, err := c.ask(ctx, map[string]any{"bench": map[string]any{"method": method, "args": args, "concurrency": concurrency, "ms": ms}})
	if err == nil && a.Failed != "" {
		err = errors.New(a.Failed)
	}
	return a, err
}

// Stop ends the client and waits for it. The error says that it had ended before.
func (c *Client) Stop() error {
	err := c.Alive()
	_ = c.stdin.Close()
	_ = c.cmd.Process.Kill()
	c.reading.Wait()
	<-c.dead
	return err
}
