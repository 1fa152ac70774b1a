package link

import (
	"bytes"

	"handfast/codec"
)

// openMemo remembers the newest OPEN that was read: a caller's OPENs are the same bytes each time but for the stream, and
// the same bytes have the same meaning, which need not be worked out again.
type openMemo struct {
	payload []byte
	open    codec.Open
}

// maxMemo is the largest payload that is remembered, in bytes.
const maxMemo = 128

func (m *openMemo) parse(f codec.Frame, delivery bool) (codec.Open, error) {
	if len(m.payload) > 0 && bytes.Equal(m.payload, f.Payload) {
		m.open.Stream = f.Stream
		return m.open, nil
	}
	parse := codec.ParsePlainOpen
	if delivery {
		parse = codec.ParseOpen
	}
	o, err := parse(f)
	if err == nil && len(f.Payload) <= maxMemo {
		m.payload, m.open = append(m.payload[:0], f.Payload...), o
		m.open.Params = bytes.Clone(o.Params)
	}
	return o, err
}

// parseAccept reads an ACCEPT for its channel; nearly all of them are the empty map.
func parseAccept(f codec.Frame, delivery bool) (*codec.Position, error) {
	if bytes.Equal(f.Payload, emptyMap) {
		return nil, nil
	}
	parse := codec.ParsePlainAccept
	if delivery {
		parse = codec.ParseAccept
	}
	a, err := parse(f)
	return a.Channel, err
}
