package conformance

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
)

// dialled is what a link has that a driver was asked to dial.
type dialled struct {
	name  string // of the link, for requests
	token string
	dial  *op
	open  bool // its answer was open

	strays int // connections before it that nobody had asked for
}

// shortLimits are stated by the driver in cases about timers, where it claims that it can: as selfish as the specification allows, with room for
// a busy machine.
func shortLimits() map[string]uint64 {
	return map[string]uint64{"idle_ms": 800, "ping_ms": 100, "ping_min_ms": 50, "message_ms": 500}
}

// limitsOf are the limits that one dial states.
func (t *T) limitsOf(o Options) map[string]uint64 {
	limits := make(map[string]uint64)
	if !t.seat.claims(driver.FeatureLimits) {
		return limits
	}
	if t.c.has(TagTiming) {
		limits = shortLimits()
	}
	limits["max_message"] = 512 << 10 // so that a message over it can be sent
	for name, n := range o.Limits {
		limits[name] = n
	}
	return limits
}

// called asks the driver for a link and gives the transport that comes.
func (t *T) called(o Options) (nc net.Conn, d *dialled, err error) {
	s := t.seat
	s.dials++
	token := make([]byte, (tokenLength-len(tokenPrefix))/2)
	t.fill(token)
	binary.BigEndian.PutUint32(token, uint32(s.dials)) // random bytes are the same in each run of a case
	d = &dialled{name: fmt.Sprintf("link%d", s.dials), strays: s.hub.count(), token: tokenPrefix + hex.EncodeToString(token)}
	args := map[string]string{"link": d.name, "token": d.token, "addr": s.hub.addr()}
	for name, n := range t.limitsOf(o) {
		args[name] = strconv.FormatUint(n, 10)
	}
	if len(o.Need) > 0 {
		t.needs(driver.FeatureNeed)
		args["need"] = strings.Join(o.Need, ",")
	}
	if o.TLS != nil {
		t.needs(driver.FeatureTLS)
		nc, err = t.calledOverTLS(o, d, args)
		return nc, d, err
	}
	arrived := s.hub.expect(d.token)
	d.dial = t.ask(driver.OpDial, args, driver.KindOpen, driver.KindEnded)
	nc = t.arrival(d, arrived)
	if b, ok := nc.(*begun); ok && o.ReadBuffer > 0 {
		_ = b.SetReadBuffer(o.ReadBuffer) // best effort: a larger buffer only makes the case slower
	}
	return nc, d, nil
}

// arrival waits for the connection of a dial. A driver that has answered before it came may have connected all the same.
func (t *T) arrival(d *dialled, arrived <-chan net.Conn) net.Conn {
	const soon = 2 * peekFor
	timer := time.NewTimer(t.timeout)
	defer timer.Stop()
	answered := d.dial.answered
	for {
		select {
		case nc := <-arrived:
			t.seat.hub.forget() // whatever comes now, nobody has asked for
			return nc
		case <-answered:
			answered = nil
			t.await(d.dial) // which ends the case where the driver is at fault
			timer.Reset(min(t.timeout, soon))
		case <-timer.C:
			t.seat.hub.forget()
			if d.dial.over() {
				a := t.await(d.dial)
				t.Fail("a connection of the dialer, with its token", "none, and the answer %s to dial", describeEnd(a))
			}
			t.stop(&Failure{Verdict: Timeout, Expected: "a connection of the dialer, with its token", Actual: "none for " + t.timeout.String()})
		case <-t.ctx.Done():
			t.Harness("the run was stopped while the case waited for a connection")
		}
	}
}

// calledOverTLS listens on a port of its own, because a configuration belongs to one link and a token is seen too late to choose one.
func (t *T) calledOverTLS(o Options, d *dialled, args map[string]string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Harness("no port for TLS: %v", err)
	}
	defer l.Close()
	lab := t.seat.lab
	args["addr"], args["tls"], args["name"] = l.Addr().String(), "true", loopbackName
	args["ca"], args["cert"], args["key"] = lab.CA, lab.Cert, lab.Key
	config := lab.server.Clone()
	config.MinVersion, config.NextProtos = tls.VersionTLS13, []string{codec.ALPN}
	o.TLS(config)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	d.dial = t.ask(driver.OpDial, args, driver.KindOpen, driver.KindEnded)
	nc, err := l.Accept()
	if err != nil {
		t.stop(&Failure{Verdict: Timeout, Expected: "a connection of the dialer to the TLS address", Actual: "none for " + t.timeout.String()})
	}
	secure := tls.Server(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = nc.Close() // the handshake's error says more
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secure, nil
}

// awaitOpen waits until the driver has said that its link is open, and holds what it says against READY.
func (c *Conn) awaitOpen() {
	d := c.dialled
	if d == nil || d.open {
		return
	}
	a := c.t.await(d.dial)
	if a.Kind != driver.KindOpen {
		c.t.Fail("the answer open to dial, once both READY are there", "%s", describeEnd(a))
	}
	d.open = true
}

// endsDial checks that the driver says of the dial how it has ended; of an acceptor there is nothing to check.
func (c *Conn) endsDial(by string, code codec.Code) {
	if c.dialled != nil {
		c.awaitEnded(by, code.String())
	}
}

// awaitEnded waits until the driver has said that its dial, or its link, has ended. It is for links that the suite has not opened.
func (c *Conn) awaitEnded(by, code string, req ...string) {
	c.expectEnd(c.t.await(c.dialled.dial), by, code, req...)
}

// expectEnd checks an answer ended. An empty code is any.
func (c *Conn) expectEnd(a driver.Answer, by, code string, req ...string) {
	if a.Kind != driver.KindEnded || a.By != by || code != "" && a.Code != code {
		want := fmt.Sprintf("the answer ended by %s", by)
		if code != "" {
			want += ", code " + code
		}
		c.t.stop(&Failure{Verdict: Fail, Req: req, Expected: want, Actual: describeEnd(a)})
	}
}

// describeEnd gives an answer about the end of something in a few words.
func describeEnd(a driver.Answer) string {
	text := a.Kind
	if a.By != "" {
		text += " by " + strconv.QuoteToASCII(last(a.By, 40))
	}
	if a.Code != "" {
		text += ", code " + strconv.QuoteToASCII(last(a.Code, 40))
	}
	if a.Processed != "" {
		text += ", processed " + strconv.QuoteToASCII(last(a.Processed, 40))
	}
	if a.Kind == driver.KindDone || a.Kind == driver.KindFailed {
		text += fmt.Sprintf(", %d replies", len(a.Replies))
	}
	return text
}

// mine checks that the HELLO of a driver carries the token of its dial: otherwise the driver mixes its links up.
func (c *Conn) mine(h *codec.Hello) {
	if d := c.dialled; d != nil && h.Caps[d.token] != true {
		c.t.Fail("a HELLO that offers "+d.token+", as dial says", "%d other capabilities", len(h.Caps))
	}
}
