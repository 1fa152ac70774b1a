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
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

func newCall(e env) *cobra.Command {
	var (
		c      callCmd
		older  fastDialFlags
		secure tlsFlags
		logs   logFlags
	)
	cmd := &cobra.Command{
		Use:   "call ADDR METHOD [ARGS]",
		Short: "Call a method of a peer and print its replies",
		Long: `Call a method of a peer and print its replies, one a line. ARGS is text that is sent as it is; with a prefix it is
  hex:0A0B     bytes
  @FILE        the contents of a file, - being stdin
  {...}        a JSON object, which becomes a MessagePack map: {"n": 3, "size": 8}
Exit code 0: the call succeeded. 1: it failed, and stderr says how. 3: no link could be opened.`,
		Example: `  handfast call 127.0.0.1:7400 echo hello
  handfast call 127.0.0.1:7400 stream '{"n": 3, "size": 4}'
  handfast call 127.0.0.1:7400 sleep '{"ms": 5000}' --deadline 1s`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if older.on {
				return fastCall(cmd.Context(), e, &older, &c, args)
			}
			c.env, c.addr, c.method = e, args[0], args[1]
			if len(args) == 3 {
				var err error
				if c.args, err = parseArgs(e, args[2]); err != nil {
					return err
				}
			}
			conf, err := newLinkConfig("")
			if err != nil {
				return err
			}
			conf.Protos = map[string][]uint16{call.Proto: {call.Version}}
			if conf.Logger, err = logs.logger(e); err != nil {
				return err
			}
			tlsConf, err := secure.client()
			if err != nil {
				return err
			}
			conn, err := dial.Transport(cmd.Context(), c.addr, tlsConf)
			if err != nil {
				return &exitError{code: exitMeasured, err: err, hint: "is a peer listening there? handfast serve starts one"}
			}
			l, err := link.Dial(cmd.Context(), conn, conf)
			if err != nil {
				return &exitError{code: exitMeasured, err: err, hint: openHint(err)}
			}
			err = c.run(cmd.Context(), l)
			_ = l.Close(codec.CodeNoError, "")
			return err
		},
	}
	f := cmd.Flags()
	f.DurationVar(&c.deadline, "deadline", 0, "give up after this long (default: never)")
	f.BoolVar(&c.json, "json", false, "print one JSON object a line: {\"reply\": HEX}, then {\"end\": ...}")
	f.BoolVar(&c.hex, "hex", false, "print replies in hexadecimal")
	older.add(f, "speak Fast: ARGS is a JSON array, and each value is printed as JSON")
	secure.addDialer(f)
	logs.add(f, "off")
	return cmd
}

type callCmd struct {
	env          env
	addr, method string
	args         []byte
	deadline     time.Duration
	json, hex    bool
}

func (c *callCmd) run(ctx context.Context, l *link.Link) error {
	if c.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.deadline)
		defer cancel()
	}
	s, err := call.Open(ctx, l, c.method, c.args, true)
	if err != nil {
		return c.failed(err)
	}
	for {
		value, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return c.ended()
		}
		if err != nil {
			return c.failed(err)
		}
		if err := c.print(value); err != nil {
			s.Cancel()
			return &exitError{code: exitDiffers, err: err}
		}
	}
}

func (c *callCmd) print(value []byte) error {
	var err error
	switch {
	case c.json:
		err = json.NewEncoder(c.env.stdout).Encode(map[string]string{"reply": hex.EncodeToString(value)})
	case c.hex:
		_, err = fmt.Fprintf(c.env.stdout, "%x\n", value)
	default:
		_, err = fmt.Fprintln(c.env.stdout, readable(value))
	}
	return err
}

// readable shows text as text, a map as JSON, and everything else in hexadecimal.
func readable(value []byte) string {
	if v, err := codec.DecodeValue(value); err == nil {
		if m, ok := v.(map[string]any); ok {
			if b, err := json.Marshal(m); err == nil {
				return string(b)
			}
		}
	}
	if printable(value) {
		return string(value)
	}
	return "hex:" + hex.EncodeToString(value)
}

// printable tells whether bytes are text that does a terminal no harm.
func printable(value []byte) bool {
	return strings.IndexFunc(string(value), func(r rune) bool {
		return r != '\n' && r != '\t' && (r < ' ' || r == utf8.RuneError || r == 0x7F)
	}) < 0
}

func (c *callCmd) ended() error {
	if c.json {
		return json.NewEncoder(c.env.stdout).Encode(map[string]any{"end": "ok"})
	}
	return nil
}

func (c *callCmd) failed(err error) error {
	if c.json {
		m := map[string]any{"end": "error", "text": err.Error(), "processed": call.Processed(err)}
		if e, ok := errors.AsType[*call.Error](err); ok {
			m["code"], m["name"] = e.Code.String(), e.Name
		} else if e, ok := errors.AsType[*link.Error](err); ok {
			m["code"] = e.Code.String()
		}
		_ = json.NewEncoder(c.env.stdout).Encode(m)
	}
	return &exitError{code: exitDiffers, err: err, hint: "processed: " + call.Processed(err)}
}

// openHint says what to do about a link that was not opened.
func openHint(err error) string {
	e, ok := errors.AsType[*link.Error](err)
	if !ok {
		return ""
	}
	switch e.Code {
	case codec.CodeUnauthenticated:
		return "this address wants TLS: try --tls with --tls-ca, --tls-cert and --tls-key"
	case codec.CodeNoVersion:
		if e.Refuse != nil {
			return fmt.Sprintf("the other side speaks wire versions %v, this one %d", e.Refuse.Vers, codec.WireVersion)
		}
	case codec.CodeOpenTimeout:
		return "something listens there but does not speak Handfast, or is overloaded"
	}
	return "does the other side speak Handfast on this address? handfast conform server " + "ADDR says more"
}

// parseArgs reads ARGS in the forms that the help lists.
func parseArgs(e env, s string) ([]byte, error) {
	switch {
	case strings.HasPrefix(s, "hex:"):
		b, err := hex.DecodeString(s[4:])
		if err != nil {
			return nil, usageError("ARGS after hex: %v", err)
		}
		return b, nil
	case s == "@-":
		return io.ReadAll(e.stdin)
	case strings.HasPrefix(s, "@"):
		b, err := os.ReadFile(s[1:])
		if err != nil {
			return nil, usageError("ARGS: %v", err)
		}
		return b, nil
	case strings.HasPrefix(s, "{"):
		return jsonArgs(s)
	}
	return []byte(s), nil
}

// jsonArgs turns a JSON object into a MessagePack map; numbers must be integers.
func jsonArgs(s string) ([]byte, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, usageError("ARGS are not JSON: %v", err)
	}
	v, err := integers(v)
	if err != nil {
		return nil, err
	}
	b, err := codec.AppendValue(nil, v)
	if err != nil {
		return nil, usageError("ARGS cannot be sent: %v", err)
	}
	return b, nil
}

func integers(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return nil, usageError("ARGS: %s is not an integer, and MessagePack here has no fractions", v)
		}
		return n, nil
	case map[string]any:
		for k, e := range v {
			n, err := integers(e)
			if err != nil {
				return nil, err
			}
			v[k] = n
		}
	case []any:
		for i, e := range v {
			n, err := integers(e)
			if err != nil {
				return nil, err
			}
			v[i] = n
		}
	}
	return v, nil
}
