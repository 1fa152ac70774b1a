package spec

import (
	"regexp"
	"slices"
	"strings"
)

func (c *checker) name(form *regexp.Regexp, name string) {
	if !form.MatchString(name) {
		c.fault("%q is not a well-formed name", name)
	}
}

func (c *checker) unique(seen map[uint64]string, what string, value uint64, name string) {
	if other, twice := seen[value]; twice {
		c.fault("%s %s: number %d belongs to %s", what, name, value, other)
	}
	seen[value] = name
}

// fields checks that each field begins where the one before ended, and returns the bytes of the fixed part.
func (c *checker) fields(where string, fields []Field) int {
	at, fixed := 0, true
	for _, f := range fields {
		c.name(lowerName, f.Name)
		switch {
		case fixed && (f.Offset == nil || *f.Offset != at):
			c.fault("%s.%s: offset is not %d", where, f.Name, at)
		case !fixed && f.Offset != nil:
			c.fault("%s.%s: an offset behind a part of variable size", where, f.Name)
		}
		if want, known := typeSize(f.Type); known && (f.Size == nil || *f.Size != want) {
			c.fault("%s.%s: a %s has %d bytes", where, f.Name, f.Type, want)
		}
		if f.Size == nil {
			fixed = false
		} else if fixed {
			at += *f.Size
		}
	}
	return at
}

// typeSize is the size of an integer type.
func typeSize(name string) (size int, known bool) {
	size, known = map[string]int{"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i64": 8}[name]
	return size, known
}

// keys checks the order in which the keys stand on the wire: ascending by bytes, none twice (MP-010, MP-011).
func (c *checker) keys(where string, keys []Key) {
	for i, k := range keys {
		c.name(lowerName, k.Name)
		if i > 0 && keys[i-1].Name >= k.Name {
			c.fault("%s: key %s stands behind %s", where, k.Name, keys[i-1].Name)
		}
		if (k.Type == "array") != (k.Of != "") {
			c.fault("%s.%s: `of` belongs to arrays, and to all of them", where, k.Name)
		}
		if len(k.Keys) > 0 && k.Type != "map" {
			c.fault("%s.%s: `keys` belongs to maps", where, k.Name)
		}
		c.keys(where+"."+k.Name, k.Keys)
	}
}

// ranges checks that the ranges ascend without overlap and end by most.
func (c *checker) ranges(where string, ranges []Range, most uint32) {
	for i, one := range ranges {
		if one.From > one.To || one.To > most {
			c.fault("%s: %d to %d is not a range", where, one.From, one.To)
		}
		if i > 0 && ranges[i-1].To >= one.From {
			c.fault("%s: %d overlaps the range before, or stands out of order", where, one.From)
		}
	}
}

func (c *checker) limits(r *RegistryFile) {
	for i, l := range r.Limits {
		c.name(lowerName, l.Name)
		if i > 0 && r.Limits[i-1].Name >= l.Name {
			c.fault("limit %s stands behind %s", l.Name, r.Limits[i-1].Name)
		}
		if l.Min > l.Default || l.Default > l.Max {
			c.fault("limit %s: not minimum <= default <= maximum", l.Name)
		}
		for _, code := range codeInText.FindAllStringSubmatch(l.Exceeding, -1) {
			if _, known := r.Code(code[1]); !known {
				c.fault("limit %s: no code %s", l.Name, code[1])
			}
		}
	}
}

var codeInText = regexp.MustCompile(`\(([A-Z_]+)\)`)

func (c *checker) constants(r *RegistryFile) {
	for _, name := range []string{"MAX_CONTROL", "MAX_RANGES"} { // the frame tables need them
		if _, known := r.Constant(name); !known {
			c.fault("constant %s is missing", name)
		}
	}
	seen := map[string]bool{}
	for _, one := range r.Constants {
		c.name(upperName, one.Name)
		if seen[one.Name] {
			c.fault("constant %s stands twice", one.Name)
		}
		seen[one.Name] = true
		least, isMin := strings.CutSuffix(one.Name, "_MIN")
		i := slices.IndexFunc(r.Constants, func(other Constant) bool { return other.Name == least+"_MAX" })
		if isMin && (i < 0 || r.Constants[i].Value < one.Value) {
			c.fault("constant %s has no greater %s_MAX", one.Name, least)
		}
	}
}

func (c *checker) codes(r *RegistryFile) {
	c.ranges("error_ranges", r.ErrorRanges, 0xFFFF)
	seen := map[string]bool{}
	for i, code := range r.Errors {
		c.name(upperName, code.Name)
		if seen[code.Name] {
			c.fault("code %s stands twice", code.Name)
		}
		seen[code.Name] = true
		if i > 0 && r.Errors[i-1].Value >= code.Value {
			c.fault("code %s: number %d stands twice or out of order", code.Name, code.Value)
		}
		in := func(one Range) bool { return one.From <= code.Value && code.Value <= one.To }
		if !slices.ContainsFunc(r.ErrorRanges, in) {
			c.fault("code %s: number %d is in no range", code.Name, code.Value)
		}
	}
}
