package explain

import (
	"fmt"
	"strings"

	"handfast/codec"
)

// meaning is what is known about a MessagePack value before it is read.
type meaning struct {
	doc   string
	req   []string
	inner func(key string) meaning // of the value of an entry, or of each element, with the key ""; nil: nothing is known
	text  func(n uint64) string    // writes an int that is not negative; nil or "": as a number
}

// in gives the meaning of what a container holds.
func (m meaning) in(key string) meaning {
	if m.inner == nil {
		return meaning{}
	}
	return m.inner(key)
}

// value writes the value of a token.
func (m meaning) value(t token) string {
	switch t.kind {
	case "map":
		return fmt.Sprintf("map of %d entries", t.n)
	case "array":
		return fmt.Sprintf("array of %d", t.n)
	case "str":
		return quoted(t.body)
	case "bin":
		if text := bytesText(t.body); text[0] == '"' {
			return fmt.Sprintf("%d bytes, %s", len(t.body), text)
		}
		return fmt.Sprintf("%d bytes", len(t.body))
	case "int":
		if m.text != nil && t.text[0] != '-' {
			if text := m.text(t.n); text != "" {
				return text
			}
		}
	}
	return t.text
}

// keysOf gives the meaning of the keys of a registered map: HELLO, REFUSE, a frame type, or call.ERROR.
func keysOf(prefix string) func(key string) meaning {
	keys, unknown := registeredKeys(prefix)
	return func(key string) meaning {
		for _, info := range keys {
			if info.Name == key {
				return keyMeaning(prefix, info)
			}
		}
		return meaning{doc: "unknown key, ignored", req: unknown}
	}
}

// registeredKeys gives the table of a map, and the requirement about keys that it lacks.
func registeredKeys(prefix string) (keys []codec.KeyInfo, unknown []string) {
	unknown = reqs(prefix, "?")
	for _, k := range codec.OpeningKinds() {
		if k.Name == prefix {
			return k.Keys, unknown
		}
	}
	for _, t := range codec.FrameTypes() {
		if t.Name == prefix {
			return t.Keys, unknown
		}
	}
	info, _ := callInfo(byte(codec.CallKindError))
	return info.Keys, unknown
}

// keyMeaning joins the registry's word for a key with what this package knows of its value.
func keyMeaning(prefix string, info codec.KeyInfo) meaning {
	m := meaning{doc: info.Doc, req: reqs(prefix, info.Name)}
	if len(info.Keys) > 0 {
		m.inner = nested(prefix+"."+info.Name, info.Keys)
		return m
	}
	switch info.Name {
	case "caps":
		m.inner = capability
	case "limits":
		m.inner = limit
	case "protos":
		m.inner = func(string) meaning {
			return meaning{doc: "sub-protocol", req: m.req, inner: func(string) meaning { return meaning{} }}
		}
	case "vers":
		m.inner = func(string) meaning { return meaning{text: wireVersion} }
	default:
		m.text = func(n uint64) string { return special(prefix, info.Name, n) }
	}
	return m
}

// nested gives the meaning of the keys of a registered map inside a map.
func nested(prefix string, keys []codec.KeyInfo) func(key string) meaning {
	return func(key string) meaning {
		for _, info := range keys {
			if info.Name == key {
				m := meaning{doc: info.Doc, req: reqs(prefix, info.Name)}
				if parts := tupleParts[info.Of]; parts != "" {
					m.inner = func(string) meaning { return meaning{doc: parts, req: m.req} }
				}
				return m
			}
		}
		return meaning{doc: "unknown key, ignored", req: reqs(prefix, "?")}
	}
}

// tupleParts says what the elements of a small array are.
var tupleParts = map[string]string{"epoch": "epoch, nonce, first number", "range": "first, last"}

// wireVersion marks versions that nobody speaks.
func wireVersion(n uint64) string {
	if n > 0xFFFF || !codec.IsGreaseVersion(uint16(n)) {
		return ""
	}
	return fmt.Sprintf("%d (%04X, grease)", n, n)
}

// capability gives the meaning of an offered or selected capability.
func capability(name string) meaning {
	for _, info := range codec.CapabilityInfos() {
		if info.Name == name {
			return meaning{doc: info.Doc, req: reqs("capability", info.Rule)}
		}
	}
	if strings.HasPrefix(name, codec.GreaseCapabilityPrefix) {
		return meaning{doc: "grease: means nothing", req: reqs("capability", "grease")}
	}
	return meaning{doc: "unknown capability, ignored", req: reqs("capability", "?")}
}

// limit gives the meaning of a limit in HELLO.
func limit(name string) meaning {
	for _, info := range codec.LimitInfos() {
		if info.Name == name {
			return meaning{doc: fmt.Sprintf("%s (%s, %d to %d)", info.Doc, info.Unit, info.Min, info.Max), req: reqs("limit", "*")}
		}
	}
	return meaning{doc: "unknown limit, ignored", req: reqs("limit", "?")}
}
