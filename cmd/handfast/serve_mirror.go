package main

import (
	"path/filepath"

	"github.com/spf13/pflag"

	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
)

// mirrorFlags make a peer offer mirror.
type mirrorFlags struct{ on bool }

func (m *mirrorFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&m.on, "mirror", false, "offer delivery with the sub-protocol mirror, which sends each record back (spec/mirror.md)")
}

// mirrorDir is the folder of mirror in that of a peer.
const mirrorDir = "mirror"

// offer adds mirror to what links offer, if it was asked for. It keeps what it takes below dir, and in memory where that is empty. Done
// ends it, behind the last link.
func (m *mirrorFlags) offer(cfg *link.Config, dir string) (done func() error, err error) {
	if !m.on {
		return func() error { return nil }, nil
	}
	config := mirror.Config{Logger: cfg.Logger}
	if cfg.Limits != nil {
		config.MaxMessage = cfg.Limits.MaxMessage
	}
	if dir != "" {
		config.Dir = filepath.Join(dir, mirrorDir)
	}
	mirrored, err := mirror.New(config)
	if err != nil {
		return nil, &exitError{code: exitMeasured, err: err}
	}
	cfg.Delivery = true
	handlers := map[string]link.Handler{mirror.Proto: mirrored}
	for name, h := range cfg.Handlers {
		handlers[name] = h
	}
	cfg.Handlers = handlers
	return mirrored.Close, nil
}
