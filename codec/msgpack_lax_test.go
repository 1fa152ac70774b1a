package codec

import (
	"encoding/binary"
	"errors"
)

// lax decodes any MessagePack without a thought for the profile: every form, no limit, the last of two keys wins. It is
// written apart from the validator on purpose. With AppendValue it gives a second opinion on what the profile accepts.
type lax struct {
	b     []byte
	depth int
}

var errLax = errors.New("not for the lax reader")

// take cuts n bytes off.
func (l *lax) take(n uint64) ([]byte, error) {
	if n > uint64(len(l.b)) {
		return nil, errLax
	}
	head := l.b[:n]
	l.b = l.b[n:]
	return head, nil
}

// number cuts off a number of the given width.
func (l *lax) number(width uint64) (uint64, error) {
	raw, err := l.take(width)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[8-width:], raw)
	return binary.BigEndian.Uint64(wide[:]), nil
}

func (l *lax) value() (any, error) {
	if l.depth++; l.depth > 100 {
		return nil, errLax
	}
	defer func() { l.depth-- }()
	first, err := l.take(1)
	if err != nil {
		return nil, err
	}
	c := first[0]
	switch {
	case c < 0x80 || c >= 0xe0:
		return int64(int8(c)), nil
	case c < 0x90:
		return l.pairs(uint64(c & 15))
	case c < 0xa0:
		return l.list(uint64(c & 15))
	case c < 0xc0:
		return l.text(uint64(c & 31))
	case c == 0xc0:
		return nil, nil
	case c == 0xc2 || c == 0xc3:
		return c == 0xc3, nil
	}
	start := map[byte]byte{0xc4: 0xc4, 0xc5: 0xc4, 0xc6: 0xc4, 0xcc: 0xcc, 0xcd: 0xcc, 0xce: 0xcc, 0xcf: 0xcc, 0xd0: 0xd0, 0xd1: 0xd0,
		0xd2: 0xd0, 0xd3: 0xd0, 0xd9: 0xd9, 0xda: 0xd9, 0xdb: 0xd9, 0xdc: 0xdb, 0xdd: 0xdb, 0xde: 0xdd, 0xdf: 0xdd}[c]
	if start == 0 {
		return nil, errLax
	}
	width := uint64(1) << (c - start)
	n, err := l.number(width)
	if err != nil {
		return nil, err
	}
	switch {
	case c <= 0xc6:
		return l.take(n)
	case c <= 0xcf:
		return n, nil
	case c <= 0xd3:
		shift := 64 - 8*width
		return int64(n<<shift) >> shift, nil
	case c <= 0xdb:
		return l.text(n)
	case c <= 0xdd:
		return l.list(n)
	default:
		return l.pairs(n)
	}
}

func (l *lax) text(n uint64) (any, error) {
	raw, err := l.take(n)
	return string(raw), err
}

func (l *lax) list(n uint64) (any, error) {
	list := []any{}
	for range n {
		v, err := l.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (l *lax) pairs(n uint64) (any, error) {
	pairs := map[string]any{}
	for range n {
		k, err := l.value()
		if err != nil {
			return nil, err
		}
		key, ok := k.(string)
		if !ok {
			return nil, errLax
		}
		if pairs[key], err = l.value(); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// secondOpinion tells whether b is in the profile: it decodes, and the one encoding of what it says is b.
func secondOpinion(b []byte) bool {
	l := lax{b: b}
	v, err := l.value()
	if err != nil || len(l.b) != 0 {
		return false
	}
	out, err := AppendValue(nil, v)
	return err == nil && string(out) == string(b)
}
