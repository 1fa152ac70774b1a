package main

// handfastPeer is Handfast, the only place in this module that knows its API. It takes part in nothing until
// refimpl/link and refimpl/call are there; then takes names every workload, and:
//
//   - dial: tcpPair, a link on each end (the acceptor in a goroutine while the dialer opens), both READY. A link is
//     silent in `idle` apart from its heartbeat, so it needs no rest method.
//   - open: the dialer opens a stream, the acceptor accepts it; keep both in the pipe. One opening at a time.
//   - send: count calls of Stream.Send(msg), which may leave the tail to the flusher.
//   - recv: one Stream.Recv of a batch, check each length against size, return the batch's length.
//   - echo: one link and one call.Client for all callers, each with its own reply buffer:
//     eachCall(func() error { reply, err = client.Call(ctx, "echo", msg, reply[:0]); return err }).
func handfastPeer() peer {
	return peer{name: implHandfast}
}
