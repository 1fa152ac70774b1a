package conformance

import (
	"fmt"

	"handfast/codec"
)

// orderOpeningCases break two rules with one opening, or one READY: of the two, the check that stands first in chapter 14 is
// reported. Only pairs with different answers can be told apart.
func orderOpeningCases() []Case {
	var (
		foreignMagic = header(0, 0xC0)
		refuseKind   = header(14, 0, 2)
		tooLong      = padded(codec.MaxOpeningBody + 1)
		damaged      = flip(20)
		float        = unknown(0xCA, 0, 0, 0, 0)
		noNonce      = drop("nonce")
		badProbe     = putIn("caps", "probe.and", false)
		noVersion    = offering(0x7001, 0x7001, 0x1A1A, 0x7001)
		needy        = put("need", strs("x.suite.a"))
	)
	own := func(c *Conn) edit { return put("node", c.t.peerNode()) }
	with := func(edits ...edit) func(c *Conn) edit { return func(*Conn) edit { return then(edits...) } }
	self := func(edits ...edit) func(c *Conn) edit {
		return func(c *Conn) edit { return then(own(c), then(edits...)) }
	}
	return append(forAll(orderReadyCases()),
		bothWrong("magic-before-length", "another magic and a length over 16,384", with(tooLong, foreignMagic), Silence()),
		bothWrong("kind-before-length", "another kind and a length over 16,384", with(tooLong, refuseKind), Silence()),
		bothWrong("kind-before-checksum", "another kind and a wrong checksum", with(refuseKind, damaged), Silence()),
		bothWrong("length-before-checksum", "a length over 16,384 and a wrong checksum", with(tooLong, damaged), Refused(codec.CodeFrameSize)),
		bothWrong("length-before-profile", "a length over 16,384 and a float", with(float, tooLong), Refused(codec.CodeFrameSize)),
		bothWrong("checksum-before-profile", "a wrong checksum and a float", with(float, damaged), Refused(codec.CodeHeaderCRC)),
		bothWrong("checksum-before-version", "a wrong checksum and no common version", with(noVersion, damaged), Refused(codec.CodeHeaderCRC)),
		bothWrong("profile-before-node", "a float and the acceptor's own node", self(float), Refused(codec.CodeEncoding)),
		bothWrong("profile-before-version", "a float and no common version", with(noVersion, float), Refused(codec.CodeEncoding)),
		bothWrong("keys-before-node", "no nonce and the acceptor's own node", self(noNonce), Refused(codec.CodeEncoding)),
		bothWrong("keys-before-version", "no nonce and no common version", with(noVersion, noNonce), Refused(codec.CodeEncoding)),
		bothWrong("capability-before-node", "a capability of another type and the acceptor's own node", self(badProbe), Refused(codec.CodeEncoding)),
		bothWrong("capability-before-version", "a capability of another type and no common version", with(noVersion, badProbe), Refused(codec.CodeEncoding)),
		bothWrong("capability-before-need", "a capability of another type and a need that is not met", with(needy, badProbe), Refused(codec.CodeEncoding)),
		bothWrong("node-before-version", "the acceptor's own node and no common version", self(noVersion), Refused(codec.CodeSelfConnect)),
		bothWrong("node-before-need", "the acceptor's own node and a need that is not met", self(needy), Refused(codec.CodeSelfConnect)),
		bothWrong("version-before-need", "no common version and a need that is not met", with(noVersion, needy), Refused(codec.CodeNoVersion)),
	)
}

// bothWrong makes the case of a HELLO with two faults, in the order of the list.
func bothWrong(slug, faults string, bad func(c *Conn) edit, want Want) Case {
	roles, closed := AnyRole, Closed()
	switch want.code {
	case 0, codec.CodeSelfConnect: // strangers, and a node that a dialer need not know for its own
		roles = Acceptors
	default:
		closed = Closed(want.code).unless(FrameOn(codec.TypeReady, 0))
	}
	return Case{
		ID: "order/opening-" + slug, Req: []string{"ERR-003"}, Level: 9, Roles: roles,
		Title: fmt.Sprintf("a HELLO with two faults, %s, gets the answer to the first: %s", faults, want.Text),
		Reject: &Rejection{
			Unopened: true,
			Good:     func(c *Conn) { c.Handshake() },
			Bad:      func(c *Conn) { c.sendOpening(bad(c)(c.HelloPacket()).Fault(faults)) },
			Want:     want, DialerWant: closed,
		},
	}
}

// orderReadyCases are about a READY that differs in several things.
func orderReadyCases() []Case {
	th := put("th", make([]byte, 32))
	var cases []Case
	for _, r := range []struct {
		slug, faults string
		bad          edit
		code         codec.Code
	}{
		{"form-before-hash", "no ver and another th", then(th, drop("ver")), codec.CodeEncoding},
		{"hash-before-version", "another th and another ver", then(th, put("ver", 2)), codec.CodeDowngrade},
		{"hash-before-capabilities", "another th and other caps", then(th, put("caps", map[string]any{})), codec.CodeDowngrade},
		{"hash-before-protos", "another th and other protos", then(th, put("protos", map[string]any{})), codec.CodeDowngrade},
	} {
		c := wrongReady{r.slug, "ERR-003", "with two faults, " + r.faults + ",", same, r.bad}.as(r.code)
		c.ID, c.Level = "order/ready-"+r.slug, 9
		cases = append(cases, c)
	}
	return cases
}
