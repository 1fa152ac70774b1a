package useless

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"sync"

	"handfast/codec"
	"handfast/conformance/driver"
)

// DialerNames lists the dialers that serve nobody: drivers, which run in this process.
func DialerNames() []string {
	return []string{"dialer-accept-all", "dialer-fair-words", "dialer-mute", "dialer-slam", "dialer-unsupported"}
}

// Dialer gives a dialer to the loop of package driver. Stop ends its transports, when its driver has ended.
func Dialer(name string) (program driver.Program, stop func(), err error) {
	d := &dialer{name: name, conns: make(map[net.Conn]bool)}
	program = driver.Program{
		Hello: driver.Answer{
			Impl: name, Version: "1", Roles: []string{driver.RoleDialer}, Spec: []string{"1"},
			Features: []string{driver.FeatureConcurrent, driver.FeatureLimits, driver.FeatureNeed, driver.FeatureStreams},
		},
		Concurrent: true,
	}
	switch name {
	case "dialer-accept-all":
		program.Handle = d.friendly
	case "dialer-fair-words":
		program.Handle = fairWords
	case "dialer-mute", "dialer-slam":
		program.Handle = d.silent
	case "dialer-unsupported":
		program.Handle = func(context.Context, driver.Request) driver.Answer { return driver.Unsupported() }
	default:
		return program, nil, fmt.Errorf("useless: no dialer %q", name)
	}
	return program, d.reset, nil
}

// dialer is one of them, with its transports.
type dialer struct {
	name string
	work sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	conns map[net.Conn]bool
	links map[string]*friend
}

// reset ends the transports.
func (d *dialer) reset() {
	d.mu.Lock()
	for nc := range d.conns {
		_ = nc.Close() // ends its goroutine, which is all that is wanted
	}
	clear(d.conns)
	d.links = nil
	d.mu.Unlock()
	d.work.Wait()
}

// connect makes a transport.
func (d *dialer) connect(addr string) (net.Conn, bool) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns[nc] = true
	return nc, true
}

// fairWords answers every request as if all was well, and does nothing.
func fairWords(_ context.Context, r driver.Request) driver.Answer {
	switch r.Op {
	case driver.OpDial:
		return driver.Answer{Kind: driver.KindOpen, Ver: "1", Caps: []byte("{}"), Protos: []byte(`{"call":"1"}`)}
	case driver.OpCall:
		return driver.Answer{Kind: driver.KindDone, Replies: []string{r.Args["args"]}}
	case driver.OpRecv:
		return driver.Answer{Kind: driver.KindFIN}
	case driver.OpClose, driver.OpWait:
		return driver.Answer{Kind: driver.KindEnded, By: "peer", Code: codec.CodeNoError.String()}
	}
	return driver.OK()
}

// silent dials and says nothing, or hangs up.
func (d *dialer) silent(ctx context.Context, r driver.Request) driver.Answer {
	end := driver.Answer{Kind: driver.KindEnded, By: "transport", Code: codec.CodeNoError.String()}
	switch r.Op {
	case driver.OpReset:
		d.reset()
		return driver.OK()
	case driver.OpDial:
		nc, ok := d.connect(r.Args["addr"])
		if ok && d.name == "dialer-slam" {
			_ = nc.Close()
		}
		if ok && d.name == "dialer-mute" {
			stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
			defer stop()
			_, _ = nc.Read(make([]byte, 1))
		}
		return end
	}
	return end
}

// friend is a link of a dialer that never finds a fault.
type friend struct {
	nc net.Conn

	mu      sync.Mutex // guards the fields below, and the writing
	changed *sync.Cond
	last    uint32
	replies map[uint32][]string
	fin     map[uint32]bool
	over    bool
}

