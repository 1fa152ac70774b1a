package mutant

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"handfast/codec"
	"handfast/conformance"
	"handfast/conformance/driver"
)

// answerWithin is the longest wait for an answer of a driver of this package.
const answerWithin = 20 * time.Second

// StartDialer starts the healthy dialer for "", else the dialer with the bug of that name. It has no port: its drivers run in this process.
func StartDialer(_ context.Context, mutant string) (*conformance.TestPeer, error) {
	return startDialer(mutant, func(*peer) {})
}

// startDialer is StartDialer of dialers that are changed before they begin.
func startDialer(mutant string, change func(p *peer)) (*conformance.TestPeer, error) {
	known := func(m conformance.Mutant) bool { return m.Name == mutant }
	if mutant != "" && !slices.ContainsFunc(DialerMutants(), known) {
		return nil, fmt.Errorf("mutant: no mutant %q of a dialer", mutant)
	}
	var mu sync.Mutex // guards all
	var all []*dialer
	start := func(context.Context) (*driver.Process, error) {
		d := newDialer(mutant)
		change(d.p)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, d)
		return driver.Pipe(d.program()), nil
	}
	return &conformance.TestPeer{
		Target: conformance.Target{Driver: start, Name: "a dialer for tests", OpenTimeout: openTimeout},
		Stop: func() error {
			for _, d := range all { // whose drivers have ended; links may be left of those that were killed
				d.end()
				d.reset()
			}
			return nil
		},
	}, nil
}

// dialer is one driver: a peer that dials.
type dialer struct {
	bug string

	mu    sync.Mutex // guards the fields below
	p     *peer
	links map[string]*dialLink
}

// dialLink is one link of the driver.
type dialLink struct {
	*link
	ran chan struct{} // closed when run has returned

	mu      sync.Mutex // guards streams
	streams map[string]*stream
}

// DialerProgram gives the dialer with a bug, "" for none, to the loop of package driver. Stop ends what is left of its links, when the loop has
// ended. It reports false for a bug that there is not.
func DialerProgram(bug string) (program driver.Program, stop func(), ok bool) {
	known := func(m conformance.Mutant) bool { return m.Name == bug }
	if bug != "" && !slices.ContainsFunc(DialerMutants(), known) {
		return program, nil, false
	}
	d := newDialer(bug)
	return d.program(), func() { d.end(); d.reset() }, true
}

// newDialer makes a driver of the role dialer with a bug, "" for none.
func newDialer(bug string) *dialer {
	return &dialer{bug: bug, p: newDialerPeer(bug), links: make(map[string]*dialLink)}
}

// program gives the driver to the loop of package driver.
func (d *dialer) program() driver.Program {
	return driver.Program{
		Hello: driver.Answer{
			Impl: "handfast test dialer", Version: "1", Roles: []string{driver.RoleDialer}, Spec: []string{"1"},
			Features: []string{
				driver.FeatureConcurrent, driver.FeatureTLS, driver.FeatureTLSBind, driver.FeatureLimits, driver.FeatureNeed, driver.FeatureStreams,
				driver.FeatureDelivery, driver.FeatureSync, driver.FeatureRealtime,
			},
		},
		Handle: d.handle, Concurrent: true, Timeout: answerWithin,
	}
}

func newDialerPeer(bug string) *peer {
	p := &peer{bug: bug, dials: true, limits: codec.DefaultLimits(), wait: openTimeout, done: make(chan struct{}), conns: make(map[net.Conn]bool)}
	_, _ = rand.Read(p.node[:]) // never fails
	return p
}

func (d *dialer) handle(ctx context.Context, r driver.Request) driver.Answer {
	stop := context.AfterFunc(ctx, d.end) // nothing that waits outlives the driver
	defer stop()
	switch r.Op {
	case driver.OpReset:
		d.reset()
		return driver.OK()
	case driver.OpDial:
		return d.dial(r.Args)
	case driver.OpPut:
		return d.putOp(r.Args)
	}
	on := map[string]func(ctx context.Context, l *dialLink, args map[string]string) driver.Answer{
		driver.OpCall: callOp, driver.OpOpen: openOp, driver.OpSend: sendOp, driver.OpRecv: recvOp, driver.OpCancel: cancelOp,
		driver.OpDrain: drainOp, driver.OpClose: closeOp, driver.OpWait: waitOp, driver.OpSync: syncOp, driver.OpReplicate: replicateOp,
	}[r.Op]
	if on == nil {
		return driver.Unsupported()
	}
	d.mu.Lock()
	l := d.links[r.Args["link"]]
	d.mu.Unlock()
	if l == nil {
		return driver.Brokenf("no link %q", r.Args["link"])
	}
	return on(ctx, l, r.Args)
}

