package main

import (
	"time"

	"github.com/spf13/pflag"

	"handfast/compat/fast"
	"handfast/compat/rolling"
	"handfast/refimpl"
)

// fastServeFlags let serve speak Fast on its address too.
type fastServeFlags struct {
	on       bool
	checksum string
	silence  time.Duration
}

func (s *fastServeFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&s.on, "fast", false, "serve Fast on the same address, with the methods of its demo server: date, echo, yes, fail, sleep and fastbench")
	f.StringVar(&s.checksum, "fast-checksum", "version", "`checksum` of Fast's version 1: version (the old one), either (answered in kind) or new")
	f.DurationVar(&s.silence, "fast-silence", 10*time.Minute, "with --fast, longest time to a connection's first byte")
}

// offer adds Fast to what a peer serves.
func (s *fastServeFlags) offer(cfg *refimpl.Config) error {
	if !s.on {
		return nil
	}
	conf := fast.ServerConfig{Logger: cfg.Link.Logger}
	switch s.checksum {
	case "version":
	case "either":
		conf.EitherChecksum = true
	case "new":
		conf.NewChecksum = true
	default:
		return usageError("--fast-checksum %q is none of version, either, new", s.checksum)
	}
	if cfg.TLS != nil {
		return usageError("--fast has no TLS, and nothing in clear is served on an address for TLS: serve Fast on another address")
	}
	srv := fast.NewServer(conf)
	fast.AddDemo(srv)
	cfg.Other = rolling.Other(srv, s.silence)
	return nil
}

// fastDialFlags say how a Fast peer is spoken to.
type fastDialFlags struct {
	on      bool
	dialect string
}

func (d *fastDialFlags) add(f *pflag.FlagSet, use string) {
	f.BoolVar(&d.on, "fast", false, use)
	f.StringVar(&d.dialect, "fast-dialect", "1", "how requests are written: 1 (every release but one), 2 (3.0.0 and later) or 1new (2.7.0 to 2.8.2 with crc_mode 3)")
}

func (d *fastDialFlags) config() (fast.ClientConfig, error) {
	switch d.dialect {
	case "1":
		return fast.ClientConfig{Dialect: fast.V1}, nil
	case "2":
		return fast.ClientConfig{Dialect: fast.V2}, nil
	case "1new":
		return fast.ClientConfig{Dialect: fast.V1New}, nil
	}
	return fast.ClientConfig{}, usageError("--fast-dialect %q is none of 1, 2, 1new", d.dialect)
}
