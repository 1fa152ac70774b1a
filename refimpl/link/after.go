package link

import "net"

// afterReader gives what was read before, then the connection. Only reading goes through it: writing keeps what the connection
// itself can do.
type afterReader struct {
	first []byte
	conn  net.Conn
}

// Read reads.
func (r *afterReader) Read(b []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(b, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.conn.Read(b)
}
