package main

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// The JSON forms of values, stated here by hand and compared with what the codec makes of the same bytes.

// object is a JSON object whose members keep their order: what a thing is stands first.
type object []member

type member struct {
	name  string
	value any
}

// form makes an object of pairs of name and value, and leaves out those whose value is nil.
func form(pairs ...any) object {
	var o object
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			o = append(o, member{pairs[i].(string), pairs[i+1]})
		}
	}
	return o
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		b = append(strconv.AppendQuote(b, m.name), ':')
		b = append(b, value...)
	}
	return append(b, '}'), nil
}

// marshal is json.Marshal without the escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Integers are decimal strings in every form: many readers of JSON lose digits above 2^53.
func dec(n uint64) string { return strconv.FormatUint(n, 10) }

func sdec(n int64) string { return strconv.FormatInt(n, 10) }

func decs(list ...uint16) []string {
	out := make([]string, 0, len(list))
	for _, n := range list {
		out = append(out, dec(uint64(n)))
	}
	return out
}

// Values of MessagePack: null, true, false, strings and arrays stand for themselves.

func jInt(n int64) object { return form("int", sdec(n)) }

func jBin(data hexed) object { return form("bin", data.plain()) }

func jArray(elements ...any) []any { return append([]any{}, elements...) }

// jMap takes pairs of key and value, of which a value may be nil.
func jMap(pairs ...any) object {
	entries := object{}
	for i := 0; i < len(pairs); i += 2 {
		entries = append(entries, member{pairs[i].(string), pairs[i+1]})
	}
	return form("map", entries)
}

func jNils(n int) []any { return make([]any, n) }
