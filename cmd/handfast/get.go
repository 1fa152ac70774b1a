package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"handfast/refimpl/access"
	"handfast/refimpl/link"
)

func newGet(e env) *cobra.Command {
	c := client{env: e}
	var raw bool
	cmd := &cobra.Command{
		Use:   "get ADDR NAMESPACE KEY",
		Short: "Read an object of a peer",
		Long: `Read an object of a peer that was started with serve --data. Concurrent writes leave several siblings, and all are shown. The context is
what put and del take with --context: a write that carries it replaces what is shown here.
Exit code 0: there is a value. 1: there is none, and stderr says so. 3: no link could be opened.`,
		Example: `  handfast get 127.0.0.1:7400 default greeting
  handfast get 127.0.0.1:7400 default photo --raw >photo.jpg`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if raw && c.json {
				return usageError("--raw and --json exclude each other")
			}
			k, _, err := objectArgs(args, "", false)
			if err != nil {
				return err
			}
			return c.ask(cmd.Context(), args[0], func(ctx context.Context, l *link.Link) error {
				if !raw {
					o, err := access.Get(ctx, l, k)
					if err != nil {
						return err
					}
					return c.object(o, false)
				}
				o, err := access.GetTo(ctx, l, k, c.env.stdout)
				if err != nil || len(o.Siblings) == 1 && !o.Siblings[0].Tombstone { // it is printed already
					return err
				}
				return c.object(o, true)
			})
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "print the value alone, as it is and as it comes; an object with several values is an error")
	c.add(cmd.Flags())
	return cmd
}

// siblingJSON is a sibling as get --json prints it.
type siblingJSON struct {
	Dot     string  `json:"dot"` // actor in hexadecimal, a colon, the counter
	Deleted bool    `json:"deleted,omitempty"`
	Value   *string `json:"value,omitempty"` // hexadecimal
	Text    string  `json:"text,omitempty"`  // the same, where it is text
}

// object prints an object. One without a value is exit code 1.
func (c *client) object(o *access.Object, raw bool) error {
	values := 0
	out := struct {
		Context  string        `json:"context"`
		Siblings []siblingJSON `json:"siblings"`
	}{Context: hex.EncodeToString(o.Context), Siblings: []siblingJSON{}}
	for _, one := range o.Siblings {
		s := siblingJSON{Dot: fmt.Sprintf("%x:%d", one.Dot.Actor[:], one.Dot.Counter), Deleted: one.Tombstone}
		if !one.Tombstone {
			values++
			s.Value = new(hex.EncodeToString(one.Value))
			if printable(one.Value) {
				s.Text = string(one.Value)
			}
		}
		out.Siblings = append(out.Siblings, s)
	}
	switch {
	case raw && values == 1:
		for _, one := range o.Siblings {
			if !one.Tombstone {
				_, err := c.env.stdout.Write(one.Value)
				return err
			}
		}
	case raw:
		return &exitError{code: exitDiffers, err: fmt.Errorf("the object has %s", count(values, "value")), hint: "without --raw all are shown"}
	case c.json:
		if err := json.NewEncoder(c.env.stdout).Encode(out); err != nil {
			return err
		}
	default:
		for _, one := range o.Siblings {
			text := "deleted"
			if !one.Tombstone {
				text = readable(one.Value)
			}
			if _, err := fmt.Fprintf(c.env.stdout, "%s\n", text); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(c.env.stdout, "%s, context %x\n", count(len(o.Siblings), "sibling"), o.Context); err != nil {
			return err
		}
	}
	if values == 0 {
		return &exitError{code: exitDiffers, err: fmt.Errorf("the object is deleted")}
	}
	return nil
}
