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
// What it holds. Bytes that have arrived are bounded by the windows that were granted. Bytes that wait to be sent are bounded
// by Config.MaxUnsent for all streams together: while the transport takes nothing, senders wait for it, first come, first
// served. A peer that asks on many streams and reads nothing costs at most twice what it has sent, 64 KiB, MaxUnsent and
// 64 KiB for the frames of control, and 8 KiB for each stream that it has open, the goroutine of its handler included; what
// a handler keeps by itself comes on top.
//
// Channels. A stream whose sub-protocol uses delivery (spec/delivery.md) is handed to its owner, package channel, frame by frame:
// this package keeps to credit, to the state of the stream, and to the order of its frames, and the owner to everything else. An
// ACK that waits to be sent is a field, as other replies are.
//
// How it behaves towards others. Early RESETs leave at the pace that every receiver tolerates (CALM-003): beyond it they wait
// here, and when many wait, so does Open. Handlers that ignore the end of their link are waited for no longer than
// Config.WorkTimeout, and named.
//
// Locks, in the order in which they may be taken: Link.mu (streams, ids, state), Stream.mu (both halves of one stream),
// Link.resetMu (RESETs that wait), writer.mu (what waits to be written), and the leaves unsent.mu, Link.joinMu and
// Link.workMu. None is held over I/O, and none over a callback but that of SendMade.
//
// What it does not do: it does not dial, resolve, retry or reconnect (package dial), and it knows no sub-protocol.
package link
