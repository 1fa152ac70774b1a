package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// reported gives an object of an answer in one form for equal objects: integers are texts of digits, whichever way the driver has written them.
func reported(raw json.RawMessage) string {
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "no object"
	}
	return plainForm(v)
}

// reportOf gives a map of this program in that form.
func reportOf[V any](m map[string]V) string {
	all := make(map[string]any, len(m))
	for name, v := range m {
		all[name] = v
	}
	return plainForm(all)
}

func plainForm(m map[string]any) string {
	parts := make([]string, 0, len(m))
	for name, v := range m {
		switch list := v.(type) {
		case []string:
			v = strings.Join(list, " ")
		case []any:
			texts := make([]string, len(list))
			for i := range list {
				texts[i] = fmt.Sprint(list[i])
			}
			v = strings.Join(texts, " ")
		}
		parts = append(parts, fmt.Sprintf("%s: %v", name, v))
	}
	slices.Sort(parts)
	return "{" + last(strings.Join(parts, ", "), 1000) + "}"
}
