package codec

import (
	"math"
)

// The maps of openings, READY, OPEN, ACCEPT and the ERROR of a call are all judged here, by the tables that are generated from the
// registry: what a key must be stands in one place only.

// parseMap validates body as a map in the strict profile. base is where the body begins in the input, for offsets. For a body
// that is valid but no map the requirement is notMap.
func parseMap(body []byte, base int, notMap string) (Value, error) {
	if err := ValidateMsgpack(body); err != nil {
		return Value{}, shifted(err, base)
	}
	v := Value{body: body}
	if v.Kind() != ValueMap {
		return Value{}, linkFault(CodeEncoding, notMap, base, "body is not a map")
	}
	return v, nil
}

// shifted moves an error of a body to where the body stands in the input.
func shifted(err error, base int) error {
	e, ok := err.(*Error) //nolint:errorlint // made a moment ago by this package, never wrapped
	if !ok {
		return err
	}
	e.Offset += base
	return e
}

// checkKeys holds the entries of a map against a table that ascends by name, as the entries do. Keys that the table lacks
// are ignored. A required key that is missing, and a value of another type or size, is ENCODING under req. It allocates
// nothing on success.
func checkKeys(m Value, keys []KeyInfo, base int, req string) error {
	next := 0 // keys before it were met or may be absent
	for it := m.Iter(); it.Next(); {
		name := it.Key()
		for next < len(keys) && keys[next].Name < string(name) {
			if keys[next].Required {
				return missing(keys[next], m, base, req)
			}
			next++
		}
		if next == len(keys) {
			return nil
		}
		if keys[next].Name != string(name) {
			continue
		}
		if !keys[next].fits(it.Value()) {
			return linkFault(CodeEncoding, req, base+it.Value().Offset(), "value of "+keys[next].Name+" has another type or size")
		}
		next++
	}
	for ; next < len(keys); next++ {
		if keys[next].Required {
			return missing(keys[next], m, base, req)
		}
	}
	return nil
}

func missing(k KeyInfo, m Value, base int, req string) error {
	return linkFault(CodeEncoding, req, base+m.Offset(), "key "+k.Name+" is missing")
}

// fits tells whether v has the type and size that the table gives.
func (k *KeyInfo) fits(v Value) bool {
	switch k.Type {
	case "map":
		return v.Kind() == ValueMap
	case "bin":
		data, ok := v.Bin()
		return ok && (k.Size < 0 || len(data) == k.Size)
	case "str":
		text, ok := v.Str()
		return ok && (k.Max < 0 || len(text) <= k.Max)
	case "array":
		return k.fitsArray(v)
	default:
		return fitsUint(v, k.Type)
	}
}

// tuples gives the number of uints in each element of an array of a registered kind.
var tuples = map[string]int{"epoch": 3, "range": 2}

// fitsTuples judges an array of small arrays of uints, and its length.
func (k *KeyInfo) fitsTuples(v Value) bool {
	if v.Len() < k.Min || v.Len() > k.Max {
		return false
	}
	for it := v.Iter(); it.Next(); {
		if it.Value().Kind() != ValueArray || it.Value().Len() != tuples[k.Of] {
			return false
		}
		for in := it.Value().Iter(); in.Next(); {
			if _, ok := in.Value().Uint(); !ok {
				return false
			}
		}
	}
	return true
}

// fitsArray judges an array and its elements, and the length of a list of str. That of vers has a requirement of its own (HELLO-013),
// which is checked later: the code would be the same, but the report would name the wrong rule.
func (k *KeyInfo) fitsArray(v Value) bool {
	if v.Kind() != ValueArray || (k.Of == "str" && k.Max >= 0 && v.Len() > k.Max) {
		return false
	}
	if tuples[k.Of] > 0 {
		return k.fitsTuples(v)
	}
	for it := v.Iter(); it.Next(); {
		if k.Of == "str" {
			if _, ok := it.Value().Str(); !ok {
				return false
			}
		} else if !fitsUint(it.Value(), k.Of) {
			return false
		}
	}
	return true
}

// fitsUint tells whether v is an integer of the type u16, u32 or uint.
func fitsUint(v Value, width string) bool {
	n, ok := v.Uint()
	switch width {
	case "u16":
		return ok && n <= math.MaxUint16
	case "u32":
		return ok && n <= math.MaxUint32
	default:
		return ok
	}
}

// isName tells whether s is a name: 1 to 64 bytes of a-z 0-9 . _ - (chapter 2 of SPEC.md).
func isName[S ~string | ~[]byte](s S) bool {
	if len(s) == 0 || len(s) > MsgpackMaxKey {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// strOf copies a str of a map; "" where v is none.
func strOf(v Value) string {
	text, _ := v.Str()
	return string(text)
}

// uint16Of, uint32Of and uint16sOf read values that checkKeys has judged.
func uint16Of(v Value) uint16 {
	n, _ := v.Uint()
	return uint16(n)
}

func uint32Of(v Value) uint32 {
	n, _ := v.Uint()
	return uint32(n)
}

func uint16sOf(v Value) []uint16 {
	list := make([]uint16, 0, v.Len()) // every element takes a byte of the body
	for it := v.Iter(); it.Next(); {
		list = append(list, uint16Of(it.Value()))
	}
	return list
}

func stringsOf(v Value) []string {
	list := make([]string, 0, v.Len())
	for it := v.Iter(); it.Next(); {
		list = append(list, strOf(it.Value()))
	}
	return list
}
