package spec

import (
	"strings"
	"testing"
)

func TestRegistryIsSound(t *testing.T) {
	if err := Registry().Validate(); err != nil {
		t.Error(err)
	}
}

// TestValidateFindsFaults breaks one thing at a time in a copy; Validate names it.
func TestValidateFindsFaults(t *testing.T) {
	number := func(n int) *int { return &n }
	cases := []struct {
		name  string
		spoil func(r *RegistryFile)
		want  string
	}{
		{"gap between offsets", func(r *RegistryFile) { r.Frames[1].Fields[1].Offset = number(9) }, "PING.t1: offset is not 8"},
		{"size of an integer", func(r *RegistryFile) { r.Header.Fields[3].Size = number(3) }, "a u32 has 4 bytes"},
		{"fixed size", func(r *RegistryFile) { r.Frames[1].Size = number(25) }, "frame PING: the fields have 24 bytes"},
		{"frame number twice", func(r *RegistryFile) { r.Frames[1].Value = 1 }, "frame PING: number 1 belongs to READY"},
		{"frame out of order", func(r *RegistryFile) { r.Frames[1].Value = 60 }, "frame PONG: number 3 stands out of order"},
		{"grease number", func(r *RegistryFile) { r.Frames[1].Value = 27 }, "frame PING has a grease number"},
		{"grease types", func(r *RegistryFile) { r.Grease.FrameTypes[2] = 90 }, "not 31n+27"},
		{"key order", func(r *RegistryFile) { r.Frames[0].Keys[0].Name = "zz" }, "READY: key cb stands behind zz"},
		{"ranges overlap", func(r *RegistryFile) { r.ErrorRanges[1].From = 255 }, "error_ranges: 255 overlaps"},
		{"code in no range", func(r *RegistryFile) { r.Errors[0].Value = 0; r.ErrorRanges[0].From = 1 }, "NO_ERROR: number 0 is in no range"},
		{"code twice", func(r *RegistryFile) { r.Errors[1].Value = 0 }, "code INTERNAL: number 0 stands twice"},
		{"limit above its default", func(r *RegistryFile) { r.Limits[0].Min = 20001 }, "limit idle_ms: not minimum"},
		{"limit with unknown code", func(r *RegistryFile) { r.Limits[0].Exceeding = "CLOSE(NAP)" }, "limit idle_ms: no code NAP"},
		{"rule and type", func(r *RegistryFile) { r.Capabilities[0].Rule = "MIN" }, "rule MIN does not merge the type true"},
		{"flag of unknown frame", func(r *RegistryFile) { r.Flags[1].Types = Types{"DATUM"} }, "flag FIN: no frame DATUM"},
		{"flag of two bits", func(r *RegistryFile) { r.Flags[1].Value = 3 }, "flag FIN: 03 is not one bit"},
		{"message number twice", func(r *RegistryFile) { r.Protos[0].Messages[1].Value = 1 }, "REPLY: number 1 belongs to REQUEST"},
		{"capability of a frame", func(r *RegistryFile) { r.Frames[12].Capability = "gone" }, "frame RECORDS: no capability gone"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			r, err := ParseRegistry(RegistryJSON())
			if err != nil {
				t.Fatal(err)
			}
			tc.spoil(r)
			err = r.Validate()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestStrictDecoding(t *testing.T) {
	for _, text := range []string{`{"format":1,"colour":"red"}`, `{"format":1} {}`, `{"flags":[{"types":"all"}]}`} {
		if _, err := ParseRegistry([]byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
	if _, err := ParseRequirements([]byte(`{"requirements":[{"ID2":"X"}]}`)); err == nil {
		t.Error("an unknown key of a requirement was taken")
	}
}

func TestLookups(t *testing.T) {
	r := Registry()
	if f, ok := r.Frame("PING"); !ok || f.Value != 2 {
		t.Errorf("PING: %v %v", f, ok)
	}
	if k, ok := r.Kind("REFUSE"); !ok || k.Value != 2 {
		t.Errorf("REFUSE: %v %v", k, ok)
	}
	if c, ok := r.Code("CALM"); !ok || c.Value != 0x10A {
		t.Errorf("CALM: %v %v", c, ok)
	}
	if p, ok := r.Proto("call"); !ok || len(p.Messages) != 4 {
		t.Errorf("call: %v %v", p, ok)
	}
	if _, ok := r.Frame("NOTHING"); ok {
		t.Error("an unknown frame was found")
	}
	if rule, ok := Requirement("BEAT-001"); !ok || rule.Level != "MUST" {
		t.Errorf("BEAT-001: %v %v", rule, ok)
	}
}
