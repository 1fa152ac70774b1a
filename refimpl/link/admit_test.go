package link_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// TestAdmit: either side may turn the other one away for who it is, and says so with IDENTITY_MISMATCH (TLS-011).
func TestAdmit(t *testing.T) {
	id := func(c byte) [16]byte { return [16]byte{c} }
	for _, who := range []string{"nobody", "dialer", "acceptor"} {
		t.Run(who, func(t *testing.T) {
			var mu sync.Mutex
			asked := map[string][16]byte{}
			admit := func(me string) func(string, *codec.Hello) error {
				return func(proved string, h *codec.Hello) error {
					mu.Lock()
					defer mu.Unlock()
					asked[me] = h.Node
					if proved != "" || me == who {
						return errors.New("somebody else has this id")
					}
					return nil
				}
			}
			dc, ac := net.Pipe()
			var a *link.Link
			var aerr error
			var wg sync.WaitGroup
			wg.Go(func() {
				a, aerr = link.Accept(context.Background(), ac, link.Config{Node: id(2), Admit: admit("acceptor")})
			})
			d, derr := link.Dial(context.Background(), dc, link.Config{Node: id(1), Admit: admit("dialer")})
			wg.Wait()
			if who == "nobody" {
				require.NoError(t, derr)
				require.NoError(t, aerr)
				require.Equal(t, map[string][16]byte{"dialer": id(2), "acceptor": id(1)}, asked)
				_ = d.Close(codec.CodeNoError, "")
				<-a.Done()
				return
			}
			for me, err := range map[string]error{"dialer": derr, "acceptor": aerr} {
				e, ok := errors.AsType[*link.Error](err)
				require.True(t, ok, "%s: %v", me, err)
				require.Equal(t, codec.CodeIdentityMismatch, e.Code, "%s: %v", me, err)
				require.Equal(t, me != who, e.Remote, me)
			}
			if who == "acceptor" {
				require.NotContains(t, asked, "dialer", "its HELLO was sent to one that is turned away")
			}
		})
	}
}
