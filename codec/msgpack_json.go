package codec

import (
	"encoding/hex"
	"strconv"
)

// The JSON form of a value, for vectors, traces and drivers in other languages. JSON alone would lose things: numbers above
// 2^53 in many languages, the difference between 5 and "5", and bytes. So:
//
//	nil    null
//	bool   true, false
//	str    "text"
//	array  [ ... ]
//	int    {"int": "-5"}        decimal, no plus sign, no leading zero, no "-0"
//	bin    {"bin": "00ff"}      lower-case hex
//	map    {"map": {"key": value, ...}}
//
// Each JSON object has exactly one member, which names the type; a plain object could not be told from a bin.

const (
	jsonInt = "int"
	jsonBin = "bin"
	jsonMap = "map"
)

// ValueToJSON turns a value, as DecodeValue returns it and AppendValue takes it, into what encoding/json writes in the JSON
// form. It refuses what AppendValue refuses, with the same *Error. The result does not alias v.
func ValueToJSON(v any) (any, error) {
	if _, err := AppendValue(nil, v); err != nil {
		return nil, err
	}
	return toJSON(v), nil
}

// toJSON recurses at most 9 levels, because v was checked.
func toJSON(v any) any {
	switch v := v.(type) {
	case int:
		return map[string]any{jsonInt: strconv.Itoa(v)}
	case int64:
		return map[string]any{jsonInt: strconv.FormatInt(v, 10)}
	case uint64:
		return map[string]any{jsonInt: strconv.FormatUint(v, 10)}
	case []byte:
		return map[string]any{jsonBin: hex.EncodeToString(v)}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = toJSON(v[i])
		}
		return list
	case map[string]any:
		entries := make(map[string]any, len(v))
		for k := range v {
			entries[k] = toJSON(v[k])
		}
		return map[string]any{jsonMap: entries}
	default: // nil, bool, string
		return v
	}
}

// ValueFromJSON turns what encoding/json read (into an any) back into the value. It refuses every other spelling of a value,
// with an *Error of Code ENCODING that names no requirement, and what AppendValue refuses, with the same *Error. The
// result does not alias j.
func ValueFromJSON(j any) (any, error) {
	v, err := fromJSON(j, 1)
	if err != nil {
		return nil, err
	}
	if _, err := AppendValue(nil, v); err != nil {
		return nil, err
	}
	return v, nil
}

// fromJSON converts j, which stands for a value of the given depth. Vectors are written by hand, so depth is
// limited before the recursion, and judged by AppendValue after it.
func fromJSON(j any, depth int) (any, error) {
	if depth > MsgpackMaxDepth+1 { // then there are at least 9 containers around it
		return nil, depthFault.at(0)
	}
	switch j := j.(type) {
	case nil, bool, string:
		return j, nil
	case []any:
		list := make([]any, len(j))
		for i := range j {
			var err error
			if list[i], err = fromJSON(j[i], depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		if len(j) != 1 {
			return nil, jsonFault("an object has exactly one member")
		}
		for tag, content := range j {
			return taggedFromJSON(tag, content, depth)
		}
	}
	return nil, jsonFault("numbers are written as {\"int\": \"decimal\"}")
}

// taggedFromJSON converts the content of an object's only member.
func taggedFromJSON(tag string, content any, depth int) (any, error) {
	switch tag {
	case jsonInt:
		s, _ := content.(string)
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != s {
			return nil, jsonFault("int is not a decimal string in -2^63..2^63-1")
		}
		return n, nil
	case jsonBin:
		s, ok := content.(string)
		data, err := hex.DecodeString(s)
		if !ok || err != nil || hex.EncodeToString(data) != s {
			return nil, jsonFault("bin is not a lower-case hex string")
		}
		return data, nil
	case jsonMap:
		m, ok := content.(map[string]any)
		if !ok {
			return nil, jsonFault("map is not an object")
		}
		entries := make(map[string]any, len(m))
		for k := range m {
			v, err := fromJSON(m[k], depth+1)
			if err != nil {
				return nil, err
			}
			entries[k] = v
		}
		return entries, nil
	default:
		return nil, jsonFault("an object's member is int, bin or map")
	}
}

func jsonFault(detail string) error {
	return &Error{Code: CodeEncoding, Detail: "JSON form: " + detail}
}
