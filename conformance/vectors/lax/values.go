package lax

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// kindOf gives what a value is: its frame or kind, "" for a body.
func kindOf(value map[string]any) string {
	for _, tag := range []string{"frame", "kind"} {
		if name, ok := value[tag].(string); ok {
			return name
		}
	}
	return ""
}

// values are the parsers that get one member of a value wrong: another number, a cut text, a lost element.
func values(vectors []testdata.Vector) []bug {
	var list []bug
	seen := make(map[string]bool)
	for i := range vectors {
		v := &vectors[i]
		var value map[string]any
		if v.Verdict != testdata.Accept || v.Op == testdata.OpMsgpack || json.Unmarshal(v.Value, &value) != nil {
			continue
		}
		kind := kindOf(value)
		if strings.HasPrefix(kind, "0x") && kind != "0x1B" {
			continue // one frame of an unknown type stands for all
		}
		for _, member := range sortedKeys(value) {
			name := strings.ToLower(v.Op + "-" + kind + "-with-another-" + strings.ReplaceAll(member, "_", "-"))
			if seen[name] {
				continue
			}
			seen[name] = true
			list = append(list, decodes(name, v.Req[0], "It gets "+member+" of "+kind+" wrong.", inValue(func(got map[string]any) {
				if wrong, there := got[member]; there && kindOf(got) == kind {
					got[member] = other(wrong)
				}
			})))
		}
	}
	return list
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// inValue changes accepted values that are objects.
func inValue(change func(value map[string]any)) func(gocodec.Item, driver.Answer) driver.Answer {
	return func(_ gocodec.Item, right driver.Answer) driver.Answer {
		var value map[string]any
		if right.Kind != driver.KindAccept || json.Unmarshal(right.Value, &value) != nil || value == nil {
			return right
		}
		change(value)
		right.Value, _ = json.Marshal(value) // it was read from JSON
		return right
	}
}

// other gives a value that is not quite the right one.
func other(v any) any {
	switch v := v.(type) {
	case string:
		if n, err := strconv.ParseUint(v, 10, 64); err == nil {
			return strconv.FormatUint(n^1, 10)
		}
		if len(v) > 1 {
			return v[:len(v)-2]
		}
		return v + "00"
	case bool:
		return !v
	case []any:
		if len(v) == 0 {
			return []any{nil}
		}
		return v[:len(v)-1]
	case map[string]any:
		for _, key := range sortedKeys(v) {
			delete(v, key)
			return v
		}
		return map[string]any{"x": nil}
	}
	return "x"
}

// anywhere changes each text that is the only member of an object of a name (int, bin), or all texts for "".
func anywhere(name string, change func(text string) any) func(gocodec.Item, driver.Answer) driver.Answer {
	var walk func(v any, inside string) any
	walk = func(v any, inside string) any {
		switch v := v.(type) {
		case string:
			if inside == name || name == "" {
				return change(v)
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i], "")
			}
		case map[string]any:
			for key := range v {
				v[key] = walk(v[key], key)
			}
		}
		return v
	}
	return func(_ gocodec.Item, right driver.Answer) driver.Answer {
		var value any
		if right.Kind != driver.KindAccept || json.Unmarshal(right.Value, &value) != nil {
			return right
		}
		right.Value, _ = json.Marshal(walk(value, "")) // it was read from JSON
		return right
	}
}

// digits is a change of texts that are integers.
func digits(change func(text string) string) func(text string) any {
	return func(text string) any {
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return change(text)
		}
		if _, err := strconv.ParseUint(text, 10, 64); err == nil {
			return change(text)
		}
		return text
	}
}

