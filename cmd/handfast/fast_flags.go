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
	spin     time.Duration
}

func (s *fastServeFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&s.on, "fast", false, "serve Fast on the same address, with the methods of its demo server: date, echo, yes, fail, sleep and fastbench")
	f.StringVar(&s.checksum, "fast-checksum", "version", "`checksum` of Fast's version 1: version (the old one), either (answered in kind) or new")
	f.DurationVar(&s.silence, "fast-silence", 10*time.Minute, "with --fast, longest time to a connection's first byte")
	addSpin(f, &s.spin)
}

// addSpin adds the bound of looks, which serve, call and bench have.
func addSpin(f *pflag.FlagSet, to *time.Duration) {
	f.DurationVar(to, "fast-spin", fast.DefaultSpin, "with --fast, longest time to look for the next message before sleeping, where messages come one by one and soon: less time for each, and up to one processor meanwhile; 0 (never) to 1ms")
}

// spinOf gives the Spin of a configuration.
func spinOf(flag time.Duration) (time.Duration, error) {
	switch {
	case flag < 0 || flag > fast.MaxSpin:
		return 0, usageError("--fast-spin %v is not within 0 and %v", flag, fast.MaxSpin)
	case flag == 0:
		return -1, nil
	}
	return flag, nil
}

// offer adds Fast to what a peer serves.
func (s *fastServeFlags) offer(cfg *refimpl.Config) error {
	if !s.on {
		return nil
	}
	spin, err := spinOf(s.spin)
	if err != nil {
		return err
	}
	conf := fast.ServerConfig{Logger: cfg.Link.Logger, Spin: spin}
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
	spin    time.Duration
}

func (d *fastDialFlags) add(f *pflag.FlagSet, use string) {
	f.BoolVar(&d.on, "fast", false, use)
	f.StringVar(&d.dialect, "fast-dialect", "1", "how requests are written: 1 (every release but one), 2 (3.0.0 and later) or 1new (2.7.0 to 2.8.2 with crc_mode 3)")
	addSpin(f, &d.spin)
}

func (d *fastDialFlags) config() (conf fast.ClientConfig, err error) {
	if conf.Spin, err = spinOf(d.spin); err != nil {
		return conf, err
	}
	switch d.dialect {
	case "1":
		conf.Dialect = fast.V1
	case "2":
		conf.Dialect = fast.V2
	case "1new":
		conf.Dialect = fast.V1New
	default:
		err = usageError("--fast-dialect %q is none of 1, 2, 1new", d.dialect)
	}
	return conf, err
}
