package fast

import (
	"fmt"
	"io"
	"net"
	"slices"
)

// Socket is what logs and tools show of a connection.
type Socket struct {
	Type          string // IPv4, IPv6, UDS, or the name that the transport gives
	Remote, Local string // address and port
	Label         string // short: the remote address and port, or UDS
}

// Summarize describes a connection.
func Summarize(conn net.Conn) Socket {
	remote, local := conn.RemoteAddr(), conn.LocalAddr()
	s := Socket{Type: remote.Network(), Remote: remote.String(), Local: local.String(), Label: remote.String()}
	switch a := remote.(type) {
	case *net.TCPAddr:
		s.Type = "IPv6"
		if a.IP.To4() != nil {
			s.Type = "IPv4"
		}
	case *net.UnixAddr:
		s.Type, s.Label = "UDS", "UDS"
	}
	return s
}

// WriteMetrics writes the client's completed requests by method, failed ones included, in the text format of Prometheus.
func (c *Client) WriteMetrics(w io.Writer, service string) error {
	c.mu.Lock()
	names := make([]string, 0, len(c.completed))
	counts := make(map[string]uint64, len(c.completed))
	for name, n := range c.completed {
		names = append(names, name)
		counts[name] = n
	}
	c.mu.Unlock()
	slices.Sort(names)
	if _, err := fmt.Fprint(w, "# HELP fast_client_requests_completed count of Fast requests completed\n# TYPE fast_client_requests_completed counter\n"); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := fmt.Fprintf(w, "fast_client_requests_completed{rpcMethod=%q,service=%q} %d\n", name, service, counts[name]); err != nil {
			return err
		}
	}
	return nil
}
