package pages

import (
	"fmt"
	"strings"

	"handfast/spec"
)

// Exchange and Resume are the blocks that command spec/gen/exchange writes, because package codec has to compile for them.
const (
	Exchange = "exchange"
	Resume   = "resume"
	Repair   = "repair"
)

// Blocks renders every block that follows from the registry alone.
func Blocks(r *spec.RegistryFile) Render {
	plain := map[string]func(*spec.RegistryFile) string{
		"opening": opening, "header": header, "frames": frames, "capabilities": capabilities, "errors": errorCodes,
		"limits": limits, "constants": constants,
		"frame_ranges": func(r *spec.RegistryFile) string { return ranges(r.FrameRanges, 2) },
		"error_ranges": func(r *spec.RegistryFile) string { return ranges(r.ErrorRanges, 4) },
	}
	named := map[string]func(r *spec.RegistryFile, name string) (string, error){
		"keys": keys, "frame": frame, "proto": proto,
	}
	return func(name string, args []string) (string, bool, error) {
		if (name == Exchange || name == Resume || name == Repair) && len(args) == 0 {
			return "", false, nil
		}
		if block, known := plain[name]; known && len(args) == 0 {
			return block(r), true, nil
		}
		if block, known := named[name]; known && len(args) == 1 {
			text, err := block(r, args[0])
			return text, true, err
		}
		return "", false, fmt.Errorf("no block gen:%s with %d arguments", name, len(args))
	}
}

func opening(r *spec.RegistryFile) string {
	kinds := newTable("kind", "name", "greatest body", "meaning")
	for _, k := range r.Opening.Kinds {
		kinds.row(fmt.Sprint(k.Value), code(k.Name), grouped(uint64(k.MaxBody))+" bytes", k.Doc)
	}
	return diagram(r.Opening.Fields) + "\n" + fieldTable(r.Opening.Fields) + "\n" + kinds.String()
}

func keys(r *spec.RegistryFile, name string) (string, error) {
	if k, ok := r.Kind(name); ok {
		return keyTable(k.Keys), nil
	}
	if frame, key, inside := strings.Cut(name, "."); inside {
		f, _ := r.Frame(frame)
		for _, k := range f.Keys {
			if k.Name == key && len(k.Keys) > 0 {
				doc := k.Doc
				if _, rest, tagged := strings.Cut(doc, ": "); tagged { // behind the profile that the key belongs to
					doc = rest
				}
				return fmt.Sprintf("**%s** of %s: %s.\n\n", code(k.Name), frame, doc) + keyTable(k.Keys), nil
			}
		}
	}
	return "", fmt.Errorf("no kind of opening %s", name)
}

func header(r *spec.RegistryFile) string {
	flags := newTable("bit", "flag", "frame types", "meaning")
	for _, f := range r.Flags {
		types := "all"
		if !f.Types.Has("*") {
			types = strings.Join(f.Types, ", ")
		}
		flags.row(fmt.Sprintf("%02X", f.Value), f.Name, types, f.Doc)
	}
	return diagram(r.Header.Fields) + "\n" + fieldTable(r.Header.Fields) + "\n" + flags.String()
}

func frames(r *spec.RegistryFile) string {
	t := newTable("type", "name", "scope", "profile", "payload", "purpose")
	for _, f := range r.Frames {
		scope := f.Scope
		if scope == "any" {
			scope = "link or stream"
		}
		t.row(fmt.Sprintf("%02X", f.Value), f.Name, scope, code(f.Profile), payload(r, f), f.Doc)
	}
	return t.String()
}

// payload says how large a frame's payload may be.
func payload(r *spec.RegistryFile, f spec.Frame) string {
	switch {
	case f.Size != nil:
		return fmt.Sprintf("%d bytes", *f.Size)
	case f.Min != nil:
		return fmt.Sprintf("%d to %d bytes", *f.Min, *f.Max)
	case f.Body == "map":
		most, _ := r.Constant("MAX_CONTROL") // Validate has found it
		return fmt.Sprintf("a map, at most %s bytes", grouped(most.Value))
	case f.Body == "ack":
		return "16 bytes and ranges"
	}
	return "up to `max_frame`"
}

// frame shows one type: a line of facts, and the diagram and table of its payload.
func frame(r *spec.RegistryFile, name string) (string, error) {
	f, ok := r.Frame(name)
	if !ok {
		return "", fmt.Errorf("no frame %s", name)
	}
	where := map[string]string{"link": "stream 0", "stream": "on a stream", "any": "stream 0 or a stream"}[f.Scope]
	text := fmt.Sprintf("**%s** (type %02X, %s): %s. Payload: %s.", f.Name, f.Value, where, f.Doc, payload(r, f))
	for _, flag := range r.Flags {
		if flag.Types.Has(name) && !flag.Types.Has("*") {
			text += fmt.Sprintf(" Flag %02X %s: %s.", flag.Value, flag.Name, flag.Doc)
		}
	}
	if f.Capability != "" {
		text += fmt.Sprintf(" Only with the capability %s.", code(f.Capability))
	}
	if f.Body == "map" {
		return text + "\n\n" + keyTable(f.Keys), nil
	}
	return text + "\n\n" + diagram(f.Fields) + "\n" + fieldTable(f.Fields), nil
}

func proto(r *spec.RegistryFile, name string) (string, error) {
	p, ok := r.Proto(name)
	if !ok {
		return "", fmt.Errorf("no sub-protocol %s", name)
	}
	var b strings.Builder
	all := newTable("kind", "name", "sent by", "purpose")
	for _, m := range p.Messages {
		all.row(fmt.Sprintf("%02X", m.Value), m.Name, "the "+m.From, m.Doc)
	}
	b.WriteString(all.String())
	for _, m := range p.Messages {
		fmt.Fprintf(&b, "\n**%s** (kind %02X, sent by the %s): %s.\n\n", m.Name, m.Value, m.From, m.Doc)
		b.WriteString(diagram(m.Fields) + "\n" + fieldTable(m.Fields))
		if len(m.Keys) > 0 {
			b.WriteString("\n" + keyTable(m.Keys))
		}
	}
	return b.String(), nil
}

func capabilities(r *spec.RegistryFile) string {
	t := newTable("capability", "type", "rule", "profile", "meaning")
	for _, c := range r.Capabilities {
		t.row(code(c.Name), c.Type, c.Rule, code(c.Profile), c.Doc)
	}
	return t.String()
}

func errorCodes(r *spec.RegistryFile) string {
	t := newTable("code", "name", "scope", "sent by", "processed", "try again", "meaning")
	for _, c := range r.Errors {
		t.row(fmt.Sprintf("%04X", c.Value), c.Name, c.Scope, c.Sender, c.Processed, c.Retry, c.Doc)
	}
	return t.String()
}

func limits(r *spec.RegistryFile) string {
	t := newTable("limit", "unit", "minimum", "default", "maximum", "meaning", "what exceeds it gets")
	for _, l := range r.Limits {
		t.row(code(l.Name), l.Unit, grouped(l.Min), grouped(l.Default), grouped(l.Max), l.Doc, l.Exceeding)
	}
	return t.String()
}

func constants(r *spec.RegistryFile) string {
	t := newTable("constant", "value", "unit", "meaning")
	for _, c := range r.Constants {
		t.row(c.Name, grouped(c.Value), c.Unit, c.Doc)
	}
	return t.String()
}

func ranges(all []spec.Range, digits int) string {
	t := newTable("numbers", "use")
	for _, one := range all {
		t.row(span(one, digits), one.Use)
	}
	return t.String()
}
