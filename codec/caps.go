package codec

import (
	"math"
	"slices"
)

// Caps maps the names of capabilities to their values. The values of registered ones are true, int64 or []string
// (a set, strictly ascending, or a list, most preferred first). Grease and unknown capabilities stay in a parsed HELLO with any
// value of the profile, as DecodeValue gives it, except that an array of str is a []string; they are never merged.
type Caps map[string]any

// maxNames is the greatest number of names in a set or list.
const maxNames = 16

// AppendCaps appends c as a map in the strict profile: the bytes of caps in HELLO, and those that READY-007 compares. Equal maps
// give equal bytes. A name or value outside the profile is ENCODING.
func AppendCaps(b []byte, c Caps) ([]byte, error) {
	m := make(map[string]any, len(c))
	for name, v := range c {
		m[name] = plainValue(v)
	}
	return AppendValue(b, m)
}

// plainValue gives a value of Caps as AppendValue takes it.
func plainValue(v any) any {
	names, ok := v.([]string)
	if !ok {
		return v
	}
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}

// AppendProtos appends p, the sub-protocols of READY with their versions, as a map in the strict profile: the bytes that READY-008
// compares. Equal maps give equal bytes. A name outside the profile is ENCODING.
func AppendProtos(b []byte, p map[string]uint16) ([]byte, error) {
	m := make(map[string]any, len(p))
	for name, ver := range p {
		m[name] = int64(ver)
	}
	return AppendValue(b, m)
}

// sortedKeys gives the keys in the order of their bytes (MP-010).
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// capsOf copies a map of capabilities out of a validated body. What it allocates is bounded by the body's size.
func capsOf(v Value) (Caps, error) {
	caps := make(Caps, v.Len())
	for it := v.Iter(); it.Next(); {
		value, err := capOf(it.Value())
		if err != nil {
			return nil, err
		}
		caps[string(it.Key())] = value
	}
	return caps, nil
}

// capOf copies one value. Those of registered types are read here; msgpack/v5 takes a microsecond for each.
func capOf(v Value) (any, error) {
	switch v.Kind() {
	case ValueBool:
		is, _ := v.Bool()
		return is, nil
	case ValueInt:
		n, _ := v.Int()
		return n, nil
	case ValueArray:
		if list, ok := namesOf(v); ok {
			return list, nil
		}
	}
	return DecodeValue(v.Raw())
}

// namesOf copies an array of str; ok is false where an element is none.
func namesOf(v Value) (names []string, ok bool) {
	for it := v.Iter(); it.Next(); {
		if it.Value().Kind() != ValueStr {
			return nil, false
		}
	}
	return stringsOf(v), true
}

// capabilityInfo finds a registered capability.
func capabilityInfo(name string) (CapabilityInfo, bool) {
	i, ok := slices.BinarySearchFunc(capabilityTable, name, func(have CapabilityInfo, want string) int {
		switch {
		case have.Name < want:
			return -1
		case have.Name > want:
			return 1
		default:
			return 0
		}
	})
	if !ok {
		return CapabilityInfo{}, false
	}
	return capabilityTable[i], true
}

// checkCaps judges the registered capabilities of a HELLO, in the order of their names: first the types of all (CAP-010), then
// the forms of all (CAP-012). v is the map of capabilities in a validated body, base where the body begins.
func checkCaps(v Value, base int) error {
	for it := v.Iter(); it.Next(); {
		info, known := capabilityInfo(string(it.Key()))
		if known && !fitsCapability(it.Value(), info.Type) {
			return linkFault(CodeEncoding, "CAP-010", base+it.Value().Offset(), info.Name+" is not of type "+info.Type)
		}
	}
	for it := v.Iter(); it.Next(); {
		info, known := capabilityInfo(string(it.Key()))
		if !known {
			continue
		}
		if info.Type == "set" && !strictlyAscending(it.Value()) || info.Type == "list" && !allDifferent(it.Value()) {
			return linkFault(CodeEncoding, "CAP-012", base+it.Value().Offset(), info.Name+" is not in the form of a "+info.Type)
		}
	}
	return nil
}

// fitsCapability tells whether v is of the type: true, uint, set or list. A set and a list are arrays of 1 to 16 str: one that is
// not in the form of a name is a name that nobody knows, and no fault.
func fitsCapability(v Value, kind string) bool {
	switch kind {
	case "true":
		is, ok := v.Bool()
		return is && ok
	case "uint":
		_, ok := v.Uint()
		return ok
	default:
		if v.Kind() != ValueArray || v.Len() < 1 || v.Len() > maxNames {
			return false
		}
		for it := v.Iter(); it.Next(); {
			if _, ok := it.Value().Str(); !ok {
				return false
			}
		}
		return true
	}
}

func strictlyAscending(v Value) bool {
	var before []byte
	for it, first := v.Iter(), true; it.Next(); first = false {
		name, _ := it.Value().Str()
		if !first && string(name) <= string(before) {
			return false
		}
		before = name
	}
	return true
}

// allDifferent compares each with each: there are at most 16.
func allDifferent(v Value) bool {
	for it := v.Iter(); it.Next(); {
		name, _ := it.Value().Str()
		for rest := it; rest.Next(); {
			if other, _ := rest.Value().Str(); string(other) == string(name) {
				return false
			}
		}
	}
	return true
}

// asUint gives a value of rule MIN or MAX, which is an int64, or an int or uint64 that a caller wrote.
func asUint(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, n >= 0
	case int:
		return int64(n), n >= 0
	case uint64:
		return int64(n), n <= math.MaxInt64
	default:
		return 0, false
	}
}
