package refimpl

import (
	"bytes"
	"context"
	"net"
	"time"

	"handfast/codec"
)

// Other is another protocol that a peer serves on its listener, beside Handfast: what begins with its first byte is its own
// (chapter 17). It needs a plain address, because nothing in clear is served on one for TLS (TLS-008).
type Other struct {
	// Name is the protocol's, for logs.
	Name string
	// Is says whether a transport that begins with these bytes, at least one, is one of the protocol.
	Is func(first []byte) bool
	// Serve serves a transport, which it owns, of which first was read. It returns when the transport has ended, and ends it when
	// ctx ends.
	Serve func(ctx context.Context, conn net.Conn, first []byte)
	// Shutdown ends what Serve serves in good order, and at once when ctx ends. It returns when all has ended.
	Shutdown func(ctx context.Context)
	// Silence bounds the time to the first byte, for protocols whose connections begin idle. Range 0 and up. 0: that of an opening.
	Silence time.Duration
}

// otherBegun says that a transport is one of the other protocol.
type otherBegun struct{ first []byte }

func (*otherBegun) Error() string { return "refimpl: another protocol, which is served" }

// readFirst reads what has come first of a transport, at most as much as says what it is.
func readFirst(ctx context.Context, conn net.Conn, limit time.Duration) ([]byte, error) {
	_ = conn.SetReadDeadline(time.Now().Add(limit))
	if ctx.Err() != nil { // a deadline that was set when ctx ended has just been overwritten
		return nil, ctx.Err()
	}
	b := make([]byte, 16)
	n, err := conn.Read(b)
	if n == 0 {
		return nil, err
	}
	return b[:n], conn.SetReadDeadline(time.Time{})
}

// The kinds of strangers, by their first bytes. They are counted apart, because they tell an operator who was configured wrongly.
const (
	kindTLS     = "tls"
	kindHTTP    = "http"
	kindSSH     = "ssh"
	kindRiak    = "riak"
	kindZMTP    = "zmtp"
	kindFast    = "fast"
	kindMangled = "mangled"
	kindOther   = "other"
)

// kindOf names the protocol of first bytes that are not the magic.
func kindOf(first []byte) string {
	starts := func(words ...string) bool {
		for _, w := range words {
			if bytes.HasPrefix(first, []byte(w)) {
				return true
			}
		}
		return false
	}
	switch {
	case starts(string(codec.Magic[:4])):
		return kindMangled
	case starts("\x16\x03"):
		return kindTLS
	case starts("GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PRI * "):
		return kindHTTP
	case starts("SSH-"):
		return kindSSH
	case len(first) > 4 && starts("\x00\x00") && first[4] == 0x83: // four bytes of length, then a term of Erlang
		return kindRiak
	case len(first) >= 10 && first[0] == 0xFF && first[9] == 0x7F:
		return kindZMTP
	case starts("\x01\x01", "\x02\x01"):
		return kindFast
	}
	return kindOther
}
