package limited_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/codec"
	"handfast/compat/limited"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is what both sides of a pair have seen.
type result struct{ dialer, acceptor *limited.Outcome }

// meet lets two limited peers open a link.
func meet(t *testing.T, dialer, acceptor limited.Peer) result {
	t.Helper()
	a, b := pair(t)
	done := make(chan result, 1)
	go func() {
		o, err := acceptor.Accept(b)
		if err != nil {
			t.Errorf("%s accepts: %v", acceptor.Name, err)
		}
		done <- result{acceptor: o}
	}()
	o, err := dialer.Dial(a)
	require.NoError(t, err, "%s dials", dialer.Name)
	r := <-done
	r.dialer = o
	return r
}

func pair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	b, err := ln.Accept()
	require.NoError(t, err)
	return a, b
}

// sets gives every set of numbers up to n, but the empty one.
func sets(n int) (all [][]uint16) {
	for bits := 1; bits < 1<<n; bits++ {
		var s []uint16
		for v := range n {
			if bits>>v&1 == 1 {
				s = append(s, uint16(v+1))
			}
		}
		all = append(all, s)
	}
	return all
}

// greatest gives the greatest number in both; 0: none.
func greatest(a, b []uint16) (v uint16) {
	for _, x := range a {
		if slices.Contains(b, x) {
			v = max(v, x)
		}
	}
	return v
}

// TestVersionMatrix: each pair of sets of wire versions ends in a link at the greatest common one, or in a REFUSE that lists what the
// acceptor speaks.
func TestVersionMatrix(t *testing.T) {
	for _, d := range sets(3) {
		for _, a := range sets(3) {
			r := meet(t, limited.Peer{Name: "dialer", Vers: d}, limited.Peer{Name: "acceptor", Vers: a})
			if want := greatest(d, a); want > 0 {
				require.Equal(t, want, r.dialer.Version, "%v to %v", d, a)
				require.Equal(t, want, r.acceptor.Version)
				require.Equal(t, "hello", r.dialer.Reply)
				continue
			}
			require.NotNil(t, r.dialer.Refuse, "%v to %v", d, a)
			require.Equal(t, codec.CodeNoVersion, r.dialer.Refuse.Code)
			require.Equal(t, a, r.dialer.Refuse.Vers)
		}
	}
}

// TestProtocolMatrix: the same of versions of a sub-protocol; without a common one there is a link that cannot use it.
func TestProtocolMatrix(t *testing.T) {
	protos := func(v []uint16) map[string][]uint16 { return map[string][]uint16{"call": v, "other": {9}} }
	for _, d := range sets(3) {
		for _, a := range sets(3) {
			r := meet(t, limited.Peer{Name: "dialer", Protos: protos(d)}, limited.Peer{Name: "acceptor", Protos: protos(a)})
			require.True(t, r.dialer.Link())
			require.EqualValues(t, 9, r.dialer.Protos["other"])
			want := greatest(d, a)
			require.Equal(t, want, r.dialer.Protos["call"])
			require.Equal(t, want > 0, r.dialer.Reply == "hello")
		}
	}
}

// capabilities are offers of the probes, whose rules are all that there are.
var capabilities = []codec.Caps{
	{},
	{"probe.and": true, "probe.min": int64(5), "probe.max": int64(5), "probe.intersect": []string{"a", "b"}, "probe.choose": []string{"b", "a"}},
	{"probe.and": true, "probe.min": int64(3), "probe.max": int64(9), "probe.intersect": []string{"b", "c"}, "probe.choose": []string{"a", "c"}},
	{"probe.min": int64(7), "probe.choose": []string{"z"}},
	{"probe.and": true, "x.unknown.thing": true},
}

// TestCapabilityMatrix: each pair comes to the merged capabilities on both sides, or to NEED_UNMET with the names that are missing.
func TestCapabilityMatrix(t *testing.T) {
	for i, d := range capabilities {
		for j, a := range capabilities {
			for _, need := range [][]string{nil, {"probe.and"}, {"probe.intersect", "probe.and"}} {
				r := meet(t, limited.Peer{Name: "dialer", Caps: d, Need: need}, limited.Peer{Name: "acceptor", Caps: a})
				_, dAnd := d["probe.and"]
				_, aAnd := a["probe.and"]
				_, dSet := d["probe.intersect"]
				_, aSet := a["probe.intersect"]
				var unmet []string
				for _, n := range need {
					if n == "probe.and" && !(dAnd && aAnd) || n == "probe.intersect" && !(dSet && aSet) {
						unmet = append(unmet, n)
					}
				}
				slices.Sort(unmet)
				name := fmt.Sprintf("%d to %d with %v", i, j, need)
				if len(unmet) > 0 {
					require.NotNil(t, r.dialer.Refuse, name)
					require.Equal(t, codec.CodeNeedUnmet, r.dialer.Refuse.Code)
					require.Equal(t, unmet, r.dialer.Refuse.Need)
					require.Equal(t, []uint16{codec.WireVersion}, r.dialer.Refuse.Vers)
					continue
				}
				require.True(t, r.dialer.Link(), name)
				require.Equal(t, r.acceptor.Caps, r.dialer.Caps)
				_, and := r.dialer.Caps["probe.and"]
				require.Equal(t, dAnd && aAnd, and)
				require.NotContains(t, r.dialer.Caps, "x.unknown.thing")
				if dm, ok := d["probe.min"].(int64); ok {
					if am, ok := a["probe.min"].(int64); ok {
						require.EqualValues(t, min(dm, am), r.dialer.Caps["probe.min"])
					}
				}
			}
		}
	}
}

