package mutant

import (
	"fmt"
	"slices"

	"handfast/codec"
	"handfast/conformance"
)

// keyLeniencies are about the keys of HELLO and their values.
func keyLeniencies() []leniency {
	const req = "HELLO-010"
	return []leniency{
		lenientMap("fills-in-missing-keys", req, "It takes a missing key for one of some peer.", func(m map[string]any) {
			for key, v := range sample() {
				if _, ok := m[key]; !ok {
					m[key] = v
				}
			}
		}),
		lenientMap("takes-values-of-another-type", req, "It passes over values of another type.", func(m map[string]any) {
			retype(m, sample())
			if _, ok := m["cluster_name"].([]byte); ok {
				delete(m, "cluster_name")
			}
			retypeInside(m)
		}),
		lenientMap("takes-ids-of-any-size", req, "It takes node, cluster and nonce of any size.", func(m map[string]any) {
			for key, size := range map[string]int{"node": 16, "cluster": 16, "nonce": 32} {
				if id, ok := m[key].([]byte); ok {
					m[key] = append(id, make([]byte, size)...)[:size]
				}
			}
		}),
		lenientMap("takes-negative-numbers", req, "It takes a negative number for one that is absent.", func(m map[string]any) {
			if n, ok := m["incarnation"].(int64); ok && n < 0 {
				m["incarnation"] = int64(0)
			}
			eachList(m, func(list []int64) []int64 { return slices.DeleteFunc(list, func(n int64) bool { return n < 0 }) })
			eachLimit(m, func(_ codec.LimitInfo, n int64) bool { return n >= 0 })
		}),
		lenientMap("takes-versions-over-u16", req, "It passes over versions above 65,535.", func(m map[string]any) {
			eachList(m, func(list []int64) []int64 { return slices.DeleteFunc(list, func(n int64) bool { return n > 0xFFFF }) })
		}),
		lenientMap("takes-long-texts", req, "It takes sw and cluster_name of any length.", func(m map[string]any) {
			for _, key := range []string{"sw", "cluster_name"} {
				if text, ok := m[key].(string); ok && len(text) > 64 {
					m[key] = text[:64]
				}
			}
		}),
		lenientMap("takes-a-long-need", req, "It takes a need of any length.", func(m map[string]any) {
			if need, ok := m["need"].([]any); ok && len(need) > 64 {
				m["need"] = need[:64]
			}
		}),
		lenientMap("takes-limits-that-are-too-low", "HELLO-012", "It takes a limit below its minimum for the default.", func(m map[string]any) {
			eachLimit(m, func(info codec.LimitInfo, n int64) bool { return n <= 0 || n >= int64(info.Min) })
		}),
		lenientMap("takes-limits-that-are-too-high", "HELLO-012", "It takes a limit above its maximum for the default.", func(m map[string]any) {
			eachLimit(m, func(info codec.LimitInfo, n int64) bool { return n <= int64(info.Max) })
		}),
		lenientMap("takes-a-limit-of-zero-for-absent", "HELLO-012", "It takes a limit of zero for the default.", func(m map[string]any) {
			eachLimit(m, func(_ codec.LimitInfo, n int64) bool { return n != 0 })
		}),
		lenientMap("passes-over-capabilities-of-another-type", "CAP-010", "It takes a probe of another type for one of some peer.", func(m map[string]any) {
			caps, _ := m["caps"].(map[string]any)
			right, _ := sample()["caps"].(map[string]any)
			for name, v := range caps {
				if _, known := right[name]; known && !fits(name, v) {
					caps[name] = right[name]
				}
			}
		}),
		lenientMap("sorts-sets", "CAP-012", "It takes a set in any order.", func(m map[string]any) {
			caps, _ := m["caps"].(map[string]any)
			if names, ok := namesOf(caps["probe.intersect"]); ok {
				slices.Sort(names)
				caps["probe.intersect"] = anys(slices.Compact(names))
			}
		}),
		lenientMap("takes-lists-with-a-name-twice", "CAP-012", "It passes over a name that a list has had before.", func(m map[string]any) {
			caps, _ := m["caps"].(map[string]any)
			if names, ok := namesOf(caps["probe.choose"]); ok {
				caps["probe.choose"] = anys(once(names))
			}
		}),
	}
}

