package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"handfast/compat/fast"
	"handfast/compat/nodepeer"
)

// fastPeer is a peer of Fast in one role: what it writes as a dialer, and what it takes as an acceptor.
type fastPeer struct {
	name    string
	release string // "": ours
	opts    nodepeer.Options
	speaks  fast.Dialect
	takes   []fast.Dialect
}

// fastDialers and fastAcceptors are the peers of the table.
var (
	fastDialers = []fastPeer{
		{name: "ours/v1", speaks: fast.V1}, {name: "ours/v2", speaks: fast.V2}, {name: "ours/v1new", speaks: fast.V1New},
		{name: "0.3.1", release: "0.3.1", speaks: fast.V1}, {name: "0.5.3", release: "0.5.3", speaks: fast.V1}, {name: "2.3.0", release: "2.3.0", speaks: fast.V1},
		{name: "2.6.0", release: "2.6.0", speaks: fast.V1}, {name: "2.8.2/crc1", release: "2.8.2", opts: nodepeer.Options{CRCMode: 1}, speaks: fast.V1},
		{name: "2.8.2/crc3", release: "2.8.2", opts: nodepeer.Options{CRCMode: 3}, speaks: fast.V1New}, {name: "3.0.0", release: "3.0.0", speaks: fast.V2},
		{name: "3.1.3", release: "3.1.3", speaks: fast.V2}, {name: "3.1.3/v1", release: "3.1.3", opts: nodepeer.Options{Version: 1}, speaks: fast.V1},
	}
	fastAcceptors = []fastPeer{
		{name: "today", takes: []fast.Dialect{fast.V1, fast.V2}}, {name: "either", takes: []fast.Dialect{fast.V1, fast.V1New, fast.V2}}, {name: "new", takes: []fast.Dialect{fast.V1New, fast.V2}},
		{name: "0.3.1", release: "0.3.1", takes: []fast.Dialect{fast.V1}}, {name: "0.5.3", release: "0.5.3", takes: []fast.Dialect{fast.V1}}, {name: "2.3.0", release: "2.3.0", takes: []fast.Dialect{fast.V1}},
		{name: "2.6.0", release: "2.6.0", takes: []fast.Dialect{fast.V1}}, {name: "2.8.2/crc1", release: "2.8.2", opts: nodepeer.Options{CRCMode: 1}, takes: []fast.Dialect{fast.V1}},
		{name: "2.8.2/crc2", release: "2.8.2", opts: nodepeer.Options{CRCMode: 2}, takes: []fast.Dialect{fast.V1, fast.V1New}},
		{name: "2.8.2/crc3", release: "2.8.2", opts: nodepeer.Options{CRCMode: 3}, takes: []fast.Dialect{fast.V1New}}, {name: "3.0.0", release: "3.0.0", takes: []fast.Dialect{fast.V1, fast.V2}},
		{name: "3.1.3", release: "3.1.3", takes: []fast.Dialect{fast.V1, fast.V2}},
	}
)

// demoServer is a server of ours with the demo methods.
func demoServer(checksum string) *fast.Server {
	srv := fast.NewServer(fast.ServerConfig{EitherChecksum: checksum == "either", NewChecksum: checksum == "new"})
	fast.AddDemo(srv)
	return srv
}

// peers gives all rows and columns, and installs what they need.
func peers(ctx context.Context, c Config) ([]*acceptor, []*dialer, error) {
	rows, columns := handfastPeers()
	dirs := make(map[string]string)
	if !c.NoNPM {
		for _, release := range nodepeer.Releases {
			dir, err := nodepeer.Install(ctx, c.Cache, release)
			if err != nil {
				return nil, nil, err
			}
			dirs[release] = dir
		}
	}
	described := make(map[string]fastPeer)
	for _, p := range fastAcceptors {
		if p.release != "" && c.NoNPM {
			continue
		}
		described[p.name] = p
		rows = append(rows, &acceptor{kind: KindFast, name: p.name, start: func(ctx context.Context) (running, error) { return startFast(ctx, p, dirs[p.release]) }})
	}
	for _, p := range fastDialers {
		if p.release != "" && c.NoNPM {
			continue
		}
		columns = append(columns, &dialer{kind: KindFast, name: p.name, meet: func(ctx context.Context, a *acceptor, addr string) outcome {
			return meetFast(ctx, p, dirs[p.release], described[a.name], addr)
		}})
	}
	return rows, columns, nil
}

