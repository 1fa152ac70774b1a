package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"handfast/codec"
	"handfast/codec/explain"
	"handfast/conformance/capture"
)

// whatCapture is the value of --what for a capture file; package explain does not know it.
const whatCapture = "capture"

// isCapture tells whether the input is to be read as pcap or pcapng.
func (c *decodeCmd) isCapture(b []byte) bool {
	return c.what == whatCapture || c.what == explain.Auto.String() && capture.Detect(b) != ""
}

// runCapture decodes every connection of a capture that speaks Handfast.
func (c *decodeCmd) runCapture(w io.Writer, b []byte) (faulty bool, err error) {
	o, err := c.options(b)
	if err != nil {
		return false, err
	}
	o.What = explain.Stream
	found, damage := capture.Read(bytes.NewReader(b), capture.Options{})
	if found == nil {
		return false, damage
	}
	if len(found.Connections) > 0 || damage == nil {
		if c.json {
			faulty, err = captureJSON(w, found, o)
		} else {
			faulty, err = c.captureText(w, found, o)
		}
	}
	switch {
	case err != nil:
		return faulty, err
	case damage != nil: // what was read before it is printed
		return faulty, damage
	case len(found.Connections) == 0:
		return faulty, fmt.Errorf("nothing to decode: none of %d TCP %s in %d %s begins with the magic",
			found.Foreign, plural(found.Foreign, "connection"), found.Packets, plural(found.Packets, "packet"))
	}
	return faulty, nil
}

// timed is a packet of one side, with the moment from which its last byte could be read.
type timed struct {
	explain.Packet
	from  capture.From
	time  time.Time
	event int // index of the event that brought the last byte
}

// timeline gives the packets of both sides in the order in which they became whole.
func timeline(c *capture.Connection, o explain.Options) iter.Seq[timed] {
	return func(yield func(timed) bool) {
		var next [2]func() (timed, bool)
		var head [2]timed
		var more [2]bool
		for from := range next {
			pull, stop := iter.Pull(oneSide(c, capture.From(from), o))
			defer stop()
			next[from] = pull
			head[from], more[from] = pull()
		}
		for more[0] || more[1] {
			from := 0
			if !more[0] || more[1] && head[1].event < head[0].event {
				from = 1
			}
			if !yield(head[from]) {
				return
			}
			head[from], more[from] = next[from]()
		}
	}
}

// oneSide gives the packets of one side. A packet that is not whole has the time of the last byte that is there.
func oneSide(c *capture.Connection, from capture.From, o explain.Options) iter.Seq[timed] {
	return func(yield func(timed) bool) {
		event, end := -1, int64(0) // the event under way, and where it ends in the bytes of this side
		for p := range explain.Packets(c.Bytes(from), o) {
			for end < int64(p.Offset+len(p.Bytes)) {
				for event++; c.Events[event].From != from; event++ {
				}
				end = c.Events[event].Offset + int64(len(c.Events[event].Bytes))
			}
			if !yield(timed{Packet: p, from: from, time: c.Events[event].Time, event: event}) {
				return
			}
		}
	}
}

// captured sums up one connection.
type captured struct {
	decoded
	from capture.From // of the first fault
}

// note counts a packet. What the last packet of a side lacks is kept by side.
func (d *captured) note(p *timed, missing *[2]int) {
	d.packets++
	missing[p.from] = p.Missing
	if p.Fault == nil {
		return
	}
	d.faults++
	if d.fault == nil {
		d.fault, d.from = p.Fault, p.from
	}
}

func (c *decodeCmd) captureText(w io.Writer, found *capture.Capture, o explain.Options) (faulty bool, err error) {
	out := &stickyWriter{w: w}
	for i := range found.Connections {
		conn := &found.Connections[i]
		if !c.quiet {
			fmt.Fprintf(out, "connection %d: %s\n\n", i+1, conn.Name)
		}
		var d captured
		var missing [2]int
		for p := range timeline(conn, o) {
			d.note(&p, &missing)
			if !c.quiet {
				fmt.Fprintf(out, "%s %s, %s, +%.6f s\n", mark(p.from), p.from, p.time.Format(time.RFC3339Nano), p.time.Sub(conn.Events[0].Time).Seconds())
				if err := p.WriteText(out); err != nil {
					return faulty, err
				}
				fmt.Fprintln(out)
			}
		}
		if d.summary(out, i+1, conn, missing, c.quiet) {
			faulty = true
		}
		if !c.quiet && i+1 < len(found.Connections) {
			fmt.Fprintln(out)
		}
	}
	return faulty, out.err
}

