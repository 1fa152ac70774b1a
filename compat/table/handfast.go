package table

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"handfast/codec"
	"handfast/compat/limited"
	"handfast/compat/rolling"
	"handfast/refimpl"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

// strangers are the peers that there is no release of.
func strangers() []limited.Peer {
	upTo := func(n int) (v []uint16) {
		for i := 1; i <= n; i++ {
			v = append(v, uint16(i))
		}
		return v
	}
	return []limited.Peer{
		{Name: "limited"},
		{Name: "future", Vers: upTo(3), Protos: map[string][]uint16{"call": {1, 2, 7}, "tomorrow": {3}}, Caps: codec.Caps{"tomorrow.thing": true}, Future: true},
		{Name: "only-2-3", Vers: []uint16{2, 3}, Future: true},
		{Name: "16-versions", Vers: upTo(16)},
		{Name: "40-versions", Vers: upTo(40)},
		{Name: "grease", Grease: true},
		{Name: "call-2", Protos: map[string][]uint16{"call": {2}}},
		{Name: "needs-more", Need: []string{"tomorrow.thing"}},
	}
}

// today is what a limited peer that offers what today's does would be.
var today = limited.Peer{Name: "today"}

// expect says what two peers come to: the version, whether calls are agreed, or the code of the refusal.
func expect(d, a limited.Peer) (version uint16, calls bool, refusal codec.Code) {
	vers := func(p limited.Peer) []uint16 {
		if p.Vers == nil {
			return []uint16{codec.WireVersion}
		}
		return p.Vers
	}
	call := func(p limited.Peer) []uint16 {
		if p.Protos == nil {
			return []uint16{1}
		}
		return p.Protos["call"]
	}
	common := func(a, b []uint16) (v uint16) {
		for _, x := range a {
			if slices.Contains(b, x) {
				v = max(v, x)
			}
		}
		return v
	}
	const mostVers = 16
	if len(vers(d)) > mostVers { // the acceptor judges first
		return 0, false, codec.CodeEncoding
	}
	v := common(vers(d), vers(a))
	if v == 0 {
		return 0, false, codec.CodeNoVersion
	}
	for _, n := range slices.Concat(d.Need, a.Need) {
		_, inD := d.Caps[n]
		_, inA := a.Caps[n]
		if !inD || !inA {
			return 0, false, codec.CodeNeedUnmet
		}
	}
	if len(vers(a)) > mostVers {
		return 0, false, codec.CodeEncoding
	}
	return v, common(call(d), call(a)) > 0, 0
}

// judge holds what came of a pair against what was to be expected.
func judge(d, a limited.Peer, version uint16, called bool, refusal codec.Code) outcome {
	v, calls, code := expect(d, a)
	switch {
	case code != 0 && refusal == code:
		return passed("no")
	case code != 0:
		return failed("a refusal with "+code.String(), fmt.Errorf("version %d, code %s", version, refusal))
	case v != version || calls != called:
		return failed(fmt.Sprintf("version %d, calls %t", v, calls), fmt.Errorf("version %d, calls %t, code %s", version, called, refusal))
	case calls:
		return passed(fmt.Sprintf("%d+call", v))
	}
	return passed(fmt.Sprint(v))
}

// handfastPeers gives the rows and columns of this kind. methods serves today's.
func handfastPeers() (rows []*acceptor, columns []*dialer) {
	described := map[string]limited.Peer{"today": today}
	rows = append(rows, &acceptor{kind: KindHandfast, name: "today", start: startToday})
	columns = append(columns, &dialer{kind: KindHandfast, name: "today", meet: func(ctx context.Context, a *acceptor, addr string) outcome {
		version, called, code, err := dialToday(ctx, addr)
		if err != nil {
			return failed("an opening that ends", err)
		}
		return judge(today, described[a.name], version, called, code)
	}})
	for _, p := range strangers() {
		described[p.Name] = p
		rows = append(rows, &acceptor{kind: KindHandfast, name: p.Name, start: func(ctx context.Context) (running, error) { return startLimited(ctx, p) }})
		columns = append(columns, &dialer{kind: KindHandfast, name: p.Name, meet: func(ctx context.Context, a *acceptor, addr string) outcome {
			var dial net.Dialer
			conn, err := dial.DialContext(ctx, "tcp", addr)
			if err != nil {
				return failed("a transport", err)
			}
			o, err := p.Dial(conn)
			if err != nil {
				return failed("an opening that ends", err)
			}
			return judge(p, described[a.name], o.Version, o.Reply == "hello", o.Code)
		}})
	}
	return rows, columns
}

// startLimited serves a limited peer on loopback.
func startLimited(ctx context.Context, p limited.Peer) (running, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return running{}, err
	}
	var wg sync.WaitGroup
	wg.Go(func() { // ends with the listener
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { _, _ = p.Accept(conn) }) // the dialer judges
		}
	})
	return running{addr: ln.Addr().String(), alive: func() error { return nil }, stop: func() error {
		err := ln.Close()
		wg.Wait()
		return err
	}}, nil
}

// startToday serves both kinds on one address, as serve --fast does.
func startToday(ctx context.Context) (running, error) {
	srv := demoServer("by version")
	p, err := refimpl.New(refimpl.Config{Link: link.Config{Node: [16]byte{1}, OpenTimeout: 5 * time.Second}, Other: rolling.Other(srv, time.Minute), DrainTimeout: new(2 * time.Second)})
	if err != nil {
		return running{}, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return running{}, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, ln) }()
	return running{addr: ln.Addr().String(), alive: func() error { return nil }, stop: func() error {
		cancel()
		return <-done
	}}, nil
}

// dialToday opens a link and makes a call.
func dialToday(ctx context.Context, addr string) (version uint16, called bool, refusal codec.Code, err error) {
	var dial net.Dialer
	conn, err := dial.DialContext(ctx, "tcp", addr)
	if err != nil {
		return 0, false, 0, err
	}
	l, err := link.Dial(ctx, conn, link.Config{Node: [16]byte{2}, Protos: map[string][]uint16{call.Proto: {call.Version}}})
	if e, ok := errors.AsType[*link.Error](err); ok {
		return 0, false, e.Code, nil
	}
	if err != nil {
		return 0, false, 0, err
	}
	reply, callErr := call.Call(ctx, l, "echo", []byte("hello"), nil)
	err = l.Close(codec.CodeNoError, "")
	return codec.WireVersion, callErr == nil && string(reply) == "hello", 0, err
}
