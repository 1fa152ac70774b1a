package codec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCallRequest(t *testing.T) {
	for _, want := range []CallRequest{
		{Method: "echo", Args: []byte("ping")},
		{Method: "!", DeadlineMS: 1<<32 - 1, Args: []byte{}},
		{Method: strings.Repeat("~", 128), DeadlineMS: 1, Args: make([]byte, 1000)},
	} {
		b, err := want.Append(bytes.Clone(prefix))
		require.NoError(t, err)
		require.Equal(t, prefix, b[:len(prefix)])
		msg := b[len(prefix):]
		require.Len(t, msg, want.Size())
		got, err := ParseCallRequest(msg)
		require.NoError(t, err)
		require.Equal(t, want, got)
		for i := range callRequestSize + len(want.Method) {
			_, err := ParseCallRequest(msg[:i])
			require.Equal(t, "CALL-002", requireFault(t, err).Req, i)
		}
		msg[1] = 0xFF // reserved
		_, err = ParseCallRequest(msg)
		require.NoError(t, err)
	}
	require.Equal(t, hx("01 00 0004 00000007 6563686f ff"), must(AppendCallRequest(nil, "echo", 7, []byte{0xFF})))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// The names of methods are shared between calls, and must not share the bytes of a buffer that is used again.
func TestMethodDoesNotAliasTheMessage(t *testing.T) {
	for _, method := range []string{"a.method.of.this.test", strings.Repeat("m", 100)} {
		msg := must(AppendCallRequest(nil, method, 0, []byte("args")))
		r, err := ParseCallRequest(msg)
		require.NoError(t, err)
		for i := range msg {
			msg[i] = 'x'
		}
		require.Equal(t, method, r.Method)
		require.Equal(t, "xxxx", string(r.Args), "Args aliases the message")
	}
}

func TestCallRequestFaults(t *testing.T) {
	good := hx("01 00 0004 00000000 6563686f 00")
	for _, tc := range []struct {
		name string
		msg  []byte
		off  int
	}{
		{"empty", nil, 0},
		{"reply", hx("02"), 0},
		{"arg first", hx("04 00 0004 00000000 6563686f 00"), 0},
		{"cut", good[:7], 7},
		{"method of 0", hx("01 00 0000 00000000 6563686f 00"), 8},
		{"method of 129", append(hx("01 00 0081 00000000"), strings.Repeat("a", 129)...), 8},
		{"method longer than the message", hx("01 00 0006 00000000 6563686f 00"), 2},
		{"method with a space", hx("01 00 0004 00000000 65 20 686f 00"), 8},
		{"method with DEL", hx("01 00 0004 00000000 65 7f 686f 00"), 8},
		{"method not ASCII", hx("01 00 0004 00000000 65 c3 a4 6f 00"), 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseCallRequest(tc.msg)
			requireFaultIs(t, err, CodeProtocol, ScopeStream, "CALL-002", tc.off)
		})
	}
	_, err := ParseCallRequest(good)
	require.NoError(t, err)
	for _, method := range []string{"", "a b", "ä", strings.Repeat("a", 129)} {
		b, err := AppendCallRequest(prefix, method, 0, nil)
		requireFaultIs(t, err, CodeProtocol, ScopeStream, "CALL-002", 2)
		require.Equal(t, prefix, b)
	}
}

func TestCallKinds(t *testing.T) {
	kind, body, err := ParseCallKind(AppendCallReply(nil, []byte("value")))
	require.NoError(t, err)
	require.Equal(t, CallKindReply, kind)
	require.Equal(t, "value", string(body))
	kind, body, err = ParseCallKind(AppendCallArg(nil, nil))
	require.NoError(t, err)
	require.Equal(t, CallKindArg, kind)
	require.Empty(t, body)
	for _, msg := range [][]byte{nil, {0}, {5}, {255}} {
		_, _, err = ParseCallKind(msg)
		requireFaultIs(t, err, CodeProtocol, ScopeStream, "CALL-010", 0)
	}
}

func TestCallError(t *testing.T) {
	for _, want := range []*CallError{
		{Processed: ProcessedMaybe},
		{Code: CodeCallFailed, Name: "E", Text: "why", Processed: ProcessedNo, HasRetry: true, RetryMS: RetryNever, Data: []byte{1}},
		{Code: 1<<32 - 1, Processed: ProcessedYes, HasRetry: true, Data: []byte{}},
	} {
		b, err := want.Append(bytes.Clone(prefix))
		require.NoError(t, err)
		msg := b[len(prefix):]
		got, err := ParseCallError(msg)
		require.NoError(t, err)
		require.Equal(t, want, got)
		for i := range msg {
			_, err := ParseCallError(msg[:i])
			require.Equal(t, ScopeStream, requireFault(t, err).Scope)
		}
		_, err = ParseCallError(append(msg, 0))
		requireFaultIs(t, err, CodeProtocol, ScopeStream, "MP-012", len(msg))
	}
	require.EqualError(t, &CallError{Code: CodeCallFailed, Processed: ProcessedNo, Text: "a\n"}, `call: CALL_FAILED (processed: no): "a\n"`)
	long := &CallError{Processed: ProcessedNo, Text: strings.Repeat("ä", 600)}
	e, err := ParseCallError(must(long.Append(nil)))
	require.NoError(t, err)
	require.Len(t, e.Text, 1024)
}

func TestCallErrorFaults(t *testing.T) {
	e := func() entries { return entries{"code": 1, "processed": "no"} }
	for _, tc := range []struct {
		name      string
		bad, good entries
		req       string
	}{
		{"without code", e().without("code"), e(), "CALL-013"},
		{"without processed", e().without("processed"), e(), "CALL-013"},
		{"processed of another word", e().with("processed", "No"), e().with("processed", "yes"), "CALL-013"},
		{"processed is bool", e().with("processed", true), e().with("processed", "maybe"), "CALL-013"},
		{"code over 32 bits", e().with("code", 1<<32), e().with("code", 1<<32-1), "CALL-013"},
		{"name of 65", e().with("name", strings.Repeat("a", 65)), e().with("name", strings.Repeat("a", 64)), "CALL-013"},
		{"text of 1025", e().with("text", strings.Repeat("a", 1025)), e().with("text", strings.Repeat("a", 1024)), "CALL-013"},
		{"data is str", e().with("data", "a"), e().with("data", []byte("a")), "CALL-013"},
		{"retry_ms negative", e().with("retry_ms", -1), e().with("unknown", -1), "CALL-013"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			msg := func(m entries) []byte { return must(AppendValue([]byte{3}, map[string]any(m))) }
			_, err := ParseCallError(msg(tc.bad))
			got := requireFault(t, err)
			require.Equal(t, Error{Code: CodeProtocol, Scope: ScopeStream, Req: tc.req}, Error{Code: got.Code, Scope: got.Scope, Req: got.Req})
			require.Positive(t, got.Offset)
			_, err = ParseCallError(msg(tc.good))
			require.NoError(t, err)
		})
	}
	for name, msg := range map[string][]byte{"empty": nil, "reply": {2}, "no map": {3, 0xC0}} {
		_, err := ParseCallError(msg)
		require.Equal(t, "CALL-013", requireFault(t, err).Req, name)
	}
	_, err := ParseCallError(hx("03 82 a1 62 01 a1 61 01"))
	requireFaultIs(t, err, CodeProtocol, ScopeStream, "MP-010", 5)
	b, err := (&CallError{Processed: "perhaps"}).Append(prefix)
	require.Equal(t, "CALL-013", requireFault(t, err).Req)
	require.Equal(t, prefix, b)
}
