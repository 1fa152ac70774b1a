package codec

import (
	"crypto/sha256"
	"slices"
)

// Agreement is what two HELLOs come to: what both READYs must state.
type Agreement struct {
	Version uint16            // the greatest common wire version (VER-001)
	Caps    Caps              // the merged capabilities (CAP-001); never nil
	Protos  map[string]uint16 // the common sub-protocols, each with the greatest common version (READY-011); never nil
}

// Agree computes the agreement of two HELLOs. It is the same on both sides, whoever computes it.
//
// Without a common version the error is NO_VERSION (VER-002); else, when either side needs what the result lacks, NEED_UNMET
// (CAP-011): the agreement is returned as well, and Unmet lists the names. That a dialer met itself (HELLO-018) is checked before.
func Agree(dialer, acceptor *Hello) (Agreement, error) {
	version, ok := greatestCommon(dialer.Vers, acceptor.Vers, IsGreaseVersion)
	if !ok {
		return Agreement{}, linkFault(CodeNoVersion, "VER-002", 0, "no common wire version")
	}
	a := Agreement{Version: version, Caps: mergeCaps(dialer.Caps, acceptor.Caps), Protos: map[string]uint16{}}
	for name, vers := range dialer.Protos {
		if ver, ok := greatestCommon(vers, acceptor.Protos[name], nil); ok && isName(name) {
			a.Protos[name] = ver
		}
	}
	if names := Unmet(dialer, acceptor, a.Caps); len(names) > 0 {
		return a, linkFault(CodeNeedUnmet, "CAP-011", 0, "a needed capability is missing")
	}
	return a, nil
}

// Unmet lists what either side needs and the merged capabilities lack, ascending, each once: for need in REFUSE (CAP-011).
func Unmet(dialer, acceptor *Hello, caps Caps) []string {
	var names []string
	for _, name := range slices.Concat(dialer.Need, acceptor.Need) {
		if _, ok := caps[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TranscriptHash gives th of READY: SHA-256 over the whole opening of the dialer followed by that of the acceptor, headers
// included, each as it was sent or received (READY-004).
func TranscriptHash(dialerOpening, acceptorOpening []byte) [32]byte {
	h := sha256.New()
	h.Write(dialerOpening)
	h.Write(acceptorOpening)
	var th [32]byte
	h.Sum(th[:0])
	return th
}

// greatestCommon finds the greatest number in both lists that skip, if any, does not pass over.
func greatestCommon(a, b []uint16, skip func(uint16) bool) (best uint16, ok bool) {
	for _, v := range a {
		if (!ok || v > best) && slices.Contains(b, v) && (skip == nil || !skip(v)) {
			best, ok = v, true
		}
	}
	return best, ok
}

// mergeCaps merges two offers by the registered rules (CAP-001 to CAP-006). Capabilities that are not registered, grease
// among them, never get into the result.
func mergeCaps(dialer, acceptor Caps) Caps {
	merged := Caps{}
	for _, info := range capabilityTable {
		d, ok := dialer[info.Name]
		if !ok {
			continue
		}
		a, ok := acceptor[info.Name]
		if !ok {
			continue
		}
		if v, ok := mergeValue(info.Rule, d, a); ok {
			merged[info.Name] = v
		}
	}
	return merged
}

// mergeValue merges one capability. Names of another form than chapter 2 of SPEC.md gives are ignored. ok is false where the rule gives no value, and where a value is not of the rule's type,
// which a parsed HELLO cannot have (CAP-010).
func mergeValue(rule string, dialer, acceptor any) (v any, ok bool) {
	switch rule {
	case "AND":
		return true, dialer == true && acceptor == true
	case "MIN", "MAX":
		d, isUint := asUint(dialer)
		a, isUintToo := asUint(acceptor)
		if rule == "MIN" {
			return min(d, a), isUint && isUintToo
		}
		return max(d, a), isUint && isUintToo
	case "INTERSECT":
		d, _ := dialer.([]string)
		a, _ := acceptor.([]string)
		names := intersect(d, a)
		return names, len(names) > 0
	case "CHOOSE":
		d, _ := dialer.([]string)
		a, _ := acceptor.([]string)
		for _, name := range a {
			if slices.Contains(d, name) && isName(name) {
				return []string{name}, true
			}
		}
	}
	return nil, false
}

// intersect gives the names of both sets in ascending order.
func intersect(a, b []string) []string {
	var both []string
	for _, name := range a {
		if slices.Contains(b, name) && isName(name) {
			both = append(both, name)
		}
	}
	slices.Sort(both)
	return slices.Compact(both)
}
