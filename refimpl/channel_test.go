package refimpl_test

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"handfast/refimpl"
	"handfast/refimpl/call"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// TestChannelsOfPeers: channels in both directions of one link between peers. A receiver tells senders apart by what TLS has
// proved, where it has, and not by what HELLO claims (CHAN-031, TLS-005).
func TestChannelsOfPeers(t *testing.T) {
	client, server := secure(t)
	withCert := client.Clone()
	withCert.Certificates = server.Certificates // its own key: another would do as well
	server.ClientAuth, server.ClientCAs = tls.VerifyClientCertIfGiven, client.RootCAs
	for name, tc := range map[string]struct {
		client, server *tls.Config
		identity       string
	}{
		"plain":                   {nil, nil, "node:"},
		"TLS":                     {client, server, "node:"},
		"TLS, with a certificate": {withCert, server, "key:"},
	} {
		t.Run(name, func(t *testing.T) {
			store := func(name string) (*channel.Sink, *[]string) {
				db, err := bbolt.Open(filepath.Join(t.TempDir(), name), 0o600, &bbolt.Options{NoSync: true})
				require.NoError(t, err)
				var got []string
				s, err := channel.NewBolt(db, func(_ *bbolt.Tx, _ delivery.Key, items []channel.Item) error {
					for _, i := range items {
						got = append(got, string(i.Record.Data))
					}
					return nil
				})
				require.NoError(t, err)
				sink, err := channel.NewSink(channel.SinkConfig{Transactional: s})
				require.NoError(t, err)
				t.Cleanup(func() {
					sink.Close()
					require.NoError(t, db.Close())
				})
				return sink, &got
			}
			toPeer, atPeer := store("peer")
			toDialer, atDialer := store("dialer")
			source := func() *channel.Source {
				s := channel.NewSource(channel.SourceConfig{Queue: delivery.NewVolatile("q", 1<<20), Proto: "t"})
				t.Cleanup(s.Close)
				return s
			}
			fromPeer, fromDialer := source(), source()
			_, addr, stop := serving(t, func(c *refimpl.Config) {
				c.TLS = tc.server
				c.Link.Delivery = true
				c.Link.Handlers = map[string]link.Handler{"t": toPeer}
				c.OnLink = fromPeer.Attach
			})
			conn, err := dial.Transport(t.Context(), addr, tc.client)
			require.NoError(t, err)
			l, err := link.Dial(t.Context(), conn, link.Config{
				Node: [16]byte{1}, Delivery: true, Protos: map[string][]uint16{"t": {1}, call.Proto: {1}}, Handlers: map[string]link.Handler{"t": toDialer},
			})
			require.NoError(t, err)
			fromDialer.Attach(l)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			for _, s := range []*channel.Source{fromPeer, fromDialer} {
				seq, err := s.Push(ctx, []byte("hello"))
				require.NoError(t, err)
				require.NoError(t, s.AwaitStable(ctx, seq))
			}
			require.Equal(t, []string{"hello"}, *atPeer)
			require.Equal(t, []string{"hello"}, *atDialer)
			node := toPeer.Stats()[0].Key.Node
			require.True(t, strings.HasPrefix(node, tc.identity), node)
			require.NoError(t, stop(), "the peer drains, and channels do not keep it")
			<-l.Done()
		})
	}
}
