package codec

import (
	"errors"
	"fmt"
)

// Validate reports every limit that lies outside its range in chapter 15 of SPEC.md, joined; nil if there is none. A zero is outside:
// it never stands for the default (LIM-002).
func (l *Limits) Validate() error {
	var faults []error
	for i := range limitTable {
		info := &limitTable[i]
		if n := *l.ref(i); n < info.Min || n > info.Max {
			detail := fmt.Sprintf("limit %s is %d, not %d to %d", info.Name, n, info.Min, info.Max)
			faults = append(faults, linkFault(CodeEncoding, "HELLO-012", 0, detail))
		}
	}
	return errors.Join(faults...)
}

// set takes over the limits of a HELLO, whose types were checked: absent ones have their defaults, unknown ones are ignored
// (EXT-005). The error is a limit out of its range (HELLO-012).
func (l *Limits) set(m Value) error {
	*l = DefaultLimits()
	for i := range limitTable {
		info := &limitTable[i]
		v, ok := m.Lookup(info.Name)
		if !ok {
			continue
		}
		n, _ := v.Uint()
		if n < info.Min || n > info.Max {
			return helloFault("HELLO-012", v, "limit "+info.Name+" is out of its range")
		}
		*l.ref(i) = n
	}
	return nil
}

// appendLimits appends all limits, those with default values too: a capture then says what was in force.
func appendLimits(b []byte, l Limits) []byte {
	b = AppendMapHeader(b, len(limitTable))
	for i := range limitTable {
		b = AppendUint(AppendStr(b, limitTable[i].Name), *l.ref(i))
	}
	return b
}