// end ends all transports, and whatever waits for the end of the peer.
func (d *dialer) end() {
	d.mu.Lock()
	p := d.p
	d.mu.Unlock()
	_ = p.stop() // gives no error without listeners
}

// reset forgets everything, but who this peer is.
func (d *dialer) reset() {
	d.mu.Lock()
	old, links := d.p, d.links
	d.p, d.links = newDialerPeer(d.bug), make(map[string]*dialLink)
	d.p.node, d.p.plain = old.node, old.plain
	d.mu.Unlock()
	_ = old.stop() // gives no error without listeners
	for _, l := range links {
		<-l.ran
	}
}

// dial makes a link.
func (d *dialer) dial(args map[string]string) driver.Answer {
	d.mu.Lock()
	p := d.p
	d.mu.Unlock()
	until := time.Now().Add(p.wait)
	nc, err := net.Dial("tcp", args["addr"])
	if err != nil || !p.note(nc) {
		return endedAs(outcome{by: "transport"})
	}
	transport, secure, err := p.dialTLS(nc, args, until)
	if err != nil {
		_ = nc.Close()
		p.forget(nc)
		return endedAs(outcome{by: "transport"})
	}
	own, ok := p.dialerOffer(secure != nil, args)
	if !ok {
		return driver.Unsupported()
	}
	l, how := p.dial(transport, secure, own, until)
	if l == nil {
		p.forget(nc)
		d.again(p, args, how)
		return endedAs(how)
	}
	held := &dialLink{link: l, ran: make(chan struct{}), streams: make(map[string]*stream)}
	d.mu.Lock()
	d.links[args["link"]] = held
	d.mu.Unlock()
	go func() { // ends with the transport; reset waits for it
		defer close(held.ran)
		l.run(until)
		_ = nc.Close()
		p.forget(nc)
	}()
	return held.opened()
}

// again dials once more, in a peer that does so after an opening that has failed.
func (d *dialer) again(p *peer, args map[string]string, how outcome) {
	if how.by == "refuse" && how.code == codec.CodeNoVersion && p.has("tries-again-after-no-version") ||
		how.code == codec.CodeForeign && p.has("tries-again-with-strangers") || how.by == "transport" && p.has("tries-another-protocol") {
		if nc, err := net.Dial("tcp", args["addr"]); err == nil {
			_, _ = nc.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			_ = nc.Close()
		}
	}
}

// opened waits for both READY and answers dial.
func (l *dialLink) opened() driver.Answer {
	l.link.mu.Lock()
	for !l.ready && !l.gone {
		l.changed.Wait()
	}
	ready, how := l.ready, *l.endedHow()
	l.link.mu.Unlock()
	if !ready {
		return endedAs(how)
	}
	caps := make(map[string]any)
	for name, v := range l.agreed.Caps {
		if n, ok := v.(int64); ok {
			v = strconv.FormatInt(n, 10)
		}
		caps[name] = v
	}
	protos := make(map[string]string)
	for name, ver := range l.agreed.Protos {
		protos[name] = strconv.Itoa(int(ver))
	}
	rawCaps, _ := json.Marshal(caps) // texts and lists of texts
	rawProtos, _ := json.Marshal(protos)
	return driver.Answer{Kind: driver.KindOpen, Ver: strconv.Itoa(int(l.agreed.Version)), Caps: rawCaps, Protos: rawProtos}
}

// dialTLS puts TLS over a transport where dial asks for it.
func (p *peer) dialTLS(nc net.Conn, args map[string]string, until time.Time) (net.Conn, *tls.Conn, error) {
	if args["tls"] != "true" {
		return nc, nil, nil
	}
	pair, err := tls.LoadX509KeyPair(args["cert"], args["key"])
	if err != nil {
		return nil, nil, err
	}
	ca, err := os.ReadFile(args["ca"])
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: args["name"], MinVersion: tls.VersionTLS13, NextProtos: []string{codec.ALPN}}
	if p.has("speaks-tls-1-2") {
		config.MinVersion = tls.VersionTLS12
	}
	secure := tls.Client(nc, config)
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	if secure.ConnectionState().NegotiatedProtocol != codec.ALPN && !p.has("dials-without-alpn") {
		return nil, nil, fmt.Errorf("mutant: the acceptor has not selected %s", codec.ALPN)
	}
	return secure, secure, nil
}

