package spec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Validate reports every place where the registry contradicts itself: what a JSON Schema cannot say, such as gaps
// between offsets, numbers given twice, or keys that do not stand in the order of the wire.
func (r *RegistryFile) Validate() error {
	c := new(checker)
	c.opening(r)
	c.header(r)
	c.flags(r)
	c.frames(r)
	c.grease(r)
	c.capabilities(r)
	c.limits(r)
	c.constants(r)
	c.codes(r)
	c.protos(r)
	return errors.Join(c.faults...)
}

// checker collects faults, so that an editor sees all of them at once.
type checker struct{ faults []error }

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("registry: "+format, args...))
}

var (
	upperName = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	lowerName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	wireName  = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`) // SPEC.md chapter 2, "Text"
)

func (c *checker) opening(r *RegistryFile) {
	c.fields("opening", r.Opening.Fields)
	seen := map[uint64]string{}
	for _, k := range r.Opening.Kinds {
		c.name(upperName, k.Name)
		c.unique(seen, "kind", uint64(k.Value), k.Name)
		c.keys(k.Name, k.Keys)
	}
}

func (c *checker) header(r *RegistryFile) {
	if size := c.fields("header", r.Header.Fields); size != r.Header.Size {
		c.fault("header: the fields have %d bytes, size says %d", size, r.Header.Size)
	}
}

func (c *checker) flags(r *RegistryFile) {
	for _, f := range r.Flags {
		c.name(upperName, f.Name)
		if f.Value&(f.Value-1) != 0 || f.Value == 0 {
			c.fault("flag %s: %02X is not one bit", f.Name, f.Value)
		}
		for _, t := range f.Types {
			if _, known := r.Frame(t); !known && t != "*" {
				c.fault("flag %s: no frame %s", f.Name, t)
			}
		}
	}
	for _, frame := range r.Frames {
		seen := map[uint64]string{}
		for _, f := range r.Flags {
			if f.Types.Has(frame.Name) {
				c.unique(seen, "flag of "+frame.Name, uint64(f.Value), f.Name)
			}
		}
	}
}

func (c *checker) frames(r *RegistryFile) {
	c.ranges("frame_ranges", r.FrameRanges, 0xFF)
	seen := map[uint64]string{}
	for i, f := range r.Frames {
		c.name(upperName, f.Name)
		c.unique(seen, "frame", uint64(f.Value), f.Name)
		if i > 0 && r.Frames[i-1].Value > f.Value {
			c.fault("frame %s: number %d stands out of order", f.Name, f.Value)
		}
		c.frameBody(f)
		c.frameCapability(r, f)
	}
}

// frameCapability checks that a frame outside the profile core names the capability that brings it (FRAME-015).
func (c *checker) frameCapability(r *RegistryFile, f Frame) {
	i := slices.IndexFunc(r.Capabilities, func(have Capability) bool { return have.Name == f.Capability })
	switch {
	case f.Capability == "" && f.Profile != "core":
		c.fault("frame %s: outside the profile core, and without a capability", f.Name)
	case f.Capability != "" && i < 0:
		c.fault("frame %s: no capability %s", f.Name, f.Capability)
	case f.Capability != "" && r.Capabilities[i].Profile != f.Profile:
		c.fault("frame %s: profile %s, its capability says %s", f.Name, f.Profile, r.Capabilities[i].Profile)
	}
}

// frameBody checks that the body's form and its description agree.
func (c *checker) frameBody(f Frame) {
	if f.Body == "map" {
		if len(f.Keys) == 0 || len(f.Fields) != 0 {
			c.fault("frame %s: a map has keys and no fields", f.Name)
		}
		c.keys(f.Name, f.Keys)
		return
	}
	fixed := c.fields("frame "+f.Name, f.Fields)
	last := Field{}
	if len(f.Fields) > 0 {
		last = f.Fields[len(f.Fields)-1]
	}
	switch f.Body {
	case "fixed":
		if f.Size == nil || *f.Size != fixed {
			c.fault("frame %s: the fields have %d bytes, size says otherwise", f.Name, fixed)
		}
	case "ending":
		if f.Min == nil || f.Max == nil || last.Max == nil || *f.Min != fixed || *f.Max != fixed+*last.Max {
			c.fault("frame %s: min and max are not what the fields add up to", f.Name)
		}
	default:
		if last.Size != nil {
			c.fault("frame %s: a body of the form %s ends in a part of variable size", f.Name, f.Body)
		}
	}
}

func (c *checker) grease(r *RegistryFile) {
	var want []uint16
	for v := uint16(27); v < 256; v += 31 {
		want = append(want, v)
	}
	if !slices.Equal(r.Grease.FrameTypes, want) {
		c.fault("grease: the frame types are not 31n+27: %v", want)
	}
	for _, f := range r.Frames {
		if slices.Contains(r.Grease.FrameTypes, uint16(f.Value)) {
			c.fault("grease: frame %s has a grease number", f.Name)
		}
	}
	if r.WireVersion&r.Grease.VersionMask == r.Grease.VersionValue {
		c.fault("grease: the wire version has the form of grease")
	}
	for _, have := range r.Capabilities {
		if strings.HasPrefix(have.Name, r.Grease.CapabilityPrefix) {
			c.fault("grease: capability %s has the prefix of grease", have.Name)
		}
	}
}

// ruleType is the type of value that a rule merges.
func ruleType(rule string) string {
	return map[string]string{"AND": "true", "MIN": "uint", "MAX": "uint", "INTERSECT": "set", "CHOOSE": "list"}[rule]
}

func (c *checker) capabilities(r *RegistryFile) {
	seen := map[string]bool{}
	for _, have := range r.Capabilities {
		c.name(wireName, have.Name)
		if seen[have.Name] {
			c.fault("capability %s stands twice", have.Name)
		}
		seen[have.Name] = true
		if have.Type != ruleType(have.Rule) {
			c.fault("capability %s: rule %s does not merge the type %s", have.Name, have.Rule, have.Type)
		}
	}
}

func (c *checker) protos(r *RegistryFile) {
	for _, p := range r.Protos {
		c.name(wireName, p.Name)
		seen := map[uint64]string{}
		for _, m := range p.Messages {
			c.name(upperName, m.Name)
			c.unique(seen, "message of "+p.Name, uint64(m.Value), m.Name)
			c.fields(p.Name+" "+m.Name, m.Fields)
			c.keys(p.Name+" "+m.Name, m.Keys)
		}
	}
}
