// Package mirror is the sub-protocol mirror (spec/mirror.md): it takes the channels of the other side, and sends each record back in a
// channel of its own. It is there so that both sides of the profile delivery can be judged from outside.
//
//	m, err := mirror.New(mirror.Config{})
//	link.Config{Delivery: true, Handlers: map[string]link.Handler{mirror.Proto: m}}
//
// How it is built. One channel.Sink takes all channels. Each that is mirrored has a queue and a channel.Source, which is attached to the
// link on which the Sink has accepted the channel. A record, its mirrored record and the cursor are one commit, so that an ACK never
// comes before the mirrored record is kept.
package mirror