// startFast serves a peer on loopback.
func startFast(ctx context.Context, p fastPeer, dir string) (running, error) {
	switch {
	case p.release != "":
		s, err := nodepeer.Serve(ctx, dir, p.opts)
		if err != nil {
			return running{}, err
		}
		return running{addr: s.Addr, alive: s.Alive, stop: s.Stop}, nil
	case p.name == "today":
		return startToday(ctx)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return running{}, err
	}
	srv := demoServer(p.name)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln) }()
	return running{addr: ln.Addr().String(), alive: func() error { return nil }, stop: func() error {
		cancel()
		return <-done
	}}, nil
}

// requester makes requests of a dialer, and gives the values and the innermost error's name.
type requester func(ctx context.Context, method, args string) (count int, first, failure string, err error)

// meetFast lets a dialer make the requests of the demo methods.
func meetFast(ctx context.Context, d fastPeer, dir string, a fastPeer, addr string) outcome {
	fits := slices.Contains(a.takes, d.speaks)
	if a.release != "" && (!fits || d.release != "") {
		return notMeant("a release that would die of it, or two releases of others")
	}
	ask, end, err := connect(ctx, d, dir, addr)
	if err != nil {
		return failed("a connection", err)
	}
	defer end()
	if !fits {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if n, _, failure, err := ask(short, "date", `[]`); err == nil && failure == "" {
			return failed("a connection that ends", fmt.Errorf("%d values", n))
		} else if short.Err() != nil {
			return failed("a connection that ends", short.Err())
		}
		return passed("no")
	}
	if err := requests(ctx, ask, a.release); err != nil {
		return failed("every request as it should be", err)
	}
	return passed("ok")
}

// connect starts a dialer.
func connect(ctx context.Context, d fastPeer, dir, addr string) (requester, func(), error) {
	if d.release == "" {
		var dial net.Dialer
		conn, err := dial.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, nil, err
		}
		c := fast.NewClient(conn, fast.ClientConfig{Dialect: d.speaks})
		return func(ctx context.Context, method, args string) (int, string, string, error) {
			got, err := c.Call(ctx, method, []byte(args))
			first := ""
			if len(got) > 0 {
				first = string(got[0])
			}
			if f, ok := errors.AsType[*fast.ServerError](err); ok {
				return len(got), first, f.Name, nil
			}
			return len(got), first, "", err
		}, func() { _ = c.Close() }, nil
	}
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, nil, err
	}
	c, err := nodepeer.Dial(ctx, dir, port, d.opts)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, method, args string) (int, string, string, error) {
		a, err := c.Call(ctx, method, json.RawMessage(args), 4000)
		if err != nil {
			return 0, "", "", err
		}
		first, failure := "", ""
		if len(a.Values) > 0 {
			first = string(a.Values[0])
		}
		if a.Error != nil {
			failure = a.Error.Name
			if failure == "" {
				failure = "Error"
			}
		}
		return a.Count, first, failure, nil
	}, func() { _ = c.Stop() }, nil
}

// requests makes a request of each kind.
func requests(ctx context.Context, ask requester, server string) error {
	const many = 1000
	for _, q := range []struct {
		method, args   string
		count          int
		first, failure string
	}{
		{"date", `[]`, 1, "", ""},
		{"echo", `["lafayette"]`, 1, `{"value":"lafayette"}`, ""},
		{"echo", `["héllo ☃ 😀",{"é":[null,false,1.5]}]`, 2, `{"value":"héllo ☃ 😀"}`, ""},
		{"yes", `[{"value":"☃","count":1000}]`, many, `{"value":"☃"}`, ""},
		{"fail", `[{"name":"MyError","message":"oh ☃","context":{"c":1}}]`, 0, "", "MyError"},
		{"nothing", `[]`, 0, "", "*"},
		{"echo", `[]`, 0, "", ""},
	} {
		if q.method == "nothing" && server == "0.3.1" { // says nothing
			continue
		}
		n, first, failure, err := ask(ctx, q.method, q.args)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", q.method, err)
		case q.failure == "*" && failure == "", q.failure != "*" && failure != q.failure:
			return fmt.Errorf("%s failed with %q", q.method, failure)
		case n != q.count:
			return fmt.Errorf("%s gave %d values of %d", q.method, n, q.count)
		case q.first != "" && strings.ReplaceAll(first, " ", "") != strings.ReplaceAll(q.first, " ", ""):
			return fmt.Errorf("%s gave %.100q", q.method, first)
		}
	}
	errs := make(chan error, 20)
	for i := range cap(errs) {
		go func() {
			_, first, _, err := ask(ctx, "echo", fmt.Sprintf("[%d]", i))
			if want := fmt.Sprintf(`{"value":%d}`, i); err == nil && first != want {
				err = fmt.Errorf("request %d gave %.100q", i, first)
			}
			errs <- err
		}()
	}
	var err error
	for range cap(errs) {
		err = errors.Join(err, <-errs)
	}
	return err
}
