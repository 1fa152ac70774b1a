package explain

import (
	"strings"
	"testing"

	"handfast/codec"
	"handfast/spec"
)

// TestEveryFieldIsGoverned: what is registered has requirements here, and what stands here is registered.
func TestEveryFieldIsGoverned(t *testing.T) {
	used := map[string]bool{"call.kind": true, "frame.trailer": true, "frame.payload": true, "capability.grease": true, "capability.?": true, "limit.*": true, "limit.?": true}
	need := func(prefix, name string) {
		used[prefix+"."+name] = true
		if len(reqs(prefix, name)) == 0 {
			t.Errorf("%s.%s has no requirement", prefix, name)
		}
	}
	fields := func(prefix string, list []codec.FieldInfo) {
		for _, f := range list {
			need(prefix, f.Name)
		}
	}
	keys := func(prefix string, list []codec.KeyInfo) {
		for _, k := range list {
			need(prefix, k.Name)
			for _, inner := range k.Keys {
				need(prefix+"."+k.Name, inner.Name)
			}
			if len(k.Keys) > 0 {
				need(prefix+"."+k.Name, "?")
			}
		}
		if len(list) > 0 {
			need(prefix, "?")
		}
	}
	fields("opening", codec.OpeningFields())
	fields("frame", codec.HeaderFields())
	for _, k := range codec.OpeningKinds() {
		keys(k.Name, k.Keys)
	}
	for _, c := range codec.CapabilityInfos() {
		need("capability", c.Rule)
	}
	for _, info := range codec.FrameTypes() {
		fields(info.Name, info.Fields)
		if keys(info.Name, info.Keys); info.Body == "map" {
			need(info.Name, "payload")
		}
	}
	for _, p := range codec.ProtoInfos() {
		for _, m := range p.Messages {
			fields(p.Name+"."+m.Name, m.Fields)
			keys(p.Name+"."+m.Name, m.Keys)
		}
	}
	for name, ids := range governed {
		if !used[name] {
			t.Errorf("%s is not registered", name)
		}
		for _, id := range ids {
			if _, ok := spec.Requirement(id); !ok {
				t.Errorf("%s: there is no requirement %s", name, id)
			}
		}
	}
}

// TestKnownValues: numbers that stand for something are written as such.
func TestKnownValues(t *testing.T) {
	never := codec.Close{Code: 0x7FFF, RetryMS: codec.RetryNever, Text: "\x1B[31m"}.AppendFrame(nil)
	unknown := codec.Ping{T1: 1_700_000_000_000_000_000, ErrUS: codec.UnknownError}.AppendFrame(nil)
	drain := codec.Drain{Last: codec.DrainUndecided}.AppendFrame(nil)
	ack := must(codec.Ack{Stream: 1, Stable: 1, Ranges: []codec.Range{{First: 3, Last: 5}}}.AppendFrame(nil))
	records := codec.Records{Stream: 1, Seq: 7, Pieces: codec.NewPieces(0, []byte("a"), []byte("b"))}.AppendFrame(nil)
	e := checked(t, join(drain, unknown, ack, records, never, frame(codec.Header{Type: codec.TypePing, Flags: 1}, "")), Options{})
	var all []string
	for _, p := range e.Packets {
		for _, f := range p.Fields {
			all = append(all, f.Name+"="+f.Value+"|"+f.Doc)
		}
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{
		"code=7FFF unknown, taken as INTERNAL", "retry_ms=never", `text="\x1b[31m"`, "t1=1700000000000000000 2023-11-14T22:13:20Z", "err_us=unknown",
		"last=undecided", "ranges[0]=3 to 5", "piece=\"b\"|record 8", "type=21 ACK", "flags=01|",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
