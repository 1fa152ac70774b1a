package main

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"handfast/codec"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
)

// tlsFlags are the flags of every command that speaks TLS.
type tlsFlags struct {
	on bool
	dial.TLS
}

func (t *tlsFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&t.on, "tls", false, "speak TLS 1.3 with ALPN "+codec.ALPN)
	f.StringVar(&t.Cert, "tls-cert", "", "own certificate, a PEM `file`")
	f.StringVar(&t.Key, "tls-key", "", "own key, a PEM `file`")
	f.StringVar(&t.CA, "tls-ca", "", "authorities of the other side's certificate, a PEM `file`")
}

func (t *tlsFlags) addDialer(f *pflag.FlagSet) {
	t.add(f)
	f.StringVar(&t.Name, "tls-name", "", "`name` in the other side's certificate (default: the host that is dialled)")
	f.BoolVar(&t.Insecure, "tls-insecure", false, "do not check the other side's certificate")
}

// client gives the dialer's configuration, nil without TLS. A flag that belongs to TLS switches it on.
func (t *tlsFlags) client() (*tls.Config, error) {
	if !t.on && t.TLS == (dial.TLS{}) {
		return nil, nil
	}
	c, err := t.TLS.Client()
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return c, nil
}

func (t *tlsFlags) server() (*tls.Config, error) {
	if !t.on && t.TLS == (dial.TLS{}) {
		return nil, nil
	}
	c, err := t.TLS.Server()
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return c, nil
}

// logFlags choose how much is logged, and in which form.
type logFlags struct{ level, format string }

func (l *logFlags) add(f *pflag.FlagSet, level string) {
	f.StringVar(&l.level, "log", level, "`level` of the log on stderr: debug, info, warn, error or off")
	f.StringVar(&l.format, "log-format", "text", "`form` of the log: text or json")
}

func (l *logFlags) logger(e env) (*slog.Logger, error) {
	if l.level == "off" {
		return slog.New(slog.DiscardHandler), nil
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.level)); err != nil {
		return nil, usageError("--log %q is none of debug, info, warn, error, off", l.level)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(e.stderr, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.stderr, opts)), nil
	}
	return nil, usageError("--log-format %q is neither text nor json", l.format)
}

// newLinkConfig is the configuration of a peer of this program: a random node unless one is given.
func newLinkConfig(node string) (link.Config, error) {
	cfg := link.Config{Software: "handfast/" + version, Incarnation: uint64(time.Now().UnixMilli())}
	if node == "" {
		_, _ = rand.Read(cfg.Node[:])
		return cfg, nil
	}
	id, err := hex.DecodeString(node)
	if err != nil || len(id) != len(cfg.Node) {
		return cfg, usageError("a node id is 32 hexadecimal digits, not %q", node)
	}
	copy(cfg.Node[:], id)
	return cfg, nil
}

// limitFlags set what a peer states as its limits.
type limitFlags struct{ set map[string]*uint64 }

func (l *limitFlags) add(f *pflag.FlagSet) {
	l.set = make(map[string]*uint64)
	for _, info := range codec.LimitInfos() {
		name := flagName(info.Name)
		l.set[info.Name] = f.Uint64(name, info.Default, fmt.Sprintf("%s (%s, %d to %d)", info.Doc, info.Unit, info.Min, info.Max))
	}
}

func flagName(limit string) string {
	b := []byte("limit-" + limit)
	for i := range b {
		if b[i] == '_' {
			b[i] = '-'
		}
	}
	return string(b)
}

// shorten takes the timers of selfLimits where a flag does not say otherwise.
func (l *limitFlags) shorten(f *pflag.FlagSet) {
	short := selfLimits()
	for name, ms := range map[string]uint64{"idle_ms": short.IdleMS, "ping_ms": short.PingMS, "ping_min_ms": short.PingMinMS, "message_ms": short.MessageMS} {
		if !f.Changed(flagName(name)) {
			*l.set[name] = ms
		}
	}
}

func (l *limitFlags) limits() (*codec.Limits, error) {
	lim := codec.Limits{
		IdleMS: *l.set["idle_ms"], LinkCredit: *l.set["link_credit"], MaxFrame: *l.set["max_frame"], MaxMessage: *l.set["max_message"],
		MessageMS: *l.set["message_ms"], PingMinMS: *l.set["ping_min_ms"], PingMS: *l.set["ping_ms"], StreamCredit: *l.set["stream_credit"], Streams: *l.set["streams"],
	}
	if err := lim.Validate(); err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return &lim, nil
}
