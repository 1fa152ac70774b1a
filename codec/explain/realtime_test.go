package explain

import (
	"strings"
	"testing"

	"handfast/codec"
)

// TestRealtimeRecords: records of a channel of realtime are taken apart, those of another sub-protocol are not.
func TestRealtimeRecords(t *testing.T) {
	record := must((&codec.Realtime{Namespace: "users", Key: "ann", Path: make([][16]byte, 1), Object: []byte{1, 0, 0, 0, 0, 0, 0, 0}}).Append(nil))
	with := func(proto string, flags codec.Flags, pieces ...[]byte) string {
		b := must(codec.Open{Stream: 1, Proto: proto, Ver: 1}.AppendFrame(nil))
		m := codec.Records{Stream: 1, Flags: flags, Seq: 7, Pieces: codec.NewPieces(flags, pieces...)}
		e := Explain(m.AppendFrame(b), Options{What: Frames})
		var out []string
		for _, f := range e.Packets[1].Fields {
			out = append(out, f.Name+"="+f.Value+" "+f.Doc)
		}
		if e.Fault != nil {
			out = append(out, "fault "+e.Fault.Req)
		}
		return strings.Join(out, "; ")
	}
	whole := with("realtime", 0, record, record)
	for _, want := range []string{"record 7: an object", "record 8: an object", `namespace="users"`, "hops=1", "kind=1 OBJECT", "object="} {
		if !strings.Contains(whole, want) {
			t.Errorf("%q is not in %s", want, whole)
		}
	}
	if strings.Contains(whole, "fault") {
		t.Error(whole)
	}
	if other := with("t", 0, record); strings.Contains(other, "namespace") || !strings.Contains(other, "record 7") {
		t.Error(other)
	}
	if bad := with("realtime", 0, append([]byte{3}, record[1:]...)); !strings.Contains(bad, "none of realtime (REAL-004)") {
		t.Error(bad)
	}
	if bad := with("realtime", 0, record[:30]); !strings.Contains(bad, "fault REAL-004") {
		t.Error(bad)
	}
	if part := with("realtime", codec.FlagMore, record[:30]); strings.Contains(part, "missing") || strings.Contains(part, "fault") || !strings.Contains(part, "an object") {
		t.Error(part)
	}
}
