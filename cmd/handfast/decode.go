package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"handfast/codec"
	"handfast/codec/explain"
	"handfast/spec"
)

func newDecode(e env) *cobra.Command {
	c := decodeCmd{env: e}
	cmd := &cobra.Command{
		Use:   "decode [FILE|HEX|-]",
		Short: "Explain bytes field by field, with requirement ids",
		Long: `Explain bytes field by field: offset, bytes, name, value, meaning and the requirements that govern the field. The first
fault of each packet is marked with the error that a receiver answers, and the first of all is explained at the end by the
sentence of the specification.

The argument is a file, or bytes in hexadecimal (spaces, colons, commas, newlines and 0x are ignored); - or nothing is stdin.
A file and stdin hold bytes, or hexadecimal if every character of them is such.

What the bytes are, is seen from the first ones, or said by --what:
  stream    what one side of a link sent, from its opening on
  opening   one HELLO or REFUSE
  frame     frames, one or more, from anywhere
  msgpack   one MessagePack value in the strict profile
  call      one message of the sub-protocol call
  capture   a pcap or pcapng file: each TCP connection that begins with the magic, both directions in the order of time
In a stream, the messages of calls are explained where OPEN, or READY and ACCEPT, tell that a stream is a call.

Exit code 0: no fault. 1: a fault was found, or bytes are missing: the input ends inside a packet, or a capture has a gap. 2: wrong
arguments. 3: nothing to decode, or a capture is damaged or too large.`,
		Example: `  handfast decode 040000000000000800000001d9ab6d0f00000000000800002ed8d59e
  handfast decode --what msgpack '82 a5 70 72 6f 74 6f a4 63 61 6c 6c a3 76 65 72 01'
  handfast decode capture.bin
  handfast decode -q capture.pcap
  xxd -p capture.bin | handfast decode --json | jq .fault`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := c.input(args)
			if err != nil {
				return err
			}
			return c.run(b)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.what, "what", "auto", "what the bytes are: auto, stream, opening, frame, msgpack, call or capture")
	f.Int64Var(&c.maxFrame, "max-frame", int64(codec.MaxLimits().MaxFrame), "the receiver's max_frame, `bytes`")
	f.BoolVar(&c.hex, "hex", false, "the input is hexadecimal")
	f.BoolVar(&c.binary, "binary", false, "the input is bytes, and the argument a file")
	f.BoolVar(&c.json, "json", false, "print one JSON object: {\"what\", \"size\", \"fault\", \"missing\", \"packets\"}; of a capture {\"what\", \"format\", \"connections\"}")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "print only the first fault")
	cmd.MarkFlagsMutuallyExclusive("hex", "binary")
	cmd.MarkFlagsMutuallyExclusive("json", "quiet")
	return cmd
}

type decodeCmd struct {
	env         env
	what        string
	maxFrame    int64
	hex, binary bool
	json, quiet bool
}

// options turns the flags into what package explain takes.
func (c *decodeCmd) options(b []byte) (explain.Options, error) {
	what, ok := explain.ParseWhat(c.what)
	if !ok && c.what != whatCapture {
		return explain.Options{}, usageError("--what %q is none of auto, stream, opening, frame, msgpack, call, capture", c.what)
	}
	if c.maxFrame < 1 || c.maxFrame > math.MaxUint32 {
		return explain.Options{}, usageError("--max-frame %d is not 1 to %d", c.maxFrame, uint32(math.MaxUint32))
	}
	if what == explain.Auto {
		what = explain.Detect(b)
	}
	return explain.Options{What: what, MaxFrame: uint32(c.maxFrame)}, nil
}

func (c *decodeCmd) run(b []byte) error {
	if len(b) == 0 {
		return &exitError{code: exitMeasured, err: fmt.Errorf("nothing to decode: the input is empty")}
	}
	if c.isCapture(b) {
		return c.finishCapture(b)
	}
	o, err := c.options(b)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(c.env.stdout)
	var found decoded
	if c.json {
		found, err = c.writeJSON(out, b, o)
	} else {
		found, err = c.writeText(out, b, o)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	if found.fault != nil || found.missing > 0 {
		return &exitError{code: exitDiffers}
	}
	return nil
}

// finishCapture decodes a capture, and turns the result into an exit code.
func (c *decodeCmd) finishCapture(b []byte) error {
	if _, err := c.options(b); err != nil {
		return err
	}
	out := bufio.NewWriter(c.env.stdout)
	faulty, err := c.runCapture(out, b)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	switch {
	case err != nil:
		return &exitError{code: exitMeasured, err: err}
	case faulty:
		return &exitError{code: exitDiffers}
	}
	return nil
}

// decoded sums up what was found.
type decoded struct {
	packets int
	faults  int // packets with a fault
	fault   *codec.Error
	missing int
	inside  string // the requirement about an input that ends inside the last packet
}

func (c *decodeCmd) writeJSON(w io.Writer, b []byte, o explain.Options) (decoded, error) {
	e := explain.Explain(b, o)
	return decoded{fault: e.Fault, missing: e.Missing}, json.NewEncoder(w).Encode(e)
}

// writeText prints each packet as it is found, so that a large capture needs no more memory than its largest packet.
func (c *decodeCmd) writeText(w io.Writer, b []byte, o explain.Options) (decoded, error) {
	var d decoded
	for p := range explain.Packets(b, o) {
		d.packets++
		d.missing, d.inside = p.Missing, cutRule(p)
		if p.Fault != nil {
			d.faults++
			if d.fault == nil {
				d.fault = p.Fault
			}
		}
		if c.quiet {
			continue
		}
		if err := p.WriteText(w); err != nil {
			return d, err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return d, err
		}
	}
	return d, d.summary(w, len(b), o.What, c.quiet)
}

// summary prints the result, and for the first fault the law.
func (d *decoded) summary(w io.Writer, size int, what explain.What, quiet bool) error {
	if d.fault == nil && d.missing == 0 {
		if !quiet {
			fmt.Fprintf(w, "no fault: %s of %d bytes, %d %s\n", what, size, d.packets, plural(d.packets, "packet"))
		}
		return nil
	}
	if d.fault != nil {
		fmt.Fprintf(w, "fault at byte %d: %s, ends the %s: %s\n", d.fault.Offset, d.fault.Code, d.fault.Scope, d.fault.Detail)
		writeRule(w, d.fault.Req)
		if d.faults > 1 {
			fmt.Fprintf(w, "%d more %s a fault\n", d.faults-1, plural(d.faults-1, "packet has", "packets have"))
		}
	}
	if d.missing > 0 {
		fmt.Fprintf(w, "the input ends inside the last packet: at least %d more %s needed\n", d.missing, plural(d.missing, "byte is", "bytes are"))
		writeRule(w, d.inside)
	}
	return nil
}

// cutRule gives the requirement about a packet that did not arrive as a whole.
func cutRule(p explain.Packet) string {
	if p.Offset == 0 && len(p.Bytes) > 0 && p.Bytes[0] == codec.Magic[0] {
		return "HELLO-016"
	}
	return "FRAME-019"
}

// writeRule prints the sentence of a requirement.
func writeRule(w io.Writer, id string) {
	if rule, ok := spec.Requirement(id); ok {
		fmt.Fprintf(w, "[%s] %s\n", id, rule.Text)
	}
}

// plural chooses between one and many; many is one with an s unless it is given.
func plural(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return one
	case len(many) > 0:
		return many[0]
	}
	return one + "s"
}
