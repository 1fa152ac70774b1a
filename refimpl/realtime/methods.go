package realtime

import (
	"context"
	"errors"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
	"handfast/refimpl/store"
)

// The methods by which an operator says what becomes of a remote (spec/access.md).
const (
	MethodEnable  = "remote.enable"
	MethodDisable = "remote.disable"
	MethodStart   = "remote.start"
	MethodStop    = "remote.stop"
)

// AddMethods registers the methods, for callers whose links admit allows (ACCS-024); nil: for everybody.
func AddMethods(srv *call.Server, r *Replicated, admit func(*link.Link) bool) {
	for method, do := range map[string]func(string) error{MethodEnable: r.Enable, MethodDisable: r.Disable, MethodStart: r.Start, MethodStop: r.Stop} {
		srv.Handle(method, call.Only(admit, func(_ context.Context, q *call.Request, w *call.Writer) error {
			v, err := codec.ParseValue(q.Args)
			if err != nil || v.Kind() != codec.ValueMap {
				return call.ErrBadArgument("arguments are no map in the strict profile")
			}
			name, _ := v.Lookup("name")
			text, ok := name.Str()
			if !ok {
				return call.ErrBadArgument("name is required, a str")
			}
			if err := do(string(text)); err != nil {
				return refusal(err)
			}
			return w.Reply(nil)
		}))
	}
}

// refusal is what ERROR says of a call that was not carried out.
func refusal(err error) error {
	e := &call.Error{Code: codec.CodeCallFailed, Text: err.Error(), Processed: codec.ProcessedNo}
	switch {
	case errors.Is(err, ErrNoRemote):
		e.Name = "NO_REMOTE"
	case errors.Is(err, ErrName):
		e.Name, e.Code = "NAME", codec.CodeCallBadArgument
	case errors.Is(err, ErrClosed):
		e.Name = string(store.CodeClosed)
	default: // a disk: the change stands for this process, and whether it was stored is not known
		e.Name, e.Processed = string(store.CodeOf(err)), codec.ProcessedMaybe
	}
	return e
}

// Control calls one of the methods at a peer. Errors are those of call.Call.
func Control(ctx context.Context, l *link.Link, method, name string) error {
	args := codec.AppendStr(codec.AppendStr(codec.AppendMapHeader(nil, 1), "name"), name)
	_, err := call.Call(ctx, l, method, args, nil)
	return err
}
