package explain

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"handfast/codec"
)

func sampleHello() []byte {
	h := &codec.Hello{
		Vers: []uint16{1, 0x3A5A}, Caps: codec.Caps{"probe.max": int64(9), "x.grease.0001": true, "other": []string{"a"}},
		Protos: map[string][]uint16{"call": {1}}, Limits: codec.DefaultLimits(), SW: "test",
	}
	return must(h.AppendOpening(nil))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func ready() []byte {
	return must((&codec.Ready{Version: 1, Caps: codec.Caps{"probe.max": int64(9)}, Protos: map[string]uint16{"call": 1}}).AppendFrame(nil))
}

func open(stream uint32, proto string) []byte {
	return must(codec.Open{Stream: stream, Proto: proto, Ver: 1}.AppendFrame(nil))
}

func data(stream uint32, flags codec.Flags, pieces ...[]byte) []byte {
	return codec.Data{Stream: stream, Pieces: codec.NewPieces(flags, pieces...)}.AppendFrame(nil)
}

func request(method string) []byte {
	return must(codec.AppendCallRequest(nil, method, 0, []byte("args")))
}

func callError() []byte {
	return must((&codec.CallError{Code: codec.CodeCallFailed, Processed: codec.ProcessedMaybe, Text: "why"}).Append(nil))
}

func frame(h codec.Header, payload string) []byte { return codec.AppendFrame(nil, h, []byte(payload)) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// flip turns a bit of one byte.
func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// checked explains b and holds the result to what is promised of any input: packets and the own bytes of fields cover it without gap or
// overlap, spans stay inside, and each fault stands in one field.
func checked(t *testing.T, b []byte, o Options) *Explanation {
	t.Helper()
	e := Explain(b, o)
	at := 0
	for i := range e.Packets {
		p := &e.Packets[i]
		if p.Offset != at || len(p.Bytes) == 0 && len(b) > 0 {
			t.Fatalf("packet %d: begins at %d with %d bytes; want %d", i, p.Offset, len(p.Bytes), at)
		}
		marked := 0
		end := at + len(p.Bytes)
		for j := range p.Fields {
			f := &p.Fields[j]
			if f.Offset != at || f.Own < 0 || f.Size < f.Own || f.Offset+f.Size > end || f.Key > f.Head || f.Head > f.Own || f.Name == "" {
				t.Fatalf("packet %d (%s), field %d: %+v; want offset %d in a packet that ends at %d", i, p.Name, j, f, at, end)
			}
			at = f.End()
			if f.Fault != nil {
				marked++
				if from, to := f.FaultSpan(); f.Fault != p.Fault || from < f.Offset || to > at || from > to || from == to && f.Own > 0 {
					t.Fatalf("packet %d: fault %v spans %d to %d in %+v", i, f.Fault, from, to, f)
				}
			}
		}
		if at != end {
			t.Fatalf("packet %d (%s): fields end at %d, packet at %d", i, p.Name, at, end)
		}
		if want := map[bool]int{true: 1}[p.Fault != nil]; marked != want {
			t.Fatalf("packet %d (%s): %d fields are marked, fault %v", i, p.Name, marked, p.Fault)
		}
		if p.Missing > 0 && i < len(e.Packets)-1 {
			t.Fatalf("packet %d lacks %d bytes and is not the last", i, p.Missing)
		}
	}
	if at != len(b) {
		t.Fatalf("packets end at %d of %d", at, len(b))
	}
	return e
}

// faulty gives the field that is marked, and the names of the packets.
func faulty(e *Explanation) (f *Field, names string) {
	var list []string
	for i := range e.Packets {
		p := &e.Packets[i]
		list = append(list, p.Name)
		for j := range p.Fields {
			if f == nil && p.Fields[j].Fault != nil {
				f = &p.Fields[j]
			}
		}
	}
	return f, strings.Join(list, " ")
}

func TestFaults(t *testing.T) {
	hello := sampleHello()
	begun := join(hello, ready()) // 2 packets without fault
	after := codec.Credit{Max: 1}.AppendFrame(nil)
	sized := func(b []byte, at int, n uint32) []byte {
		b = bytes.Clone(b)
		binary.BigEndian.PutUint32(b[at:], n)
		return b
	}
	badBody := codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, []byte{0x81, 0xA1, 'k', 0xCC, 0x01})
	tests := []struct {
		name    string
		b       []byte
		field   string
		offset  int
		req     string
		code    codec.Code
		packets string
	}{
		{"magic", flip(hello, 4), "magic", 4, "HELLO-003", codec.CodeForeign, "opening rest"},
		{"invariants", flip(hello, 8), "invariants", 8, "HELLO-004", codec.CodeForeign, "opening rest"},
		{"kind", join(sized(hello, 12, 0x0001_0009), ready()), "kind", 14, "HELLO-006", codec.CodeForeign, "opening READY"},
		{"opening too long", sized(hello, 16, 1<<20), "length", 16, "HELLO-007", codec.CodeFrameSize, "HELLO"},
		{"opening checksum", join(flip(hello, 23), ready()), "checksum", 20, "HELLO-008", codec.CodeHeaderCRC, "HELLO READY"},
		{"opening checksum, and no frame behind", join(flip(hello, 19), ready()), "checksum", 20, "HELLO-008", codec.CodeHeaderCRC, "HELLO rest"},
		{"opening body", join(badBody, ready()), "k", 27, "MP-003", codec.CodeEncoding, "HELLO READY"},
		{"opening without keys", codec.AppendRawOpening(nil, 0, 1, 1, codec.KindHello, []byte{0x80}), "body", 24, "HELLO-010", codec.CodeEncoding, "HELLO"},
		{"frame header", join(hello, flip(ready(), 4), after), "checksum", len(hello) + 12, "FRAME-001", codec.CodeHeaderCRC, "HELLO READY rest"},
		{"frame payload", join(hello, flip(ready(), 30), after), "trailer", len(hello) + len(ready()) - 4, "FRAME-002", codec.CodePayloadCRC, "HELLO READY CREDIT"},
		{"frame before READY", join(hello, after), "type", len(hello), "READY-002", codec.CodeState, "HELLO CREDIT"},
		{"READY twice", join(begun, ready(), after), "type", len(begun), "READY-003", codec.CodeState, "HELLO READY READY CREDIT"},
		{"behind CLOSE", join(begun, codec.Close{}.AppendFrame(nil), after), "type", len(begun) + 28, "CLOSE-002", codec.CodeState, "HELLO READY CLOSE CREDIT"},
		{"invalid type", frame(codec.Header{}, "abc"), "type", 0, "FRAME-004", codec.CodeProtocol, "frame 00"},
		{"too long for the receiver", frame(codec.Header{Type: 0x1B}, strings.Repeat("x", 1<<17)), "length", 4, "FRAME-003", codec.CodeFrameSize, "grease"},
		{"critical", frame(codec.Header{Type: 0x33, Flags: 0x80}, ""), "type", 0, "FRAME-006", codec.CodeUnknownCritical, "frame 33"},
		{"critical on a stream", join(begun, open(1, "call"), frame(codec.Header{Type: 0x33, Flags: 0x80, Stream: 1}, "")), "type", len(begun) + len(open(1, "call")), "FRAME-007", codec.CodeUnknownCritical, "HELLO READY OPEN frame 33"},
		{"scope", frame(codec.Header{Type: codec.TypePing, Stream: 1}, strings.Repeat("x", 24)), "stream", 8, "FRAME-009", codec.CodeProtocol, "PING"},
		{"size", frame(codec.Header{Type: codec.TypePing}, "x"), "length", 4, "FRAME-010", codec.CodeEncoding, "PING"},
		{"OPEN without payload", frame(codec.Header{Type: codec.TypeOpen, Stream: 1}, ""), "payload", 16, "MP-013", codec.CodeEncoding, "OPEN"},
		{"OPEN that ends early", frame(codec.Header{Type: codec.TypeOpen, Stream: 1}, "\x82\xA1a\x01\xA1b"), "missing", 22, "MP-013", codec.CodeEncoding, "OPEN"},
		{"OPEN with a key only", frame(codec.Header{Type: codec.TypeOpen, Stream: 1}, "\x81\xA5proto"), "missing", 23, "MP-013", codec.CodeEncoding, "OPEN"},
		{"bytes behind a map", frame(codec.Header{Type: codec.TypeAccept, Stream: 1}, "\x80\x80"), "rest", 17, "MP-012", codec.CodeEncoding, "ACCEPT"},
		{"piece too long", frame(codec.Header{Type: codec.TypeData, Stream: 1}, "\x00\x00\x00\x09abc"), "piece length", 16, "DATA-001", codec.CodeEncoding, "DATA"},
		{"left over", frame(codec.Header{Type: codec.TypeData, Stream: 1}, "\x00\x00\x00\x01abc"), "left over", 21, "DATA-001", codec.CodeEncoding, "DATA"},
		{"FIN and MORE", frame(codec.Header{Type: codec.TypeData, Stream: 1, Flags: 3}, "\x00\x00\x00\x01a"), "flags", 1, "DATA-004", codec.CodeEncoding, "DATA"},
		{"id of the other side", join(begun, open(1, "x"), open(4, "x")), "stream", len(begun) + len(open(1, "x")) + 8, "STRM-001", codec.CodeStreamID, "HELLO READY OPEN OPEN"},
		{"id with a gap", join(begun, open(1, "x"), open(5, "x")), "stream", len(begun) + len(open(1, "x")) + 8, "STRM-002", codec.CodeStreamID, "HELLO READY OPEN OPEN"},
		{"first id", join(begun, open(7, "x")), "stream", len(begun) + 8, "STRM-002", codec.CodeStreamID, "HELLO READY OPEN"},
		{"DATA behind FIN", join(data(1, codec.FlagFin, nil), data(1, 0, nil)), "type", 20 + 4, "STRM-020", codec.CodeState, "DATA DATA"},
		{"FIN inside a message", join(data(1, codec.FlagMore, []byte("a")), data(1, codec.FlagFin)), "flags", 26, "DATA-009", codec.CodeEncoding, "DATA DATA"},
		{"DRAIN that grows", join(codec.Drain{Last: 1}.AppendFrame(nil), codec.Drain{Last: 3}.AppendFrame(nil)), "last", 36 + 16, "DRAIN-004", codec.CodeState, "DRAIN DRAIN"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			e := checked(t, tc.b, Options{MaxFrame: 1 << 16})
			f, packets := faulty(e)
			if f == nil {
				t.Fatalf("no fault in %s", packets)
			}
			if f.Name != tc.field || e.Fault.Offset != tc.offset || e.Fault.Req != tc.req || e.Fault.Code != tc.code || packets != tc.packets {
				t.Errorf("%s: %v in %s; want %s at %d [%s] in field %s, %s", packets, e.Fault, f.Name, tc.code, tc.offset, tc.req, tc.field, tc.packets)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	whole := join(sampleHello(), ready(), data(1, 0, []byte("abcdef")))
	for n := 1; n < len(whole); n++ {
		e := checked(t, whole[:n], Options{})
		if e.Fault != nil {
			t.Fatalf("%d bytes: %v", n, e.Fault)
		}
		if e.Missing > len(whole)-n || e.Missing == 0 && n != len(sampleHello()) && n != len(whole)-len(data(1, 0, []byte("abcdef"))) {
			t.Fatalf("%d of %d bytes: %d are missing", n, len(whole), e.Missing)
		}
	}
}

func TestDetect(t *testing.T) {
	for name, tc := range map[string]struct {
		b    []byte
		want What
	}{
		"magic":           {sampleHello(), Stream},
		"half a magic":    {codec.Magic[:3], Stream},
		"text mode":       {[]byte("\xC1HFP\n\x1A\n"), Stream},
		"TLS":             {[]byte("\x16\x03\x01\x02"), Stream},
		"frame":           {ready(), Frames},
		"frame, damaged":  {flip(ready(), 5), Frames},
		"frame, cut":      {ready()[:9], Frames},
		"map":             {[]byte{0x80}, Msgpack},
		"map, faulty":     {[]byte{0x81, 0x01, 0x02}, Msgpack},
		"str":             {[]byte("\xA5hello"), Msgpack},
		"float":           {[]byte("\xCA\x00\x00\x00\x00"), Msgpack},
		"nothing known":   {[]byte("\xA5hell"), Frames},
		"nothing":         {nil, Frames},
		"32 bits of maps": {[]byte{0xDF, 0xFF, 0xFF, 0xFF, 0xFF}, Msgpack},
	} {
		if got := Detect(tc.b); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestWhat(t *testing.T) {
	for w := Auto; w <= Call; w++ {
		if got, ok := ParseWhat(w.String()); !ok || got != w {
			t.Errorf("%v reads back as %v, %v", w, got, ok)
		}
	}
	if _, ok := ParseWhat("frames"); ok || What(99).String() != "what 99" {
		t.Error("a name that is none was read")
	}
	b := join(sampleHello(), ready())
	if _, names := faulty(checked(t, b, Options{What: Opening})); names != "HELLO rest" {
		t.Errorf("opening: %s", names)
	}
	refuse := must((&codec.Refuse{Code: codec.CodeOverloaded, HasRetry: true, RetryMS: codec.RetryNever, Vers: []uint16{1}}).AppendOpening(nil))
	if e := checked(t, refuse, Options{}); e.Fault != nil || len(e.Packets) != 1 || e.Packets[0].Name != "REFUSE" {
		t.Errorf("refuse: %+v", e)
	}
	if e := Explain(nil, Options{}); len(e.Packets) != 0 || e.Fault != nil || e.What == Auto {
		t.Errorf("nothing: %+v", e)
	}
}
