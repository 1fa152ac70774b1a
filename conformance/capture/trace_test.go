package capture

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func reportOf(entries string) string {
	return `{"format":1,"started":"2026-01-02T03:04:05Z","cases":[{"id":"frame/x","trace":[` + entries + `]}]}`
}

func TestReadTrace(t *testing.T) {
	m := hex.EncodeToString([]byte(magic))
	in := reportOf(fmt.Sprintf(`{"link":1,"at_us":5,"dir":">","what":"HELLO","bytes":8,"hex":%q},
		{"link":2,"at_us":6,"dir":">","what":"another protocol","bytes":4,"hex":"00010203"},
		{"link":1,"at_us":7,"dir":"<","what":"HELLO","bytes":10,"hex":%q},
		{"link":1,"at_us":8,"dir":">","what":"DATA","bytes":2,"hex":"aabb"},
		{"link":1,"at_us":9,"dir":"<","what":"DATA","bytes":2,"hex":"ccdd"},
		{"link":1,"at_us":9,"dir":"<","what":"end of the transport","bytes":0}`, m, m))
	found, err := ReadTrace(strings.NewReader(in), Options{})
	require.NoError(t, err)
	require.Len(t, found.Connections, 1)
	require.Equal(t, 1, found.Foreign)
	c := found.Connections[0]
	checkEvents(t, &c)
	require.Equal(t, "frame/x, link 1", c.Name)
	require.Equal(t, magic+"\xaa\xbb", string(c.Bytes(Dialer)))
	require.Equal(t, magic, string(c.Bytes(Acceptor)), "nothing behind a gap")
	require.Equal(t, GapError{From: Acceptor, Offset: 8, Size: 2, Why: c.Gaps[Acceptor].Why}, *c.Gaps[Acceptor])
	require.Nil(t, c.Gaps[Dialer])
	require.Equal(t, "2026-01-02T03:04:05.000005Z", c.Events[0].Time.Format("2006-01-02T15:04:05.999999Z"))
}

// TestReadTraceOfAcceptor: where the suite judges a dialer, > is the acceptor; driver requests, bodies and what stands behind dropped entries
// are no part of the link.
func TestReadTraceOfAcceptor(t *testing.T) {
	m := hex.EncodeToString([]byte(magic))
	in := fmt.Sprintf(`{"format":1,"mode":"client","cases":[{"id":"frame/x","trace_dropped":7,"trace":[
		{"link":1,"dir":">","what":"driver: dial","bytes":0},
		{"link":1,"dir":"<","what":"HELLO","bytes":8,"hex":%q},
		{"link":1,"dir":">","what":"HELLO","bytes":9,"hex":"%s01"},
		{"link":2,"dir":">","what":"a body","bytes":1,"hex":"80","form":"msgpack"},
		{"link":1,"dir":"<","what":"PING","bytes":1,"hex":"02","key":true}]}]}`, m, m)
	found, err := ReadTrace(strings.NewReader(in), Options{})
	require.NoError(t, err)
	require.Len(t, found.Connections, 1)
	c := found.Connections[0]
	require.Equal(t, magic, string(c.Bytes(Dialer)))
	require.Equal(t, magic+"\x01", string(c.Bytes(Acceptor)))
	require.EqualValues(t, 8, c.Gaps[Dialer].Offset, "what was dropped")
	require.EqualValues(t, 9, c.Gaps[Acceptor].Offset)
}

func TestReadTraceWrong(t *testing.T) {
	for name, in := range map[string]string{
		"no JSON":    "nothing",
		"format":     `{"format":2}`,
		"dir":        reportOf(`{"link":1,"dir":"x","bytes":1,"hex":"00"}`),
		"hex":        reportOf(`{"link":1,"dir":">","bytes":1,"hex":"a"}`),
		"few bytes":  reportOf(`{"link":1,"dir":">","bytes":1,"hex":"aabb"}`),
		"wrong type": reportOf(`7`),
	} {
		_, err := ReadTrace(strings.NewReader(in), Options{})
		var format *FormatError
		require.ErrorAs(t, err, &format, name)
	}
	var limit *LimitError
	_, err := ReadTrace(strings.NewReader(reportOf("")), Options{MaxBytes: 20})
	require.ErrorAs(t, err, &limit)
}
