package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handfast/codec"
)

// decodeRun runs the command and checks that results and errors go where they belong.
func decodeRun(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, bad bytes.Buffer
	code = run(t.Context(), append([]string{"decode"}, args...), env{stdin: strings.NewReader(stdin), stdout: &out, stderr: &bad})
	if wantErr := code >= exitUsage; wantErr != (bad.Len() > 0) {
		t.Errorf("exit code %d, stderr %q", code, bad.String())
	}
	return code, out.String(), bad.String()
}

func decodeSample() (hello, ping []byte) {
	h := codec.Hello{Vers: []uint16{1, 0x0A0A}, Limits: codec.DefaultLimits(), SW: "test"}
	hello, err := h.AppendOpening(nil)
	if err != nil {
		panic(err)
	}
	return hello, codec.Ping{Echo: 7}.AppendFrame(nil)
}

func TestDecode(t *testing.T) {
	hello, ping := decodeSample()
	wrong := bytes.Clone(hello)
	wrong[23] ^= 1
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pingHex := hex.EncodeToString(ping)
	tests := []struct {
		name  string
		stdin string
		args  []string
		code  int
		want  []string // on stdout
	}{
		{"hex", "", []string{pingHex}, exitOK, []string{"PING at byte 0, 44 bytes", "echo", "[BEAT-001]", "no fault: frame of 44 bytes, 1 packet\n"}},
		{"hex in capitals", "", []string{strings.ToUpper(pingHex)}, exitOK, []string{"PING at byte 0"}},
		{"hex with separators", "", []string{"0x82, 0xa1:61\n01 a1 62 02"}, exitOK, []string{"map of 2 entries", "no fault: msgpack of 7 bytes"}},
		{"file of bytes", "", []string{file("ping.bin", ping)}, exitOK, []string{"PING at byte 0"}},
		{"file of hex", "", []string{file("ping.hex", []byte(pingHex+"\n"))}, exitOK, []string{"PING at byte 0"}},
		{"file of hex, with --hex", "", []string{"--hex", filepath.Join(dir, "ping.hex")}, exitOK, []string{"PING at byte 0"}},
		{"file of hex, taken as bytes", "", []string{"--binary", file("digits", []byte("80"))}, exitDiffers, []string{"frame at byte 0, 2 bytes of 16", "38 "}},
		{"binary stdin", string(ping), nil, exitOK, []string{"PING at byte 0"}},
		{"hex on stdin", pingHex, []string{"-"}, exitOK, []string{"PING at byte 0"}},
		{"stream", string(hello), []string{"-"}, exitOK, []string{"HELLO at byte 0", "[HELLO-010]", "no fault: stream of "}},
		{"wrong checksum", string(wrong), nil, exitDiffers, []string{
			"checksum", "should be", "^^^^^^^^^^^ HEADER_CRC [HELLO-008]: ", "map of ", "fault at byte 20: HEADER_CRC, ends the link",
			"[HELLO-008] An acceptor MUST answer a HELLO whose `checksum` is wrong with REFUSE(HEADER_CRC).\n"}},
		{"quiet and good", string(hello), []string{"-q"}, exitOK, nil},
		{"cut in an opening", "", []string{file("cut.bin", hello[:100])}, exitDiffers, []string{"the input ends inside the last packet", "[HELLO-016]"}},
		{"cut in a frame", string(ping[:30]), nil, exitDiffers, []string{"PING at byte 0, 30 bytes of 44", "at least 14 more bytes are needed", "[FRAME-019]"}},
		{"lacks one byte", string(ping[:43]), nil, exitDiffers, []string{"at least 1 more byte is needed"}},
		{"over max_frame", string(ping), []string{"--max-frame", "23"}, exitDiffers, []string{"FRAME_SIZE [FRAME-003]"}},
		{"two faults", "82 01 02 03 04", []string{"--what", "msgpack"}, exitDiffers, []string{"fault at byte 1: ENCODING", "[MP-009] "}},
		{"faults in two packets", string(ping[:40]) + "xxxx" + string(ping[:40]) + "xxxx", nil, exitDiffers, []string{"PAYLOAD_CRC", "1 more packet has a fault\n"}},
		{"a call", "0165 0000 00000000", []string{"--what", "call"}, exitDiffers, []string{"method_length", "[CALL-002]", "ends the stream"}},
		{"as another thing", string(ping), []string{"--what", "opening"}, exitDiffers, []string{"FOREIGN [HELLO-003]"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, out, bad := decodeRun(t, tc.stdin, tc.args...)
			if code != tc.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, tc.code, out, bad)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			if tc.want == nil && out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestDecodeWrongUse(t *testing.T) {
	_, ping := decodeSample()
	tests := []struct {
		name  string
		stdin string
		args  []string
		code  int
		want  string // on stderr
	}{
		{"empty stdin", "", nil, exitMeasured, "the input is empty"},
		{"empty argument", "", []string{""}, exitUsage, "neither a file nor hexadecimal"},
		{"no such file", "", []string{"/nonexistent/file"}, exitUsage, "neither a file nor hexadecimal"},
		{"no such file, by flag", "", []string{"--binary", "abcd"}, exitMeasured, "no such file"},
		{"a directory", "", []string{t.TempDir()}, exitMeasured, "is a directory"},
		{"odd digits", "", []string{"80 8"}, exitUsage, "odd number"},
		{"not hex", "", []string{"--hex", "8g"}, exitUsage, "not hexadecimal"},
		{"not hex on stdin", string(ping), []string{"--hex"}, exitUsage, "not hexadecimal"},
		{"unknown what", "80", []string{"--what", "frames"}, exitUsage, "none of auto, stream"},
		{"max-frame 0", "80", []string{"--max-frame", "0"}, exitUsage, "--max-frame 0"},
		{"max-frame too large", "80", []string{"--max-frame", "4294967296"}, exitUsage, "--max-frame"},
		{"two arguments", "", []string{"80", "81"}, exitUsage, "at most 1 arg"},
		{"hex and binary", "80", []string{"--hex", "--binary"}, exitUsage, "none of the others can be"},
		{"json and quiet", "80", []string{"--json", "--quiet"}, exitUsage, "none of the others can be"},
		{"unknown flag", "80", []string{"--nonsense"}, exitUsage, "unknown flag"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, out, bad := decodeRun(t, tc.stdin, tc.args...)
			if code != tc.code || out != "" || !strings.Contains(bad, "handfast: error: ") || !strings.Contains(bad, tc.want) {
				t.Errorf("exit code %d, want %d; stdout %q; %q lacks %q", code, tc.code, out, bad, tc.want)
			}
		})
	}
}

func TestDecodeJSON(t *testing.T) {
	_, ping := decodeSample()
	ping[43] ^= 1
	code, out, _ := decodeRun(t, string(ping), "--json")
	var got struct {
		What  string
		Size  int
		Fault struct {
			Code, Req string
			Offset    int
		}
		Packets []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if code != exitDiffers || got.What != "frame" || got.Size != 44 || got.Fault.Req != "FRAME-002" || got.Fault.Offset != 40 || len(got.Packets) != 1 || got.Packets[0].Name != "PING" {
		t.Errorf("exit code %d, %s", code, out)
	}
}

// TestDecodeExamples runs what the help shows, as far as it needs no file.
func TestDecodeExamples(t *testing.T) {
	ran := 0
	for line := range strings.Lines(newDecode(env{}).Example) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "handfast decode ")
		if !ok || strings.Contains(args, "capture.") {
			continue
		}
		var list []string
		for i, part := range strings.Split(args, "'") { // what stands between quotes is one argument
			if i%2 == 1 {
				list = append(list, part)
			} else {
				list = append(list, strings.Fields(part)...)
			}
		}
		if code, out, bad := decodeRun(t, "", list...); code != exitOK {
			t.Errorf("%q: exit code %d\n%s%s", list, code, out, bad)
		}
		ran++
	}
	if ran < 2 {
		t.Errorf("%d examples ran", ran)
	}
}
