package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"handfast/compat/fast"
)

// fastCall makes a request of Fast: call --fast.
func fastCall(ctx context.Context, e env, d *fastDialFlags, c *callCmd, args []string) error {
	conf, err := d.config()
	if err != nil {
		return err
	}
	argv := "[]"
	if len(args) == 3 {
		argv = args[2]
	}
	if c.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.deadline)
		defer cancel()
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", args[0])
	if err != nil {
		return &exitError{code: exitMeasured, err: err, hint: "is a peer listening there? handfast serve --fast starts one"}
	}
	client := fast.NewClient(conn, conf)
	defer client.Close()
	s, err := client.Stream(ctx, args[1], []byte(argv))
	if errors.Is(err, fast.ErrArguments) {
		return &exitError{code: exitUsage, err: err, hint: `with --fast, ARGS is a JSON array: '["hello"]'`}
	}
	for err == nil {
		var v json.RawMessage
		if v, err = s.Recv(ctx); err == nil {
			err = printFast(e, c.json, v)
		}
	}
	if errors.Is(err, io.EOF) {
		if c.json {
			return json.NewEncoder(e.stdout).Encode(map[string]string{"end": "ok"})
		}
		return nil
	}
	if c.json {
		_ = json.NewEncoder(e.stdout).Encode(fastFailure(err))
	}
	return &exitError{code: exitDiffers, err: err}
}

func printFast(e env, asJSON bool, v json.RawMessage) error {
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(map[string]json.RawMessage{"reply": v})
	}
	_, err := fmt.Fprintf(e.stdout, "%s\n", v)
	return err
}

// fastFailure is the last line of a failed request with --json.
func fastFailure(err error) map[string]any {
	m := map[string]any{"end": "error", "text": err.Error()}
	if f, ok := errors.AsType[*fast.ServerError](err); ok {
		m["name"], m["error"] = f.Name, f.Raw
	}
	if p, ok := errors.AsType[*fast.ProtocolError](err); ok {
		m["fastReason"] = string(p.Reason)
	}
	return m
}
