package capture

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// report is what this package reads of the suite's JSON report (report.schema.json).
type report struct {
	Format  int       `json:"format"`
	Mode    string    `json:"mode"` // "client": the suite is the acceptor
	Started time.Time `json:"started"`
	Cases   []struct {
		ID      string  `json:"id"`
		Trace   []entry `json:"trace"`
		Dropped int     `json:"trace_dropped"`
	} `json:"cases"`
}

type entry struct {
	Link  int    `json:"link"`
	AtUS  int64  `json:"at_us"` // since the case began
	Dir   string `json:"dir"`
	Bytes int64  `json:"bytes"`
	Hex   string `json:"hex"`  // the first of the bytes
	Key   bool   `json:"key"`  // the failure is about it: it may stand at the end, behind those that were dropped
	Form  string `json:"form"` // not empty: it is no part of a link
}

// ReadTrace reads the JSON report of the suite: each link of each case that has a trace is a Connection with the name "CASE, link N". A trace
// keeps 640 bytes of each packet; where a packet had more, or entries were dropped, there is a gap. Times count from the start of the run,
// because the report does not say when a case began.
func ReadTrace(r io.Reader, o Options) (*Capture, error) {
	o = o.withDefaults()
	in := &io.LimitedReader{R: r, N: o.MaxBytes + 1}
	var rep report
	err := json.NewDecoder(in).Decode(&rep)
	if in.N == 0 {
		return nil, &LimitError{Limit: "MaxBytes", Max: o.MaxBytes}
	}
	if err != nil {
		return nil, &FormatError{Format: "trace", Detail: "no report", Err: err}
	}
	if rep.Format != 1 {
		return nil, &FormatError{Format: "trace", Detail: fmt.Sprintf("format %d of the report is not 1", rep.Format)}
	}
	found := &Capture{Format: "trace"}
	for _, c := range rep.Cases {
		links := map[int]*Connection{}
		var order []int
		for c.Dropped > 0 && len(c.Trace) > 0 && c.Trace[len(c.Trace)-1].Key {
			c.Trace = c.Trace[:len(c.Trace)-1]
		}
		for _, e := range c.Trace {
			found.Packets++
			if e.Form != "" || e.Bytes == 0 {
				found.Skipped++
				continue
			}
			link := links[e.Link]
			if link == nil {
				link = &Connection{Name: fmt.Sprintf("%s, link %d", c.ID, e.Link)}
				links[e.Link] = link
				order = append(order, e.Link)
			}
			if err := link.add(e, rep.Started, rep.Mode == "client"); err != nil {
				return found, &FormatError{Format: "trace", Packet: found.Packets, Detail: c.ID, Err: err}
			}
		}
		for _, n := range order {
			if c.Dropped > 0 {
				links[n].cut("later entries of the trace were dropped")
			}
			if links[n].speaks() {
				found.Connections = append(found.Connections, *links[n])
			} else {
				found.Foreign++
			}
		}
	}
	return found, nil
}

// add takes an entry. acceptor says that the suite, whose entries are marked >, is that.
func (c *Connection) add(e entry, started time.Time, acceptor bool) error {
	from := Dialer // > is the suite
	switch e.Dir {
	case ">":
	case "<":
		from = Acceptor
	default:
		return fmt.Errorf("dir %q is neither > nor <", e.Dir)
	}
	if acceptor {
		from = from.other()
	}
	b, err := hex.DecodeString(e.Hex)
	if err != nil {
		return fmt.Errorf("hex: %w", err)
	}
	switch {
	case e.Bytes < int64(len(b)) || e.Bytes < 0:
		return fmt.Errorf("%d bytes are more than the %d that it states", len(b), e.Bytes)
	case c.Gaps[from] != nil:
		return nil
	}
	at := c.sent(from)
	if len(b) > 0 {
		c.Events = append(c.Events, Event{Time: started.Add(time.Duration(e.AtUS) * time.Microsecond), From: from, Offset: at, Bytes: b})
	}
	if more := e.Bytes - int64(len(b)); more > 0 {
		c.Gaps[from] = &GapError{From: from, Offset: at + int64(len(b)), Size: more, Why: "a trace keeps only the first bytes of a packet"}
	}
	return nil
}

// sent gives how many bytes of one side are there.
func (c *Connection) sent(from From) int64 {
	for i := len(c.Events) - 1; i >= 0; i-- {
		if e := &c.Events[i]; e.From == from {
			return e.Offset + int64(len(e.Bytes))
		}
	}
	return 0
}

// cut notes that later bytes of both sides are missing.
func (c *Connection) cut(why string) {
	for _, from := range []From{Dialer, Acceptor} {
		if c.Gaps[from] == nil {
			c.Gaps[from] = &GapError{From: from, Offset: c.sent(from), Size: 1, Why: why}
		}
	}
}

// speaks tells whether the dialer begins with the magic: the suite also sends other things on purpose.
func (c *Connection) speaks() bool {
	head := make([]byte, 0, headSize)
	for _, e := range c.Events {
		if e.From == Dialer && len(head) < headSize {
			head = append(head, e.Bytes[:min(len(e.Bytes), headSize-len(head))]...)
		}
	}
	return len(head) == headSize && beginsMagic(head)
}
