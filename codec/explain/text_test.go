package explain

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"handfast/codec"
)

func textOf(t *testing.T, b []byte, o Options) string {
	t.Helper()
	var out strings.Builder
	e := checked(t, b, o)
	for i := range e.Packets {
		if err := e.Packets[i].WriteText(&out); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// columns joins lines, and runs of spaces inside them, so that the widths of columns stay free.
func columns(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestText(t *testing.T) {
	b := codec.Credit{Stream: 1, Max: 5}.AppendFrame(nil)
	b[20] = 1 // inside max
	want := `CREDIT at byte 0, 28 bytes: grants charge, on stream 0 for the link
0 04 type 04 CREDIT frame type [FRAME-004 FRAME-005]
1 00 flags 00 80 must-understand, 70 reserved, 0F by type [FRAME-008]
2 00 00 reserved 0000 sent 0, ignored [FRAME-008 FRAME-013]
4 00 00 00 08 length 8 bytes of payload, without the trailer [FRAME-003 FRAME-018]
8 00 00 00 01 stream 1 stream id, 0 for the link [FRAME-009]
12 D9 AB 6D 0F checksum D9AB6D0F CRC-32C of bytes 0-11 [FRAME-001]
16 00 00 00 00 01 00 00 05 max 16777221 total charge the receiver of this frame may send, from the beginning; at most 2^63-1 [CRED-005 CRED-008]
24 23 78 FF 47 trailer 2378FF47, should be FE3D55FF CRC-32C of bytes 0-11 and the payload [FRAME-002]
^^^^^^^^^^^ PAYLOAD_CRC [FRAME-002]: checksum of the payload is wrong`
	if got := columns(textOf(t, b, Options{})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestMarkStandsUnderTheBytes: the row of ^ begins where the fault does.
func TestMarkStandsUnderTheBytes(t *testing.T) {
	lines := strings.Split(textOf(t, []byte("\x82\xA1a\x01\xA1b\xCC\x01"), Options{What: Msgpack}), "\n")
	for i, line := range lines {
		mark := strings.IndexByte(line, '^')
		if mark < 0 {
			continue
		}
		if above := lines[i-1]; above[mark:mark+5] != "CC 01" || line[mark:mark+6] != "^^^^^ " {
			t.Errorf("\n%s\n%s", above, line)
		}
		return
	}
	t.Errorf("no mark in\n%s", strings.Join(lines, "\n"))
}

func TestLongFields(t *testing.T) {
	text := textOf(t, frame(codec.Header{Type: 0x1B}, strings.Repeat("x", 1000)), Options{})
	if n := strings.Count(text, strings.Repeat("78 ", 15)+"78"); n != 4 || !strings.Contains(text, "... 936 bytes more") || !strings.Contains(text, "1000 bytes") {
		t.Errorf("%d rows of the payload in\n%s", n, text)
	}
	long := append([]byte{0xDA, 0x01, 0x00}, bytes.Repeat([]byte{'y'}, 256)...)
	text = textOf(t, long, Options{What: Msgpack})
	if !strings.Contains(text, `yyy" and 192 bytes more`) || !strings.Contains(text, "DA 01 00  ") {
		t.Errorf("the header has no row of its own, or the value is not cut:\n%s", text)
	}
	missing := textOf(t, frame(codec.Header{Type: codec.TypeOpen, Stream: 1}, ""), Options{})
	if !strings.Contains(missing, "          ^ ENCODING [MP-013]") {
		t.Errorf("what is missing is not marked:\n%s", missing)
	}
	if cut := textOf(t, ready()[:20], Options{}); !strings.Contains(cut, "READY at byte 0, 20 bytes of ") {
		t.Errorf("nothing says that it is cut:\n%s", cut)
	}
}

func TestJSON(t *testing.T) {
	b := flip(ready(), 50)
	raw, err := json.Marshal(checked(t, b, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		What    string
		Size    int
		Fault   struct{ Code, Scope, Req string }
		Packets []struct {
			Name   string
			Size   int
			Fields []struct {
				Offset, Own, Depth int
				Hex, Name, Value   string
				Req                []string
				Fault              *struct{ Offset int }
			}
		}
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.What != "frame" || got.Size != len(b) || got.Fault.Code != "PAYLOAD_CRC" || got.Fault.Scope != "link" || got.Fault.Req != "FRAME-002" || len(got.Packets) != 1 {
		t.Fatalf("%s", raw)
	}
	fields := got.Packets[0].Fields
	first, last := fields[0], fields[len(fields)-1]
	if first.Hex != "01" || first.Name != "type" || first.Value != "01 READY" || len(first.Req) != 2 || last.Fault == nil || last.Fault.Offset != last.Offset {
		t.Errorf("%+v %+v", first, last)
	}
	if raw, err := json.Marshal(Explain(nil, Options{})); err != nil || string(raw) != `{"what":"frame","size":0,"packets":[]}` {
		t.Errorf("%s, %v", raw, err)
	}
}
