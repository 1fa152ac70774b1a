package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// captureFile gives the path of a capture of testdata.
func captureFile(name string) string {
	return filepath.Join("..", "..", "testdata", "captures", name+".pcap")
}

func TestDecodeCapture(t *testing.T) {
	tests := []struct {
		file string
		args []string
		code int
		want []string // on stdout, in this order
	}{
		{"exchange", nil, exitOK, []string{
			"connection 1: 192.0.2.1:50000 > 192.0.2.2:7400\n",
			"> dialer, 2026-01-01T00:00:00.003Z, +0.000000 s\nHELLO at byte 0, 422 bytes",
			"< acceptor, 2026-01-01T00:00:00.004Z, +0.001000 s\nHELLO at byte 0, 436 bytes",
			"READY at byte 436", "grease at byte 594", "> dialer", "READY at byte 422", "grease", "OPEN", "DATA", "< acceptor", "ACCEPT", "DATA at byte 631", "> dialer", "CLOSE at byte 680",
			"connection 1: no fault in 11 packets\n",
		}},
		{"segments", nil, exitOK, []string{"HELLO", "HELLO", "READY", "CLOSE at byte 680", "no fault in 11 packets\n"}},
		{"other-port", []string{"--what", "capture"}, exitOK, []string{"connection 1: [2001:db8::1]:50000 > [2001:db8::2]:50001\n"}},
		{"refuse", nil, exitOK, []string{"HELLO", "REFUSE", "NEED_UNMET", "no fault in 2 packets\n"}},
		{"exchange", []string{"-q"}, exitOK, nil},
		{"fault-header-checksum", nil, exitDiffers, []string{"OPEN at byte 603", "^^^ HEADER_CRC [FRAME-001]", "connection 1, dialer: fault at byte 615: HEADER_CRC, ends the link", "[FRAME-001] A receiver MUST"}},
		{"fault-msgpack-order", []string{"-q"}, exitDiffers, []string{"connection 1, dialer: fault at byte 625: ENCODING", "[MP-010]"}},
		{"fault-length", []string{"-q"}, exitDiffers, []string{"FRAME_SIZE", "[FRAME-003]", "ends inside its last packet"}},
		{"gap", nil, exitDiffers, []string{"READY at byte 436", "CLOSE", "connection 1: at least 16 bytes of the acceptor are not in the capture, from byte 594 on"}},
	}
	for _, tc := range tests {
		t.Run(tc.file+strings.Join(tc.args, ""), func(t *testing.T) {
			code, out, bad := decodeRun(t, "", append(tc.args, captureFile(tc.file))...)
			require.Equal(t, tc.code, code, bad)
			rest := out
			for _, want := range tc.want {
				_, after, ok := strings.Cut(rest, want)
				require.True(t, ok, "%q is not in, or not in order in\n%s", want, out)
				rest = after
			}
			if tc.want == nil {
				require.Empty(t, out)
			}
		})
	}
}

func TestDecodeCaptureInput(t *testing.T) {
	b, err := os.ReadFile(captureFile("exchange"))
	require.NoError(t, err)
	code, out, _ := decodeRun(t, string(b))
	require.Equal(t, exitOK, code)
	require.Contains(t, out, "no fault in 11 packets")
	code, _, _ = decodeRun(t, hex.EncodeToString(b), "-q")
	require.Equal(t, exitOK, code)

	code, out, bad := decodeRun(t, string(b[:len(b)-200])) // inside a packet: what was read is shown
	require.Equal(t, exitMeasured, code)
	require.Contains(t, out, "CLOSE at byte 680")
	require.Contains(t, bad, "capture: pcap: packet ")

	code, out, bad = decodeRun(t, string(b[:200]))
	require.Equal(t, exitMeasured, code)
	require.Empty(t, out)
	require.NotEmpty(t, bad)

	code, _, bad = decodeRun(t, string(b[:24]))
	require.Equal(t, exitMeasured, code)
	require.Contains(t, bad, "nothing to decode: none of 0 TCP connections in 0 packets")

	code, _, bad = decodeRun(t, "c1484650", "--what", "capture")
	require.Equal(t, exitMeasured, code)
	require.Contains(t, bad, "neither pcap nor pcapng")
}

func TestDecodeCaptureJSON(t *testing.T) {
	code, out, _ := decodeRun(t, "", "--json", captureFile("fault-msgpack-order"))
	require.Equal(t, exitDiffers, code)
	var got struct {
		What, Format string
		Connections  []struct {
			Dialer string
			Fault  struct {
				From, Req string
				Offset    int
			}
			Packets []struct {
				From   string
				Packet struct {
					Name string
					Size int
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, "capture", got.What)
	require.Equal(t, "pcap", got.Format)
	require.Len(t, got.Connections, 1)
	c := got.Connections[0]
	require.Equal(t, "192.0.2.1:50000", c.Dialer)
	require.Equal(t, "dialer", c.Fault.From)
	require.Equal(t, "MP-010", c.Fault.Req)
	require.Equal(t, 625, c.Fault.Offset)
	var order []string
	for _, p := range c.Packets {
		order = append(order, p.From+" "+p.Packet.Name)
	}
	require.Equal(t, []string{"dialer HELLO", "acceptor HELLO", "acceptor READY", "acceptor grease", "dialer READY", "dialer grease", "dialer OPEN"}, order)

	_, out, _ = decodeRun(t, "", "--json", captureFile("gap"))
	require.Contains(t, out, `"gaps":[{"from":"acceptor","offset":594,"size":16,`)
}