// friendly opens links, calls, and takes whatever comes.
func (d *dialer) friendly(_ context.Context, r driver.Request) driver.Answer {
	d.mu.Lock()
	f := d.links[r.Args["link"]]
	d.mu.Unlock()
	end := driver.Answer{Kind: driver.KindEnded, By: "peer", Code: codec.CodeNoError.String()}
	switch {
	case r.Op == driver.OpReset:
		d.reset()
	case r.Op == driver.OpDial:
		return d.befriend(r.Args)
	case f == nil:
		return end
	case r.Op == driver.OpCall:
		return f.call(r.Args)
	case r.Op == driver.OpRecv:
		return driver.Answer{Kind: driver.KindFIN}
	case r.Op == driver.OpClose, r.Op == driver.OpWait:
		return end
	}
	return driver.OK()
}

// befriend opens a link with whoever answers HELLO.
func (d *dialer) befriend(args map[string]string) driver.Answer {
	end := driver.Answer{Kind: driver.KindEnded, By: "transport", Code: codec.CodeNoError.String()}
	nc, ok := d.connect(args["addr"])
	if !ok {
		return end
	}
	own := offer()
	own.Caps[args["token"]] = true
	opening, err := own.AppendOpening(nil)
	if err != nil {
		return end
	}
	if _, err := nc.Write(opening); err != nil {
		return end
	}
	acceptor, raw, ok := readOpening(nc)
	if !ok {
		return end
	}
	agreed, _ := codec.Agree(own, acceptor) // what is not agreed is accepted all the same
	flight, err := codec.NewReady(agreed, codec.TranscriptHash(opening, raw), nil).AppendFrame(nil)
	if err != nil {
		return end
	}
	if _, err := nc.Write(codec.AppendFrame(flight, codec.Header{Type: codec.GreaseType(0)}, nil)); err != nil {
		return end
	}
	f := &friend{nc: nc, replies: make(map[uint32][]string), fin: make(map[uint32]bool)}
	f.changed = sync.NewCond(&f.mu)
	d.mu.Lock()
	if d.links == nil {
		d.links = make(map[string]*friend)
	}
	d.links[args["link"]] = f
	d.mu.Unlock()
	d.work.Go(f.read) // ends with the transport
	return driver.Answer{Kind: driver.KindOpen, Ver: "1", Caps: []byte("{}"), Protos: []byte(`{"call":"1"}`)}
}

// read answers frames until the transport ends.
func (f *friend) read() {
	for {
		frame, ok := readFrame(f.nc)
		f.mu.Lock()
		if !ok {
			f.over = true
			f.changed.Broadcast()
			f.mu.Unlock()
			return
		}
		if frame.Type == codec.TypeData {
			if pieces, err := codec.ParseData(frame); err == nil {
				for _, piece := range pieces.All() {
					f.replies[frame.Stream] = append(f.replies[frame.Stream], hex.EncodeToString(piece[min(1, len(piece)):]))
				}
			}
			f.fin[frame.Stream] = f.fin[frame.Stream] || frame.Flags&codec.FlagFin != 0
			f.changed.Broadcast()
		} else {
			_, _ = f.nc.Write(answer(frame))
		}
		f.mu.Unlock()
	}
}

// call makes a call, which always succeeds.
func (f *friend) call(args map[string]string) driver.Answer {
	arguments, _ := hex.DecodeString(args["args"])
	request, err := codec.AppendCallRequest(nil, args["method"], 0, arguments)
	if err != nil {
		return driver.Unsupported()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last += 2; f.last == 2 {
		f.last = 1
	}
	id := f.last
	b, _ := codec.Open{Stream: id, Proto: "call", Ver: 1}.AppendFrame(nil) // a small map
	_, _ = f.nc.Write(codec.Data{Stream: id, Pieces: codec.NewPieces(codec.FlagFin, request)}.AppendFrame(b))
	for !f.fin[id] && !f.over {
		f.changed.Wait()
	}
	return driver.Answer{Kind: driver.KindDone, Replies: f.replies[id]}
}
