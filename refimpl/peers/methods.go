package peers

import (
	"context"
	"errors"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

// The methods by which an operator changes the list (spec/access.md).
const (
	MethodAdd    = "peer.add"
	MethodRemove = "peer.remove"
)

// AddMethods registers the methods, for callers whose links admit allows (ACCS-024); nil: for everybody.
func AddMethods(srv *call.Server, l *List, admit func(*link.Link) bool) {
	srv.Handle(MethodAdd, call.Only(admit, func(ctx context.Context, q *call.Request, w *call.Writer) error {
		p, err := parse(q.Args)
		if err != nil {
			return err
		}
		return answer(l.Add(ctx, p), w)
	}))
	srv.Handle(MethodRemove, call.Only(admit, func(ctx context.Context, q *call.Request, w *call.Writer) error {
		p, err := parse(q.Args)
		if err != nil {
			return err
		}
		return answer(l.Remove(ctx, p.Name), w)
	}))
}

func answer(err error, w *call.Writer) error {
	if err != nil {
		return refusal(err)
	}
	return w.Reply(nil)
}

// fields are the keys of arguments, in their order on the wire.
func fields(p *Peer) []struct {
	key string
	to  *string
} {
	return []struct {
		key string
		to  *string
	}{{"address", &p.Address}, {"cluster", &p.Cluster}, {"key", &p.Key}, {"name", &p.Name}, {"node", &p.Node}}
}

// parse reads the arguments of either method.
func parse(args []byte) (p Peer, err error) {
	v, err := codec.ParseValue(args)
	if err != nil || v.Kind() != codec.ValueMap {
		return p, call.ErrBadArgument("arguments are no map in the strict profile")
	}
	for _, f := range fields(&p) {
		one, there := v.Lookup(f.key)
		text, ok := one.Str()
		if there && !ok || f.key == "name" && !there {
			return p, call.ErrBadArgument(f.key + " is a str")
		}
		*f.to = string(text)
	}
	return p, nil
}

// refusal is what ERROR says of a call that was not carried out.
func refusal(err error) error {
	e := &call.Error{Code: codec.CodeCallFailed, Text: err.Error(), Processed: codec.ProcessedNo}
	switch {
	case errors.Is(err, ErrNoPeer):
		e.Name = "NO_PEER"
	case errors.Is(err, ErrPeer):
		e.Name, e.Code = "PEER", codec.CodeCallBadArgument
	case errors.Is(err, ErrMany):
		e.Name = string(store.CodeLimit)
	default: // a disk: whether it was stored is not known
		e.Name, e.Processed = string(store.CodeOf(err)), codec.ProcessedMaybe
	}
	return e
}

// Control calls one of the methods at a peer. Errors are those of call.Call.
func Control(ctx context.Context, l *link.Link, method string, p Peer) error {
	set := fields(&p)
	n := 0
	for _, f := range set {
		if *f.to != "" {
			n++
		}
	}
	args := codec.AppendMapHeader(nil, n)
	for _, f := range set {
		if *f.to != "" {
			args = codec.AppendStr(codec.AppendStr(args, f.key), *f.to)
		}
	}
	_, err := call.Call(ctx, l, method, args, nil)
	return err
}
