package conformance

import (
	"slices"

	"handfast/conformance/wire"
	"handfast/spec"
)

// Roles are the roles of a peer in which a case judges it. A case that names none is a fault of the suite, which Lint finds.
type Roles uint8

// The roles (SPEC.md chapter 20).
const (
	Acceptors Roles = 1 << iota // the suite dials the peer
	Dialers                     // the suite listens, and a driver makes the peer dial
	AnyRole   = Acceptors | Dialers
)

// of gives the role of one side.
func of(s wire.Side) Roles {
	if s == wire.Dialer {
		return Dialers
	}
	return Acceptors
}

// In reports whether a case judges peers in the role of a side.
func (r Roles) In(s wire.Side) bool { return r&of(s) != 0 }

// String gives the words of the specification.
func (r Roles) String() string {
	switch r {
	case Acceptors:
		return "acceptor"
	case Dialers:
		return "dialer"
	case AnyRole:
		return "acceptor, dialer"
	}
	return "none"
}

// rolesBy gives the roles that a requirement binds: those of its actor.
func rolesBy(req string) Roles {
	rule, _ := spec.Requirement(req)
	switch rule.Role {
	case "acceptor", "callee":
		return Acceptors
	case "dialer", "caller":
		return Dialers
	}
	return AnyRole
}

// ofRoles gives cases their roles, where they have none.
func ofRoles(r Roles, lists ...[]Case) []Case {
	cases := slices.Concat(lists...)
	for i := range cases {
		if cases[i].Roles == 0 {
			cases[i].Roles = r
		}
	}
	return cases
}

// forAcceptors, forDialers and forAll name the roles of lists of cases.
func forAcceptors(lists ...[]Case) []Case { return ofRoles(Acceptors, lists...) }
func forDialers(lists ...[]Case) []Case   { return ofRoles(Dialers, lists...) }
func forAll(lists ...[]Case) []Case       { return ofRoles(AnyRole, lists...) }

// InRole keeps the cases that judge a peer in a role.
func InRole(cases []Case, s wire.Side) []Case {
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !c.Roles.In(s) })
}