// asDouble writes an integer as a language writes it that has no others than doubles.
func asDouble(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) < 1<<53 {
		return text
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// numbers are about integers.
func numbers() []bug {
	return []bug{
		decodes("rounds-integers-to-doubles", "MP-003", "It reads integers into doubles, which hold 53 bits.", anywhere("int", digits(asDouble))),
		decodes("rounds-times-to-doubles", "BEAT-001", "It reads 64-bit fields into doubles, which hold 53 bits.", anywhere("t1", digits(asDouble))),
		decodes("loses-signs", "MP-003", "It reads negative integers as if they were not.", anywhere("int", func(text string) any { return strings.TrimPrefix(text, "-") })),
		decodes("reads-times-without-sign", "BEAT-001", "It reads t1 as an unsigned integer.", anywhere("t1", digits(func(text string) string {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && n < 0 {
				return strconv.FormatUint(uint64(n), 10)
			}
			return text
		}))),
		decodes("cuts-integers-to-32-bits", "MP-003", "It keeps the low 32 bits of an integer.", anywhere("int", digits(func(text string) string {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return text
			}
			return strconv.FormatInt(int64(int32(n)), 10)
		}))),
		decodes("reads-int-8-as-unsigned", "MP-003", "It reads the form int 8 as an unsigned byte.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if item.What == testdata.OpMsgpack && len(item.Bytes) == 2 && item.Bytes[0] == 0xD0 && right.Kind == driver.KindAccept {
				right.Value = json.RawMessage(`{"int":"` + strconv.Itoa(int(item.Bytes[1])) + `"}`)
			}
			return right
		}),
		decodes("writes-integers-as-numbers", "MP-003", "It gives integers as numbers of JSON.", anywhere("int", func(text string) any { return json.Number(text) })),
		decodes("writes-integers-as-texts-alone", "MP-003", "It gives integers without saying that they are.", func(item gocodec.Item, right driver.Answer) driver.Answer {
			var form struct {
				Int *string `json:"int"`
			}
			if right.Kind == driver.KindAccept && item.What == testdata.OpMsgpack && json.Unmarshal(right.Value, &form) == nil && form.Int != nil {
				right.Value, _ = json.Marshal(form.Int) // a text
			}
			return right
		}),
	}
}

// texts are about everything else that a body holds.
func texts() []bug {
	return []bug{
		decodes("cuts-texts-at-the-first-byte-of-two", "MP-005", "It drops characters beyond ASCII.", anywhere("", func(text string) any {
			return strings.Map(func(c rune) rune {
				if c > 0x7F {
					return -1
				}
				return c
			}, text)
		})),
		decodes("reads-texts-as-latin-1", "MP-005", "It reads a str byte by byte.", anywhere("", func(text string) any {
			runes := make([]rune, len(text))
			for i := range len(text) {
				runes[i] = rune(text[i])
			}
			return string(runes)
		})),
		decodes("normalises-texts", "MP-005", "It replaces a combining acute accent and what stands before it.", anywhere("", func(text string) any {
			return strings.ReplaceAll(text, "e\u0301", "\u00e9")
		})),
		decodes("drops-byte-order-marks", "MP-005", "It takes U+FEFF for no part of a text.", anywhere("", func(text string) any { return strings.ReplaceAll(text, "\ufeff", "") })),
		decodes("reads-bins-as-texts", "MP-004", "It gives a bin as a text.", anywhere("bin", func(string) any { return "" })),
		decodes("takes-nil-for-false", "MP-001", "It does not tell nil from false.", func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Kind == driver.KindAccept && string(right.Value) == "null" {
				right.Value = json.RawMessage("false")
			}
			return right
		}),
		decodes("takes-true-for-one", "MP-001", "It gives booleans as integers.", func(_ gocodec.Item, right driver.Answer) driver.Answer {
			if right.Kind == driver.KindAccept && string(right.Value) == "true" {
				right.Value = json.RawMessage(`{"int":"1"}`)
			}
			return right
		}),
		decodes("loses-the-last-entry", "MP-010", "It gives a map without its last entry.", inValue(func(value map[string]any) {
			if m, ok := value["map"].(map[string]any); ok && len(m) > 0 {
				keys := sortedKeys(m)
				delete(m, keys[len(keys)-1])
			}
		})),
		decodes("keeps-unknown-keys", "HELLO-011", "It gives unknown keys of a body as well.", unknownKeys(testdata.OpOpening)),
		decodes("keeps-unknown-keys-of-ready", "READY-010", "It gives unknown keys of a READY as well.", unknownKeys(testdata.OpFrame)),
		decodes("gives-no-value", "FRAME-009", "It accepts and does not say what.", func(_ gocodec.Item, right driver.Answer) driver.Answer {
			right.Value = nil
			return right
		}),
	}
}

// unknownKeys gives what nobody asked for, where the body has more entries than the value has members.
func unknownKeys(what string) func(gocodec.Item, driver.Answer) driver.Answer {
	return func(item gocodec.Item, right driver.Answer) driver.Answer {
		return inValue(func(value map[string]any) {
			const header = 24
			kind := kindOf(value)
			if item.What == what && len(item.Bytes) > header && (kind == "READY" || kind == "HELLO" || kind == "REFUSE") && unknownKey(item.Bytes, kind) {
				value["a"] = nil
			}
		})(item, right)
	}
}

// unknownKey tells whether the first key of the body is the short one that vectors use for an unknown one.
func unknownKey(b []byte, kind string) bool {
	at := 24
	if kind == "READY" {
		at = 16
	}
	return len(b) > at+2 && b[at]&0xF0 == 0x80 && b[at+1] == 0xA1
}
