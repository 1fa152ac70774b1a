package delivery

import (
	"time"

	"handfast/codec"
)

// Key is what a receiver finds a channel by: the node of the sender, the sub-protocol, and the sender's name for the queue. Node is
// the identity that the transport has proved; without one, what HELLO claims (CHAN-031).
type Key struct{ Node, Proto, Name string }

// KeepDetached is how long a detached channel is kept at least (OPT-010).
const KeepDetached = 7 * 24 * time.Hour

// Channels are the receivers of a peer: at most codec.MaxChannels of one node. They are a core, as Receiver is.
type Channels struct {
	cfg   ReceiverConfig
	all   map[Key]*channel
	ids   map[owned]Key
	nodes map[string]int // channels of each
}

// owned is a channel's id under the node that has said it: what another node says of the same id is nobody else's business (CHAN-031).
type owned struct {
	node string
	id   [16]byte
}

type channel struct {
	*Receiver
	id       [16]byte
	detached time.Duration // since when; of no meaning while attached
}

// NewChannels makes an empty set.
func NewChannels(cfg ReceiverConfig) *Channels {
	return &Channels{cfg: cfg, all: map[Key]*channel{}, ids: map[owned]Key{}, nodes: map[string]int{}}
}

// Load takes in a stored cursor when the process begins.
func (c *Channels) Load(key Key, stored Cursor, now time.Duration) {
	c.put(key, &channel{Receiver: NewReceiver(c.cfg, &stored), id: stored.ID, detached: now})
}

func (c *Channels) put(key Key, one *channel) {
	if _, have := c.all[key]; !have {
		c.nodes[key.Node]++
	}
	c.all[key] = one
	c.ids[owned{key.Node, one.id}] = key
}

// Len gives the number of channels.
func (c *Channels) Len() int { return len(c.all) }

// Receiver gives the channel of a key, nil where there is none.
func (c *Channels) Receiver(key Key) *Receiver {
	if one := c.all[key]; one != nil {
		return one.Receiver
	}
	return nil
}

// Step takes an event of a channel. It fills in Foreign and Full of Offered. The effects are valid until the next Step of the key.
func (c *Channels) Step(key Key, event ReceiverEvent, now time.Duration) []ReceiverEffect {
	one := c.all[key]
	if o, ok := event.(Offered); ok {
		other, known := c.ids[owned{key.Node, o.Channel.ID}]
		o.Foreign = known && other != key
		o.Full = one == nil && c.nodes[key.Node] >= codec.MaxChannels
		event = o
		if one == nil {
			one = &channel{Receiver: NewReceiver(c.cfg, nil)}
		}
	}
	if one == nil {
		return nil
	}
	was := one.Attachment() != 0
	effects := one.Step(event, now)
	if one.known && (c.all[key] == nil || one.cursor.ID != one.id) {
		if old := (owned{key.Node, one.id}); c.ids[old] == key {
			delete(c.ids, old)
		}
		one.id = one.cursor.ID
		c.put(key, one)
	}
	if was || one.Attachment() != 0 {
		one.detached = now
	}
	return effects
}

// Forget drops channels that have been detached for KeepDetached, at most so many, and says which (OPT-010). spare keeps those for which it
// says so; nil keeps none.
func (c *Channels) Forget(now time.Duration, most int, spare func(Key) bool) (gone []Key) {
	for key, one := range c.all {
		if len(gone) == most {
			break
		}
		if one.Attachment() != 0 || one.waiting != nil || len(one.sink) > 0 || now-one.detached < KeepDetached || spare != nil && spare(key) {
			continue
		}
		delete(c.all, key)
		delete(c.ids, owned{key.Node, one.id})
		if c.nodes[key.Node]--; c.nodes[key.Node] == 0 {
			delete(c.nodes, key.Node)
		}
		gone = append(gone, key)
	}
	return gone
}
