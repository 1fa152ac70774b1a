package exchange

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"handfast/codec"
	"handfast/spec"
)

func built(t *testing.T) Exchange {
	t.Helper()
	x, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestTextShowsEveryByte reads the bytes back out of the text.
func TestTextShowsEveryByte(t *testing.T) {
	x := built(t)
	got := map[Side][]byte{}
	for _, line := range strings.Split(x.Text(), "\n") {
		if !strings.HasPrefix(line, ">") && !strings.HasPrefix(line, "<") {
			continue
		}
		digits := line[min(8, len(line)):min(8+3*perLine-1, len(line))]
		b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil || len(b) == 0 {
			t.Fatalf("%q: %v", line, err)
		}
		if want := strings.TrimSpace(line[1:7]); want != strconv.Itoa(len(got[Side(line[0])])) {
			t.Errorf("offset %s in %q", want, line)
		}
		got[Side(line[0])] = append(got[Side(line[0])], b...)
	}
	for _, side := range []Side{Dialer, Acceptor} {
		if !bytes.Equal(got[side], x.Bytes(side)) {
			t.Errorf("%c: the text does not show the bytes that are sent", side)
		}
	}
}

// TestVerifyFindsEachBit turns one bit in every byte: none may go unseen.
func TestVerifyFindsEachBit(t *testing.T) {
	x := built(t)
	for i, s := range x.Steps {
		for at := range s.Bytes {
			s.Bytes[at] ^= 0x10
			if x.verify() == nil {
				t.Errorf("step %d, byte %d: the change was not seen", i+1, at)
			}
			s.Bytes[at] ^= 0x10
		}
	}
	if err := x.verify(); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

// TestCodecAgreesWithRegistry compares what the codec states by hand with the registry that the rest of it is made from.
func TestCodecAgreesWithRegistry(t *testing.T) {
	r := spec.Registry()
	have := spec.Msgpack{
		Depth: codec.MsgpackMaxDepth, Values: codec.MsgpackMaxValues, Str: codec.MsgpackMaxStr, Bin: codec.MsgpackMaxBin,
		Array: codec.MsgpackMaxArray, Map: codec.MsgpackMaxMap, Key: codec.MsgpackMaxKey,
	}
	if have != r.Msgpack {
		t.Errorf("bounds of MessagePack: codec %+v, registry %+v", have, r.Msgpack)
	}
	for v := range 256 {
		listed := false
		for _, g := range codec.GreaseTypes() {
			listed = listed || int(g) == v
		}
		if codec.IsGreaseType(codec.Type(v)) != listed {
			t.Errorf("IsGreaseType(%02X) is %v", v, !listed)
		}
		_, known := codec.Type(v).Info()
		if codec.KnownType(codec.Type(v)) != known {
			t.Errorf("KnownType(%02X) is %v", v, !known)
		}
	}
	for _, f := range r.Frames {
		info, ok := codec.Type(f.Value).Info()
		if !ok || info.Name != f.Name || info.Type.String() != f.Name || len(info.Fields) != len(f.Fields) {
			t.Errorf("%s: %+v", f.Name, info)
		}
	}
	for _, c := range r.Errors {
		info, ok := codec.Code(c.Value).Info()
		if !ok || info.Name != c.Name || info.Code.String() != c.Name || info.Code.Class() != info.Code {
			t.Errorf("%s: %+v", c.Name, info)
		}
	}
}

// TestClass: a code that is not registered counts as INTERNAL (ERR-002).
func TestClass(t *testing.T) {
	for code, want := range map[codec.Code]codec.Code{
		0x00FF: codec.CodeInternal, 0x01FF: codec.CodeInternal, 0x80FE: codec.CodeInternal, 0xF001: codec.CodeInternal,
		0xFFFF_FFFF: codec.CodeInternal, 0: codec.CodeNoError, 0x0405: codec.CodeMsgTooBig,
	} {
		if got := code.Class(); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
	if got := codec.Code(0x1234).String(); got != "0x00001234" {
		t.Errorf("got %s", got)
	}
	if got := codec.Flags(0xA1).String(); got != "MUST_UNDERSTAND|FIN|0x20" {
		t.Errorf("got %s", got)
	}
}
