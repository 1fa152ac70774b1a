package access

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"

	"handfast/refimpl/link"
)

// Operators says who may call the methods that change what a peer dials (ACCS-024). The zero value admits nobody.
type Operators struct {
	all, loopback bool
	keys          []string
}

// ErrOperator is the error of ParseOperators.
var ErrOperator = errors.New("an operator is all, loopback, or key: and the SHA-256 of a public key, 64 lower-case hexadecimal digits")

var operatorKey = regexp.MustCompile(`^key:[0-9a-f]{64}$`)

// ParseOperators reads a list: "all" is every caller; "loopback" every caller on this machine, which is a Unix socket too; "key:" and 64 digits
// whoever proves that key by TLS. It fails with ErrOperator.
func ParseOperators(list []string) (Operators, error) {
	var o Operators
	for _, s := range list {
		switch {
		case s == "all":
			o.all = true
		case s == "loopback":
			o.loopback = true
		case operatorKey.MatchString(s):
			o.keys = append(o.keys, s)
		default:
			return o, fmt.Errorf("%q: %w", s, ErrOperator)
		}
	}
	return o, nil
}

// Admit tells whether the other side of a link is an operator.
func (o Operators) Admit(l *link.Link) bool {
	return o.all || o.loopback && local(l.RemoteAddr()) || slices.Contains(o.keys, l.Identity())
}

func local(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}
