package exchange

import (
	"fmt"
	"strings"

	"handfast/codec"
)

// value explains a MessagePack body: a line for each header of a map, then one for each entry, deeper ones indented.
func value(name string, body []byte) []line {
	v, err := codec.ParseValue(body)
	if err != nil {
		return []line{{body, name + err.Error()}} // verified before; shown rather than lost
	}
	return entry(nil, name, v, 0)
}

// entry explains a value together with the bytes of its key, which stand before it.
func entry(key []byte, name string, v codec.Value, depth int) []line {
	indent := strings.Repeat("  ", depth)
	raw := v.Raw()
	whole := append(append([]byte{}, key...), raw...)
	isMap := v.Kind() == codec.ValueMap
	if !isMap && (len(whole) <= perLine || v.Kind() != codec.ValueArray) {
		return split(key, raw, indent+name+plain(v))
	}
	head := raw[:headSize(raw)]
	noun := map[bool]string{true: "map of %d entries", false: "array of %d"}[isMap]
	lines := []line{{append(append([]byte{}, key...), head...), indent + name + fmt.Sprintf(noun, v.Len())}}
	at := len(head)
	for it := v.Iter(); it.Next(); {
		begin := it.Value().Offset() - v.Offset()
		label := ""
		if isMap {
			label = fmt.Sprintf("%q: ", it.Key())
		}
		if note := notes(string(it.Key()), it.Value()); note != "" {
			lines = append(lines, split(raw[at:begin], it.Value().Raw(), indent+"  "+label+note)...)
			at = begin + len(it.Value().Raw())
			continue
		}
		lines = append(lines, entry(raw[at:begin], label, it.Value(), depth+1)...)
		at = begin + len(it.Value().Raw())
	}
	return lines
}

// notes says more of two values than their types do: where th comes from, and which versions are grease.
func notes(key string, v codec.Value) string {
	switch key {
	case "th":
		return "SHA-256 of the dialer's opening and the acceptor's"
	case "vers":
		var parts []string
		for it := v.Iter(); it.Next(); {
			n, _ := it.Value().Uint()
			text := fmt.Sprint(n)
			if codec.IsGreaseVersion(uint16(n)) {
				text = fmt.Sprintf("%d (%X, grease)", n, n)
			}
			parts = append(parts, text)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return ""
}

// split puts a key and its value on one line, or the key and the value's header before a long value.
func split(key, raw []byte, text string) []line {
	if len(key)+len(raw) <= perLine {
		return []line{{append(append([]byte{}, key...), raw...), text}}
	}
	h := len(raw) - contentSize(raw)
	return []line{{append(append([]byte{}, key...), raw[:h]...), text}, {raw[h:], ""}}
}

// headSize is the size of the header of a map or an array.
func headSize(raw []byte) int {
	switch raw[0] {
	case 0xdc, 0xde: // array 16, map 16
		return 3
	}
	return 1
}

// contentSize is the size of a str or bin without its header.
func contentSize(raw []byte) int {
	switch raw[0] {
	case 0xc4, 0xd9: // bin 8, str 8
		return len(raw) - 2
	}
	return len(raw) - 1
}

// plain writes a value as it would stand in a program.
func plain(v codec.Value) string {
	switch v.Kind() {
	case codec.ValueBool:
		b, _ := v.Bool()
		return fmt.Sprint(b)
	case codec.ValueInt:
		n, _ := v.Int()
		return fmt.Sprint(n)
	case codec.ValueStr:
		s, _ := v.Str()
		return fmt.Sprintf("%q", s)
	case codec.ValueBin:
		b, _ := v.Bin()
		if strings.IndexFunc(string(b), func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
			return fmt.Sprintf("%d bytes, %q", len(b), b)
		}
		return fmt.Sprintf("%d bytes", len(b))
	case codec.ValueArray:
		var parts []string
		for it := v.Iter(); it.Next(); {
			parts = append(parts, plain(it.Value()))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return "nil"
}
