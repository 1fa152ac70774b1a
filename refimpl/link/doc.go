// Package link is one link of Handfast: the opening, the frames, the heartbeat, streams with credit at two levels, and
// an end in good order. SPEC.md chapters 4 to 16 are its contract.
//
//	l, err := link.Dial(ctx, conn, link.Config{Protos: map[string][]uint16{"call": {1}}})
//	s, err := l.Open(ctx, "call", nil)
//	err = s.Send(request)
//	reply, err := s.Recv()
//
// How it is built. Rules that do not need a goroutine are pure cores that are driven by hand in tests: [Heartbeat],
// [ClockFilter], [Window], [Calm]. A link has two goroutines: one reads frames and acts on them, one writes what was
// queued when nobody else does. Who fills a buffer writes it. What one peer owes the other as a reply (PONG, CREDIT,
// STREAMS) is a field and not a queue, so that no peer can make this one remember more by asking more often (CRED-010),
// and reading never waits for writing (CRED-011).
//
// Locks, in the order in which they may be taken: Link.mu (streams, ids, state), Stream.mu (both halves of one stream),
// writer.mu (what waits to be written). None is held over I/O or a callback.
//
// What it does not do: it does not dial, resolve, retry or reconnect (package dial), and it knows no sub-protocol.
package link
