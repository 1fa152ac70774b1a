package main

import (
	"fmt"
	"net"

	"github.com/spf13/pflag"

	"handfast/refimpl/metrics"
	"handfast/refimpl/status"
	"handfast/refimpl/sync"
)

// metricsFlags make a peer serve metrics.
type metricsFlags struct{ addr string }

func (m *metricsFlags) add(f *pflag.FlagSet) {
	f.StringVar(&m.addr, "metrics", "", "serve what status and sessions of sync count at http://`ADDR`"+metrics.Path+" in the text form of Prometheus, for everybody who reaches it (default: it does not)")
}

// serve begins, if it was asked for, and says on stderr where. Done ends it.
func (m *metricsFlags) serve(e env, read func() (*status.Report, error), kept *replica) (done func() error, err error) {
	if m.addr == "" {
		return func() error { return nil }, nil
	}
	var sessions *sync.Metrics
	if kept != nil {
		sessions = &kept.sessions
	}
	h, err := metrics.Handler(read, sessions)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", m.addr)
	if err != nil {
		return nil, &exitError{code: exitMeasured, err: err, hint: "choose another address with --metrics; port 0 takes any that is free"}
	}
	fmt.Fprintf(e.stderr, "handfast: metrics at http://%s%s\n", ln.Addr(), metrics.Path)
	return metrics.Serve(ln, h).Close, nil
}
