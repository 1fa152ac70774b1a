package conformance

import (
	"encoding/binary"
	"fmt"
	"strings"

	"handfast/codec"
)

// maxShown is how many bytes of one field are printed.
const maxShown = 24

// part is one field in annotated bytes.
type part struct {
	name   string
	offset int
	bytes  []byte
	value  string // what the bytes mean; "" for nothing more than they show
}

// Annotate prints a packet field by field, one line each: offset, bytes, name and value. The field in which the byte at wrong
// stands is marked; -1 marks none. It takes any bytes: what cannot be read is printed as it is.
func Annotate(b []byte, opening bool, wrong int) []string {
	var parts []part
	if opening {
		parts = openingParts(b)
	} else {
		parts = frameParts(b)
	}
	var lines []string
	for _, p := range parts {
		mark := "  "
		if wrong >= p.offset && wrong < p.offset+max(len(p.bytes), 1) {
			mark = "=>"
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s %5d  %-36s %-14s %s", mark, p.offset, shown(p.bytes), p.name, p.value), " "))
	}
	return lines
}

// shown prints bytes in hexadecimal, the middle left out where they are many.
func shown(b []byte) string {
	const side = 5
	if len(b)*3 <= 36 {
		return fmt.Sprintf("% X", b)
	}
	if len(b) <= maxShown && len(b)*3 <= 72 {
		return fmt.Sprintf("% X", b)
	}
	return fmt.Sprintf("% X .. % X", b[:side], b[len(b)-side:])
}

// fixed cuts the fields of a fixed layout out of b, whose fields begin at base. It stops where b ends.
func fixed(b []byte, base int, fields []codec.FieldInfo) (parts []part) {
	for _, f := range fields {
		if f.Offset < 0 || f.Size < 0 {
			break
		}
		from := base + f.Offset
		if from >= len(b) {
			break
		}
		field := b[from:min(from+f.Size, len(b))]
		p := part{name: f.Name, offset: from, bytes: field}
		switch {
		case len(field) < f.Size:
			p.value = "cut short"
		case f.Type != "bytes":
			p.value = fmt.Sprint(number(field))
		}
		parts = append(parts, p)
	}
	return parts
}

// number reads up to 8 bytes as an unsigned integer.
func number(b []byte) uint64 {
	var room [8]byte
	copy(room[8-min(len(b), 8):], b)
	return binary.BigEndian.Uint64(room[:])
}

// openingParts cuts an opening into fields and the entries of its body.
func openingParts(b []byte) []part {
	parts := fixed(b, 0, codec.OpeningFields())
	if len(b) < codec.OpeningSize {
		return parts
	}
	sum := codec.Checksum(append(b[:20:20], b[codec.OpeningSize:]...))
	last := &parts[len(parts)-1]
	last.value = checksumSays(last.bytes, sum)
	return append(parts, mapParts(b[codec.OpeningSize:], codec.OpeningSize)...)
}

// frameParts cuts a frame into header, payload and trailer.
func frameParts(b []byte) []part {
	parts := fixed(b, 0, codec.HeaderFields())
	if len(b) < codec.HeaderSize {
		return parts
	}
	h := rawHeader(b)
	parts[0].value = h.Type.String()
	if codec.IsGreaseType(h.Type) {
		parts[0].value += " (grease)"
	}
	parts[1].value = h.Flags.String()
	last := &parts[len(parts)-1]
	last.value = checksumSays(last.bytes, codec.Checksum(b[:12]))

	end := len(b) - codec.TrailerSize
	whole := codec.HeaderSize+int(h.Length) == end && h.Length > 0
	if !whole {
		end = len(b)
	}
	parts = append(parts, payloadParts(h.Type, b[codec.HeaderSize:end])...)
	if whole {
		sum := codec.Checksum(append(b[:12:12], b[codec.HeaderSize:end]...))
		parts = append(parts, part{"trailer", end, b[end:], checksumSays(b[end:], sum)})
	}
	return parts
}

func checksumSays(field []byte, sum uint32) string {
	if uint32(number(field)) == sum {
		return "good"
	}
	return fmt.Sprintf("should be %08X", sum)
}

// payloadParts cuts a payload by the table of its type.
func payloadParts(t codec.Type, payload []byte) []part {
	info, _ := t.Info()
	switch info.Body {
	case "map":
		return mapParts(payload, codec.HeaderSize)
	case "fixed", "ending":
		parts := shift(fixed(payload, 0, info.Fields), codec.HeaderSize)
		return append(parts, rest(payload, parts, codec.HeaderSize, "text")...)
	case "pieces":
		return pieceParts(payload, codec.HeaderSize)
	}
	return rest(payload, nil, codec.HeaderSize, "payload")
}

// shift moves parts to where their bytes stand in the packet.
func shift(parts []part, by int) []part {
	for i := range parts {
		parts[i].offset += by
	}
	return parts
}

// rest makes a part of what no earlier part covers.
func rest(b []byte, parts []part, base int, name string) []part {
	done := 0
	for _, p := range parts {
		done = max(done, p.offset-base+len(p.bytes))
	}
	if done >= len(b) {
		return nil
	}
	return []part{{name: name, offset: base + done, bytes: b[done:]}}
}

// mapParts cuts a MessagePack map into its entries; a body that breaks the profile is one part.
func mapParts(body []byte, base int) []part {
	v, err := codec.ParseValue(body)
	if err != nil || v.Kind() != codec.ValueMap {
		return rest(body, nil, base, "body")
	}
	parts := []part{{name: "map", offset: base, bytes: body[:1], value: fmt.Sprintf("%d entries", v.Len())}}
	for it := v.Iter(); it.Next(); {
		raw := it.Value().Raw()
		value, err := codec.DecodeValue(raw)
		text := ""
		if err == nil {
			text = fmt.Sprintf("%.60v", value)
		}
		parts = append(parts, part{name: string(it.Key()), offset: base + it.Value().Offset(), bytes: raw, value: text})
	}
	return parts
}

// pieceParts cuts DATA into pieces; where the lengths do not fit, the rest is one part.
func pieceParts(payload []byte, base int) (parts []part) {
	const lengthSize = 4
	for at := 0; at < len(payload); {
		if len(payload)-at < lengthSize {
			return append(parts, part{"left over", base + at, payload[at:], ""})
		}
		n := int(number(payload[at : at+lengthSize]))
		parts = append(parts, part{"piece length", base + at, payload[at : at+lengthSize], fmt.Sprint(n)})
		at += lengthSize
		if n > len(payload)-at {
			return append(parts, part{"piece", base + at, payload[at:], "shorter than its length"})
		}
		if n > 0 {
			parts = append(parts, part{"piece", base + at, payload[at : at+n], ""})
		}
		at += n
	}
	return parts
}
