// Package bulk copies and hashes values of many megabytes in steps. One copy or hash of a gigabyte is a second in which its goroutine cannot be
// stopped: the collector waits for it, and everybody else for the collector, heartbeats among them.
package bulk

import "crypto/sha256"

// step is what is done at once, in bytes: about 0.1 ms.
const step = 1 << 20

// Append is append.
func Append(b, p []byte) []byte {
	if len(p) <= step {
		return append(b, p...)
	}
	if n := len(b) + len(p); n > cap(b) {
		b = Append(make([]byte, 0, n), b)
	}
	for len(p) > step {
		b, p = append(b, p[:step]...), p[step:]
	}
	return append(b, p...)
}

// Sum256 is sha256.Sum256.
func Sum256(p []byte) (sum [sha256.Size]byte) {
	if len(p) <= step {
		return sha256.Sum256(p)
	}
	h := sha256.New()
	for len(p) > step {
		h.Write(p[:step])
		p = p[step:]
	}
	h.Write(p)
	h.Sum(sum[:0])
	return sum
}
