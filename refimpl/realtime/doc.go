// Package realtime is the sub-protocol realtime (spec/realtime.md): what is written into a store goes to other stores at once, over channels
// of the profile delivery.
//
//	rt, err := realtime.New(realtime.Config{Store: s, Cluster: id, Dir: dir})
//	link.Config{Delivery: true, Cluster: id, Handlers: map[string]link.Handler{realtime.Proto: rt.Sink()}}
//	err = rt.Enable("paris") // what is written from now on is queued for the remote
//	rt.Attach("paris", l)    // on every new link to it
//	err = rt.Update(ctx, func(tx store.Tx) error { ... })
//
// Replicated is itself a store.Store: whoever writes through it, be it a client, a repair or the sink of another remote, is replicated.
//
// How it is built. The store and the queues are different files, so that a process may end between the commit of a write and its queueing.
// For each remote the store therefore keeps a node clock of what was queued, which never runs ahead: what the store has beyond it is queued
// again at the next start. A sink takes content that it has as a no-op, so that this costs nothing but bytes. A queue that fails is treated the
// same way, without a restart.
package realtime
