package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"handfast/conformance/drivers/gocodec"
	"handfast/fuzz"
	"handfast/testdata"
)

func newFuzzVector(e env) *cobra.Command {
	item := gocodec.Item{}
	var slug, why string
	cmd := &cobra.Command{
		Use:   "vector FILE",
		Short: "Turn a crash into a vector",
		Long: `Turn a file of bytes, - for stdin, into a vector on stdout: with the verdict of the codec of this binary and, where that is a refusal, with the accepted vector that is nearest as its twin.
A file that Go's fuzzer has written (testdata/fuzz/...) is read as such; crashes of other engines are bytes as they are.`,
		Example: `  handfast fuzz vector --what frame --slug piece-of-4-gib crash-ace8e224
  handfast fuzz vector --what msgpack codec/testdata/fuzz/FuzzValidateMsgpack/0a1b2c3d > found.json
  handfast fuzz --replay found.json -- ./my-driver`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			in := e.stdin
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return usageError("%w", err)
				}
				defer func() { _ = f.Close() }() // it is only read
				in = f
			}
			const most = 1 << 21
			b, err := io.ReadAll(io.LimitReader(in, most))
			if err != nil {
				return usageError("%s: %w", args[0], err)
			}
			if item.Bytes, err = fuzz.InputOf(b); err != nil {
				return usageError("%s: %w", args[0], err)
			}
			file, err := fuzz.VectorOf(item, slug, why)
			if err != nil {
				return &exitError{code: exitMeasured, err: err}
			}
			return writeJSON(e.stdout, file)
		},
	}
	f := cmd.Flags()
	f.StringVar(&item.What, "what", testdata.OpFrame, "`form` of the bytes: msgpack, opening, frame or call")
	f.StringVar(&item.Turn, "turn", "", "with call: request, arg or reply")
	f.Uint32Var(&item.MaxFrame, "max-frame", testdata.DefaultMaxFrame, "with frame: the receiver's max_frame")
	f.BoolVar(&item.BeforeReady, "before-ready", false, "with frame: the receiver has not received READY")
	f.StringVar(&slug, "slug", "by-a-fuzzer", "second part of the id, `words-with-hyphens`")
	f.StringVar(&why, "why", "A fuzzer found a parser that falls over it.", "`sentence` about the mistake that it finds")
	return cmd
}
