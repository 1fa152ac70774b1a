package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
)

// decodeJSON reads one JSON value. Numbers keep their digits.
func decodeJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the value")
	}
	return v, nil
}

// Difference says where one JSON value is not the one that it should be, "" where it is. Members of objects may stand in any order.
func Difference(want, got json.RawMessage) string {
	if bytes.Equal(want, got) {
		return ""
	}
	w, err := decodeJSON(want)
	if err != nil {
		return "there is no value to compare with: " + err.Error()
	}
	g, err := decodeJSON(got)
	if err != nil {
		return "the value is no JSON: " + err.Error()
	}
	return difference(w, g)
}

// difference says where a value is not the one that it should be, "" where it is.
func difference(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return firstDifference("value", want, got)
}

// firstDifference looks into objects and arrays of the same length.
func firstDifference(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		for _, key := range slices.Sorted(maps.Keys(w)) {
			at := path + "." + key
			if other, there := g[key]; !there {
				return at + " is missing, and should be " + shown(w[key])
			} else if !reflect.DeepEqual(w[key], other) {
				return firstDifference(at, w[key], other)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(g)) {
			if _, there := w[key]; !there {
				return path + "." + key + " should not be there"
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if !reflect.DeepEqual(w[i], g[i]) {
				return firstDifference(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])
			}
		}
	case string:
		if n, ok := got.(json.Number); ok && n.String() == w {
			return fmt.Sprintf("%s is the number %s, and integers are texts of digits", path, n)
		}
	}
	return fmt.Sprintf("%s is %s, and should be %s", path, shown(got), shown(want))
}

// shown prints a JSON value, cut.
func shown(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	const most = 80
	if len(b) > most {
		return fmt.Sprintf("%+q... (%d bytes)", b[:most], len(b))
	}
	return string(b)
}
