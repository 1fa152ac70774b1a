//go:build unix

package fast

import (
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

const canPoll = true

// attempt reads, and looks again while the time of a look lasts. False: it is to be called again when there is something.
func (p *poller) attempt(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), p.buf)
		switch {
		case err == nil && n > 0:
			p.n = n
			return true
		case err == nil:
			p.err = io.EOF
			return true
		case err == syscall.EINTR:
			continue
		case err != syscall.EAGAIN:
			p.err = &net.OpError{Op: "read", Net: p.conn.LocalAddr().Network(), Source: p.conn.LocalAddr(), Addr: p.conn.RemoteAddr(), Err: os.NewSyscallError("read", err)}
			return true
		case !p.look:
			return !p.wait
		case !time.Now().Before(p.until):
			p.look = false
			if p.chance != nil {
				p.chance.end(false)
			}
			return !p.wait
		}
		runtime.Gosched() // others of this process go first
	}
}
