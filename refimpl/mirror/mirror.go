package mirror

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

// Proto is the name of the sub-protocol, Version its version.
const (
	Proto   = "mirror"
	Version = 1
)

// suffix is the end of the name of a mirror. What comes under such a name has no effect.
const suffix = "~"

// maxName is the longest name of a channel, in bytes.
const maxName = 64

// A mirror is opened again within 1 s (MIRR-003).
const retryMin, retryMax = 20 * time.Millisecond, 500 * time.Millisecond

// Config says how much is kept, and where.
type Config struct {
	// Dir is the folder in which positions and mirrors are kept, each record of a mirror together with the position that it comes
	// from. One process alone may have it. Default: they are kept in memory, and end with the Mirror.
	Dir string
	// MaxChannels bounds the channels that are taken, of all peers together. Beyond it an OPEN is rejected with OVERLOADED. About
	// as many more may come in the same moment. Default: 1,024.
	MaxChannels int
	// QueueBytes bounds the queue of each mirror, in bytes. Beyond it the oldest records become a GAP. Default: 80 MiB, more than a window.
	QueueBytes uint64
	// MaxMessage is the limit max_message that links state. Default: that of the specification.
	MaxMessage uint64
	// Logger takes what happens to channels. Default: none.
	Logger *slog.Logger
}

// Mirror takes channels and sends them back. It is a link.ChannelHandler for any number of links. Its methods may be called by any
// goroutine.
type Mirror struct {
	cfg   Config
	store store
	sink  *channel.Sink

	mu      sync.Mutex                       // guards the fields below
	sources map[delivery.Key]*channel.Source // by the key of the master
	failed  map[try]bool                     // records that have failed once
	closed  bool
}

// store keeps cursors and mirrored records together.
type store interface {
	channel.Transactional
	// Queue gives the queue of a master's mirror, and makes it where there is none.
	Queue(master delivery.Key) (channel.Queue, error)
	// Len counts the cursors.
	Len() int
	// Cursor gives the cursor of a key, and whether there is one.
	Cursor(key delivery.Key) (delivery.Cursor, bool)
	// Close gives the files back. Nobody uses the queues any more.
	Close() error
}

// New reads what is kept and is ready. Close it.
func New(cfg Config) (*Mirror, error) {
	if cfg.MaxChannels <= 0 {
		cfg.MaxChannels = 1024
	}
	if cfg.QueueBytes == 0 {
		cfg.QueueBytes = 80 << 20
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Mirror{cfg: cfg, sources: map[delivery.Key]*channel.Source{}, failed: map[try]bool{}, store: newMemory(cfg.QueueBytes)}
	var err error
	if cfg.Dir != "" {
		if m.store, err = openDisk(cfg.Dir, cfg.QueueBytes); err != nil {
			return nil, err
		}
	}
	m.sink, err = channel.NewSink(channel.SinkConfig{
		Transactional: commits{m.store, m}, MaxMessage: cfg.MaxMessage, Logger: cfg.Logger,
		OnAttach: m.attach, OnFinish: m.finish, Delay: hold, RetryMin: retryMin, RetryMax: retryMax,
	})
	if err != nil {
		return nil, errors.Join(err, m.store.Close())
	}
	return m, nil
}

// Close ends the streams, waits for what is being applied and sent, and closes the files. The error is that of a file.
func (m *Mirror) Close() error {
	m.sink.Close()
	m.mu.Lock()
	m.closed = true
	all := m.sources
	m.sources = nil
	m.mu.Unlock()
	for _, s := range all {
		s.Close()
	}
	if all == nil { // closed before
		return nil
	}
	return m.store.Close()
}

// Stats reads the counters of the channels that are taken.
func (m *Mirror) Stats() []channel.SinkStats { return m.sink.Stats() }

// HandleStream is never called: a Mirror is a link.ChannelHandler.
func (m *Mirror) HandleStream(st *link.Stream, _ []byte) { st.Reject(codec.CodeProtocol, "CHAN-003") }

// HandleChannel takes an OPEN.
func (m *Mirror) HandleChannel(st *link.Stream, params []byte, ch *codec.Channel) link.ChannelReceiver {
	key := delivery.Key{Node: st.Link().Identity(), Proto: st.Proto(), Name: ch.Name}
	if isMaster(key) && len(key.Name) == maxName {
		st.RejectChannel(codec.CodeProtocol, "MIRR-005: the name leaves no room for that of a mirror")
		return ignored{}
	}
	if _, known := m.store.Cursor(key); !known && m.store.Len() >= m.cfg.MaxChannels {
		st.RejectChannel(codec.CodeOverloaded, "no more channels are taken")
		return ignored{}
	}
	return m.sink.HandleChannel(st, params, ch)
}

// ignored is the receiver of a stream that was rejected.
type ignored struct{}

// OnRecords is never called.
func (ignored) OnRecords(st *link.Stream, _ codec.Records, charge link.Charge) *codec.Error {
	st.Consume(charge)
	return nil
}

// OnGap is never called.
func (ignored) OnGap(*link.Stream, codec.Gap) (bool, *codec.Error) { return true, nil }

// OnFin is never called.
func (ignored) OnFin(*link.Stream) *codec.Error { return nil }

// OnEnd gives the slot of the stream back.
func (ignored) OnEnd(st *link.Stream, _ error) { st.Done() }

// isMaster tells whether a channel has a mirror.
func isMaster(key delivery.Key) bool { return !strings.HasSuffix(key.Name, suffix) }

// attach lets the mirror follow to the link on which its master was accepted (MIRR-002).
func (m *Mirror) attach(master delivery.Key, l *link.Link) {
	if !isMaster(master) {
		return
	}
	src, err := m.source(master)
	if err != nil {
		if !errors.Is(err, channel.ErrClosed) {
			m.cfg.Logger.Error("a channel cannot be mirrored", "name", master.Name, "err", err)
		}
		return
	}
	src.Attach(l)
}

// finish ends the mirror's stream behind that of its master (MIRR-008).
func (m *Mirror) finish(master delivery.Key, l *link.Link) {
	if src := m.known(master); src != nil {
		src.Finish(l)
	}
}

// known gives the Source of a master's mirror, nil where there is none.
func (m *Mirror) known(master delivery.Key) *channel.Source {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sources[master]
}

// source gives the Source of a master's mirror.
func (m *Mirror) source(master delivery.Key) (*channel.Source, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, channel.ErrClosed
	}
	if s := m.sources[master]; s != nil {
		return s, nil
	}
	q, err := m.store.Queue(master)
	if err != nil {
		return nil, err
	}
	s := channel.NewSource(channel.SourceConfig{Queue: q, Proto: Proto, RetryMin: retryMin, RetryMax: retryMax, Logger: m.cfg.Logger})
	m.sources[master] = s
	return s, nil
}