// dialerOffer makes the HELLO that dial asks for; false where an argument is not known.
func (p *peer) dialerOffer(secure bool, args map[string]string) (*codec.Hello, bool) {
	h := p.offer(secure)
	h.Caps[args["token"]] = true
	if need := args["need"]; need != "" {
		h.Need = strings.Split(need, ",")
	}
	limits := &h.Limits
	fields := map[string]*uint64{
		"idle_ms": &limits.IdleMS, "link_credit": &limits.LinkCredit, "max_frame": &limits.MaxFrame, "max_message": &limits.MaxMessage,
		"message_ms": &limits.MessageMS, "ping_min_ms": &limits.PingMinMS, "ping_ms": &limits.PingMS,
		"stream_credit": &limits.StreamCredit, "streams": &limits.Streams,
	}
	for name, field := range fields {
		if value, ok := args[name]; ok {
			n, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				return nil, false
			}
			*field = n
		}
	}
	return h, true
}

// endedAs makes the answer ended.
func endedAs(how outcome) driver.Answer {
	code := how.code
	if how.by == "transport" {
		code = codec.CodeNoError
	}
	return driver.Answer{Kind: driver.KindEnded, By: how.by, Code: code.String()}
}

// overAs makes the answer over.
func overAs(how outcome) driver.Answer {
	return driver.Answer{Kind: driver.KindOver, By: how.by, Code: how.code.String()}
}

func callOp(ctx context.Context, l *dialLink, args map[string]string) driver.Answer {
	arguments, err := hex.DecodeString(args["args"])
	if err != nil {
		return driver.Brokenf("args: %v", err)
	}
	after := -1
	if text := args["cancel_after"]; text != "" {
		if after, err = strconv.Atoi(text); err != nil {
			return driver.Brokenf("cancel_after: %v", err)
		}
	}
	ms, _ := strconv.Atoi(args["deadline_ms"]) // none is none
	replies, how := l.makeCall(ctx, args["method"], arguments, time.Duration(ms)*time.Millisecond, after)
	a := driver.Answer{Kind: driver.KindDone, Replies: slices.Clone(replies)}
	l.link.mu.Lock()
	defer l.link.mu.Unlock()
	if how.by != "" {
		a.Kind, a.By, a.Code, a.Processed = driver.KindFailed, how.by, how.code.String(), how.processed
	}
	return a
}

func openOp(ctx context.Context, l *dialLink, args map[string]string) driver.Answer {
	if args["proto"] != "call" || args["ver"] != "1" {
		return overAs(outcome{by: "self", code: codec.CodeUnknownProto})
	}
	s, refused := l.openOwn(ctx, true)
	if refused != nil {
		return endedAs(*refused)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streams[args["stream"]] = s
	return driver.OK()
}

func (l *dialLink) stream(name string) *stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.streams[name]
}

func sendOp(ctx context.Context, l *dialLink, args map[string]string) driver.Answer {
	s := l.stream(args["stream"])
	text, some := args["hex"]
	message, err := hex.DecodeString(text)
	if s == nil || err != nil {
		return driver.Brokenf("no stream, or no bytes")
	}
	if how := s.sendOwn(ctx, message, some, args["fin"] == "true"); how != nil {
		return overAs(*how)
	}
	return driver.OK()
}

func recvOp(ctx context.Context, l *dialLink, args map[string]string) driver.Answer {
	s := l.stream(args["stream"])
	if s == nil {
		return driver.Brokenf("no stream")
	}
	b, fin, how := s.receiveOwn(ctx)
	switch {
	case how != nil:
		return overAs(*how)
	case fin:
		return driver.Answer{Kind: driver.KindFIN}
	}
	return driver.Answer{Kind: driver.KindMessage, Hex: hex.EncodeToString(b)}
}

func cancelOp(_ context.Context, l *dialLink, args map[string]string) driver.Answer {
	s := l.stream(args["stream"])
	if s == nil {
		return driver.Brokenf("no stream")
	}
	for _, info := range codec.Errors() {
		if info.Name == args["code"] {
			s.giveUp(info.Code)
			return driver.OK()
		}
	}
	return driver.Unsupported()
}

func drainOp(_ context.Context, l *dialLink, _ map[string]string) driver.Answer {
	l.drain()
	return driver.OK()
}

func closeOp(_ context.Context, l *dialLink, _ map[string]string) driver.Answer {
	l.fail(&fault{code: codec.CodeNoError, text: "asked to"})
	<-l.ran
	return l.over()
}

func waitOp(_ context.Context, l *dialLink, _ map[string]string) driver.Answer {
	<-l.ran
	return l.over()
}

// over answers how the link has ended.
func (l *dialLink) over() driver.Answer {
	l.link.mu.Lock()
	defer l.link.mu.Unlock()
	return endedAs(*l.endedHow())
}
