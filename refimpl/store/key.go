package store

import "bytes"

// Limits of names (OBJ-017).
const (
	MaxKey    = 1024 // bytes in Key.Name, at least 1
	MaxCursor = 256  // bytes in the name of a cursor, at least 1
)

// Key names an object: the namespace is 1 to 64 of a-z, 0-9, '.', '_' and '-', the name 1 to MaxKey bytes of any value.
type Key struct {
	Namespace, Name string
}

// isNamespace tells whether a text has the form of all names on the wire. It runs for each access.
func isNamespace(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// Validate tells whether the key is in range. The error has CodeName.
func (k Key) Validate() error {
	if !isNamespace(k.Namespace) {
		return fail(CodeName, "a namespace is 1 to 64 of a-z 0-9 . _ -")
	}
	if n := len(k.Name); n < 1 || n > MaxKey {
		return fail(CodeName, "a key has 1 to 1024 bytes")
	}
	return nil
}

// bytes gives the key as it is stored: no namespace contains a zero byte, so that no two keys are one, and a namespace is one range.
func (k Key) bytes() []byte {
	b := make([]byte, 0, len(k.Namespace)+1+len(k.Name))
	b = append(append(b, k.Namespace...), 0)
	return append(b, k.Name...)
}

// keyOf reads the stored form. ok is false for bytes that are none.
func keyOf(b []byte) (k Key, ok bool) {
	ns, name, ok := bytes.Cut(b, []byte{0})
	k = Key{string(ns), string(name)}
	return k, ok && k.Validate() == nil
}
