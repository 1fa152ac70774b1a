package link_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/link"
)

// TestOpeningSizes: two peers open a link over a transport without buffers, whatever the sizes of their openings are. Both
// write READY at about the same time, so that neither may wait for its own to be read (CRED-011).
func TestOpeningSizes(t *testing.T) {
	sized := func(n byte, size int) link.Config {
		c := node(n, echo)
		c.Caps = codec.Caps{}
		for i := range size / 100 {
			c.Caps[fmt.Sprintf("x.test.%03d", i)] = []string{strings.Repeat("a", 40), strings.Repeat("b", 40)}
		}
		c.Software = strings.Repeat("s", size%64)
		return c
	}
	for size := 0; size < 15_000; size += 77 {
		synctest.Test(t, func(t *testing.T) {
			dc, ac := net.Pipe()
			a := start(ac, sized(2, size), false)
			d := <-start(dc, sized(1, size*7%15_000), true)
			require.NoError(t, d.err, "size %d", size)
			o := <-a
			require.NoError(t, o.err, "size %d", size)
			_ = d.l.Close(codec.CodeNoError, "")
			<-o.l.Done()
		})
	}
}

// TestPeopleOnly: what is for people changes nothing, however it looks (HELLO-024).
func TestPeopleOnly(t *testing.T) {
	for _, text := range []string{"", "handfast 0.0.1", "evil\n\x1b[31mroot", "'; DROP TABLE links; --", strings.Repeat("x", 64), "no-such-software 99"} {
		synctest.Test(t, func(t *testing.T) {
			cfg := node(1, echo)
			r, l := against(t, cfg, false, func(h *codec.Hello) { h.SW, h.ClusterName = text, text })
			r.send(open(1), data(1, codec.FlagFin, []byte("x")))
			await[codec.Accept](r)
			require.Equal(t, "x", string(await[codec.Data](r).Pieces.All()[0]))
			require.Equal(t, text, l.Peer().SW, "it is told to people, unchanged")
			require.Equal(t, uint16(1), l.Agreed().Version)
		})
	}
}

// TestZeroLimitRefuses: a limit of zero is one that refuses, not one that is absent (LIM-002).
func TestZeroLimitRefuses(t *testing.T) {
	for i, info := range codec.LimitInfos() {
		t.Run(info.Name, func(t *testing.T) {
			for _, n := range []uint64{0, info.Min - 1, info.Max + 1, info.Min, info.Max} {
				lim := codec.DefaultLimits()
				*[]*uint64{&lim.IdleMS, &lim.LinkCredit, &lim.MaxFrame, &lim.MaxMessage, &lim.MessageMS, &lim.PingMinMS, &lim.PingMS, &lim.StreamCredit, &lim.Streams}[i] = n
				cfg := node(1, echo)
				cfg.Limits = &lim
				if n >= info.Min && n <= info.Max {
					require.NoError(t, cfg.Validate(), "%d", n)
					continue
				}
				require.Error(t, cfg.Validate(), "%d", n)
				ours, theirs := net.Pipe()
				_, err := link.Dial(t.Context(), theirs, cfg)
				require.Error(t, err)
				_, err = ours.Read(make([]byte, 1)) // the transport is closed, nothing was said on it
				require.Error(t, err)
			}
		})
	}
	all := node(1, echo)
	all.Limits = &codec.Limits{}
	err := all.Validate()
	for _, info := range codec.LimitInfos() {
		require.ErrorContains(t, err, info.Name, "every fault is told at once")
	}
}

func TestConfigRanges(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(c *link.Config)
		good   bool
	}{
		{"as it is", func(*link.Config) {}, true},
		{"no node", func(c *link.Config) { c.Node = [16]byte{} }, false},
		{"cluster_name of 64", func(c *link.Config) { c.ClusterName = strings.Repeat("x", 64) }, true},
		{"cluster_name of 65", func(c *link.Config) { c.ClusterName = strings.Repeat("x", 65) }, false},
		{"sw of 65", func(c *link.Config) { c.Software = strings.Repeat("x", 65) }, false},
		{"OpenTimeout over 10 s", func(c *link.Config) { c.OpenTimeout = codec.OpenTimeout*1e6 + 1 }, false},
		{"OpenTimeout of 1 ns", func(c *link.Config) { c.OpenTimeout = 1 }, false},
		{"MaxWindow of the first grant", func(c *link.Config) { c.MaxWindow = 262_144 }, true},
		{"MaxWindow below the first grant", func(c *link.Config) { c.MaxWindow = 262_143 }, false},
		{"MaxWindow over 1 GiB", func(c *link.Config) { c.MaxWindow = 1<<30 + 1 }, false},
		{"MaxJoining of one message", func(c *link.Config) { c.MaxJoining = 16 << 20 }, true},
		{"MaxJoining below one message", func(c *link.Config) { c.MaxJoining = 16<<20 - 1 }, false},
	} {
		cfg := node(1, echo)
		tc.change(&cfg)
		if err := cfg.Validate(); tc.good {
			require.NoError(t, err, tc.name)
		} else {
			require.Error(t, err, tc.name)
		}
	}
}
