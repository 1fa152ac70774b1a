package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handfast/testdata"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:test", untyped(t, testdata.Schema())); err != nil {
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

func TestFilesObeyTheSchema(t *testing.T) {
	s := compile(t)
	for area, b := range testdata.JSON() {
		if err := s.Validate(untyped(t, b)); err != nil {
			t.Errorf("%s: %v", area, err)
		}
	}
}

type spoiling struct {
	name  string
	spoil func(file, accept, reject map[string]any)
	soft  bool // only the loader sees it, or only the schema
}

// spoilings break one thing each in a file of two vectors, an accept and a reject.
func spoilings() []spoiling {
	type m = map[string]any
	return []spoiling{
		{"unknown member of the file", func(f, _, _ m) { f["colour"] = "red" }, false},
		{"another format", func(f, _, _ m) { f["format"] = json.Number("2") }, false},
		{"another wire version", func(f, _, _ m) { f["spec"] = "2" }, false},
		{"something to understand", func(f, _, _ m) { f["must_understand"] = []any{"steps"} }, false},
		{"no vectors", func(f, _, _ m) { f["vectors"] = []any{} }, false},
		{"another area", func(f, _, _ m) { f["area"] = "other" }, true},
		{"unknown member of a vector", func(_, a, _ m) { a["colour"] = "red" }, false},
		{"unknown verdict", func(_, a, _ m) { a["verdict"] = "acceptable" }, false},
		{"unknown op", func(_, a, _ m) { a["op"] = "decode" }, false},
		{"no why", func(_, a, _ m) { delete(a, "why") }, false},
		{"no req", func(_, a, _ m) { a["req"] = []any{} }, false},
		{"malformed req", func(_, a, _ m) { a["req"] = []any{"FRAME-1"} }, false},
		{"malformed id", func(_, a, _ m) { a["id"] = "frame/One" }, false},
		{"hexadecimal in upper case", func(_, a, _ m) { a["in"] = "FF" }, true},
		{"half a byte", func(_, a, _ m) { a["in"] = "02 0" }, false},
		{"accept without value", func(_, a, _ m) { delete(a, "value") }, false},
		{"accept with error", func(_, a, r m) { a["error"] = r["error"] }, false},
		{"accept with twin", func(_, a, r m) { a["twin"] = r["twin"] }, false},
		{"turn of a frame", func(_, a, _ m) { a["turn"] = "arg" }, false},
		{"call without turn", func(_, a, r m) { a["op"], r["op"] = "call", "call" }, false},
		{"max_frame of a body", func(_, a, r m) {
			a["op"], r["op"], a["max_frame"], r["max_frame"] = "msgpack", "msgpack", json.Number("16384"), json.Number("16384")
		}, false},
		{"reject without error", func(_, _, r m) { delete(r, "error") }, false},
		{"reject without twin", func(_, _, r m) { delete(r, "twin") }, false},
		{"reject with value", func(_, a, r m) { r["value"] = a["value"] }, false},
		{"reject noncanonical", func(_, _, r m) { r["noncanonical"] = true }, false},
		{"unknown member of an error", func(_, _, r m) { r["error"].(m)["colour"] = "red" }, false},
		{"unknown scope", func(_, _, r m) { r["error"].(m)["scope"] = "item" }, false},
		{"code as a number", func(_, _, r m) { r["error"].(m)["code"] = "0105" }, false},
		{"negative offset", func(_, _, r m) { r["error"].(m)["at"] = json.Number("-1") }, false},
		{"offset behind the input", func(_, _, r m) { r["error"].(m)["at"] = json.Number("1000") }, true},
		{"req of the error not listed", func(_, _, r m) { r["error"].(m)["req"] = "FRAME-002" }, true},
		{"id twice", func(_, a, r m) { r["id"] = a["id"] }, true},
		{"input twice", func(_, a, r m) { r["in"] = a["in"] }, true},
		{"twin that is not there", func(_, _, r m) { r["twin"] = "frame/other" }, true},
		{"twin that is a reject", func(_, _, r m) { r["twin"] = r["id"] }, true},
		{"twin of a receiver in another state", func(_, a, _ m) { a["before_ready"] = true }, true},
		{"integer as a number in a value", func(_, a, _ m) { a["value"].(m)["echo"] = json.Number("1") }, true},
		{"unknown member of a value", func(_, a, _ m) { a["value"].(m)["colour"] = "red" }, true},
		{"unknown frame in a value", func(_, a, _ m) { a["value"].(m)["frame"] = "PINGS" }, true},
	}
}

// TestBrokenFilesAreRefused by the schema and by the loader; soft ones by one of them at least.
func TestBrokenFilesAreRefused(t *testing.T) {
	s := compile(t)
	sample := func() (file, accept, reject map[string]any) {
		a := &area{name: "frame", op: testdata.OpFrame}
		a.about("BEAT-001")
		a.frame("ping", "a PING", "for this test", ping(1, 2, 3))
		a.no("ping-of-23", "ping", encoding("FRAME-010", 4), "a PING of 23 bytes", "for this test", ping(1, 2, 3).short(1).hexed())
		b, err := a.file()
		if err != nil {
			t.Fatal(err)
		}
		file = untyped(t, b).(map[string]any)
		vectors := file["vectors"].([]any)
		return file, vectors[0].(map[string]any), vectors[1].(map[string]any)
	}
	judge := func(file map[string]any) (bySchema, byLoader error) {
		b, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := testdata.Parse(b)
		if err == nil {
			err = testdata.Check([]testdata.File{*f})
		}
		return s.Validate(file), err
	}
	file, _, _ := sample()
	if bySchema, byLoader := judge(file); bySchema != nil || byLoader != nil {
		t.Fatal("the unbroken file:", bySchema, byLoader)
	}
	for _, tc := range spoilings() {
		t.Run(tc.name, func(t *testing.T) {
			file, accept, reject := sample()
			tc.spoil(file, accept, reject)
			bySchema, byLoader := judge(file)
			if bySchema == nil && byLoader == nil || !tc.soft && (bySchema == nil || byLoader == nil) {
				t.Errorf("schema: %v; loader: %v", bySchema, byLoader)
			}
		})
	}
}

func TestParseRefusesWhatStandsBehind(t *testing.T) {
	b := testdata.JSON()["data"]
	if _, err := testdata.Parse(append(bytes.Clone(b), "{}"...)); err == nil {
		t.Error("two objects were accepted")
	}
	if _, err := testdata.Parse(bytes.Replace(b, []byte(`"op"`), []byte(`"opp"`), 1)); err == nil || !strings.Contains(err.Error(), "opp") {
		t.Errorf("an unknown member: %v", err)
	}
}

// TestSchemaDescribesEverything: the schema is what authors in other languages read.
func TestSchemaDescribesEverything(t *testing.T) { describe(t, "", untyped(t, testdata.Schema())) }

func describe(t *testing.T, path string, node any) {
	t.Helper()
	switch node := node.(type) {
	case map[string]any:
		if node["type"] == "object" && node["additionalProperties"] == nil {
			t.Errorf("%s: an object that takes unknown members", path)
		}
		for _, group := range []string{"properties", "$defs"} {
			members, _ := node[group].(map[string]any)
			for key, member := range members {
				m, _ := member.(map[string]any)
				known := m["description"] != nil || m["$ref"] != nil || m["const"] != nil || m["enum"] != nil
				if !known && !strings.Contains(path, ".allOf") {
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
