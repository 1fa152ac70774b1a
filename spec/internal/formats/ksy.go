package formats

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"handfast/spec"
)

//go:embed handfast.ksy.tmpl
var ksyTemplate string

// Ksy makes the description for Kaitai Struct.
func Ksy(r *spec.RegistryFile) ([]byte, error) {
	return execute("handfast.ksy", ksyTemplate, r, template.FuncMap{
		"lower":      strings.ToLower,
		"ksyText":    ksyText,
		"ksyKeys":    ksyKeys,
		"ksyFlag":    ksyFlag,
		"ksyOpening": func() (string, error) { return ksyOpening(r) },
		"ksyHeader":  func() (string, error) { return ksyHeader(r) },
		"ksyPayload": ksyPayload,
		"ksyMaps":    func() (string, error) { return ksyMaps(r) },
		"ksyMap":     func(name string, keys []spec.Key) string { return ksyMap(strings.ToLower(name), keys) },
		"ksyMessage": ksyMessage,
		"ksyProtos":  func() []spec.Proto { return ksyProtos(r) },
		"ksyLayout":  ksyLayout,
		"ksyEnums":   ksyEnums,
	})
}

// ksyText quotes a text as YAML, of which JSON is a part.
func ksyText(s string) string { return strconv.Quote(s) }

func ksyFlag(f spec.Flag) string {
	if f.Types.Has("*") {
		return ksyText(f.Doc)
	}
	return ksyText("of " + strings.Join(f.Types, " and ") + ": " + f.Doc)
}

