package conformance

import (
	"crypto/tls"

	"handfast/conformance/driver"
)

// dialTLSCases are about the TLS of a dialer (SPEC.md chapter 17).
func dialTLSCases() []Case {
	over := func(slug, req, title string, script func(t *T)) Case {
		return Case{
			ID: "tls/dialer-" + slug, Req: []string{req}, Title: title, Level: 3, Tags: []string{TagTLS},
			Run: func(t *T) {
				t.Open(Options{TLS: overTLS}).Echo()
				script(t)
				t.Open(Options{TLS: overTLS}).Echo()
			},
		}
	}
	return []Case{
		over("version-1-2", "TLS-001", "a dialer makes no connection with an acceptor that speaks no more than TLS 1.2", func(t *T) {
			c, err := t.Connect(Options{TLS: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }})
			if err == nil {
				c.close()
				t.Fail("the end of the handshake", "TLS 1.2")
			}
			t.dialEnded()
		}),
		over("alpn-absent", "TLS-003", "a dialer ends a connection on which the acceptor has selected no ALPN protocol", func(t *T) {
			c := t.Dial(Options{TLS: func(c *tls.Config) { c.NextProtos = nil }})
			c.Expect(Ended())
			t.dialEnded()
		}),
	}
}

// dialEnded checks that the newest dial has ended.
func (t *T) dialEnded() {
	if a := t.await(t.ops[len(t.ops)-1]); a.Kind != driver.KindEnded {
		t.Fail("the answer ended to dial", "%s", describeEnd(a))
	}
}
