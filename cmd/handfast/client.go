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
	"handfast/refimpl/store"
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
	return &exitError{code: exitDiffers, err: err, hint: callHint(err)}
}

// callHint says what to do about a call that failed, and whether something was done.
func callHint(err error) string {
	hint := "processed: " + call.Processed(err)
	e, ok := errors.AsType[*call.Error](err)
	if !ok {
		return hint
	}
	if e.Code == codec.CodeCallUnknownMethod {
		return "this peer does not serve that: was it started with serve --data?"
	}
	what := map[string]string{
		string(store.CodeNotFound): "there is no such object",
		string(store.CodeTooLarge): "the peer's limit is that of its serve --max-object: 16 MiB unless its operator says otherwise",
		"NO_REMOTE":                "handfast status lists the remotes",
		string(store.CodeDenied):   "serve --namespace has the peer keep a namespace",
		string(store.CodeContext):  "get shows the context that there is now",
		string(store.CodeLimit):    "a put with the context of a get replaces the siblings that it has shown",
		string(store.CodeFull):     "make room on the peer's disk",
		string(store.CodeDisk):     "the peer writes nothing any more before it is started again",
		string(store.CodeBusy):     "try again",
	}[e.Name]
	if what == "" {
		return hint
	}
	return what + "; " + hint
}