// listLeniencies are about the versions of the wire and of sub-protocols.
func listLeniencies() []leniency {
	var all []leniency
	add := func(name, doc string, mend func(list []int64) []int64) {
		wire := leniency{Mutant: conformance.Mutant{Name: name, Req: "HELLO-013", Doc: doc + " in vers."}}
		wire.mend = func(head, body []byte) []byte {
			return inMap(body, func(m map[string]any) {
				list, ok := numbersOf(m["vers"])
				if mended := mend(slices.Clone(list)); ok && !slices.Equal(mended, list) {
					m["vers"] = anys(mended)
					setBounds(head, mended)
				}
			})
		}
		protos := lenientMap(name+"-of-protocols", "HELLO-027", doc+" of a sub-protocol.", func(m map[string]any) {
			offers, _ := m["protos"].(map[string]any)
			for proto, v := range offers {
				if list, ok := numbersOf(v); ok {
					offers[proto] = anys(mend(list))
				}
			}
		})
		all = append(all, wire, protos)
	}
	add("takes-many-versions", "It takes more than 16 versions", func(list []int64) []int64 { return list[:min(len(list), 16)] })
	add("takes-versions-twice", "It takes a version that it has had before", once[int64])
	add("takes-version-zero", "It passes over version 0", func(list []int64) []int64 {
		return slices.DeleteFunc(list, func(n int64) bool { return n == 0 })
	})
	add("takes-no-versions", "It takes an empty list", func(list []int64) []int64 {
		if len(list) == 0 {
			return []int64{codec.WireVersion}
		}
		return list
	})
	grease := func(list []int64) []int64 {
		if !slices.ContainsFunc(list, func(n int64) bool { return !codec.IsGreaseVersion(uint16(n)) }) {
			return append(list, codec.WireVersion)
		}
		return list
	}
	last := lenientMap("takes-grease-alone", "HELLO-013", "It takes a list of grease versions for one that has version 1 as well.", func(m map[string]any) {
		if list, ok := numbersOf(m["vers"]); ok {
			m["vers"] = anys(grease(list))
		}
	})
	return append(all, last)
}

// retype replaces entries by those of another map that have another type.
func retype(m, right map[string]any) {
	for key, v := range m {
		if r, known := right[key]; known && fmt.Sprintf("%T", v) != fmt.Sprintf("%T", r) {
			m[key] = r
		}
	}
}

// retypeInside does so with what limits, need and protos hold.
func retypeInside(m map[string]any) {
	if need, ok := m["need"].([]any); ok {
		m["need"] = slices.DeleteFunc(need, func(name any) bool { _, fits := name.(string); return !fits })
	}
	limits, _ := m["limits"].(map[string]any)
	for name, v := range limits {
		if _, fits := v.(int64); !fits {
			delete(limits, name)
		}
	}
	protos, _ := m["protos"].(map[string]any)
	for name, v := range protos {
		if _, fits := numbersOf(v); !fits {
			protos[name] = []any{int64(1)}
		}
	}
	if _, fits := numbersOf(m["vers"]); !fits {
		m["vers"] = []any{int64(codec.WireVersion)}
	}
}

// eachList changes vers and the versions of each sub-protocol.
func eachList(m map[string]any, change func(list []int64) []int64) {
	if list, ok := numbersOf(m["vers"]); ok {
		m["vers"] = anys(change(list))
	}
	protos, _ := m["protos"].(map[string]any)
	for name, v := range protos {
		if list, ok := numbersOf(v); ok {
			protos[name] = anys(change(list))
		}
	}
}

// eachLimit leaves out the limits that are not kept.
func eachLimit(m map[string]any, keep func(info codec.LimitInfo, n int64) bool) {
	limits, _ := m["limits"].(map[string]any)
	for _, info := range codec.LimitInfos() {
		if n, ok := limits[info.Name].(int64); ok && !keep(info, n) {
			delete(limits, info.Name)
		}
	}
}

// fits tells whether a probe has a value of its type.
func fits(name string, v any) bool {
	switch name {
	case "probe.and":
		return v == true
	case "probe.min", "probe.max":
		n, ok := v.(int64)
		return ok && n >= 0
	default:
		names, ok := namesOf(v)
		return ok && len(names) >= 1 && len(names) <= 16
	}
}
