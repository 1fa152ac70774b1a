package peers

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"

	"handfast/codec"
	"handfast/refimpl/store"
)

// Peer is one that sessions of sync are begun with.
type Peer struct {
	Name    string `json:"name"`              // 1 to 32 of a-z, 0-9, '.', '_' and '-'; unique
	Address string `json:"address,omitempty"` // HOST:PORT; empty: it is not dialled
	Node    string `json:"node,omitempty"`    // its node id, hexadecimal; empty: not known
	Cluster string `json:"cluster,omitempty"` // its cluster id, hexadecimal; empty: not known
	Key     string `json:"key,omitempty"`     // the identity that TLS proves of it, key:HEX; empty: none is bound to its ids
}

// Errors of a List.
var (
	ErrPeer   = errors.New("peers: no such peer can be")
	ErrNoPeer = errors.New("peers: no peer of this name")
	ErrMany   = errors.New("peers: the list is full")
)

// maxName bounds the name of a peer, in bytes.
const maxName = 32

// Validate says what of a peer is out of form, wrapping ErrPeer.
func (p *Peer) Validate() error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrPeer, what) }
	switch {
	case p.Name == "" || len(p.Name) > maxName || (store.Key{Namespace: p.Name, Name: "k"}).Validate() != nil:
		return bad("a name is 1 to 32 of a-z, 0-9, '.', '_' and '-'")
	case len(p.Address) > 255+6:
		return bad("the address is too long")
	case !isID(p.Node, 16), !isID(p.Cluster, 16):
		return bad("a node or cluster id is 32 hexadecimal digits")
	case p.Key != "" && (!strings.HasPrefix(p.Key, "key:") || !isID(p.Key[4:], 32) || len(p.Key) == 4):
		return bad("a key is key: and 64 hexadecimal digits")
	case p.Key != "" && p.Node == "" && p.Cluster == "":
		return bad("a key is bound to a node or cluster id")
	}
	if p.Address != "" {
		if _, port, err := net.SplitHostPort(p.Address); err != nil || port == "" {
			return bad("an address is HOST:PORT")
		}
	}
	return nil
}

// isID tells whether s is nothing, or n bytes in lower-case hexadecimal.
func isID(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return s == "" || err == nil && len(b) == n && s == strings.ToLower(s)
}

// ID is the node id; zeros where it is not known.
func (p *Peer) ID() (id [16]byte) {
	b, _ := hex.DecodeString(p.Node) // Validate has seen it
	copy(id[:], b)
	return id
}

// is tells whether a field of a peer is this id; one that is not known is none.
func is(field string, id [16]byte) bool {
	b, err := hex.DecodeString(field)
	return err == nil && bytes.Equal(b, id[:])
}

// Expect tells whether whom a dialer has reached is this peer, as far as that is known (TLS-011). proved is what TLS has proved, empty for nothing.
func (p *Peer) Expect(proved string, h *codec.Hello) error {
	switch {
	case p.Node != "" && !is(p.Node, h.Node):
		return errors.New("another node than the one that was dialled")
	case p.Cluster != "" && !is(p.Cluster, h.Cluster):
		return errors.New("another cluster than the one that was dialled")
	case p.Key != "" && p.Key != proved:
		return errors.New("another key than that of the peer that was dialled")
	}
	return nil
}
