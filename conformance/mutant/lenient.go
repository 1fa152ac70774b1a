package mutant

import (
	"encoding/binary"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/conformance"
)

// A leniency is a bug that takes a HELLO which has to be refused. It mends the one fault that it does not mind, and leaves everything else
// to codec, which is as strict as before.
type leniency struct {
	conformance.Mutant

	// mend gets header and body of an opening, may change the header, and gives the body to go on with.
	mend func(head, body []byte) []byte
	// unsealed mends openings with a wrong checksum as well, long those with a body that is too long.
	unsealed, long bool
}

// lenient makes a leniency about the body.
func lenient(name, req, doc string, mend func(body []byte) []byte) leniency {
	return leniency{
		Mutant: conformance.Mutant{Name: name, Req: req, Doc: doc},
		mend:   func(_, body []byte) []byte { return mend(body) },
	}
}

// lenientMap makes a leniency about the map of the body.
func lenientMap(name, req, doc string, mend func(m map[string]any)) leniency {
	return lenient(name, req, doc, func(body []byte) []byte { return inMap(body, mend) })
}

// inMap changes a body as a map. A body that is none stays as it is.
func inMap(body []byte, change func(m map[string]any)) []byte {
	v, err := codec.DecodeValue(body)
	if err != nil {
		return body
	}
	m, ok := v.(map[string]any)
	if !ok {
		return body
	}
	change(m)
	changed, err := codec.AppendValue(nil, m)
	if err != nil {
		return body
	}
	return changed
}

// longest is the longest body that a bug waits for.
const longest = codec.MaxOpeningBody + 1024

// mended parses an opening as a lenient peer does. N is what it takes of b.
func (l leniency) mended(b []byte) (o codec.Opening, n int, err error) {
	if len(b) < codec.OpeningSize {
		return o, 0, codec.ErrShort
	}
	length, most := binary.BigEndian.Uint32(b[16:]), uint32(codec.MaxOpeningBody)
	if l.long {
		most = longest
	}
	if length > most {
		return codec.ParseOpening(b)
	}
	if n = codec.OpeningSize + int(length); len(b) < n {
		return o, 0, codec.ErrShort
	}
	head, body := slices.Clone(b[:codec.OpeningSize]), slices.Clone(b[codec.OpeningSize:n])
	if l.unsealed || sealed(head, body) {
		body = l.mend(head, body)
		binary.BigEndian.PutUint32(head[16:], uint32(len(body)))
		binary.BigEndian.PutUint32(head[20:], checksum(head, body))
	}
	o, _, err = codec.ParseOpening(append(head, body...))
	return o, n, err
}

// sealed tells whether the checksum of an opening is right.
func sealed(head, body []byte) bool {
	return binary.BigEndian.Uint32(head[20:]) == checksum(head, body)
}

// checksum computes that of an opening.
func checksum(head, body []byte) uint32 {
	return codec.Checksum(append(slices.Clone(head[:20]), body...))
}

// sample is the HELLO of some other peer, from which a leniency takes what it misses.
func sample() map[string]any {
	p := &peer{limits: limits(1), node: [16]byte{'s', 'o', 'm', 'e', 'b', 'o', 'd', 'y'}}
	opening, err := p.offer(false).AppendOpening(nil)
	if err != nil {
		return nil
	}
	v, err := codec.DecodeValue(opening[codec.OpeningSize:])
	if err != nil {
		return nil
	}
	m, _ := v.(map[string]any)
	return m
}

// headerLeniencies are about the header of an opening, and about the body as a whole.
func headerLeniencies() []leniency {
	inHeader := func(name, req, doc string, mend func(head []byte)) leniency {
		return leniency{
			Mutant: conformance.Mutant{Name: name, Req: req, Doc: doc},
			mend: func(head, body []byte) []byte {
				mend(head)
				return body
			},
		}
	}
	unsealed := inHeader("ignores-opening-checksum", "HELLO-008", "It does not look at the checksum of an opening.", func([]byte) {})
	unsealed.unsealed = true
	long := lenient("takes-longer-openings", "HELLO-007", "It takes a body of up to 17 KiB.", func(body []byte) []byte {
		if len(body) <= codec.MaxOpeningBody {
			return body
		}
		return withoutTail(body, "vers")
	})
	long.long = true
	return []leniency{
		inHeader("looks-at-half-the-magic", "HELLO-003", "It looks at the first four bytes of the magic.", func(head []byte) {
			if slices.Equal(head[:4], codec.Magic[:4]) {
				copy(head, codec.Magic[:])
			}
		}),
		inHeader("reads-seven-bits-of-the-magic", "HELLO-003", "It does not look at the eighth bits of the magic.", func(head []byte) {
			if head[0]&^0x80 == codec.Magic[0]&^0x80 {
				head[0] = codec.Magic[0]
			}
		}),
		inHeader("ignores-invariants", "HELLO-004", "It does not look at invariants.", func(head []byte) { head[8] = codec.Invariants }),
		inHeader("takes-any-kind-for-hello", "HELLO-006", "It reads every opening as a HELLO.", func(head []byte) {
			binary.BigEndian.PutUint16(head[14:], uint16(codec.KindHello))
		}),
		long,
		unsealed,
		lenient("takes-bodies-of-another-form", "HELLO-009", "It takes a body that is no whole map for that of some peer.", func(body []byte) []byte {
			if v, err := codec.DecodeValue(body); err == nil {
				if _, ok := v.(map[string]any); ok {
					return body
				}
			}
			whole, _ := codec.AppendValue(nil, sample())
			return whole
		}),
		ignoresBound("ver_min", 10),
		ignoresBound("ver_max", 12),
	}
}

// ignoresBound is a peer that does not look at ver_min or ver_max.
func ignoresBound(field string, at int) leniency {
	name := "ignores-" + strings.ReplaceAll(field, "_", "-")
	return leniency{
		Mutant: conformance.Mutant{Name: name, Req: "HELLO-014", Doc: "It does not look at " + field + "."},
		mend: func(head, body []byte) []byte {
			return inMap(body, func(m map[string]any) {
				if list, ok := numbersOf(m["vers"]); ok {
					right := slices.Clone(head)
					setBounds(right, list)
					copy(head[at:at+2], right[at:])
				}
			})
		},
	}
}

// setBounds makes ver_min and ver_max fit a list of versions.
func setBounds(head []byte, list []int64) {
	list = slices.DeleteFunc(slices.Clone(list), func(n int64) bool { return codec.IsGreaseVersion(uint16(n)) })
	if len(list) > 0 {
		binary.BigEndian.PutUint16(head[10:], uint16(slices.Min(list)))
		binary.BigEndian.PutUint16(head[12:], uint16(slices.Max(list)))
	}
}

// numbersOf gives an array of ints.
func numbersOf(v any) ([]int64, bool) { return listOf[int64](v) }

// namesOf gives an array of strs.
func namesOf(v any) ([]string, bool) { return listOf[string](v) }

func listOf[T any](v any) (list []T, ok bool) {
	all, ok := v.([]any)
	for _, element := range all {
		e, fits := element.(T)
		list, ok = append(list, e), ok && fits
	}
	return list, ok
}

// anys gives a list as a body holds it.
func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, element := range list {
		all[i] = element
	}
	return all
}

// once leaves out what was in the list before.
func once[T comparable](list []T) []T {
	var kept []T
	for _, element := range list {
		if !slices.Contains(kept, element) {
			kept = append(kept, element)
		}
	}
	return kept
}
