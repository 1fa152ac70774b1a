package formats

import (
	"bytes"
	"strings"
	"testing"

	"handfast/spec"
	"handfast/spec/internal/prose"
)

func made(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, f := range map[string]func(*spec.RegistryFile) ([]byte, error){"handfast.lua": Lua, "handfast.ksy": Ksy} {
		first, err := f(spec.Registry())
		if err != nil {
			t.Fatal(err)
		}
		second, err := f(spec.Registry())
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s differs from run to run (%v)", name, err)
		}
		out[name] = string(first)
	}
	return out
}

// TestIdsExist: a dissector that cites a rule which does not exist sends its reader nowhere.
func TestIdsExist(t *testing.T) {
	for name, text := range made(t) {
		if err := prose.CheckMentions(name, text, spec.Requirements()); err != nil {
			t.Error(err)
		}
	}
}

// TestAllNamesAreThere: every name of the registry is in both formats, so that nothing was left out by a template.
func TestAllNamesAreThere(t *testing.T) {
	r := spec.Registry()
	var names []string
	var keys func(list []spec.Key)
	keys = func(list []spec.Key) {
		for _, k := range list {
			names = append(names, k.Name)
			keys(k.Keys)
		}
	}
	for _, f := range r.Header.Fields {
		names = append(names, f.Name)
	}
	for _, k := range r.Opening.Kinds {
		names = append(names, k.Name)
		keys(k.Keys)
	}
	for _, f := range r.Frames {
		names = append(names, f.Name)
		for _, field := range f.Fields {
			names = append(names, field.Name)
		}
		keys(f.Keys)
	}
	for _, p := range r.Protos {
		for _, m := range p.Messages {
			names = append(names, p.Name+"_"+m.Name)
			for _, f := range m.Fields {
				names = append(names, f.Name)
			}
			keys(m.Keys)
		}
	}
	for _, e := range r.Errors {
		names = append(names, e.Name)
	}
	for _, l := range r.Limits {
		names = append(names, l.Name)
	}
	for _, c := range r.Capabilities {
		names = append(names, c.Name)
	}
	for _, f := range r.Flags {
		names = append(names, f.Name)
	}
	for file, text := range made(t) {
		text = strings.ToLower(text)
		for _, name := range names {
			if name = strings.ToLower(name); !strings.Contains(text, name) && !strings.Contains(text, path(name)) {
				t.Errorf("%s lacks %s", file, name)
			}
		}
	}
}

// path is a message as the dissector names it: in the table of its sub-protocol.
func path(name string) string {
	_, message, _ := strings.Cut(name, "_")
	return `name = "` + message + `"`
}

// TestUnknownForms: what the templates have no form for is an error, and not left out.
func TestUnknownForms(t *testing.T) {
	change := map[string]func(r *spec.RegistryFile){
		"type of a field":      func(r *spec.RegistryFile) { r.Frames[1].Fields[0].Type = "f64" },
		"body of a frame":      func(r *spec.RegistryFile) { r.Frames[1].Body = "stripes" },
		"type of a key":        func(r *spec.RegistryFile) { r.Opening.Kinds[0].Keys[0].Type = "float" },
		"type of a capability": func(r *spec.RegistryFile) { r.Capabilities[0].Type = "matrix" },
	}
	for name, f := range change {
		r, err := spec.ParseRegistry(spec.RegistryJSON())
		if err != nil {
			t.Fatal(err)
		}
		f(r)
		if _, err := Ksy(r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	r, err := spec.ParseRegistry(spec.RegistryJSON())
	if err != nil {
		t.Fatal(err)
	}
	r.Constants = nil
	for name, f := range map[string]func(*spec.RegistryFile) ([]byte, error){"lua": Lua, "ksy": Ksy} {
		if _, err := f(r); err == nil {
			t.Errorf("%s: constants are missing, and there is no error", name)
		}
	}
}
