package spec

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// published pairs each file with its schema.
func published() map[string][2][]byte {
	return map[string][2][]byte{
		"registry.json":     {RegistryJSON(), RegistrySchema()},
		"requirements.json": {RequirementsJSON(), RequirementsSchema()},
	}
}

func compile(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:test", untyped(t, schema)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func untyped(t *testing.T, b []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFilesObeySchemas(t *testing.T) {
	for name, pair := range published() {
		if err := compile(t, pair[1]).Validate(untyped(t, pair[0])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemasRefuse breaks one thing at a time; the unbroken file is accepted by the test above.
func TestSchemasRefuse(t *testing.T) {
	type object = map[string]any
	at := func(root any, key string, i int) object { return root.(object)[key].([]any)[i].(object) }
	cases := []struct {
		name, file string
		spoil      func(root any)
	}{
		{"unknown key at the top", "registry.json", func(r any) { r.(object)["colour"] = "red" }},
		{"missing key at the top", "registry.json", func(r any) { delete(r.(object), "errors") }},
		{"unknown key of a frame", "registry.json", func(r any) { at(r, "frames", 1)["colour"] = "red" }},
		{"number too large", "registry.json", func(r any) { at(r, "frames", 1)["value"] = json.Number("255") }},
		{"lower-case name", "registry.json", func(r any) { at(r, "frames", 1)["name"] = "ping" }},
		{"map with fields", "registry.json", func(r any) { at(r, "frames", 0)["fields"] = at(r, "frames", 1)["fields"] }},
		{"fixed without size", "registry.json", func(r any) { delete(at(r, "frames", 1), "size") }},
		{"unknown rule", "registry.json", func(r any) { at(r, "capabilities", 0)["rule"] = "XOR" }},
		{"flag of two bits", "registry.json", func(r any) { at(r, "flags", 0)["value"] = json.Number("3") }},
		{"negative limit", "registry.json", func(r any) { at(r, "limits", 0)["min"] = json.Number("-1") }},
		{"unknown key of a rule", "requirements.json", func(r any) { at(r, "requirements", 0)["colour"] = "red" }},
		{"malformed id", "requirements.json", func(r any) { at(r, "requirements", 0)["id"] = "HELLO-1" }},
		{"unknown level", "requirements.json", func(r any) { at(r, "requirements", 0)["level"] = "SHALL" }},
		{"why of a wire rule", "requirements.json", func(r any) { at(r, "requirements", 1)["why"] = "because" }},
		{"api without why", "requirements.json", func(r any) { at(r, "requirements", 0)["testable"] = "api" }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			pair := published()[tc.file]
			root := untyped(t, pair[0])
			tc.spoil(root)
			if compile(t, pair[1]).Validate(root) == nil {
				t.Error("the broken copy was accepted")
			}
		})
	}
}

// TestSchemasDescribeEverything holds the schemas to their purpose: they are documentation for authors in other languages.
func TestSchemasDescribeEverything(t *testing.T) {
	for name, pair := range published() {
		describe(t, name, untyped(t, pair[1]))
	}
}

func describe(t *testing.T, path string, node any) {
	t.Helper()
	switch node := node.(type) {
	case map[string]any:
		if node["type"] == "object" && node["additionalProperties"] != false {
			t.Errorf("%s: an object that takes unknown keys", path)
		}
		for _, group := range []string{"properties", "$defs"} {
			members, _ := node[group].(map[string]any)
			for key, member := range members {
				m, _ := member.(map[string]any)
				if m["description"] == nil && m["$ref"] == nil && m["const"] == nil && !isCondition(m) {
					t.Errorf("%s.%s has no description", path, key)
				}
			}
		}
		for key, member := range node {
			describe(t, path+"."+key, member)
		}
	case []any:
		for _, member := range node {
			describe(t, path, member)
		}
	}
}

// isCondition tells the branches of oneOf, which repeat a property without its description.
func isCondition(m map[string]any) bool { return len(m) == 1 && m["enum"] != nil }
