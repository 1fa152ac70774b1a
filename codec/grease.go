package codec

import "fmt"

// IsGreaseVersion tells whether v has the form ?A?A in hexadecimal: a version that nobody speaks, and that is never
// selected (VER-003).
func IsGreaseVersion(v uint16) bool { return v&GreaseVersionMask == GreaseVersionValue }

// GreaseVersion makes a grease version from two random digits of r (VER-004).
func GreaseVersion(r uint16) uint16 { return r&^GreaseVersionMask | GreaseVersionValue }

// IsGreaseType tells whether t is kept for grease frames: 31 n + 27.
func IsGreaseType(t Type) bool { return t >= 27 && (t-27)%31 == 0 }

// GreaseType makes the type of a grease frame from a random number.
func GreaseType(r uint8) Type { return Type(31*(r%8) + 27) }

// GreaseCapability makes the name of a grease capability from a random number (CAP-009).
func GreaseCapability(r uint16) string { return fmt.Sprintf("%s%04x", GreaseCapabilityPrefix, r) }

// KnownType tells whether this package knows frames of type t. One that belongs to a capability (RECORDS, ACK, GAP) counts as
// unknown on a link where that was not selected (FRAME-015): the link decides.
func KnownType(t Type) bool {
	switch t {
	case TypeReady, TypePing, TypePong, TypeCredit, TypeStreams, TypeDrain, TypeClose,
		TypeOpen, TypeAccept, TypeReject, TypeData, TypeReset,
		TypeRecords, TypeAck, TypeGap:
		return true
	default:
		return false
	}
}
