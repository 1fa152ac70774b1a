package conformance

import (
	"crypto/tls"
	"time"

	"handfast/codec"
	"handfast/conformance/wire"
)

// Target is the peer under test.
type Target struct {
	Addr    string      // host:port of its plain address; "" when it has none
	TLSAddr string      // host:port of its TLS address; "" when it has none
	TLS     *tls.Config // how to dial TLSAddr: roots, own certificate, name; version and ALPN are set by the suite

	// Durable says that the peer keeps channels and objects over the end of its process, which a Killer may then bring about.
	Durable bool

	// OpenTimeout is how long it waits for an opening, where that is known to be less than the 10 s of the specification.
	OpenTimeout time.Duration

	// Driver, if set, makes the peer under test a dialer: the suite listens, and asks drivers to dial.
	Driver StartDriver

	Name string // what reports call it; default: the addresses
}

// role is the side that is judged.
func (t Target) role() wire.Side {
	if t.Driver != nil {
		return wire.Dialer
	}
	return wire.Acceptor
}

// endpoint chooses the address for a link: plain where there is one, unless the options ask for TLS.
func (t Target) endpoint(o Options) (addr string, secure bool) {
	switch {
	case o.InClear:
		return t.TLSAddr, false
	case o.TLS != nil || t.Addr == "":
		return t.TLSAddr, true
	}
	return t.Addr, false
}

// String names the target in reports.
func (t Target) String() string {
	switch {
	case t.Name != "":
		return t.Name
	case t.TLSAddr == "":
		return t.Addr
	case t.Addr == "":
		return t.TLSAddr + " (TLS)"
	}
	return t.Addr + ", " + t.TLSAddr + " (TLS)"
}

// config gives the TLS configuration for one link, which its options may change.
func (t Target) config() *tls.Config {
	c := new(tls.Config)
	if t.TLS != nil {
		c = t.TLS.Clone()
	}
	c.MinVersion, c.NextProtos = tls.VersionTLS13, []string{codec.ALPN}
	return c
}
