// Package channel is the profile delivery on links: Source sends a channel's records, Sink takes those of other peers. They own
// the goroutines, the clock and the streams, and drive the cores of package delivery. spec/delivery.md is their contract.
//
//	src := channel.NewSource(channel.SourceConfig{Queue: queue, Proto: "realtime"})
//	src.Attach(l) // on every new link
//	seq, err := src.Push(ctx, record)
//
//	sink, err := channel.NewSink(channel.SinkConfig{Transactional: store})
//	link.Config{Delivery: true, Handlers: map[string]link.Handler{"realtime": sink}}
//
// The promise is that of the page: with a durable queue and a transactional store nothing is lost or applied twice, whatever
// ends. With a plain store records may come again, flagged.
//
// How it is built. A Source has a goroutine that opens streams, and one for each stream, which fills frames with what waits in the
// queue whenever the stream has room: the slower the link, the more records share a frame. ACK is taken where it was read. A Sink takes frames
// where they were read, copies their records, and applies them by one goroutine for each channel that has work: everything that
// has arrived meanwhile is one batch and one commit. A store that does not wait can have them where they were read, without a copy
// (SinkConfig.Inline). An ACK is sent as soon as nothing has arrived that was not applied.
//
// Locks: Source.mu and Sink.mu are taken before those of package link. None is held over a commit, a write to a transport, or a
// wait.
package channel
