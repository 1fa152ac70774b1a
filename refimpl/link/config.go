package link

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"time"

	"handfast/codec"
)

// Handler takes the streams that the other side opens for one sub-protocol.
type Handler interface {
	// HandleStream is called on the goroutine that reads the link, after OPEN was checked and before any of the stream's
	// data is looked at. It answers with s.Accept or s.Reject before it returns, and must not block: work that may wait
	// belongs into s.Go.
	HandleStream(s *Stream, params []byte)
}

// HandlerFunc is a function as a [Handler].
type HandlerFunc func(s *Stream, params []byte)

// HandleStream calls f.
func (f HandlerFunc) HandleStream(s *Stream, params []byte) { f(s, params) }

// Config says what a peer offers and how it behaves. It may be shared by many links and is not changed by them.
type Config struct {
	// Node and Cluster are the ids stated in HELLO. Node must not be zero.
	Node, Cluster [16]byte
	// ClusterName is for people, at most 64 bytes. Default: none.
	ClusterName string
	// Incarnation grows with each start of the process (HELLO-025). Default: 0.
	Incarnation uint64
	// Software is stated as sw, at most 64 bytes. Default: none.
	Software string
	// Limits binds what the other side sends (chapter 15). A field outside its range is an error, and so is zero: a limit
	// of zero refuses and is never taken for one that is absent (LIM-002). Nil: the defaults of the specification.
	Limits *codec.Limits
	// Protos lists the versions of each sub-protocol that is offered. Default: those of Handlers, version 1.
	Protos map[string][]uint16
	// Handlers takes the streams that the other side opens; an OPEN for a sub-protocol without handler is rejected.
	Handlers map[string]Handler
	// Caps is offered beside the five probes and grease, which are always offered. tls.bind is added on TLS.
	Caps codec.Caps
	// Delivery offers the capability of channels (spec/delivery.md).
	Delivery bool
	// Admit decides about the other side, when its HELLO was read and before READY: proved is the identity that TLS has proved, empty where it has proved
	// none. An error ends the opening with link error IDENTITY_MISMATCH (TLS-011). It must not block. Default: everybody.
	Admit func(proved string, hello *codec.Hello) error
	// Need names capabilities without which no link is opened (CAP-011).
	Need []string
	// OpenTimeout bounds the time to a whole opening and READY. Range 1 ms to 10 s; default 10 s (HELLO-016, READY-012).
	OpenTimeout time.Duration
	// MaxWindow bounds how far a stream's window may grow beyond its first grant, in charge. Range stream_credit to 1 GiB;
	// default 4 MiB. Memory for unread messages of a link stays below LinkWindow.
	MaxWindow uint64
	// MaxJoining bounds the memory of all messages of a link that are being joined from pieces, in bytes; beyond it a
	// stream is reset with OVERLOADED (OPT-006). Range max_message to 4 GiB; default twice max_message.
	MaxJoining uint64
	// MaxUnsent bounds the memory of all messages of a link that were sent by this side and not yet taken by the transport, in
	// bytes; beyond it Send waits, in the order in which streams came. A message of 32 KiB or more that can be written at once
	// stays where the caller has it and does not count. Range 256 KiB to 1 GiB, so that zero is an error and never a bound
	// that is absent (LIM-002). Nil: 512 KiB.
	MaxUnsent *int
	// WorkTimeout is how long Close and Drain wait, after the end of the transport, for handlers to see that their context
	// has ended. Range 0 and up: zero does not wait. Nil: 5 s.
	WorkTimeout *time.Duration
	// GreaseEvery is the mean number of frames between two grease frames (EXT-003). Default 1,000; negative: only the
	// one after READY, which is an obligation.
	GreaseEvery int
	// Rand is the source of nonces and grease. Default: crypto/rand. It must be safe for concurrent use.
	Rand io.Reader
	// Logger takes life-cycle events (Info), faults of the other side (Warn) and of this one (Error), and frames (Debug).
	// Default: none.
	Logger *slog.Logger
}

// Validate reports every field outside its range at once. Fields that were left out are in range.
func (c *Config) Validate() error {
	var errs []error
	bad := func(name string, got, lo, hi any) {
		errs = append(errs, fmt.Errorf("link: %s is %v, not within %v to %v", name, got, lo, hi))
	}
	if c.Node == ([16]byte{}) {
		errs = append(errs, errors.New("link: Node is zero: every peer needs an id of its own"))
	}
	if len(c.ClusterName) > 64 {
		bad("ClusterName length", len(c.ClusterName), 0, 64)
	}
	if len(c.Software) > 64 {
		bad("Software length", len(c.Software), 0, 64)
	}
	if c.Limits != nil {
		if err := c.Limits.Validate(); err != nil {
			errs = append(errs, err)
		}
	}
	if c.OpenTimeout != 0 && (c.OpenTimeout < time.Millisecond || c.OpenTimeout > codec.OpenTimeout*time.Millisecond) {
		bad("OpenTimeout", c.OpenTimeout, time.Millisecond, codec.OpenTimeout*time.Millisecond)
	}
	lim := codec.DefaultLimits()
	if c.Limits != nil {
		lim = *c.Limits
	}
	if c.MaxWindow != 0 && (c.MaxWindow < lim.StreamCredit || c.MaxWindow > 1<<30) {
		bad("MaxWindow", c.MaxWindow, lim.StreamCredit, 1<<30)
	}
	if c.MaxJoining != 0 && (c.MaxJoining < lim.MaxMessage || c.MaxJoining > 4<<30) {
		bad("MaxJoining", c.MaxJoining, lim.MaxMessage, 4<<30)
	}
	if c.MaxUnsent != nil && (*c.MaxUnsent < minUnsent || *c.MaxUnsent > 1<<30) {
		bad("MaxUnsent", *c.MaxUnsent, minUnsent, 1<<30)
	}
	if c.WorkTimeout != nil && *c.WorkTimeout < 0 {
		errs = append(errs, errors.New("link: WorkTimeout is negative"))
	}
	return errors.Join(errs...)
}

// minUnsent is nearly two of the largest send buffers. With less a stream could hardly fill one while another is written.
const minUnsent = 256 << 10

// withDefaults gives a copy with every absent field filled.
func (c Config) withDefaults() Config {
	if c.Limits == nil {
		lim := codec.DefaultLimits()
		c.Limits = &lim
	}
	if c.Protos == nil {
		c.Protos = make(map[string][]uint16, len(c.Handlers))
		for name := range c.Handlers {
			c.Protos[name] = []uint16{1}
		}
	}
	if c.OpenTimeout == 0 {
		c.OpenTimeout = codec.OpenTimeout * time.Millisecond
	}
	if c.MaxWindow == 0 {
		c.MaxWindow = max(4<<20, c.Limits.StreamCredit)
	}
	if c.MaxJoining == 0 {
		c.MaxJoining = 2 * c.Limits.MaxMessage
	}
	if c.MaxUnsent == nil {
		c.MaxUnsent = new(512 << 10)
	}
	if c.WorkTimeout == nil {
		c.WorkTimeout = new(5 * time.Second)
	}
	if c.GreaseEvery == 0 {
		c.GreaseEvery = 1000
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Caps = maps.Clone(c.Caps)
	return c
}
