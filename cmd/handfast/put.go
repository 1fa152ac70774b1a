package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"handfast/refimpl/access"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

func newPut(e env) *cobra.Command {
	c := client{env: e}
	var seen string
	cmd := &cobra.Command{
		Use:   "put ADDR NAMESPACE KEY [VALUE]",
		Short: "Write an object of a peer",
		Long: `Write an object of a peer that was started with serve --data. VALUE is text that is written as it is; hex:0A0B is bytes, @FILE the
contents of a file, and - or no VALUE what comes on stdin: both are sent as they are read. KEY may be hex: too.
Without --context the value replaces whatever the peer has. With the context that a get has printed it replaces what that get has seen,
and stands beside what was written since. --context none replaces nothing.
Exit code 0: written, and durable. 1: refused, and stderr says why. 3: no link could be opened.`,
		Example: `  handfast put 127.0.0.1:7400 default greeting hello
  handfast put 127.0.0.1:7400 default photo @photo.jpg`,
		Args: cobra.RangeArgs(3, 4),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, s, err := objectArgs(args, seen, cmd.Flags().Changed("context"))
			if err != nil {
				return err
			}
			text := "-"
			if len(args) == 4 {
				text = args[3]
			}
			value, size, err := c.value(text)
			if err != nil {
				return err
			}
			defer func() { _ = value.Close() }()
			return c.ask(cmd.Context(), args[0], func(ctx context.Context, l *link.Link) error {
				w, err := access.PutFrom(ctx, l, k, s, value, size)
				if err != nil {
					return err
				}
				return c.written("written", w)
			})
		},
	}
	cmd.Flags().StringVar(&seen, "context", "", "`context` of a get, in hexadecimal; none replaces nothing")
	c.add(cmd.Flags())
	return cmd
}

// value opens VALUE. size is negative where it is not known.
func (c *client) value(text string) (r io.ReadCloser, size int64, err error) {
	switch {
	case text == "-":
		return io.NopCloser(c.env.stdin), -1, nil
	case strings.HasPrefix(text, "@"):
		f, err := os.Open(text[1:])
		if err != nil {
			return nil, 0, usageError("VALUE: %v", err)
		}
		info, err := f.Stat()
		switch {
		case err == nil && info.IsDir():
			return nil, 0, errors.Join(usageError("VALUE: %s is a folder", text[1:]), f.Close())
		case err == nil && info.Mode().IsRegular():
			return f, info.Size(), nil
		}
		return f, -1, nil
	case strings.HasPrefix(text, "hex:"):
		b, err := hex.DecodeString(text[4:])
		if err != nil {
			return nil, 0, usageError("VALUE after hex: %v", err)
		}
		text = string(b)
	}
	return io.NopCloser(strings.NewReader(text)), int64(len(text)), nil
}

// objectArgs reads ADDR NAMESPACE KEY and --context.
func objectArgs(args []string, seen string, given bool) (k store.Key, s access.Seen, err error) {
	k = store.Key{Namespace: args[1], Name: args[2]}
	if rest, ok := strings.CutPrefix(args[2], "hex:"); ok {
		b, err := hex.DecodeString(rest)
		if err != nil {
			return k, s, usageError("KEY after hex: %v", err)
		}
		k.Name = string(b)
	}
	if err := k.Validate(); err != nil {
		return k, s, &exitError{code: exitUsage, err: err}
	}
	switch {
	case !given:
		return k, s, nil
	case seen == "none":
		return k, access.SeenContext(nil), nil
	}
	b, err := hex.DecodeString(seen)
	if err != nil || len(b) == 0 {
		return k, s, usageError("--context is hexadecimal as get prints it, or none")
	}
	return k, access.SeenContext(b), nil
}

// written prints what an object is behind a write.
func (c *client) written(what string, w *access.Written) error {
	if c.json {
		return json.NewEncoder(c.env.stdout).Encode(map[string]any{"context": hex.EncodeToString(w.Context), "siblings": w.Siblings})
	}
	_, err := fmt.Fprintf(c.env.stdout, "%s, %s\ncontext %x\n", what, count(w.Siblings, "sibling"), w.Context)
	return err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
