package realtime

import (
	"encoding/json"
	"fmt"

	"handfast/codec"
	"handfast/refimpl/delivery"
	"handfast/refimpl/store"
)

// The names of cursors of the store.
const (
	cursorParts = "realtime/parts/" // savedParts of a key
	cursorPart  = "realtime/part/"  // bytes of a PART of a key, by its place
)

// savedParts says what the store has of an OBJECT that comes in PARTs.
type savedParts struct {
	Channel [16]byte `json:"channel"`
	ID      [8]byte  `json:"id"`
	Total   uint64   `json:"total"`
	Have    uint64   `json:"have"`
	Count   int      `json:"count"`
}

func partName(key delivery.Key, i int) string {
	return fmt.Sprintf("%s%s/%06d", cursorPart, nameOf(key), i)
}

func readParts(from cursorReader, key delivery.Key) (s savedParts, err error) {
	b, err := from.Cursor(cursorParts + nameOf(key))
	if store.CodeOf(err) == store.CodeNotFound {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	return s, err
}

// dropParts forgets the PARTs of a key. It tells whether there were any: then a CHECK is owed (REAL-033).
func dropParts(tx store.Tx, key delivery.Key) (had bool, err error) {
	s, err := readParts(tx, key)
	if err != nil || s.Count == 0 {
		return false, err
	}
	for i := range s.Count {
		if err := tx.SetCursor(partName(key, i), nil); err != nil {
			return true, err
		}
	}
	return true, tx.SetCursor(cursorParts+nameOf(key), nil)
}

// part takes a PART of a channel. whole is the OBJECT where this was the last one. owed says that a CHECK is owed for what is refused or dropped. An
// error is that of the store: then the record comes again.
func (in *intake) part(tx store.Tx, key delivery.Key, channel [16]byte, data []byte, sum *IntakeCounts) (whole []byte, owed bool, err error) {
	had, err := readParts(tx, key)
	if err != nil {
		return nil, false, err
	}
	refuse := func(why error) ([]byte, bool, error) {
		if _, err := dropParts(tx, key); err != nil {
			return nil, false, err
		}
		return nil, in.refuse(sum, "PART", why), nil
	}
	p, fault := codec.ParseRealtimePart(data)
	switch {
	case fault != nil:
		return refuse(fault)
	case p.Total > uint64(in.r.cfg.MaxObject+codec.MaxRealtimeHead):
		return refuse(fmt.Errorf("an object of %d bytes: max_object is %d", p.Total, in.r.cfg.MaxObject))
	case p.Offset == 0:
		if owed, err = dropParts(tx, key); err != nil {
			return nil, false, err
		}
		had = savedParts{Channel: channel, ID: p.ID, Total: p.Total}
	case had.Count == 0 || had.Channel != channel || had.ID != p.ID || had.Total != p.Total || had.Have != p.Offset:
		return refuse(fmt.Errorf("a part that begins at %d, behind %d bytes", p.Offset, had.Have))
	}
	sum.Parts++
	if p.Last() {
		whole, err = joinParts(tx, key, &had, p.Bytes)
		return whole, owed, err
	}
	if err := tx.SetCursor(partName(key, had.Count), p.Bytes); err != nil {
		return nil, false, err
	}
	had.Count++
	had.Have += uint64(len(p.Bytes))
	b, err := json.Marshal(had)
	if err != nil {
		return nil, false, err
	}
	return nil, owed, tx.SetCursor(cursorParts+nameOf(key), b)
}

// joinParts makes the OBJECT of what is stored and of its last bytes, and forgets the parts.
func joinParts(tx store.Tx, key delivery.Key, had *savedParts, last []byte) ([]byte, error) {
	whole := make([]byte, 0, had.Total)
	for i := range had.Count {
		b, err := tx.Cursor(partName(key, i))
		if err != nil {
			return nil, err
		}
		whole = append(whole, b...)
	}
	_, err := dropParts(tx, key)
	return append(whole, last...), err
}
