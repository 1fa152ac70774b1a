package link

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"handfast/codec"
)

// Dial opens a link as the dialer of a transport. It owns conn from now on and closes it on failure. The failure is an
// *Error with Remote set where the acceptor refused; ctx and Config.OpenTimeout bound the whole opening.
func Dial(ctx context.Context, conn net.Conn, cfg Config) (*Link, error) {
	return open(ctx, conn, nil, cfg, true)
}

// Accept opens a link as the acceptor of a transport. What Dial says of conn, errors and time holds here. A transport that
// does not begin with the magic is closed without a byte (HELLO-003).
func Accept(ctx context.Context, conn net.Conn, cfg Config) (*Link, error) {
	return open(ctx, conn, nil, cfg, false)
}

// AcceptAfter is Accept for a transport of which first, which is kept, was already read.
func AcceptAfter(ctx context.Context, conn net.Conn, first []byte, cfg Config) (*Link, error) {
	return open(ctx, conn, first, cfg, false)
}

func open(ctx context.Context, conn net.Conn, first []byte, cfg Config, dialer bool) (*Link, error) {
	if err := cfg.Validate(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	o := &opener{cfg: cfg.withDefaults(), conn: conn, first: first, dialer: dialer}
	ctx, cancel := context.WithTimeout(ctx, o.cfg.OpenTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	l, err := o.run()
	if !stop() && err == nil { // the deadline struck after the last byte was read
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, o.giveUp(ctx, err)
	}
	_ = conn.SetDeadline(time.Time{})
	l.start()
	return l, nil
}

// opener holds what lives only during the opening.
type opener struct {
	cfg     Config
	conn    net.Conn
	first   []byte // read from conn before
	dialer  bool
	r       *codec.Reader
	own     *codec.Hello
	ownRaw  []byte
	peerRaw []byte
	spoke   bool // the magic was seen: an answer is not sent to a stranger
	framed  bool // openings were exchanged: an answer is CLOSE and not REFUSE
	said    bool // an answer was sent
}

// readBuffer is how far a busy link's buffer for reading grows, in bytes. An idle one keeps 1 KiB.
const readBuffer = 256 << 10

func (o *opener) run() (*Link, error) {
	var from io.Reader = o.conn
	if len(o.first) > 0 {
		from = &afterReader{first: o.first, conn: o.conn}
	}
	o.r = codec.NewReader(from, readBuffer)
	hello, err := o.hello()
	if err != nil {
		return nil, err
	}
	o.own = hello
	if o.ownRaw, err = hello.AppendOpening(nil); err != nil {
		return nil, err
	}
	if o.dialer {
		return o.dial()
	}
	return o.accept()
}

// hello is what this side offers.
func (o *opener) hello() (*codec.Hello, error) {
	g := greaser{o.cfg.Rand}
	h := &codec.Hello{
		Vers: []uint16{g.version(), codec.WireVersion}, Node: o.cfg.Node, Cluster: o.cfg.Cluster, ClusterName: o.cfg.ClusterName,
		Incarnation: o.cfg.Incarnation, Caps: codec.Caps{}, Need: o.cfg.Need, Protos: o.cfg.Protos, Limits: *o.cfg.Limits, SW: o.cfg.Software,
	}
	if _, err := io.ReadFull(o.cfg.Rand, h.Nonce[:]); err != nil {
		return nil, fmt.Errorf("link: no randomness for the nonce: %w", err)
	}
	for name, v := range o.cfg.Caps {
		h.Caps[name] = v
	}
	for name, v := range probes() {
		h.Caps[name] = v
	}
	name, v := g.capability()
	h.Caps[name] = v
	if o.cfg.Delivery {
		h.Caps[capDelivery] = true
	}
	delete(h.Caps, capBind)
	if _, ok := o.conn.(*tls.Conn); ok {
		h.Caps[capBind] = true
	}
	return h, nil
}

const capBind = "tls.bind"

// probes are offered on every link, so that every rule of merging is used on every link (CAP-007).
func probes() codec.Caps {
	return codec.Caps{
		"probe.and":       true,
		"probe.choose":    []string{"b", "a"},
		"probe.intersect": []string{"a", "b"},
		"probe.max":       int64(1),
		"probe.min":       int64(1 << 20),
	}
}

func (o *opener) dial() (*Link, error) {
	if _, err := o.conn.Write(o.ownRaw); err != nil {
		return nil, err
	}
	op, raw, err := o.r.ReadOpening()
	if err != nil {
		o.framed = op.Header.Kind == codec.KindHello // HELLO-023; to a REFUSE, faulty or not, nothing is said (HELLO-022)
		return nil, err
	}
	if r := op.Refuse; r != nil { // HELLO-022
		o.said = true
		return nil, &Error{Code: r.Code, Scope: codec.ScopeLink, Remote: true, Retry: retryOf(r.RetryMS), Text: r.Text, Refuse: r}
	}
	o.framed, o.peerRaw = true, raw
	if op.Hello.Node == o.cfg.Node {
		return nil, fault(codec.CodeSelfConnect, "HELLO-029", "a peer with this node id answered: this one, or a copy")
	}
	if err := o.admit(op.Hello); err != nil {
		return nil, err
	}
	agreed, err := codec.Agree(o.own, op.Hello)
	if err != nil {
		return nil, err
	}
	return o.ready(agreed, op.Hello, nil)
}

func (o *opener) accept() (*Link, error) {
	op, raw, err := o.r.ReadOpening()
	if err != nil {
		o.spoke = !isStranger(err) && op.Header.Kind == codec.KindHello
		return nil, err
	}
	if op.Hello == nil {
		return nil, fault(codec.CodeProtocol, "HELLO-006", "an opening that is not HELLO")
	}
	o.spoke, o.peerRaw = true, raw
	if op.Hello.Node == o.cfg.Node {
		return nil, fault(codec.CodeSelfConnect, "HELLO-018", "a peer with this node id dialled: its own, or a copy")
	}
	if err := o.admit(op.Hello); err != nil {
		return nil, err
	}
	agreed, err := codec.Agree(op.Hello, o.own)
	if err != nil {
		e := linkError(err)
		e.Unmet = codec.Unmet(op.Hello, o.own, agreed.Caps)
		return nil, e
	}
	o.framed = true
	return o.ready(agreed, op.Hello, o.ownRaw)
}

// ready sends READY, and what has to go before it, and checks the other READY.
func (o *opener) ready(agreed codec.Agreement, peer *codec.Hello, before []byte) (*Link, error) {
	dialerRaw, acceptorRaw := o.ownRaw, o.peerRaw
	if !o.dialer {
		dialerRaw, acceptorRaw = o.peerRaw, o.ownRaw
	}
	own := &codec.Ready{Version: agreed.Version, Caps: agreed.Caps, Protos: agreed.Protos, TH: codec.TranscriptHash(dialerRaw, acceptorRaw)}
	var theirs []byte
	if _, ok := agreed.Caps[capBind]; ok {
		var err error
		if own.CB, theirs, err = o.bindings(own.TH); err != nil {
			return nil, err
		}
	}
	b, err := own.AppendFrame(before)
	if err != nil {
		return nil, err
	}
	b = greaser{o.cfg.Rand}.frame(b) // READY-016
	// The other side writes its READY at the same time, and may not read before it has: reading does not wait for writing
	// (CRED-011).
	wrote := make(chan error, 1)
	go func() { // ends with the write, which the deadline of the opening ends
		_, err := o.conn.Write(b)
		wrote <- err
	}()
	if err := o.checkReady(own, theirs); err != nil {
		if !errors.Is(err, os.ErrDeadlineExceeded) { // CLOSE goes behind a whole READY
			_ = o.conn.SetWriteDeadline(time.Now().Add(codec.Linger * time.Millisecond))
		}
		<-wrote
		return nil, err
	}
	if err := <-wrote; err != nil {
		return nil, err
	}
	return o.link(agreed, peer), nil
}

// checkReady reads the first frame and compares it (READY-002, READY-005 to READY-008, READY-015).
func (o *opener) checkReady(own *codec.Ready, binding []byte) error {
	f, err := o.r.Next()
	if err != nil {
		return err
	}
	if f.Type == codec.TypeClose && f.Stream == 0 {
		c, err := codec.ParseClose(f)
		if err != nil {
			return err
		}
		o.said = true
		return &Error{Code: c.Code, Scope: codec.ScopeLink, Remote: true, Retry: retryOf(c.RetryMS), Text: c.Text}
	}
	if f.Type != codec.TypeReady {
		return fault(codec.CodeState, "READY-002", "the first frame is "+f.Type.String()+" and not READY")
	}
	if err := codec.CheckStream(f.Header); err != nil {
		return err
	}
	m, err := codec.ParseReady(f)
	if err != nil {
		return err
	}
	caps, err := codec.AppendCaps(nil, own.Caps)
	if err != nil {
		return err
	}
	protos, err := codec.AppendProtos(nil, own.Protos)
	if err != nil {
		return err
	}
	switch {
	case m.TH != own.TH:
		return fault(codec.CodeDowngrade, "READY-005", "the openings that were sent are not those that were received")
	case m.Version != own.Version:
		return fault(codec.CodeMismatch, "READY-006", "another wire version")
	case string(m.CapsRaw) != string(caps):
		return fault(codec.CodeMismatch, "READY-007", "other capabilities")
	case string(m.ProtosRaw) != string(protos):
		return fault(codec.CodeMismatch, "READY-008", "other sub-protocols")
	case binding != nil && subtle.ConstantTimeCompare(m.CB, binding) != 1:
		return fault(codec.CodeUnauthenticated, "READY-015", "the channel binding is missing or wrong")
	}
	return nil
}

// bindings are the values that tie READY to the TLS channel: this side's and the other's (READY-014).
func (o *opener) bindings(th [32]byte) (own, theirs []byte, err error) {
	state := o.conn.(*tls.Conn).ConnectionState()
	export := func(role byte) []byte {
		var b []byte
		if err == nil {
			b, err = state.ExportKeyingMaterial(codec.ExporterLabel, append(th[:], role), 32)
		}
		return b
	}
	d, a := export('D'), export('A')
	if o.dialer {
		return d, a, err
	}
	return a, d, err
}

func (o *opener) link(agreed codec.Agreement, peer *codec.Hello) *Link {
	l := &Link{
		handlers: o.cfg.Handlers, maxWindow: o.cfg.MaxWindow, maxJoining: o.cfg.MaxJoining, grease: greaser{o.cfg.Rand}, greaseEvery: o.cfg.GreaseEvery,
		conn: o.conn, dialer: o.dialer, agreed: agreed, peer: peer, r: o.r, opened: time.Now(),
		limits: *o.cfg.Limits, peerLimits: peer.Limits, workTimeout: *o.cfg.WorkTimeout,
		log:         o.cfg.Logger.With("peer", fmt.Sprintf("%x", peer.Node[:4]), "conn", o.conn.RemoteAddr().String()),
		streams:     make(map[uint32]*Stream),
		idleFrames:  NewCalm(idleFrameLimit),
		earlyResets: NewCalm(earlyResetLimit),
		done:        make(chan struct{}),
		ending:      make(chan struct{}),
	}
	_, l.delivery = agreed.Caps[capDelivery]
	l.maxPayload = int(min(peer.Limits.MaxFrame, 2*fillOne))
	l.maxCharge = peer.Limits.LinkCredit / 2
	l.mayOpen, l.granted = peer.Limits.Streams, l.limits.Streams
	l.window = NewWindow(l.limits.LinkCredit, l.limits.LinkCredit)
	l.w = newWriter(l, o.conn, peer.Limits.LinkCredit, *o.cfg.MaxUnsent)
	l.r.SetMaxFrame(uint32(l.limits.MaxFrame))
	l.log.Info("link open", "dialer", o.dialer, "version", agreed.Version, "sw", peer.SW)
	return l
}

// giveUp says why no link is opened, where the other side may be told, and ends the transport.
func (o *opener) giveUp(ctx context.Context, err error) error {
	e := linkError(err)
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e = fault(codec.CodeOpenTimeout, "HELLO-016", "the opening took too long")
		switch {
		case o.dialer:
			e.Req = "HELLO-026"
		case o.framed:
			e.Req = "READY-012"
		}
	}
	o.answer(e)
	_ = o.conn.Close()
	o.cfg.Logger.Warn("no link", "conn", o.conn.RemoteAddr().String(), "code", e.Code.String(), "req", e.Req, "text", e.Text, "err", e.Err)
	return e
}

// isStranger says whether what arrived does not come from a peer of this protocol, which is told nothing (HELLO-003,
// HELLO-004, HELLO-006), or did not arrive.
func isStranger(err error) bool {
	e, ok := errors.AsType[*codec.Error](err)
	if !ok {
		return true
	}
	switch e.Req {
	case "HELLO-003", "HELLO-004", "HELLO-006":
		return true
	}
	return false
}

// answer sends REFUSE or CLOSE, ends this side's direction, and reads on for a moment so that the answer is not lost in a
// reset (CLOSE-003).
func (o *opener) answer(e *Error) {
	var b []byte
	switch {
	case o.said || e.Remote || !isProtocol(e):
		return
	case o.framed:
		b = codec.Close{Code: e.Code, Text: reasonText(e)}.AppendFrame(nil)
	case o.dialer || !o.spoke:
		return // a stranger is told nothing
	default:
		r := &codec.Refuse{Code: e.Code, Vers: []uint16{codec.WireVersion}, Text: reasonText(e), Need: e.Unmet}
		b, _ = r.AppendOpening(nil)
	}
	Farewell(o.conn, b)
}

// Farewell writes the last bytes of a transport that does not become a link, ends this side's direction, and reads on for
// at most LINGER, so that they are not lost in a reset (CLOSE-003). The caller closes conn.
func Farewell(conn net.Conn, b []byte) {
	_ = conn.SetDeadline(time.Now().Add(codec.Linger * time.Millisecond))
	if _, err := conn.Write(b); err != nil {
		return
	}
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, conn)
}

// isProtocol says whether e names a fault of the other side, and not an end of the transport.
func isProtocol(e *Error) bool { return e.Req != "" }
