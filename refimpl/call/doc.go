// Package call is the sub-protocol call: one request, any number of replies, an end (spec/call.md).
//
//	srv := call.NewServer()
//	srv.Handle("double", func(ctx context.Context, r *call.Request, w *call.Writer) error { return w.Reply(append(r.Args, r.Args...)) })
//	cfg.Handlers = map[string]link.Handler{call.Proto: srv}
//
//	reply, err := call.Call(ctx, l, "double", []byte("ab"), nil)
//
// A method that is short and never waits may be an [Inline]: it runs where its request was read and costs no goroutine.
//
// What it does not do: it does not retry, and it does not decode arguments.
package call

// Proto is the sub-protocol's name, and Version the version of it that this package speaks.
const (
	Proto   = "call"
	Version = 1
)
