// Package sync is the sub-protocol sync: one session makes two stores hold the same objects of one namespace (spec/sync.md).
//
//	cfg.Handlers[sync.Proto] = sync.NewHandler(sync.Settings{Store: s, Allow: allow})
//
//	report, err := sync.Run(ctx, l, sync.Options{Store: s, Namespace: "users"})
//
// [Initiator] and [Responder] are pure cores: they have no goroutine, clock or socket. They take messages, read the store through [Reader],
// and give effects; whoever runs them sends, merges, and tells them the results. Run and Handler do that over streams of a link.
//
// What it does not do: it does not choose what is right between concurrent writes, which is the store's affair, and it does not keep the
// list of members.
package sync

// Proto is the sub-protocol's name, and Version the version of it that this package speaks.
const (
	Proto   = "sync"
	Version = 1
)
