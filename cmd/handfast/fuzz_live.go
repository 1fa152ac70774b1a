package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type liveFlags struct {
	addr string
	pid  int
}

func (l *liveFlags) add(f *pflag.FlagSet) {
	f.StringVar(&l.addr, "tcp", "", "fuzz the peer that listens at `HOST:PORT`")
	f.IntVar(&l.pid, "pid", 0, "`number` of the peer's process, by which its memory and its end are seen")
}

func (c *fuzzCmd) live(*cobra.Command) error { return usageError("not there yet") }

func newFuzzExport(e env) *cobra.Command { return &cobra.Command{Use: "export", Hidden: true} }
func newFuzzBench(e env) *cobra.Command  { return &cobra.Command{Use: "bench", Hidden: true} }