// strangers are peers that today's has to bear, and what it comes to with each.
var strangers = []struct {
	peer limited.Peer
	code codec.Code // of the refusal; 0: a link
}{
	{limited.Peer{Name: "like today's"}, 0},
	{limited.Peer{Name: "from the future", Vers: []uint16{1, 2, 3}, Protos: map[string][]uint16{"call": {1, 2, 7}, "tomorrow": {3}}, Caps: codec.Caps{"tomorrow.thing": true, "probe.and": true}, Future: true}, 0},
	{limited.Peer{Name: "from a future without today", Vers: []uint16{2, 3}, Future: true}, codec.CodeNoVersion},
	{limited.Peer{Name: "16 versions", Vers: upTo(16)}, 0},
	{limited.Peer{Name: "40 versions", Vers: upTo(40)}, codec.CodeEncoding},
	{limited.Peer{Name: "greases everything", Grease: true}, 0},
	{limited.Peer{Name: "future and grease", Vers: []uint16{1, 2, 3}, Future: true, Grease: true}, 0},
	{limited.Peer{Name: "another call", Protos: map[string][]uint16{"call": {2}}}, 0},
	{limited.Peer{Name: "needs more", Need: []string{"tomorrow.thing"}}, codec.CodeNeedUnmet},
}

func upTo(n int) (v []uint16) {
	for i := 1; i <= n; i++ {
		v = append(v, uint16(i))
	}
	return v
}

// today is a configuration of today's peer, with a callee that fails as it is asked.
func today() link.Config {
	srv := call.NewServer()
	call.AddTestKit(srv)
	return link.Config{Node: [16]byte{0xAA}, OpenTimeout: 5 * time.Second, Handlers: map[string]link.Handler{call.Proto: srv}}
}

// TestStrangersDial has each of the strangers as the dialer of today's peer.
func TestStrangersDial(t *testing.T) {
	for _, s := range strangers {
		t.Run(s.peer.Name, func(t *testing.T) {
			a, b := pair(t)
			type accepted struct {
				l   *link.Link
				err error
			}
			done := make(chan accepted, 1)
			go func() {
				l, err := link.Accept(context.Background(), b, today())
				done <- accepted{l, err}
			}()
			o, err := s.peer.Dial(a)
			require.NoError(t, err)
			got := <-done
			if s.code != 0 {
				require.Error(t, got.err)
				require.NotNil(t, o.Refuse)
				require.Equal(t, s.code, o.Refuse.Code)
				require.NotEmpty(t, o.Refuse.Text, "it says why")
				require.Equal(t, []uint16{codec.WireVersion}, o.Refuse.Vers, "and what is spoken")
				return
			}
			require.NoError(t, got.err)
			<-got.l.Done()
			require.EqualValues(t, codec.WireVersion, o.Version)
			if s.peer.Protos != nil && !slices.Contains(s.peer.Protos["call"], 1) {
				require.Empty(t, o.Protos["call"])
				return
			}
			require.Equal(t, "hello", o.Reply)
			require.EqualValues(t, 1, o.Protos["call"])
		})
	}
}

// TestStrangersAccept has each of them as the acceptor of today's.
func TestStrangersAccept(t *testing.T) {
	for _, s := range strangers {
		t.Run(s.peer.Name, func(t *testing.T) {
			a, b := pair(t)
			done := make(chan *limited.Outcome, 1)
			go func() {
				o, err := s.peer.Accept(b)
				if err != nil && s.code == 0 {
					t.Errorf("accept: %v", err)
				}
				done <- o
			}()
			l, err := link.Dial(t.Context(), a, today())
			if s.code != 0 {
				e, ok := err.(*link.Error) //nolint:errorlint // it is documented
				require.True(t, ok, "%v", err)
				require.Equal(t, s.code, e.Code)
				if s.code == codec.CodeNoVersion {
					require.NotNil(t, e.Refuse)
					require.Equal(t, s.peer.Vers, e.Refuse.Vers)
				}
				<-done
				return
			}
			require.NoError(t, err)
			reply, err := call.Call(t.Context(), l, "echo", []byte("hello"), nil)
			if s.peer.Protos != nil && !slices.Contains(s.peer.Protos["call"], 1) {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				require.Equal(t, "hello", string(reply))
				_, err = call.Call(t.Context(), l, "tomorrow", nil, nil)
				require.Error(t, err)
				require.Equal(t, "no", call.Processed(err), "an error of tomorrow is an error")
			}
			require.NoError(t, l.Close(codec.CodeNoError, ""))
			<-done
		})
	}
}
