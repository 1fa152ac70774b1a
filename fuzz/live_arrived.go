package fuzz

import (
	"fmt"

	"handfast/codec"
)

// arrived is what came on one stream.
type arrived struct {
	opened   *codec.Open // the peer has opened it
	accepted *codec.Accept
	rejected *codec.Code
	reset    *codec.Code
	fin      bool
	first    []byte // the first piece of DATA
	granted  uint64 // greatest CREDIT
	acked    uint64 // greatest stable of an ACK
	acks     int
	records  uint64 // greatest number of RECORDS or GAP
	joins    bool   // the last piece goes on
}

// over tells whether nothing more comes on it.
func (a *arrived) over() bool { return a.rejected != nil || a.reset != nil || a.fin }

// take notes a frame of a stream. The text says which rule its sender has broken that can be seen without the model; "" for none.
func (o *outcome) take(f codec.Frame) (text, req string) {
	m, err := codec.ParseMessage(f)
	if err != nil {
		return "it sent a frame that is at fault: " + err.Error(), ""
	}
	if o.streams == nil {
		o.streams = make(map[uint32]*arrived)
	}
	a := o.streams[f.Stream]
	if a == nil {
		a = &arrived{}
		o.streams[f.Stream] = a
	}
	late := ""
	if a.reset != nil || a.rejected != nil {
		late = fmt.Sprintf("it sent %s behind its RESET or REJECT", f.Type)
	}
	switch m := m.(type) {
	case codec.Open:
		if a.opened != nil || f.Stream%2 != 0 || f.Stream != o.theirs+2 {
			return "it opened a stream that is not its next", "STRM-002"
		}
		a.opened, o.theirs = &m, f.Stream
	case codec.Accept:
		if a.accepted != nil || f.Stream%2 == 0 {
			return "it accepted a stream twice, or its own", "STRM-016"
		}
		a.accepted = &m
	case codec.Reject:
		if a.accepted != nil {
			return "it rejected a stream that it had accepted", "STRM-006"
		}
		a.rejected = &m.Code
	case codec.Reset:
		a.reset = &m.Code
	case codec.Credit:
		a.granted = max(a.granted, m.Max)
		return "", "" // may come for a stream that has just ended
	case codec.Data:
		if a.fin {
			return "it sent DATA behind FIN", "STRM-020"
		}
		if a.accepted == nil && f.Stream%2 == 1 {
			return "it sent DATA before ACCEPT", "STRM-003"
		}
		if all := m.Pieces.All(); a.first == nil && len(all) > 0 {
			a.first = append([]byte{}, all[0]...)
		}
		a.fin = m.Pieces.Fin()
	case codec.Records:
		n := m.Seq + uint64(m.Pieces.Count()) - 1
		if a.records > 0 && !a.joins && m.Seq <= a.records {
			return fmt.Sprintf("it sent record %d behind %d", m.Seq, a.records), "ACK-010"
		}
		a.records, a.joins, a.fin = n, m.Pieces.More(), m.Pieces.Fin()
	case codec.Gap:
		a.records = max(a.records, m.To)
	case codec.Ack:
		if a.fin {
			return "it sent ACK behind FIN", "CHAN-015"
		}
		if a.acks > 0 && m.Stable < a.acked {
			return fmt.Sprintf("it acknowledged %d behind %d", m.Stable, a.acked), "ACK-003"
		}
		a.acked = m.Stable
		a.acks++
	default:
		return "", ""
	}
	if late != "" {
		return late, "STRM-020"
	}
	return "", ""
}

// wait is what a sequence waits for on a stream.
type wait int

// What is waited for. The end of a stream, by RESET or REJECT, is an end of all waiting.
const (
	waitNothing wait = iota
	waitAnswer       // ACCEPT or REJECT
	waitReject       // REJECT
	waitReset        // RESET
	waitEnd          // FIN of the peer
	waitOpened       // its OPEN
)

// String says what did not come.
func (w wait) String() string {
	return [...]string{"nothing", "ACCEPT or REJECT", "REJECT", "RESET", "FIN", "OPEN"}[w]
}

// await is what is waited for, and where.
type await struct {
	stream uint32
	what   wait
}

// came tells whether all of it is there.
func (o *outcome) came(list []await) bool {
	for _, w := range list {
		a := o.streams[w.stream]
		if a == nil {
			return false
		}
		switch w.what {
		case waitAnswer:
			if a.accepted == nil && !a.over() {
				return false
			}
		case waitReject:
			if a.rejected == nil {
				return false
			}
		case waitReset:
			if a.reset == nil && a.rejected == nil {
				return false
			}
		case waitEnd:
			if !a.over() {
				return false
			}
		case waitOpened:
			if a.opened == nil {
				return false
			}
		}
	}
	return true
}
