package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"handfast/refimpl/link"
	"handfast/refimpl/realtime"
)

func newRemote(e env) *cobra.Command {
	c := client{env: e}
	verbs := []string{"enable", "start", "stop", "disable"}
	methods := []string{realtime.MethodEnable, realtime.MethodStart, realtime.MethodStop, realtime.MethodDisable}
	cmd := &cobra.Command{
		Use:   "remote ADDR enable|start|stop|disable NAME",
		Short: "Say what becomes of a remote of a peer",
		Long: `Say what becomes of a remote of a peer that was started with serve --data. It holds over the end of the process.
  enable   what is written from now on is queued for the remote, and sent where serve --realtime-to leads to it
  stop     nothing is sent; what is written goes on being queued
  start    what is queued is sent, and what comes
  disable  the queue and what lies there are dropped; a repair has to bring it
serve --realtime-to NAME=ADDR enables and starts its remote at each start. Exit code 0: done. 1: refused, and stderr says why. 3: no link.`,
		Example: `  handfast remote 127.0.0.1:7401 stop paris`,
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := slices.Index(verbs, args[1])
			if at < 0 {
				return usageError("%q is none of %s", args[1], strings.Join(verbs, ", "))
			}
			return c.ask(cmd.Context(), args[0], func(ctx context.Context, l *link.Link) error { return realtime.Control(ctx, l, methods[at], args[2]) })
		},
	}
	c.add(cmd.Flags())
	_ = cmd.Flags().MarkHidden("json") // it prints nothing
	return cmd
}
