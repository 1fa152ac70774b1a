package rolling

import (
	"context"
	"errors"
	"net"
	"time"

	"handfast/compat/fast"
	"handfast/refimpl"
	"handfast/refimpl/call"
)

// Serve makes a Fast server of the methods of call. Arguments are the JSON array of the request, as it came; each REPLY is one
// value, and has to be JSON (FAST-006, FAST-007).
func Serve(methods *call.Server, cfg fast.ServerConfig) *fast.Server {
	s := fast.NewServer(cfg)
	s.Handle("", func(ctx context.Context, r *fast.Request, w *fast.Writer) error {
		if !methodName(r.Method) {
			return fast.UnknownMethod(r)
		}
		var unsent error
		err := methods.Do(ctx, r.Method, r.Args, func(value []byte) error {
			if err := w.Send(value); err != nil {
				if errors.Is(err, fast.ErrValue) {
					unsent = notJSON
				}
				return err
			}
			return nil
		})
		if unsent != nil { // whatever the method made of it
			err = unsent
		}
		if err == nil {
			return nil
		}
		return toFast(err, r)
	})
	return s
}

// Other serves Fast on the listener of a peer. silence bounds the time to a connection's first byte: pools of Fast clients open
// connections long before they use them.
func Other(s *fast.Server, silence time.Duration) *refimpl.Other {
	return &refimpl.Other{
		Name:     "fast",
		Is:       func(first []byte) bool { return first[0] == 1 || first[0] == 2 },
		Serve:    func(ctx context.Context, conn net.Conn, first []byte) { _ = s.ServeAfter(ctx, conn, first) },
		Shutdown: s.Shutdown,
		Silence:  silence,
	}
}

// methodName says whether a name can be one of call.
func methodName(name string) bool {
	if len(name) == 0 || len(name) > 128 {
		return false
	}
	for i := range len(name) {
		if name[i] < 0x21 || name[i] > 0x7E {
			return false
		}
	}
	return true
}
