package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// client is what every command has that asks a peer by call.
type client struct {
	env     env
	secure  tlsFlags
	logs    logFlags
	timeout time.Duration
	json    bool
}

func (c *client) add(f *pflag.FlagSet) {
	f.DurationVar(&c.timeout, "timeout", 30*time.Second, "give up after this long")
	f.BoolVar(&c.json, "json", false, "print one JSON object")
	c.secure.addDialer(f)
	c.logs.add(f, "off")
}

// ask opens a link to a peer, calls f, and closes the link.
func (c *client) ask(ctx context.Context, addr string, f func(context.Context, *link.Link) error) error {
	if c.timeout <= 0 {
		return usageError("--timeout %v: it is more than 0", c.timeout)
	}
	conf, err := newLinkConfig("")
	if err != nil {
		return err
	}
	conf.Protos = map[string][]uint16{call.Proto: {call.Version}}
	if conf.Logger, err = c.logs.logger(c.env); err != nil {
		return err
	}
	tlsConf, err := c.secure.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := dial.Transport(ctx, addr, tlsConf)
	if err != nil {
		return &exitError{code: exitMeasured, err: err, hint: "is a peer listening there? handfast serve starts one"}
	}
	l, err := link.Dial(ctx, conn, conf)
	if err != nil {
		return &exitError{code: exitMeasured, err: err, hint: openHint(err)}
	}
	defer func() { _ = l.Close(codec.CodeNoError, "") }()
	err = f(ctx, l)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*exitError](err); ok {
		return err
	}
	hint := "processed: " + call.Processed(err)
	if e, ok := errors.AsType[*call.Error](err); ok && e.Code == codec.CodeCallUnknownMethod {
		hint = "this peer keeps no objects: was it started with serve --data?"
	}
	return &exitError{code: exitDiffers, err: err, hint: hint}
}
