package main

import (
	"encoding/json"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/compat/fast"
	"handfast/refimpl/status"
)

// TestForeignStatus: status counts connections that begin with another protocol by what their first bytes were.
func TestForeignStatus(t *testing.T) {
	s := serve(t, "--log", "off")
	code, out, errs := outcome(t, "status", s.addr)
	require.Equal(t, exitOK, code, errs)
	require.NotContains(t, out, "foreign")

	request, err := fast.AppendMessage(nil, fast.V2, fast.Data, 1, map[string]any{"m": map[string]any{"name": "date"}, "d": []any{}})
	require.NoError(t, err)
	for _, first := range []string{string(request), string(request), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
		conn, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		_, err = conn.Write([]byte(first))
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		_, err = conn.Read(make([]byte, 1)) // it is counted before it is closed
		require.Error(t, err)
		require.NoError(t, conn.Close())
	}
	want := map[string]uint64{"fast": 2, "http": 1}
	var r status.Report
	require.Eventually(t, func() bool {
		_, out, _ := outcome(t, "status", s.addr, "--json")
		r = status.Report{}
		return json.Unmarshal([]byte(out), &r) == nil && r.Foreign["fast"]+r.Foreign["http"] == 3
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, want, r.Foreign)
	_, out, _ = outcome(t, "status", s.addr)
	require.Contains(t, out, "foreign connections: 2 fast, 1 http\n")
}