// mark is the direction as chapter 1 of SPEC.md shows it.
func mark(from capture.From) string {
	if from == capture.Acceptor {
		return "<"
	}
	return ">"
}

// summary prints the result of one connection, and tells whether something is wrong.
func (d *captured) summary(w io.Writer, n int, conn *capture.Connection, missing [2]int, quiet bool) (faulty bool) {
	if d.fault != nil {
		faulty = true
		fmt.Fprintf(w, "connection %d, %s: fault at byte %d: %s, ends the %s: %s\n", n, d.from, d.fault.Offset, d.fault.Code, d.fault.Scope, d.fault.Detail)
		writeRule(w, d.fault.Req)
		if d.faults > 1 {
			fmt.Fprintf(w, "%d more %s a fault\n", d.faults-1, plural(d.faults-1, "packet has", "packets have"))
		}
	}
	for from, lacks := range missing {
		gap := conn.Gaps[from]
		switch {
		case gap != nil:
			faulty = true
			fmt.Fprintf(w, "connection %d: at least %d bytes of the %s are not in the capture, from byte %d on: %s\n", n, gap.Size, gap.From, gap.Offset, gap.Why)
		case lacks > 0:
			faulty = true
			fmt.Fprintf(w, "connection %d: what the %s sent ends inside its last packet: at least %d more %s needed\n", n, capture.From(from), lacks,
				plural(lacks, "byte is", "bytes are"))
		}
	}
	if !faulty && !quiet {
		fmt.Fprintf(w, "connection %d: no fault in %d %s\n", n, d.packets, plural(d.packets, "packet"))
	}
	return faulty
}

// The JSON form. The packets have the form that explain gives them, with offsets in what their side sent.

type captureForm struct {
	What        string           `json:"what"` // "capture"
	Format      string           `json:"format"`
	Packets     int              `json:"captured"` // packets of the capture
	Foreign     int              `json:"foreign"`
	Connections []connectionForm `json:"connections"`
}

type connectionForm struct {
	Name     string      `json:"name"`
	Dialer   string      `json:"dialer"`
	Acceptor string      `json:"acceptor"`
	Fault    *faultForm  `json:"fault,omitempty"`
	Gaps     []gapForm   `json:"gaps,omitempty"`
	Packets  []timedForm `json:"packets"`
}

type timedForm struct {
	From   string         `json:"from"`
	Time   time.Time      `json:"time"`
	Packet explain.Packet `json:"packet"`
}

type gapForm struct {
	From   string `json:"from"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Why    string `json:"why"`
}

type faultForm struct {
	From   string `json:"from"`
	Code   string `json:"code"`
	Scope  string `json:"scope"`
	Req    string `json:"req,omitempty"`
	Offset int    `json:"offset"`
	Detail string `json:"detail,omitempty"`
}

func captureJSON(w io.Writer, found *capture.Capture, o explain.Options) (faulty bool, err error) {
	form := captureForm{What: whatCapture, Format: found.Format, Packets: found.Packets, Foreign: found.Foreign, Connections: []connectionForm{}}
	for i := range found.Connections {
		conn := &found.Connections[i]
		one := connectionForm{Name: conn.Name, Dialer: conn.Dialer.String(), Acceptor: conn.Acceptor.String(), Packets: []timedForm{}}
		var d captured
		var missing [2]int
		for p := range timeline(conn, o) {
			d.note(&p, &missing)
			one.Packets = append(one.Packets, timedForm{From: p.from.String(), Time: p.time, Packet: p.Packet})
		}
		if d.fault != nil {
			one.Fault = faultOf(d.fault, d.from)
		}
		for _, gap := range conn.Gaps {
			if gap != nil {
				one.Gaps = append(one.Gaps, gapForm{From: gap.From.String(), Offset: gap.Offset, Size: gap.Size, Why: gap.Why})
			}
		}
		faulty = faulty || one.Fault != nil || len(one.Gaps) > 0 || missing != [2]int{}
		form.Connections = append(form.Connections, one)
	}
	return faulty, json.NewEncoder(w).Encode(form)
}

func faultOf(e *codec.Error, from capture.From) *faultForm {
	return &faultForm{From: from.String(), Code: e.Code.String(), Scope: e.Scope.String(), Req: e.Req, Offset: e.Offset, Detail: e.Detail}
}

// stickyWriter keeps the first error, so that it is looked at once.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}