// ksyKeys lists keys in one line.
func ksyKeys(keys []spec.Key) string {
	var names []string
	for _, k := range keys {
		name := k.Name
		if !k.Required {
			name += "?"
		}
		if len(k.Keys) > 0 {
			name += " {" + ksyKeys(k.Keys) + "}"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// ksyTypes are the types of fields that need nothing else.
var ksyTypes = map[string]string{"u8": "u1", "u16": "u2", "u32": "u4", "u64": "u8", "i64": "s8"}

// attr writes one attribute of a seq; more are further lines, without indentation.
func attr(b *strings.Builder, f spec.Field, more ...string) error {
	fmt.Fprintf(b, "      - id: %s\n", f.Name)
	switch {
	case ksyTypes[f.Type] != "":
		fmt.Fprintf(b, "        type: %s\n", ksyTypes[f.Type])
		if f.Name == "code" {
			more = append([]string{"enum: error_code"}, more...)
		}
	case f.Type == "utf8":
		more = append([]string{"size-eos: true", "type: str", "encoding: UTF-8"}, more...)
	case f.Type == "ascii":
		more = append([]string{"type: str", "encoding: ASCII"}, more...)
	case f.Type == "bytes" && f.Size == nil:
		more = append([]string{"size-eos: true"}, more...)
	case f.Type == "pieces":
		more = append([]string{"type: piece", "repeat: eos"}, more...)
	case f.Type == "ranges":
		more = append([]string{"type: range", "repeat: expr", "repeat-expr: count"}, more...)
	default:
		return fmt.Errorf("field %s: no form for type %s", f.Name, f.Type)
	}
	for _, line := range more {
		fmt.Fprintf(b, "        %s\n", line)
	}
	fmt.Fprintf(b, "        doc: %s\n", ksyText(f.Doc))
	return nil
}

// attrs writes the attributes of a layout; more has further lines by name.
func attrs(fields []spec.Field, more map[string][]string) (string, error) {
	var b strings.Builder
	for _, f := range fields {
		if err := attr(&b, f, more[f.Name]...); err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// ksyOpening is the header of an opening. The body, which is the last field, stands in the template.
func ksyOpening(r *spec.RegistryFile) (string, error) {
	fields := r.Opening.Fields
	var b strings.Builder
	fmt.Fprintf(&b, "      - id: %s\n        contents: [", fields[0].Name)
	for i := 0; i+2 <= len(r.Magic); i += 2 {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("0x" + r.Magic[i:i+2])
	}
	fmt.Fprintf(&b, "]\n        doc: %s\n", ksyText(fields[0].Doc))
	most := "0"
	for i := len(r.Opening.Kinds) - 1; i >= 0; i-- {
		k := r.Opening.Kinds[i]
		most = fmt.Sprintf("(kind == opening_kind::%s ? %d : %s)", strings.ToLower(k.Name), k.MaxBody, most)
	}
	rest, err := attrs(fields[1:len(fields)-1], map[string][]string{
		"invariants": {fmt.Sprintf("valid: %d", r.Invariants)},
		"kind":       {"enum: opening_kind", "valid:", "  in-enum: true"},
		"length":     {"valid:", "  expr: " + ksyText("_ <= "+most)},
	})
	return b.String() + rest, err
}

// ksyHeader is the header of a frame, with what the type says about length and stream.
func ksyHeader(r *spec.RegistryFile) (string, error) {
	most := uint64(0)
	for _, l := range r.Limits {
		if l.Name == "max_frame" {
			most = l.Max
		}
	}
	length, stream := fmt.Sprintf("_ <= %d", most), "true"
	for i := len(r.Frames) - 1; i >= 0; i-- {
		f := r.Frames[i]
		name := "type == frame_type::" + strings.ToLower(f.Name)
		size, err := ksySize(r, f, most)
		if err != nil {
			return "", err
		}
		length = fmt.Sprintf("%s ? %s : %s", name, size, length)
		switch f.Scope {
		case "link":
			stream = fmt.Sprintf("%s ? _ == 0 : %s", name, stream)
		case "stream":
			stream = fmt.Sprintf("%s ? _ != 0 : %s", name, stream)
		}
	}
	return attrs(r.Header.Fields, map[string][]string{
		"type":   {"enum: frame_type", "valid:", `  expr: "_.to_i != 0 and _.to_i != 255"`},
		"length": {"valid:", "  expr: " + ksyText(length)},
		"stream": {"valid:", "  expr: " + ksyText(stream)},
	})
}

// ksySize says which payloads a frame may have, by length.
func ksySize(r *spec.RegistryFile, f spec.Frame, most uint64) (string, error) {
	fixed := 0
	for _, field := range f.Fields {
		if field.Size != nil {
			fixed += *field.Size
		}
	}
	switch f.Body {
	case "fixed":
		return fmt.Sprintf("_ == %d", *f.Size), nil
	case "ending":
		return fmt.Sprintf("(_ >= %d and _ <= %d)", *f.Min, *f.Max), nil
	case "map":
		c, ok := r.Constant("MAX_CONTROL")
		if !ok {
			return "", fmt.Errorf("no constant MAX_CONTROL")
		}
		return fmt.Sprintf("(_ >= 1 and _ <= %d)", c.Value), nil
	case "pieces": // one piece at least, or FIN
		return fmt.Sprintf("((_ >= 4 or flags & 1 != 0) and _ <= %d)", most), nil
	case "records":
		return fmt.Sprintf("(_ >= %d and _ <= %d)", fixed+4, most), nil
	case "ack":
		c, ok := r.Constant("MAX_RANGES")
		if !ok {
			return "", fmt.Errorf("no constant MAX_RANGES")
		}
		return fmt.Sprintf("(_ >= %d and _ <= %d and (_ - %d) %% 16 == 0)", fixed, fixed+16*int(c.Value), fixed), nil
	}
	return "", fmt.Errorf("frame %s: no form for body %s", f.Name, f.Body)
}

// ksyPayload is the seq of a payload.
func ksyPayload(f spec.Frame) (string, error) {
	switch f.Body {
	case "map":
		return ksyMap(strings.ToLower(f.Name), f.Keys), nil
	case "ack":
		return attrs(f.Fields, map[string][]string{"count": {"valid:", `  expr: "_ * 16 == _io.size - _io.pos - 2"`}}) // reserved is behind it
	case "pieces", "records":
		fields, err := attrs(f.Fields, nil)
		const form = `
      - id: form
        size: 0
        valid:
          expr: "not (_parent.fin and _parent.more) and (not _parent.more or (pieces.size > 0 and pieces.last.length > 0))"
        doc: "FIN and MORE exclude each other (DATA-004), and MORE stands behind a piece that is not empty (DATA-005)"`
		return fields + form, err
	}
	return attrs(f.Fields, nil)
}

// ksyMessage is the seq of a message of call. The kind, which is its first field, stands before it.
func ksyMessage(m spec.Message) (string, error) {
	fields := m.Fields[1:]
	more := map[string][]string{}
	if m.Name == "REQUEST" {
		more["method_length"] = []string{"valid:", "  min: 1", "  max: 128"}
		more["method"] = []string{"size: method_length"}
	}
	if len(m.Keys) > 0 {
		return ksyMap("call_"+strings.ToLower(m.Name), m.Keys), nil
	}
	return attrs(fields, more)
}

// ksyMap is the seq of a body that is a map: the value, what its keys must be, and nothing behind it.
func ksyMap(name string, keys []spec.Key) string {
	return fmt.Sprintf(`      - id: value
        type: msgpack(0)
        doc: %s
      - id: keys
        type: %s_keys(value)
        doc: the same map, each key held against the registry
      - id: rest
        size-eos: true
        valid:
          expr: _.size == 0`, ksyText("keys: "+ksyKeys(keys)), name)
}
