package link

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
)

// Identity names the other side. Where TLS has proved one it is the hash of its certificate's public key, and otherwise what
// HELLO claims (TLS-005). The two have different forms, so that no claim passes for a proof.
func (l *Link) Identity() string {
	if c, ok := l.conn.(*tls.Conn); ok {
		if chains := c.ConnectionState().VerifiedChains; len(chains) > 0 {
			sum := sha256.Sum256(chains[0][0].RawSubjectPublicKeyInfo)
			return "key:" + hex.EncodeToString(sum[:])
		}
	}
	return "node:" + hex.EncodeToString(l.peer.Node[:])
}
