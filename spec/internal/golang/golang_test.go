package golang

import (
	"bytes"
	"testing"

	"handfast/spec"
)

func TestCamel(t *testing.T) {
	want := map[string]string{
		"HEADER_CRC": "HeaderCRC", "STREAM_ID": "StreamID", "ID_EXHAUSTED": "IDExhausted", "NO_VERSION": "NoVersion",
		"CALL_UNKNOWN_METHOD": "CallUnknownMethod", "MSG_TOO_BIG": "MsgTooBig", "FIN": "Fin", "max_frame": "MaxFrame",
		"idle_ms": "IdleMS", "ping_min_ms": "PingMinMS", "call": "Call",
	}
	for in, out := range want {
		if got := Camel(in); got != out {
			t.Errorf("%s: got %s, want %s", in, got, out)
		}
	}
}

func TestSourceIsDeterministic(t *testing.T) {
	first, err := Source(spec.Registry())
	if err != nil {
		t.Fatal(err)
	}
	second, err := Source(spec.Registry())
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("two runs differ: %v", err)
	}
}

func TestSourceRefuses(t *testing.T) {
	for name, spoil := range map[string]func(r *spec.RegistryFile){
		"magic":        func(r *spec.RegistryFile) { r.Magic = "c1" },
		"body":         func(r *spec.RegistryFile) { r.Frames[0].Body = "soup" },
		"fixed size":   func(r *spec.RegistryFile) { r.Frames[1].Size = nil },
		"ending":       func(r *spec.RegistryFile) { r.Frames[6].Min = nil },
		"no Go name":   func(r *spec.RegistryFile) { r.Errors[0].Name = "NO-ERROR" },
		"empty ending": func(r *spec.RegistryFile) { r.Frames[6].Max = nil },
	} {
		r, err := spec.ParseRegistry(spec.RegistryJSON())
		if err != nil {
			t.Fatal(err)
		}
		spoil(r)
		if _, err := Source(r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
