package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"handfast/refimpl/link"
	"handfast/refimpl/peers"
	"handfast/refimpl/status"
)

func newPeer(e env) *cobra.Command {
	c := client{env: e}
	var one peers.Peer
	cmd := &cobra.Command{
		Use:   "peer ADDR list | add NAME [HOST:PORT] | remove NAME",
		Short: "Say with which peers a peer keeps its objects the same",
		Long: `Say with which peers the peer at ADDR, which was started with serve --data, keeps its objects the same. The list lies in the file of its objects
and holds over the end of its process.
  list    prints the peers, and what the last session with each has come to
  add     takes a peer in, or gives it another address or identity; from now on sessions are begun with it
  remove  takes a peer out; a session that goes on ends as usual
--key binds the ids of --node and --cluster to a TLS key: who claims them with another key, or without TLS, is refused with
IDENTITY_MISMATCH, in both directions. The key of a peer stands in the status of those that it is linked to.
Exit code 0: done. 1: refused, and stderr says why. 3: no link.`,
		Example: `  handfast peer 127.0.0.1:7401 add paris 127.0.0.1:7402
  handfast peer 127.0.0.1:7401 list`,
		Args: cobra.RangeArgs(2, 4),
		RunE: func(cmd *cobra.Command, args []string) error {
			do, err := peerVerb(&c, &one, args[1:])
			if err != nil {
				return err
			}
			return c.ask(cmd.Context(), args[0], do)
		},
	}
	c.add(cmd.Flags())
	cmd.Flags().StringVar(&one.Node, "node", "", "with add: the peer's node id, 32 hexadecimal `digits`")
	cmd.Flags().StringVar(&one.Cluster, "cluster", "", "with add: its cluster id, 32 hexadecimal `digits`")
	cmd.Flags().StringVar(&one.Key, "key", "", "with add: the `identity` that its certificate proves, key: and 64 hexadecimal digits")
	return cmd
}

// peerVerb gives what a verb and its arguments ask for.
func peerVerb(c *client, one *peers.Peer, args []string) (func(context.Context, *link.Link) error, error) {
	switch verb := args[0]; {
	case verb == "list" && len(args) == 1:
		return func(ctx context.Context, l *link.Link) error { return listPeers(ctx, c, l) }, nil
	case verb == "add" && len(args) >= 2, verb == "remove" && len(args) == 2:
		one.Name = args[1]
		if len(args) > 2 {
			one.Address = args[2]
		}
		if err := one.Validate(); err != nil {
			return nil, &exitError{code: exitUsage, err: err}
		}
		method := peers.MethodAdd
		if verb == "remove" {
			method = peers.MethodRemove
		}
		return func(ctx context.Context, l *link.Link) error { return peers.Control(ctx, l, method, *one) }, nil
	}
	return nil, usageError("%q is none of list, add NAME [HOST:PORT], remove NAME", args)
}

func listPeers(ctx context.Context, c *client, l *link.Link) error {
	r, _, err := status.Get(ctx, l)
	if err != nil {
		return err
	}
	if c.json {
		return json.NewEncoder(c.env.stdout).Encode(r.Peers)
	}
	w := tabwriter.NewWriter(c.env.stdout, 0, 0, 2, ' ', 0)
	showPeers(w, r.Peers)
	return w.Flush()
}

// showPeers prints the list of peers for people.
func showPeers(w io.Writer, list []peers.Entry) {
	if len(list) > 0 {
		fmt.Fprintf(w, "\nPEER\tADDRESS\tNODE\tKEY\tSESSIONS\tLAST\tWHOLE\n")
	}
	for _, p := range list {
		whole := "-"
		if p.LastWhole != nil {
			whole = time.Since(*p.LastWhole).Round(time.Second).String() + " ago"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", visible(p.Name), dash(p.Address), dash(short("node:" + p.Node)[5:]), dash(short(p.Key)), p.Sessions, dash(p.Outcome), whole)
	}
	for _, p := range list {
		if p.Error != "" {
			fmt.Fprintf(w, "\n%s (%s): %s\n", visible(p.Name), visible(p.Address), visible(p.Error))
		}
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return visible(s)
}
