package exchange

import (
	"encoding/binary"
	"fmt"
	"strings"

	"handfast/codec"
)

// perLine is the most bytes that one line of the text shows.
const perLine = 16

// line is a run of bytes that means one thing, or one row of a layout.
type line struct {
	bytes []byte
	text  string
}

// Text shows every byte of the exchange with what it means: the side that sends it, its offset among all that this side
// sends, the bytes, and the names and values of the fields.
func (x Exchange) Text() string {
	var b strings.Builder
	at := map[Side]int{}
	for i, s := range x.Steps {
		fmt.Fprintf(&b, "\n%d. %s (%d bytes)\n\n", i+1, s.Name, len(s.Bytes))
		for _, l := range explain(s.Bytes) {
			at[s.From] = l.write(&b, s.From, at[s.From])
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// write prints a line, cut where it has too many bytes, and returns the offset behind it.
func (l line) write(b *strings.Builder, from Side, at int) int {
	text := l.text
	for rest := l.bytes; len(rest) > 0; {
		n := min(len(rest), perLine)
		row := fmt.Sprintf("%c %4d  %-*s  %s", from, at, 3*perLine-1, fmt.Sprintf("% X", rest[:n]), text)
		b.WriteString(strings.TrimRight(row, " ") + "\n")
		rest, at, text = rest[n:], at+n, ""
	}
	return at
}

// explain takes one opening or frame apart. The exchange is verified, so that nothing here can be short.
func explain(b []byte) []line {
	if b[0] == codec.Magic[0] {
		fields := codec.OpeningFields()
		lines := rows(b, fields[:len(fields)-1], nil)
		return append(lines, value("body: ", b[codec.OpeningSize:])...)
	}
	h, _ := codec.ParseHeader(b)
	lines := rows(b, codec.HeaderFields(), nil)
	if h.Length == 0 {
		return lines
	}
	end := codec.HeaderSize + int(h.Length)
	lines = append(lines, payload(h, b[codec.HeaderSize:end])...)
	return append(lines, line{b[end:], fmt.Sprintf("trailer %X", b[end:])})
}

func payload(h codec.Header, b []byte) []line {
	info, known := h.Type.Info()
	switch {
	case !known:
		return []line{{b, "payload without meaning"}}
	case info.Body == "map":
		return value("payload: ", b)
	case info.Body == "pieces":
		n := binary.BigEndian.Uint32(b)
		return append([]line{{b[:4], fmt.Sprintf("length of the piece %d", n)}}, callMessage(b[4:])...)
	}
	return rows(b, info.Fields, nil)
}

// callMessage explains a message of the sub-protocol call, behind its 4 bytes of length.
func callMessage(b []byte) []line {
	for _, p := range codec.ProtoInfos() {
		for _, m := range p.Messages {
			if p.Name == "call" && m.Kind == b[0] {
				return rows(b, m.Fields, map[string]int{"method": methodLength(b)})
			}
		}
	}
	return []line{{b, "message"}}
}

func methodLength(b []byte) int {
	if codec.CallKind(b[0]) != codec.CallKindRequest {
		return 0
	}
	return int(binary.BigEndian.Uint16(b[2:]))
}

// rows explains a fixed layout, eight bytes a line as in the diagrams. Sizes gives those of variable parts that are not the
// last.
func rows(b []byte, fields []codec.FieldInfo, sizes map[string]int) []line {
	var lines []line
	var row line
	at := 0
	flush := func() {
		if len(row.bytes) > 0 {
			lines = append(lines, row)
		}
		row = line{}
	}
	for _, f := range fields {
		size := f.Size
		if size < 0 {
			size = len(b) - at
			if n := sizes[f.Name]; n > 0 {
				size = n
			}
			flush()
		}
		row.bytes = b[at-len(row.bytes) : at+size]
		if row.text != "" {
			row.text += ", "
		}
		row.text += f.Name + " " + scalar(f, b[at:at+size])
		at += size
		if at%8 == 0 || f.Size < 0 {
			flush()
		}
	}
	flush()
	return lines
}

// scalar writes the value of a field.
func scalar(f codec.FieldInfo, b []byte) string {
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	switch {
	case f.Type == "bytes", f.Type == "ascii", f.Type == "utf8":
		return fmt.Sprintf("%q", b)
	case f.Name == "checksum":
		return fmt.Sprintf("%08X", v)
	case f.Name == "type":
		return fmt.Sprintf("%02X %s", v, typeName(codec.Type(v)))
	case f.Name == "flags" && codec.Flags(v)&^knownFlags == 0 && v != 0:
		return fmt.Sprintf("%02X %s", v, codec.Flags(v))
	case f.Name == "flags", f.Name == "reserved":
		return fmt.Sprintf("%0*X", 2*len(b), v)
	case f.Name == "code":
		return fmt.Sprintf("%d %s", v, codec.Code(v))
	case f.Name == "kind" && f.Size == 2:
		return fmt.Sprintf("%d %s", v, codec.Kind(v))
	case f.Name == "kind":
		return fmt.Sprintf("%d %s", v, codec.CallKind(v))
	}
	return fmt.Sprint(v)
}

// knownFlags have a meaning on some frame of the exchange.
const knownFlags = codec.FlagMustUnderstand | codec.FlagFin | codec.FlagMore

func typeName(t codec.Type) string {
	if codec.IsGreaseType(t) {
		return "grease"
	}
	return t.String()
}

// Block is the content of the block `exchange` in SPEC.md.
func Block() (string, error) {
	x, err := Build()
	if err != nil {
		return "", err
	}
	return "```text\n" + x.Text() + "```\n", nil
}
