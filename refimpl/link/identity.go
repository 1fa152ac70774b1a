package link

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"

	"handfast/codec"
)

// Identity names the other side. Where TLS has proved one it is the hash of its certificate's public key, and otherwise what
// HELLO claims (TLS-005). The two have different forms, so that no claim passes for a proof.
func (l *Link) Identity() string {
	if key := proved(l.conn); key != "" {
		return key
	}
	return "node:" + hex.EncodeToString(l.peer.Node[:])
}

// proved gives the identity that TLS has proved; empty where it has proved none.
func proved(conn net.Conn) string {
	c, ok := conn.(*tls.Conn)
	if !ok {
		return ""
	}
	chains := c.ConnectionState().VerifiedChains
	if len(chains) == 0 {
		return ""
	}
	sum := sha256.Sum256(chains[0][0].RawSubjectPublicKeyInfo)
	return "key:" + hex.EncodeToString(sum[:])
}

// admit asks Config.Admit.
func (o *opener) admit(hello *codec.Hello) error {
	if o.cfg.Admit == nil {
		return nil
	}
	if err := o.cfg.Admit(proved(o.conn), hello); err != nil {
		return fault(codec.CodeIdentityMismatch, "TLS-011", err.Error())
	}
	return nil
}
