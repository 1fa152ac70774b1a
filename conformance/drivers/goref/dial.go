package goref

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/refimpl/call"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// dialWithin is how long a dial may take before it is answered.
const dialWithin = 14 * time.Second

// The arguments of dial that are no limits.
var dialArgs = map[string]bool{
	"link": true, "addr": true, "token": true, "tls": true, "ca": true, "name": true, "cert": true, "key": true, "need": true,
}

// dial makes a link.
func (d *Driver) dial(ctx context.Context, args map[string]string) driver.Answer {
	cfg, ok := d.configOf(args)
	if !ok {
		return driver.Unsupported()
	}
	if err := d.offerMirror(&cfg); err != nil {
		return driver.Brokenf("%v", err)
	}
	d.offerSync(&cfg)
	d.offerRealtime(&cfg)
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	keys := dial.TLS{CA: args["ca"], Name: args["name"], Cert: args["cert"], Key: args["key"]}
	secure, err := keys.Client()
	if err != nil {
		return driver.Brokenf("%v", err)
	}
	if args["tls"] != "true" {
		secure = nil
	}
	conn, err := dial.Transport(ctx, args["addr"], secure)
	if err != nil {
		return unconnected(err)
	}
	heard := &listened{}
	if plain, ok := conn.(*net.TCPConn); ok {
		heard.TCPConn, conn = plain, heard
	}
	l, err := link.Dial(ctx, conn, cfg)
	if err != nil {
		a := ended(err)
		if a.By == "self" && heard.refusal() {
			a.By = "refuse"
		}
		return a
	}
	h := &held{l: l, conn: conn, streams: make(map[string]*link.Stream)}
	h.ctx, h.stop = context.WithCancel(context.Background())
	d.mu.Lock()
	before := d.links[args["link"]]
	d.links[args["link"]] = h
	d.mu.Unlock()
	if before != nil {
		before.stop()
	}
	return openAnswer(l.Agreed())
}

// listened is a transport that remembers the first bytes that it has read, to tell a faulty REFUSE from a faulty HELLO. TLS goes without it,
// because a link looks at its transport.
type listened struct {
	*net.TCPConn
	first []byte
}

// Read notes the bytes up to kind.
func (l *listened) Read(b []byte) (int, error) {
	n, err := l.TCPConn.Read(b)
	l.first = append(l.first, b[:min(n, kindEnd-len(l.first))]...)
	return n, err
}

// kindEnd is where kind ends in an opening.
const kindEnd = 16

// refusal reports whether the other side has begun a REFUSE.
func (l *listened) refusal() bool {
	return len(l.first) == kindEnd && codec.Kind(binary.BigEndian.Uint16(l.first[kindEnd-2:])) == codec.KindRefuse
}

// configOf turns the arguments of dial into a configuration; false where one is not known.
func (d *Driver) configOf(args map[string]string) (link.Config, bool) {
	cfg := d.peer
	cfg.Caps = codec.Caps{args["token"]: true}
	cfg.Protos = map[string][]uint16{call.Proto: {call.Version}}
	if need := args["need"]; need != "" {
		cfg.Need = strings.Split(need, ",")
	}
	limits := codec.DefaultLimits()
	fields := map[string]*uint64{
		"idle_ms": &limits.IdleMS, "link_credit": &limits.LinkCredit, "max_frame": &limits.MaxFrame, "max_message": &limits.MaxMessage,
		"message_ms": &limits.MessageMS, "ping_min_ms": &limits.PingMinMS, "ping_ms": &limits.PingMS,
		"stream_credit": &limits.StreamCredit, "streams": &limits.Streams,
	}
	for name, value := range args {
		if dialArgs[name] {
			continue
		}
		n, err := strconv.ParseUint(value, 10, 64)
		if fields[name] == nil || err != nil {
			return cfg, false
		}
		*fields[name] = n
	}
	cfg.Limits = &limits
	return cfg, true
}

// openAnswer says what READY states. Integers are texts, as in every answer.
func openAnswer(agreed codec.Agreement) driver.Answer {
	caps := make(map[string]any, len(agreed.Caps))
	for name, v := range agreed.Caps {
		if n, ok := v.(int64); ok {
			v = strconv.FormatInt(n, 10)
		}
		caps[name] = v
	}
	protos := make(map[string]string, len(agreed.Protos))
	for name, ver := range agreed.Protos {
		protos[name] = strconv.Itoa(int(ver))
	}
	return driver.Answer{Kind: driver.KindOpen, Ver: strconv.Itoa(int(agreed.Version)), Caps: asJSON(caps), Protos: asJSON(protos)}
}

func asJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return nil // maps of texts have a JSON form
	}
	return b
}

// unconnected says why there is no transport.
func unconnected(err error) driver.Answer {
	a := driver.Answer{Kind: driver.KindEnded, By: "transport", Code: codec.CodeNoError.String()}
	if _, refused := errors.AsType[*tls.CertificateVerificationError](err); refused {
		a.By, a.Code = "self", codec.CodeUnauthenticated.String()
	}
	return a
}

// ended says how a link has ended, or why there is none.
func ended(err error) driver.Answer {
	a := driver.Answer{Kind: driver.KindEnded, By: "transport", Code: codec.CodeNoError.String()}
	e, ok := errors.AsType[*link.Error](err)
	switch {
	case !ok:
	case e.Refuse != nil:
		a.By, a.Code = "refuse", e.Code.String()
	case e.Remote:
		a.By, a.Code = "peer", e.Code.String()
	case e.Req != "" || e.Code != codec.CodeInternal: // what this side has found, or was asked for
		a.By, a.Code = "self", e.Code.String()
	}
	return a
}
