package main

import (
	"context"

	"github.com/spf13/cobra"

	"handfast/refimpl/access"
	"handfast/refimpl/link"
)

func newDel(e env) *cobra.Command {
	c := client{env: e}
	var seen string
	cmd := &cobra.Command{
		Use:   "del ADDR NAMESPACE KEY",
		Short: "Delete an object of a peer",
		Long: `Delete an object of a peer that was started with serve --data. Without --context everything that the peer has of it is deleted; with the
context that a get has printed, what that get has seen: what was written since stands beside the deletion.
Exit code 0: deleted, and durable. 1: refused, or there is no value, and stderr says so. 3: no link could be opened.`,
		Example: `  handfast del 127.0.0.1:7400 default greeting`,
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, s, err := objectArgs(args, seen, cmd.Flags().Changed("context"))
			if err != nil {
				return err
			}
			return c.ask(cmd.Context(), args[0], func(ctx context.Context, l *link.Link) error {
				w, err := access.Delete(ctx, l, k, s)
				if err != nil {
					return err
				}
				return c.written("deleted", w)
			})
		},
	}
	cmd.Flags().StringVar(&seen, "context", "", "`context` of a get, in hexadecimal")
	c.add(cmd.Flags())
	return cmd
}
