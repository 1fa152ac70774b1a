package explain

import (
	"errors"
	"strings"
	"testing"

	"handfast/codec"
)

// TestLenientWalk: what the profile refuses is explained all the same, up to where nobody could go on.
func TestLenientWalk(t *testing.T) {
	tests := []struct {
		name, b, want string
	}{
		{"nil and bools", "\x93\xC0\xC2\xC3", "value=array of 3 [0]=nil [1]=false [2]=true"},
		{"numbers", "\x95\x7F\xE0\xCD\x01\x00\xD1\xFF\x00\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "value=array of 5 [0]=127 [1]=-32 [2]=256 [3]=-256 [4]=18446744073709551615"},
		{"longer forms", "\x92\xD0\x05\xDA\x00\x01a", `value=array of 2 [0]=5 [1]="a"`},
		{"floats", "\x92\xCA\x3F\x80\x00\x00\xCB\x3F\xF8\x00\x00\x00\x00\x00\x00", "value=array of 2 [0]=1 [1]=1.5"},
		{"ext", "\x92\xD4\x05a\xC7\x02\xFFab", "value=array of 2 [0]=ext type 5, 1 bytes [1]=ext type -1, 2 bytes"},
		{"keys of other types", "\x83\x01\x02\xC4\x01k\xC0\xA3a b\xC0", `value=map of 3 entries 1=2 k=nil "a b"=nil`},
		{"key that is a container", "\x82\xA1a\x01\x90\x02", "value=map of 2 entries a=1 rest=2 bytes"},
		{"unused byte", "\x92\x01\xC1\x02", "value=array of 2 [0]=1 rest=2 bytes"},
		{"count beyond the end", "\xDC\xFF\xFF\x01", "value=array of 65535 [0]=1 missing=65534 more"},
		{"length beyond the end", "\x91\xDB\xFF\xFF\xFF\xFFab", "value=array of 1 rest=7 bytes"},
		{"header cut off", "\xDD\x00", "rest=2 bytes"},
		{"bytes behind", "\x01\x02\x03", "value=1 rest=2 bytes"},
		{"empty containers", "\x92\x90\x80", "value=array of 2 [0]=array of 0 [1]=map of 0 entries"},
		{"nested", "\x81\xA1a\x92\x81\xA1b\x01\x02", "value=map of 1 entries a=array of 2 [0]=map of 1 entries b=1 [1]=2"},
		{"escapes", "\xA3\x1B[m", `value="\x1b[m"`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			e := checked(t, []byte(tc.b), Options{What: Msgpack})
			var got []string
			for _, f := range e.Packets[0].Fields {
				got = append(got, f.Name+"="+f.Value)
			}
			if text := strings.Join(got, " "); text != tc.want {
				t.Errorf("got  %s\nwant %s", text, tc.want)
			}
			sameFault(t, e.Fault, codec.ValidateMsgpack([]byte(tc.b)))
		})
	}
}

// sameFault holds a fault against what package codec says.
func sameFault(t *testing.T, got *codec.Error, want error) {
	t.Helper()
	w, _ := errors.AsType[*codec.Error](want)
	switch {
	case got == nil && w == nil:
	case got == nil || w == nil || got.Offset != w.Offset || got.Req != w.Req || got.Code != w.Code:
		t.Fatalf("fault %v, codec says %v", got, want)
	}
}

func TestNestedSizes(t *testing.T) {
	e := checked(t, []byte("\x82\xA1a\x92\x01\x02\xA1b\x03"), Options{What: Msgpack})
	f := e.Packets[0].Fields
	if f[0].Size != 9 || f[0].Own != 1 || f[1].Size != 5 || f[1].Own != 3 || f[1].Key != 2 || f[1].Head != 3 || f[2].Depth != 2 || f[4].Depth != 1 {
		t.Errorf("%+v", f)
	}
}

// TestDeepNesting: depth costs memory in proportion to the input, and no stack.
func TestDeepNesting(t *testing.T) {
	b := []byte(strings.Repeat("\x91", 100_000))
	e := checked(t, b, Options{What: Msgpack})
	if last := e.Packets[0].Fields[100_000]; last.Name != "missing" || e.Fault.Req != "MP-007" || e.Fault.Offset != 8 {
		t.Errorf("%v, %+v", e.Fault, last)
	}
	var out strings.Builder
	if err := e.Packets[0].WriteText(&out); err != nil || out.Len() > 200*len(b) {
		t.Errorf("%d bytes of text, %v", out.Len(), err)
	}
}
